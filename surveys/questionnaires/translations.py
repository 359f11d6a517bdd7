"""What can be wrong with the texts of a file: their languages, and the answers they want put into them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from .schema import Fault, questionnaire_schema
from .source import Path
from .texts import PIPE, spoken_parts

# What these leave is no words.
_NOT_SAYABLE = frozenset({"information", "sliders", "matrix", "consent"})


def translation_faults(raw: dict[str, Any]) -> Iterator[Fault]:
    """Languages that are not the document's, and texts that lack its own. Takes a file of the right shape."""
    languages = raw.get("languages", [raw["language"]])
    if raw["language"] not in languages:
        message = _("should name the document's own language too: “%(language)s”.")
        yield ("languages",), message % {"language": raw["language"]}
    for index, language in enumerate(languages):
        if language in languages[:index]:
            yield ("languages", index), _("“%(value)s” is given twice.") % {"value": language}
    for path, text in spoken_parts(raw):
        if isinstance(text, dict):
            yield from _group_faults(text, path, raw["language"], languages)


def _group_faults(text: dict[str, str], path: Path, own: str, languages: list[str]) -> Iterator[Fault]:
    if own not in text:
        message = _("lacks the document's own language, “%(language)s”.")
        yield path, message % {"language": own}
    for language in text:
        if language not in languages:
            message = _("“%(language)s” is not among the document's “languages”.")
            yield (*path, language), message % {"language": language}


def pipe_faults(raw: dict[str, Any]) -> Iterator[Fault]:
    """Answers put into a text that are unknown, not given before it, or no words."""
    fields = questionnaire_schema()["$defs"]["condition"]["properties"]["study"]["enum"]
    known: dict[str, str] = {}
    yield from _faults_of(raw["title"], ("title",), {}, [])
    for at, page in enumerate(raw["pages"]):
        together = drawn_with(raw, at)
        types = {key: kind for key, kind in known.items() if key not in together}
        for path, text in spoken_parts(page, ("pages", at)):
            yield from _faults_of(text, path, types, fields)
        known |= {question["key"]: question["type"] for question in page["questions"]}


def drawn_with(raw: dict[str, Any], at: int) -> set[str]:
    """The keys of the questions on pages that are drawn together with this one, and so may come after it."""
    page = raw["pages"][at]
    others = raw["pages"][:at]
    if "randomise" not in raw:
        others = [other for other in others if "group" in page and other.get("group") == page["group"]]
    return {question["key"] for other in others for question in other["questions"]}


def _faults_of(
    text: str | dict[str, str], path: Path, types: dict[str, str], fields: list[str]
) -> Iterator[Fault]:
    if isinstance(text, dict):
        for language, said in text.items():
            yield from _faults_of(said, (*path, language), types, fields)
    elif "{{" in text:
        yield from _pipes_of(text, path, types, fields)


def _pipes_of(text: str, path: Path, types: dict[str, str], fields: list[str]) -> Iterator[Fault]:
    if "{{" in PIPE.sub("", text):
        yield path, _("has “{{” that is no {{answer:key}}, {{answer:key|otherwise}} or {{study:field}}.")
    for kind, key, _otherwise in PIPE.findall(text):
        if kind == "study" and key not in fields:
            yield path, _("There is no field “%(key)s” of a study.") % {"key": key}
        if kind == "answer" and key not in types:
            message = _("There is no question “%(key)s” on a page before this one.")
            yield path, message % {"key": key}
        if kind == "answer" and types.get(key) in _NOT_SAYABLE:
            message = _("The answer to a question of type %(type)s cannot be put into a text.")
            yield path, message % {"type": types[key]}
