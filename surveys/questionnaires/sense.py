"""What a schema cannot say: whether the parts of a questionnaire fit together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from .definitions import Question, Questionnaire
from .schema import Fault
from .source import Path

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
    "sliders": frozenset({"items", "scale"}),
    "consent": frozenset(),
}
_ANY_TYPE = frozenset({"key", "type", "text", "help", "show_if"})
_CHOICE = frozenset({"required", "declinable", "shuffle", "last", "empty_text", "max_length"})
_LENGTHS = frozenset({"required", "declinable", "min_length", "max_length"})
_ALLOWED: dict[str, frozenset[str]] = {
    "information": frozenset(),
    "single": _CHOICE,
    "multiple": _CHOICE,
    "dropdown": _CHOICE,
    "country": frozenset({"required", "declinable"}),
    "text": _LENGTHS,
    "long_text": _LENGTHS,
    "number": frozenset({"required", "declinable", "minimum", "maximum", "decimals"}),
    "sliders": frozenset({"required", "shuffle", "last", "max_length"}),
    "consent": frozenset({"required"}),
}
# Sliders and texts have no values that a file's author could know in advance.
_NOT_COMPARABLE = frozenset({"information", "text", "long_text", "sliders"})
_FORMS = ("all", "any", "not", "question")
_COMPARISONS = ("is", "in", "answered")


def condition_faults(raw: Any, path: Path = ()) -> Iterator[Fault]:
    """Conditions that are not exactly one thing. Takes a raw file, whose shape may still be wrong."""
    parts = raw.items() if isinstance(raw, dict) else enumerate(raw) if isinstance(raw, list) else ()
    for key, part in parts:
        if key == "show_if" and isinstance(part, dict):
            yield from _form_faults(part, (*path, key))
        else:
            yield from condition_faults(part, (*path, key))


def _form_faults(raw: dict[str, Any], path: Path) -> Iterator[Fault]:
    comparisons = [word for word in _COMPARISONS if word in raw]
    if len([form for form in _FORMS if form in raw]) != 1:
        yield path, _("should have exactly one of all, any, not and question.")
    elif len(comparisons) != ("question" in raw):
        yield path, _("should compare a question with exactly one of is, in and answered.")
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
    seen: dict[str, Question] = {}
    yield from _repeated([page.key for page in questionnaire.pages], ("pages",), "key")
    for at, page in enumerate(questionnaire.pages):
        path: Path = ("pages", at)
        yield from _reference_faults(raw["pages"][at], path, seen)
        for index, question in enumerate(page.questions):
            inner = (*path, "questions", index)
            given = raw["pages"][at]["questions"][index]
            yield from _field_faults(given, inner)
            yield from _reference_faults(given, inner, seen)
            yield from _question_faults(question, inner)
            yield from _taken(question, seen, inner)


def _taken(question: Question, seen: dict[str, Question], path: Path) -> Iterator[Fault]:
    for key in (question.key, *question.answer_keys[1:]):
        if key in seen:
            yield (*path, "key"), _("“%(key)s” is already the key of another answer.") % {"key": key}
        seen[key] = question


def _repeated(values: list[str], path: Path, part: str) -> Iterator[Fault]:
    counted: Counter[str] = Counter()
    for index, value in enumerate(values):
        if counted[value]:
            yield (*path, index, part), _("“%(value)s” is given twice.") % {"value": value}
        counted[value] += 1


def _field_faults(given: dict[str, Any], path: Path) -> Iterator[Fault]:
    kind = given["type"]
    for field in sorted(_NEEDED[kind] - given.keys()):
        yield path, _("A question of type %(type)s needs “%(field)s”.") % {"type": kind, "field": field}
    for field in sorted(given.keys() - _ANY_TYPE - _NEEDED[kind] - _ALLOWED[kind]):
        yield (*path, field), _("does not belong to a question of type %(type)s.") % {"type": kind}


def _question_faults(question: Question, path: Path) -> Iterator[Fault]:
    yield from _repeated([option.value for option in question.options], (*path, "options"), "value")
    yield from _repeated([item.key for item in question.items], (*path, "items"), "key")
    yield from _repeated(list(question.last), path, "last")
    for index, value in enumerate(question.last):
        if value not in question.values:
            yield (*path, "last", index), _("“%(value)s” is not one of the choices.") % {"value": value}
    yield from _range_faults(question, path)


def _range_faults(question: Question, path: Path) -> Iterator[Fault]:
    if question.scale and question.scale.minimum >= question.scale.maximum:
        yield (*path, "scale", "maximum"), _("should be more than minimum.")
    if question.min_length > question.max_length:
        yield (*path, "min_length"), _("should not be more than max_length.")
    if question.minimum is not None and question.maximum is not None and question.minimum > question.maximum:
        yield (*path, "maximum"), _("should not be less than minimum.")


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
    elif question.type == "information" or (question.type in _NOT_COMPARABLE and "answered" not in raw):
        message = _("A question of type %(type)s cannot be compared here.")
        yield (*path, "question"), message % {"type": question.type}
    elif question.options:
        yield from _value_faults(raw, question, path)


def _value_faults(raw: dict[str, Any], question: Question, path: Path) -> Iterator[Fault]:
    compared = [((*path, "is"), raw["is"])] if "is" in raw else []
    compared += [((*path, "in", index), value) for index, value in enumerate(raw.get("in", ()))]
    for inner, value in compared:
        if value not in question.values:
            message = _("“%(value)s” is not an option of “%(key)s”.")
            yield inner, message % {"value": value, "key": question.key}
