"""A study's own file and the parts that belong to surveys: written as files, checked, made into a study.

The parts above (the protocol, the models) are added by conversations.study_files.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import yaml

from accounts.models import User
from surveys.instruments import HERE
from surveys.models import ConsentDocument, Questionnaire, Study
from surveys.quality import rules
from surveys.questionnaires.source import Path
from surveys.quotas import versions
from surveys.study_folder import Files

FORMAT = "prism-study/1"
ODD_LINE_ENDS = frozenset("\x85\u2028\u2029")
# The place in study.yaml of each field of Study that belongs to the definition; a test names the others.
FIELDS: dict[str, Path] = {
    "slug": ("slug",),
    "title": ("title",),
    "summary": ("summary",),
    "locale": ("locale",),
    "minutes": ("minutes",),
    "contact_name": ("contact", "name"),
    "contact_email": ("contact", "email"),
    "ethics_board": ("ethics", "board"),
    "ethics_email": ("ethics", "email"),
    "withdrawal": ("withdrawal",),
    "withdrawal_days": ("withdrawal_days",),
    "retention": ("retention",),
    "panel": ("panel",),
}


@cache
def schema() -> dict[str, Any]:
    """The published schema of study.yaml; not to be changed by the caller."""
    loaded: dict[str, Any] = json.loads((HERE / "study-schema.json").read_text(encoding="utf-8"))
    return loaded


def parts_of(study: Study) -> Files:
    """The study's questionnaire, consent, quotas and quality rules: each text exactly as it was stored."""
    files: Files = {}
    if study.questionnaire:
        files["questionnaire.yaml"] = study.questionnaire.document
    if study.consent_document:
        files["consent.yaml"] = study.consent_document.document
    if study.quota:
        files["quotas.yaml"] = study.quota.document
    stored = rules.in_force(study)
    if stored.version:
        files["quality.yaml"] = dump(stored.document())
    return files


def study_file(study: Study, parts: Iterable[str]) -> str:
    """The text of study.yaml. The same study gives the same bytes."""
    written: dict[str, Any] = {"format": FORMAT}
    for field, path in FIELDS.items():
        value = _plain(field, getattr(study, field))
        if value not in ("", {}):
            _put(written, path, value)
    return dump(written | {"parts": [name.removesuffix(".yaml") for name in parts]})


def _plain(field: str, value: Any) -> Any:
    if field == "panel":
        return ordered(
            {key: part for key, part in value.items() if key in _panel_keys() and part is not None}
        )
    return _printable(value) if isinstance(value, str) else ordered(value)


def _panel_keys() -> frozenset[str]:
    """Only what the format knows leaves the house, so that nothing secret ever does."""
    return frozenset(schema()["properties"]["panel"]["properties"])


def ordered(value: Any) -> Any:
    """The same value with sorted keys: the database keeps no order of its own."""
    if isinstance(value, Mapping):
        return {key: ordered(value[key]) for key in sorted(value)}
    return [ordered(part) for part in value] if isinstance(value, list) else value


def _printable(text: str) -> str:
    """Without what no file of ours may hold; browsers send line ends as two characters."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(character for character in lines if ord(character) >= 32 or character in "\n\t")


def _put(tree: dict[str, Any], path: Path, value: Any) -> None:
    for key in path[:-1]:
        tree = tree.setdefault(str(key), {})
    tree[str(path[-1])] = value


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as people do."""


def _text(dumper: _Dumper, text: str) -> yaml.Node:
    # YAML takes these for line ends unless they are escaped.
    style = '"' if ODD_LINE_ENDS & set(text) else "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def dump(value: Any) -> str:
    """YAML with the keys in the order given."""
    text: str = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
    return text


def make(files: Files, fields: Mapping[str, Any], by: User | None) -> Study:
    """A draft from files that were found sound; within the caller's transaction.

    Raises what the parts' own verbs raise, should the files not be sound.
    """
    study = Study.objects.create(**fields)
    if "questionnaire.yaml" in files:
        study.questionnaire = Questionnaire.load(files["questionnaire.yaml"], source="questionnaire.yaml")
    if "consent.yaml" in files:
        study.consent_document = ConsentDocument.load_file(files["consent.yaml"], source="consent.yaml")
    study.save(update_fields=["questionnaire", "consent_document"])
    if "quotas.yaml" in files:
        versions.store(study, files["quotas.yaml"], by, before=None)
    if "quality.yaml" in files:
        rules.store(study, yaml.safe_load(files["quality.yaml"]), by)
    return study
