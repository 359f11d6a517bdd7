"""When a page or a question is shown: `all`, `any` and `not` over comparisons with earlier answers.

Every condition has `holds(answers)`, where answers maps question keys to values. A question without an
answer fails every comparison, so that `not` of a comparison holds for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from surveys.declined import DECLINED


def has_answer(value: Any) -> bool:
    """Whether a stored value says something: neither empty, nor declined, nor only untouched sliders."""
    if isinstance(value, dict):
        return any(isinstance(position, int) for position in value.values())
    return value not in (None, "", [], DECLINED, [DECLINED])


@dataclass(frozen=True)
class Among:
    """The answer is one of `values`; for a question with several choices, at least one of them is."""

    question: str
    values: tuple[str | int | float | bool, ...]

    def holds(self, answers: Mapping[str, Any]) -> bool:
        given = answers.get(self.question)
        chosen = given if isinstance(given, list) else [given]
        return any(value in self.values for value in chosen)


@dataclass(frozen=True)
class Answered:
    """The question has an answer (`expected` true) or has none; a declined question counts as unanswered."""

    question: str
    expected: bool

    def holds(self, answers: Mapping[str, Any]) -> bool:
        return has_answer(answers.get(self.question)) == self.expected


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


Condition = Among | Answered | All | AnyOf | Not
