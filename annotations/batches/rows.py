"""A task and its sides before they are stored, whatever they were read from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from conversations.counting import words

COUNTER = "words"  # as conversations.counting counts them
LONGEST_KEY = 120


@dataclass(frozen=True)
class SideRow:
    """One response. Where the source does not say how many words it has, they are counted when stored."""

    text: str
    words: int | None = None
    counter: str = ""
    response_id: int | None = None
    model_name: str = ""

    @property
    def counted(self) -> tuple[int, str]:
        """How many words, and what counted them."""
        if self.words is None:
            return words(self.text), COUNTER
        return self.words, self.counter


@dataclass(frozen=True)
class TaskRow:
    """`key` is unique in its batch; the other fields are those of `Task`."""

    key: str
    query: str
    sides: tuple[SideRow, ...]
    turn_id: int | None = None
    context: tuple[Mapping[str, str], ...] = ()
    language: str = ""
    tags: tuple[str, ...] = ()
    scenario: str = ""
    scenario_group: str = ""
    scenario_source: str = ""
    priority: float = 0.0
    gold: Mapping[str, Any] | None = None
    is_training: bool = False
    facts: Mapping[str, Any] = field(default_factory=dict)
    preferences: Mapping[str, str] = field(default_factory=dict)
    reference: str = ""
