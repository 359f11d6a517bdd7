"""What a schema cannot say: whether the parts of a questionnaire fit together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from .definitions import Question, Questionnaire
from .order import PAGES, has_page_order
from .schema import Fault
from .soundness import question_faults, repeated
from .source import Path
from .translations import drawn_with, pipe_faults

# The fields a type must have, and those it may have; all others belong to other types.
_NEEDED: dict[str, frozenset[str]] = {
    "information": frozenset(),
    "single": frozenset({"options"}),
    "multiple": frozenset({"options"}),
    "dropdown": frozenset({"options"}),
    "country": frozenset(),
    "text": frozenset(),
    "long_text": frozenset(),
    "number": frozenset(),
    "birth_year": frozenset(),
    "sliders": frozenset({"items", "scale"}),
    "slider": frozenset({"scale"}),
    "visual_analogue": frozenset({"scale"}),
    "matrix": frozenset({"items", "options"}),
    "ranking": frozenset({"options"}),
    "consent": frozenset(),
}
_ANY_TYPE = frozenset({"key", "type", "text", "help", "show_if"})
_CHOICE = frozenset(
    {"required", "declinable", "shuffle", "last", "empty_text", "max_length", "check", "coding"}
)
_LENGTHS = frozenset({"required", "declinable", "min_length", "max_length", "paste", "coding"})
_NUMBER = frozenset({"required", "declinable", "minimum", "maximum"})
_ONE_SLIDER = frozenset({"required", "declinable", "check"})
_ALLOWED: dict[str, frozenset[str]] = {
    "information": frozenset(),
    "single": _CHOICE,
    "multiple": _CHOICE,
    "dropdown": _CHOICE | {"search"},
    "country": frozenset({"required", "declinable", "search"}),
    "text": _LENGTHS,
    "long_text": _LENGTHS,
    "number": _NUMBER | {"decimals"},
    "birth_year": _NUMBER,
    "sliders": frozenset({"required", "declinable", "shuffle", "last", "max_length"}),
    "slider": _ONE_SLIDER,
    "visual_analogue": _ONE_SLIDER,
    "matrix": frozenset({"required", "declinable", "shuffle", "last"}),
    "ranking": frozenset({"required", "declinable", "shuffle", "last"}),
    "consent": frozenset({"required"}),
}
# Texts have no values that a file's author could know in advance, and a ranking holds all of them.
_NOT_COMPARABLE = frozenset({"information", "text", "long_text", "ranking"})
# Types whose value is an object of items: without an item only "answered" can be asked of them.
_WITH_ITEMS = frozenset({"sliders", "matrix"})
_NUMBERS = frozenset({"number", "birth_year", "sliders", "slider", "visual_analogue"})
_FORMS = ("all", "any", "not", "question", "study")
_COMPARED_STUDY = frozenset({"is", "in"})
_LIMITS = frozenset({"less_than", "at_least"})
_COMPARISONS = _COMPARED_STUDY | _LIMITS | {"answered"}


def condition_faults(raw: Any, path: Path = ()) -> Iterator[Fault]:
    """Conditions that are not exactly one thing. Takes a raw file, whose shape may still be wrong."""
    parts = raw.items() if isinstance(raw, dict) else enumerate(raw) if isinstance(raw, list) else ()
    for key, part in parts:
        if key == "show_if" and isinstance(part, dict):
            yield from _form_faults(part, (*path, key))
        else:
            yield from condition_faults(part, (*path, key))


def _form_faults(raw: dict[str, Any], path: Path) -> Iterator[Fault]:
    comparisons = _COMPARISONS & raw.keys()
    is_range = comparisons == _LIMITS
    if len([form for form in _FORMS if form in raw]) != 1:
        yield path, _("should have exactly one of all, any, not, question and study.")
    elif "study" in raw and (len(comparisons) != 1 or not comparisons <= _COMPARED_STUDY):
        yield path, _("should compare a field of the study with exactly one of is and in.")
    elif "study" not in raw and len(comparisons) - is_range != ("question" in raw):
        yield (
            path,
            _("should compare a question with exactly one of is, in, answered, less_than and at_least."),
        )
    if "item" in raw and "question" not in raw:
        yield (*path, "item"), _("belongs to a question.")
    for inner, part in _parts(raw, path):
        yield from _form_faults(part, inner)


def _parts(raw: dict[str, Any], path: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    for form in ("all", "any"):
        listed = raw.get(form)
        for index, part in enumerate(listed if isinstance(listed, list) else ()):
            if isinstance(part, dict):
                yield (*path, form, index), part
    if isinstance(raw.get("not"), dict):
        yield (*path, "not"), raw["not"]


def sense_faults(questionnaire: Questionnaire, raw: dict[str, Any]) -> Iterator[Fault]:
    """Keys used twice, fields that do not belong, conditions that look forward. `raw` has the right shape."""
    yield from repeated([page.key for page in questionnaire.pages], ("pages",), "key")
    yield from _group_faults(questionnaire)
    seen: dict[str, Question] = {}
    for at, page in enumerate(questionnaire.pages):
        path: Path = ("pages", at)
        before = {key: seen[key] for key in seen.keys() - drawn_with(raw, at)}
        yield from _reference_faults(raw["pages"][at], path, before)
        for index, question in enumerate(page.questions):
            inner = (*path, "questions", index)
            given = raw["pages"][at]["questions"][index]
            yield from _field_faults(given, inner)
            yield from _reference_faults(given, inner, before)
            yield from question_faults(question, inner)
            yield from _taken(question, seen, inner)
            if not page.randomise:
                before |= {key: seen[key] for key in question.answer_keys or (question.key,)}
    yield from pipe_faults(raw)


def _group_faults(questionnaire: Questionnaire) -> Iterator[Fault]:
    """Pages of a group that stand apart, and orders that would be recorded under a question's name."""
    ended: set[str] = set()
    before = ""
    for at, page in enumerate(questionnaire.pages):
        if page.group != before:
            ended.add(before)
        if page.group and page.group in ended:
            yield ("pages", at, "group"), _("Pages of one group must follow one another.")
        before = page.group
    for at, page in enumerate(questionnaire.pages):
        for index, question in enumerate(page.questions):
            if question.key == PAGES and has_page_order(questionnaire):
                message = _("“%(key)s” is the name of the order of the pages here; choose another key.")
                yield ("pages", at, "questions", index, "key"), message % {"key": PAGES}


