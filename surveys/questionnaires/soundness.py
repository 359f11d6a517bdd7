"""Whether the parts of a question fit together: values given twice, ranges upside down, impossible checks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from django.utils.translation import gettext as _

from .definitions import ONE_SLIDER, Check, Question
from .schema import Fault
from .source import Path

_CHECKED_BY_OPTION = frozenset({"single", "multiple", "dropdown", "matrix"})


def question_faults(question: Question, path: Path) -> Iterator[Fault]:
    """Everything wrong with a question that needs no other question to see."""
    yield from repeated([option.value for option in question.options], (*path, "options"), "value")
    yield from repeated([item.key for item in question.items], (*path, "items"), "key")
    yield from repeated(list(question.last), path, "last")
    for index, value in enumerate(question.last):
        if value not in question.values:
            yield (*path, "last", index), _("“%(value)s” is not one of the choices.") % {"value": value}
    yield from _range_faults(question, path)
    yield from _option_faults(question, path)
    yield from _coding_faults(question, path)
    yield from _check_faults(question, path)


def repeated(values: list[str], path: Path, part: str) -> Iterator[Fault]:
    counted: Counter[str] = Counter()
    for index, value in enumerate(values):
        if counted[value]:
            yield (*path, index, part), _("“%(value)s” is given twice.") % {"value": value}
        counted[value] += 1


def _range_faults(question: Question, path: Path) -> Iterator[Fault]:
    if question.scale and question.scale.minimum >= question.scale.maximum:
        yield (*path, "scale", "maximum"), _("should be more than minimum.")
    if question.scale and question.scale.not_applicable and question.type in ONE_SLIDER:
        yield (*path, "scale", "not_applicable"), _("is for blocks of sliders; use “declinable” here.")
    if question.min_length > question.max_length:
        yield (*path, "min_length"), _("should not be more than max_length.")
    if question.minimum is not None and question.maximum is not None and question.minimum > question.maximum:
        yield (*path, "maximum"), _("should not be less than minimum.")


def _option_faults(question: Question, path: Path) -> Iterator[Fault]:
    if question.type == "ranking" and len(question.options) == 1:
        yield (*path, "options"), _("A ranking needs at least two options.")
    if question.type in {"matrix", "ranking"}:
        asked = [("options", index) for index, option in enumerate(question.options) if option.asks_text]
        asked += [("items", index) for index, item in enumerate(question.items) if item.asks_text]
        for place in asked:
            message = _("does not belong to a question of type %(type)s.") % {"type": question.type}
            yield (*path, *place, "asks_text"), message


def _coding_faults(question: Question, path: Path) -> Iterator[Fault]:
    if question.coding and question.options and not question.described_by & set(question.texts_asked):
        yield (*path, "coding"), _("needs an option with “asks_text: true” and “needs_coding: true”.")


def _check_faults(question: Question, path: Path) -> Iterator[Fault]:
    places = {item.key: ("items", index) for index, item in enumerate(question.items)}
    for item, check in question.checks:
        where: Path = (*path, *places.get(item, ()), "check")
        if item and question.type != "matrix":
            yield where, _("belongs to a question or to a row of a matrix.")
        elif question.type not in _CHECKED_BY_OPTION | ONE_SLIDER:
            continue  # the field does not belong to this type, which is said elsewhere
        elif any(not _can_be_given(question, value) for value in check.expects):
            yield (*where, "expects"), _("should be among the answers that can be given.")
        elif _expects_several(question, check):
            yield (*where, "expects"), _("should be ticked together, but one of them stands alone.")


def _can_be_given(question: Question, value: object) -> bool:
    if question.type in _CHECKED_BY_OPTION:
        return isinstance(value, str) and question.option(value) is not None
    if question.scale is None or isinstance(value, bool) or not isinstance(value, int):
        return False
    return question.scale.minimum <= value <= question.scale.maximum


def _expects_several(question: Question, check: Check) -> bool:
    alone = {option.value for option in question.options if option.exclusive}
    return question.type == "multiple" and len(check.expects) > 1 and bool(alone & set(check.expects))
