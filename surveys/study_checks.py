"""What can be wrong with a study's files, each fault with its file and line; and the fields they give."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from surveys import consent_documents, questionnaires, retention
from surveys.models import Study
from surveys.panels import shapes
from surveys.panels.choosing import CODE, LINK
from surveys.panels.definitions import KINDS
from surveys.quality import rules
from surveys.questionnaires import Questionnaire, QuestionnaireError
from surveys.questionnaires.schema import Fault, faults
from surveys.questionnaires.source import Path, Tree, read_tree
from surveys.quotas import reading
from surveys.study_files import FIELDS, schema
from surveys.study_folder import STUDY, FileProblem, Files, FolderError

# Stand in addresses of Prism's own: the coordinator's, and the arena's.
TAKEN = frozenset({"new", "begin", "history", "portals", "shared"})
CODE_OF_A_TALK = re.compile(r"c[1-9][0-9]{8}")


def read_study_file(text: str) -> Tree:
    """Raises FolderError unless the text has the shape of the schema."""
    try:
        tree = read_tree(text, STUDY)
    except QuestionnaireError as error:
        raise FolderError(_found(STUDY, error.problems)) from error
    if not isinstance(tree.value, dict) or "format" not in tree.value:
        wanted = _("This is no study: it should begin with “format: %(format)s”.")
        raise FolderError(
            [FileProblem(STUDY, 1, wanted % {"format": schema()["properties"]["format"]["const"]})]
        )
    _refuse(tree, faults(tree.value, schema()))
    return tree


def _refuse(tree: Tree, found: Iterable[Fault]) -> None:
    problems = study_problems(tree, found)
    if problems:
        raise FolderError(problems)


def study_problems(tree: Tree, found: Iterable[Fault]) -> list[FileProblem]:
    """Faults of study.yaml with their lines."""
    return _found(STUDY, [tree.problem(path, message) for path, message in found])


def _found(file: str, problems: Any) -> list[FileProblem]:
    return [
        FileProblem(file, problem.line, f"{problem.where}: {problem.message}".removeprefix(": "))
        for problem in problems
    ]


def fields_of(tree: Tree) -> dict[str, Any]:
    """The study's fields as study.yaml gives them; those it leaves out are absent."""
    fields = {}
    for field, path in FIELDS.items():
        value = tree.value
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        if value is not None:
            fields[field] = value.lower() if field == "locale" else value
    return fields


def study_faults(tree: Tree, files: Files) -> Iterator[Fault]:
    """What the schema cannot say of study.yaml."""
    yield from _email_faults(tree.value)
    yield from _retention_faults(tree.value)
    yield from _part_faults(tree.value, files)
    yield from _panel_faults(tree.value.get("panel", {}))


def slug_fault(slug: str) -> str:
    """Why a new study cannot have this slug; "" if it can."""
    if slug in TAKEN or CODE_OF_A_TALK.fullmatch(slug):
        return _("“%(slug)s” is an address of Prism's own; choose another.") % {"slug": slug}
    if Study.objects.filter(slug=slug).exists():
        return _("there is a study at “%(slug)s” already; choose another.") % {"slug": slug}
    return ""


def _email_faults(raw: dict[str, Any]) -> Iterator[Fault]:
    for group in ("contact", "ethics"):
        address = raw.get(group, {}).get("email", "")
        try:
            validate_email(address or "nobody@example.org")
        except ValidationError:
            yield (group, "email"), _("is no e-mail address.")


def _retention_faults(raw: dict[str, Any]) -> Iterator[Fault]:
    withdrawal = raw.get("withdrawal_days", Study._meta.get_field("withdrawal_days").default)
    for message in retention.problems(raw.get("retention", {}), withdrawal):
        yield ("retention",), message


def _part_faults(raw: dict[str, Any], files: Files) -> Iterator[Fault]:
    for index, part in enumerate(raw["parts"]):
        if f"{part}.yaml" not in files:
            yield ("parts", index), _("the file %(file)s is missing.") % {"file": f"{part}.yaml"}
    named = {f"{part}.yaml" for part in raw["parts"]}
    for name in sorted(files.keys() - named - {STUDY}):
        yield ("parts",), _("the folder holds %(file)s, but the list does not name it.") % {"file": name}


def _panel_faults(panel: dict[str, Any]) -> Iterator[Fault]:
    kind = panel.get("kind")
    if kind and kind not in KINDS:
        message = _("“%(kind)s” is no panel. Known are: %(known)s.")
        yield ("panel", "kind"), message % {"kind": kind, "known": ", ".join(KINDS)}
    patterns: dict[Path, str] = {("panel", "pattern"): panel.get("pattern", "")}
    patterns |= {("panel", "patterns", key): text for key, text in panel.get("patterns", {}).items()}
    for path, pattern in patterns.items():
        if not shapes.is_taken(pattern):
            yield path, _("is no regular expression that we take: no group may repeat, and few parts change.")
    links: dict[Path, str] = {("panel", "exit_url"): panel.get("exit_url", "")}
    links |= {("panel", "exits", key): text for key, text in panel.get("exits", {}).items()}
    for path, link in links.items():
        if link and not LINK.fullmatch(link):
            yield path, _("is no address that begins with https://.")
    for outcome, told in panel.get("codes", {}).items():
        if not CODE.fullmatch(told["code"] if isinstance(told, dict) else told):
            yield ("panel", "codes", outcome), _("has other signs than letters, digits, - and _.")


def part_problems(files: Files, fields: dict[str, Any]) -> list[FileProblem]:
    """The faults of questionnaire, consent, quotas and quality rules in a study with these fields."""
    questionnaire, problems = _questionnaire(files)
    if "consent.yaml" in files:
        problems += _consent_problems("consent.yaml", files["consent.yaml"])
    if "quotas.yaml" in files:
        problems += _quota_problems("quotas.yaml", files["quotas.yaml"], questionnaire)
    if "quotas.yaml" in files and "questionnaire.yaml" not in files:
        problems.append(FileProblem("quotas.yaml", 0, _("Quotas need a questionnaire, and there is none.")))
    if "quality.yaml" in files:
        problems += _quality_problems("quality.yaml", files["quality.yaml"], Study(**fields))
    return problems


def _questionnaire(files: Files) -> tuple[Questionnaire | None, list[FileProblem]]:
    name = "questionnaire.yaml"
    try:
        return (questionnaires.parse(files[name]) if name in files else None), []
    except QuestionnaireError as error:
        return None, _found(name, error.problems)


def _consent_problems(name: str, text: str) -> list[FileProblem]:
    try:
        consent_documents.parse(text)
    except QuestionnaireError as error:
        return _found(name, error.problems)
    return []


def _quota_problems(name: str, text: str, questionnaire: Questionnaire | None) -> list[FileProblem]:
    try:
        reading.parse(text, questionnaire)
    except reading.QuotaError as error:
        return _found(name, error.problems)
    return []


def _quality_problems(name: str, text: str, study: Study) -> list[FileProblem]:
    try:
        rules.refuse_unfair(rules.parse(read_tree(text).value), study)
    except QuestionnaireError as error:
        return _found(name, error.problems)
    except rules.RulesError as error:
        return [FileProblem(name, 0, str(error))]
    return []
