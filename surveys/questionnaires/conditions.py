"""When a page or a question is shown: `all`, `any` and `not` over comparisons with earlier answers.

Every condition has `holds(answers)`, where answers maps question keys to values and `study:FIELD` to the
fields of the study. A question without an answer fails every comparison, so that `not` of a comparison holds
for it. Whatever the answers are, nothing here raises.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from surveys.declined import DECLINED

# Stored for a slider whose owner said that it does not apply; an untouched one is None.
NOT_APPLICABLE = "not_applicable"
# No key of a question has a colon, so that the fields of a study can stand among the answers.
STUDY = "study:"


def has_answer(value: Any) -> bool:
    """Whether a stored value says something: neither empty, nor declined, nor only untouched items."""
    if isinstance(value, dict):
        return any(part not in (None, "", DECLINED, NOT_APPLICABLE) for part in value.values())
    return value not in (None, "", [], DECLINED, [DECLINED])


def _given(answers: Mapping[str, Any], question: str, item: str) -> Any:
    """The value of a question or, with an item, of one of its rows or sliders."""
    value = answers.get(question)
    if not item:
        return value
    return value.get(item) if isinstance(value, dict) else None


@dataclass(frozen=True)
class Among:
    """The answer is one of `values`; for a question with several choices, at least one of them is."""

    question: str
    values: tuple[str | int | float | bool, ...]
    item: str = ""

    def holds(self, answers: Mapping[str, Any]) -> bool:
        given = _given(answers, self.question, self.item)
        chosen = given if isinstance(given, list) else [given]
        return any(value in self.values for value in chosen)


@dataclass(frozen=True)
class Answered:
    """The question has an answer (`expected` true) or has none; a declined question counts as unanswered."""

    question: str
    expected: bool
    item: str = ""

    def holds(self, answers: Mapping[str, Any]) -> bool:
        given = _given(answers, self.question, self.item)
        is_skipped = bool(self.item) and given == NOT_APPLICABLE
        return (has_answer(given) and not is_skipped) == self.expected


@dataclass(frozen=True)
class Within:
    """The answer is a number, not less than `at_least` and less than `less_than`; None sets no limit."""

    question: str
    at_least: float | None = None
    less_than: float | None = None
    item: str = ""

    def holds(self, answers: Mapping[str, Any]) -> bool:
        given = _given(answers, self.question, self.item)
        if not isinstance(given, int | float) or isinstance(given, bool):
            return False
        return (self.at_least is None or given >= self.at_least) and (
            self.less_than is None or given < self.less_than
        )


@dataclass(frozen=True)
class All:
    conditions: tuple[Condition, ...]

    def holds(self, answers: Mapping[str, Any]) -> bool:
        return all(condition.holds(answers) for condition in self.conditions)


@dataclass(frozen=True)
class AnyOf:
    conditions: tuple[Condition, ...]

    def holds(self, answers: Mapping[str, Any]) -> bool:
        return any(condition.holds(answers) for condition in self.conditions)


@dataclass(frozen=True)
class Not:
    condition: Condition

    def holds(self, answers: Mapping[str, Any]) -> bool:
        return not self.condition.holds(answers)


Condition = Among | Answered | Within | All | AnyOf | Not
