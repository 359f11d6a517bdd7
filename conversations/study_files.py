"""A whole study as files: exporting, checking, importing, cloning. No keys and no participants in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from conversations import protocols
from conversations.models import LanguageModel, PoolEntry
from conversations.privacy import versions as privacy
from conversations.privacy.rules import RulesError as PrivacyError
from conversations.privacy.rules import parse as parse_privacy
from conversations.studies import load_protocol
from surveys import audit, study_files, study_parts
from surveys.models import Membership, Study
from surveys.models.people import Role
from surveys.quality.rules import RulesError
from surveys.questionnaires import QuestionnaireError
from surveys.questionnaires.source import read_tree
from surveys.study_checks import (
    fields_of,
    part_problems,
    read_study_file,
    slug_fault,
    study_faults,
    study_problems,
)
from surveys.study_folder import NAMES, STUDY, FileProblem, Files, FolderError

MODELS = "models.yaml"
PROTOCOL = "protocol.yaml"
PRIVACY = "privacy.yaml"
PRIVACY_FORMAT = "prism-privacy/1"
MODELS_FORMAT = "prism-models/1"


@dataclass(frozen=True)
class Definition:
    """Files that were found sound: the study's fields, and models that are not known here."""

    files: Files
    fields: dict[str, Any]
    models: list[LanguageModel] = field(default_factory=list)
    unknown_models: list[str] = field(default_factory=list)


def export(study: Study) -> Files:
    """The study's definition. Importing these files and exporting again gives the same bytes."""
    files = study_files.parts_of(study)
    protocol = study.protocols.order_by("-version").first()
    if protocol:
        files[PROTOCOL] = protocol.document
    names = list(study.pool.filter(is_on=True).order_by("model__name").values_list("model__name", flat=True))
    if names:
        files[MODELS] = study_files.dump({"format": MODELS_FORMAT, "models": names})
    rules = privacy.document_of(study)
    if rules:
        files[PRIVACY] = study_files.dump({"format": PRIVACY_FORMAT, **rules})
    files |= {part.name: text for part in study_parts.known() if (text := part.text(study))}
    parts = [name for name in NAMES if name in files]
    return {STUDY: study_files.study_file(study, parts), **{name: files[name] for name in parts}}


def check(files: Files, *, slug: str = "", title: str = "") -> Definition:
    """The definition in the files; `slug` and `title` replace their own.

    Raises FolderError with every fault found in every file.
    """
    given = {key: value for key, value in (("slug", slug), ("title", title)) if value}
    fields, problems = _study_fields(files, given)
    problems += part_problems(files, fields)
    names, wrong = _model_names(files)
    problems += [*_protocol_problems(files), *wrong, *_privacy_problems(files)]
    for part in study_parts.known():
        problems += part.problems(files[part.name]) if part.name in files else []
    if problems:
        raise FolderError(problems)
    known = {
        model.name: model for model in LanguageModel.objects.filter(name__in=names).exclude(status="archived")
    }
    unknown = [name for name in names if name not in known]
    return Definition(files, fields, [known[name] for name in names if name in known], unknown)


def _study_fields(files: Files, given: dict[str, str]) -> tuple[dict[str, Any], list[FileProblem]]:
    """The fields of study.yaml with those `given` instead of its own; none where it cannot be read."""
    try:
        tree = read_study_file(files[STUDY])
    except FolderError as error:
        return {}, list(error.problems)
    fields = fields_of(tree) | given
    found = list(study_faults(tree, files))
    if fault := slug_fault(fields["slug"]):
        found.append((("slug",), fault))
    return fields, study_problems(tree, found)


def _protocol_problems(files: Files) -> list[FileProblem]:
    try:
        if PROTOCOL in files:
            protocols.parse(files[PROTOCOL])
    except protocols.ProtocolError as error:
        return [FileProblem(PROTOCOL, one.line, str(one).partition(": ")[2]) for one in error.problems]
    return []


def _privacy_problems(files: Files) -> list[FileProblem]:
    try:
        if PRIVACY in files:
            parse_privacy(_privacy_rules(files))
    except QuestionnaireError as error:
        return [FileProblem(PRIVACY, problem.line, problem.message) for problem in error.problems]
    except PrivacyError as error:
        return [FileProblem(PRIVACY, 0, str(error))]
    return []


def _privacy_rules(files: Files) -> dict[str, Any]:
    """The rules without the line of their format. Raises PrivacyError, or QuestionnaireError for bad YAML."""
    raw = read_tree(files[PRIVACY], PRIVACY).value
    if not isinstance(raw, dict) or raw.get("format") != PRIVACY_FORMAT:
        raise PrivacyError(_("should begin with “format: %(format)s”.") % {"format": PRIVACY_FORMAT})
    return {key: value for key, value in raw.items() if key != "format"}


def _model_names(files: Files) -> tuple[list[str], list[FileProblem]]:
    if MODELS not in files:
        return [], []
    try:
        tree = read_tree(files[MODELS], MODELS)
    except QuestionnaireError as error:
        return [], [FileProblem(MODELS, problem.line, problem.message) for problem in error.problems]
    raw = tree.value if isinstance(tree.value, dict) else {}
    names = raw.get("models")
    if not isinstance(names, list) or not _is_models_file(raw):
        wanted = _("should hold “format: %(format)s” and “models”, a list of names.")
        return [], [FileProblem(MODELS, 1, wanted % {"format": MODELS_FORMAT})]
    return sorted(set(names)), []


def _is_models_file(raw: dict[str, Any]) -> bool:
    has_words = all(isinstance(name, str) for name in raw["models"])
    return has_words and raw.get("format") == MODELS_FORMAT and raw.keys() == {"format", "models"}


def load(definition: Definition, by: User | None = None, *, source: str = "files") -> Study:
    """Make the study, as a draft; `by` becomes its owner. All of it or nothing.

    Raises FolderError, should something have changed since the files were checked.
    """
    try:
        with transaction.atomic():
            return _made(definition, by, source)
    except IntegrityError as error:
        again = _("Somebody stored the same thing at the same moment. Nothing was made; please try again.")
        raise FolderError([FileProblem(STUDY, 0, slug_fault(definition.fields["slug"]) or again)]) from error
    except RulesError as error:
        raise FolderError([FileProblem("quality.yaml", 0, str(error))]) from error


def _made(definition: Definition, by: User | None, source: str) -> Study:
    study = study_files.make(definition.files, definition.fields, by)
    if PROTOCOL in definition.files:
        load_protocol(study, definition.files[PROTOCOL])
    if PRIVACY in definition.files:
        privacy.store(study, _privacy_rules(definition.files), by)
    for part in study_parts.known():
        if part.name in definition.files:
            part.store(study, definition.files[part.name], by)
    PoolEntry.objects.bulk_create(PoolEntry(study=study, model=model) for model in definition.models)
    if by:
        Membership.objects.create(study=study, user=by, role=Role.OWNER)
    audit.record(by, "study.made", study=study, source=source, files=sorted(definition.files))
    return study


def clone(study: Study, slug: str, title: str = "", by: User | None = None) -> Study:
    """A draft with the study's whole definition and nobody in it. Raises FolderError for a slug in use."""
    return load(check(export(study), slug=slug, title=title), by, source=f"clone of {study.slug}")