def _taken(question: Question, seen: dict[str, Question], path: Path) -> Iterator[Fault]:
    for key in (question.key, *question.answer_keys[1:]):
        if key in seen:
            yield (*path, "key"), _("“%(key)s” is already the key of another answer.") % {"key": key}
        seen[key] = question


def _field_faults(given: dict[str, Any], path: Path) -> Iterator[Fault]:
    kind = given["type"]
    for field in sorted(_NEEDED[kind] - given.keys()):
        yield path, _("A question of type %(type)s needs “%(field)s”.") % {"type": kind, "field": field}
    for field in sorted(given.keys() - _ANY_TYPE - _NEEDED[kind] - _ALLOWED[kind]):
        yield (*path, field), _("does not belong to a question of type %(type)s.") % {"type": kind}


def _reference_faults(given: dict[str, Any], path: Path, seen: dict[str, Question]) -> Iterator[Fault]:
    if "show_if" in given:
        yield from _looking_back_faults(given["show_if"], (*path, "show_if"), seen)


def _looking_back_faults(raw: dict[str, Any], path: Path, seen: dict[str, Question]) -> Iterator[Fault]:
    for inner, part in _parts(raw, path):
        yield from _looking_back_faults(part, inner, seen)
    if "question" in raw:
        yield from _comparison_faults(raw, path, seen)


def _comparison_faults(raw: dict[str, Any], path: Path, seen: dict[str, Question]) -> Iterator[Fault]:
    key = raw["question"]
    question = seen.get(key)
    if question is None or question.key != key:
        message = _("There is no question “%(key)s” before this one; a condition can only look back.")
        yield (*path, "question"), message % {"key": key}
    elif not _can_compare(raw, question):
        message = _("A question of type %(type)s cannot be compared here.")
        yield (*path, "question"), message % {"type": question.type}
    else:
        yield from _item_faults(raw, question, path)
        if question.options:
            yield from _value_faults(raw, question, path)


def _can_compare(raw: dict[str, Any], question: Question) -> bool:
    if question.type == "information":
        return False
    if "answered" in raw:
        return True
    if _LIMITS & raw.keys() and question.type not in _NUMBERS:
        return False
    return question.type not in _NOT_COMPARABLE and (question.type not in _WITH_ITEMS or "item" in raw)


def _item_faults(raw: dict[str, Any], question: Question, path: Path) -> Iterator[Fault]:
    if "item" in raw and raw["item"] not in {item.key for item in question.items}:
        message = _("“%(value)s” is not an item of “%(key)s”.")
        yield (*path, "item"), message % {"value": raw["item"], "key": question.key}


def _value_faults(raw: dict[str, Any], question: Question, path: Path) -> Iterator[Fault]:
    compared = [((*path, "is"), raw["is"])] if "is" in raw else []
    compared += [((*path, "in", index), value) for index, value in enumerate(raw.get("in", ()))]
    for inner, value in compared:
        if not isinstance(value, str) or question.option(value) is None:
            message = _("“%(value)s” is not an option of “%(key)s”.")
            yield inner, message % {"value": value, "key": question.key}
