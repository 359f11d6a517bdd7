"""From a posted page to answers: what each type accepts, and what a person is told when it does not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.datastructures import MultiValueDict

from .conditions import has_answer
from .definitions import Page, Question
from .reading import NOT_APPLICABLE, READERS, Reading

__all__ = ["NOT_APPLICABLE", "PageReading", "read_last_page", "read_page"]


@dataclass(frozen=True)
class PageReading:
    """A posted page as it was understood.

    `values` and `statuses` have every answer key of the page; they are answers only if `is_valid`, and
    otherwise hold what was typed, to be shown again beside `errors` (question key to message). `traces` has
    the display order of shuffled questions and the movements of sliders. `screened_out` is true when an
    accepted answer ends the participation, also while other questions still have errors.
    """

    values: dict[str, Any] = field(default_factory=dict)
    statuses: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    traces: dict[str, Any] = field(default_factory=dict)
    screened_out: bool = False

    @property
    def is_valid(self) -> bool:
        return not self.errors


def read_page(
    page: Page,
    answers: Mapping[str, Any],
    posted: MultiValueDict[str, str],
    orders: Mapping[str, Sequence[str]],
) -> PageReading:
    """Reads what a person sent for one page.

    `answers` are those of the other pages (`Questionnaire.shown_answers` drops the ones hidden now), `orders`
    the display order of each shuffled question. Never raises for anything that can be posted.
    """
    shown, hidden = _readings(page, answers, posted)
    return _page_reading(shown, hidden, orders)


def read_last_page(
    page: Page,
    answers: Mapping[str, Any],
    posted: MultiValueDict[str, str],
    orders: Mapping[str, Sequence[str]],
) -> PageReading:
    """Reads what ends a person's part, so that they are asked nothing again. Answers with an error are left
    out, as if they had not been reached; all others can be stored."""
    shown, hidden = _readings(page, answers, posted)
    sound = [(question, reading) for question, reading in shown if not reading.error]
    return _page_reading(sound, hidden, orders)


def _page_reading(
    shown: Sequence[tuple[Question, Reading]], hidden: Sequence[str], orders: Mapping[str, Sequence[str]]
) -> PageReading:
    errors = {question.key: reading.error for question, reading in shown if reading.error}
    values: dict[str, Any] = dict.fromkeys(hidden)
    statuses = dict.fromkeys(hidden, "not_shown")
    traces: dict[str, Any] = {}
    for question, reading in shown:
        values |= _values(question, reading, keeps_all=bool(errors))
        statuses |= _statuses(question, reading)
        traces |= _trace(question, reading, orders)
    ends = any(reading.screens_out and not reading.error for _, reading in shown)
    return PageReading(values, statuses, errors, traces, screened_out=ends)


def _readings(
    page: Page, answers: Mapping[str, Any], posted: MultiValueDict[str, str]
) -> tuple[list[tuple[Question, Reading]], list[str]]:
    """What is shown was read; the answer keys of what is hidden. Earlier questions of the page decide too."""
    known = {key: value for key, value in answers.items() if key not in page.answer_keys}
    shown: list[tuple[Question, Reading]] = []
    hidden: list[str] = []
    for question in page.questions:
        if question.show_if is not None and not question.show_if.holds(known):
            hidden += question.answer_keys
        elif question.type in READERS:
            reading = READERS[question.type](question, posted)
            shown.append((question, reading))
            known[question.key] = reading.value
    return shown, hidden


def _values(question: Question, reading: Reading, *, keeps_all: bool) -> dict[str, Any]:
    values = {question.key: reading.value}
    if question.texts_asked:
        texts = reading.texts if keeps_all else reading.texts_beside_chosen
        values[question.text_key] = texts or None
    return values


def _statuses(question: Question, reading: Reading) -> dict[str, str]:
    statuses = {question.key: "answered" if has_answer(reading.value) else "declined"}
    if question.texts_asked:
        was_asked = any(name in reading.chosen for name in question.texts_asked)
        unanswered = "declined" if was_asked else "not_shown"
        statuses[question.text_key] = "answered" if reading.texts_beside_chosen else unanswered
    return statuses


def _trace(question: Question, reading: Reading, orders: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    trace: dict[str, Any] = {}
    if question.shuffle and question.key in orders:
        trace["order"] = list(orders[question.key])
    if reading.movements:
        trace["movements"] = reading.movements
    if reading.typing:
        trace["typing"] = reading.typing
    return {question.key: trace} if trace else {}
