"""From the text of a set of prompts to its steps. Pure: the format is told in docs/judges.md."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from string import Template
from typing import Any

import yaml
from django.utils.translation import gettext as _

FORMAT = "prism-prompts/1"
MOST_STEPS = 20


class PromptsError(ValueError):
    """A text is no set of prompts; the message says why."""


class Asks(StrEnum):
    """What a step asks for: which part of the rubric, a text, or a verdict."""

    FACTS = "facts"  # what the rubric asks of the query alone
    SPECIFIC = "specific"  # properties behind a prerequisite that holds
    SHOWN = "shown"  # other properties that are judged with sight of the query
    HIDDEN = "hidden"  # properties that are judged without it
    REFERENCE = "reference"  # an answer to the query, as text
    ERRORS = "errors"
    PREFERENCE = "preference"


ALL_TELL = {"query", "context", "response_1", "response_2", "responses"}
MAY_TELL: dict[Asks, set[str]] = {
    Asks.FACTS: {"query", "context", "questions"},
    Asks.SPECIFIC: ALL_TELL | {"questions"},
    Asks.SHOWN: ALL_TELL | {"questions"},
    Asks.HIDDEN: {"response_1", "response_2", "responses", "questions"},
    Asks.REFERENCE: {"query", "context"},
    Asks.ERRORS: ALL_TELL | {"reference", "types"},
    Asks.PREFERENCE: ALL_TELL,
}
ONCE = frozenset({Asks.FACTS, Asks.REFERENCE})  # what shows no response is asked in one order alone


@dataclass(frozen=True)
class Step:
    """`expected`: tokens of a usual reply, for estimates; `tie`: whether a preference may be one."""

    key: str
    asks: Asks
    text: str
    tie: bool = False
    expected: int = 100

    @property
    def is_asked_once(self) -> bool:
        return self.asks in ONCE


@dataclass(frozen=True)
class Prompts:
    key: str
    title: str
    steps: tuple[Step, ...]
    about: str = ""

    @property
    def is_preference(self) -> bool:
        """Whether it ends in a verdict and not in annotations."""
        return self.steps[0].asks == Asks.PREFERENCE

    def asking(self, asks: Asks) -> Step | None:
        return next((step for step in self.steps if step.asks == asks), None)


@lru_cache(maxsize=32)
def parse(text: str) -> Prompts:
    """Raises PromptsError."""
    try:
        raw = yaml.load(text, yaml.CSafeLoader)
        found = Prompts(
            key=str(raw["key"]),
            title=str(raw["title"]),
            about=str(raw.get("about", "")),
            steps=tuple(_step(given) for given in raw["steps"][:MOST_STEPS]),
        )
    except (yaml.YAMLError, KeyError, TypeError, AttributeError, ValueError) as error:
        raise PromptsError(_("This is no set of prompts: %(what)s.") % {"what": error}) from error
    for fault in _faults(raw, found):
        raise PromptsError(fault)
    return found


def _step(raw: dict[str, Any]) -> Step:
    return Step(
        key=str(raw["key"]),
        asks=Asks(raw["asks"]),
        text=str(raw["text"]),
        tie=bool(raw.get("tie", False)),
        expected=int(raw.get("expected", 100)),
    )


def _faults(raw: dict[str, Any], found: Prompts) -> Iterator[str]:
    if raw.get("format") != FORMAT:
        yield _("The set should begin with “format: %(format)s”.") % {"format": FORMAT}
    asked = [step.asks for step in found.steps]
    if not asked or len(set(asked)) < len(asked) or len({step.key for step in found.steps}) < len(asked):
        yield _("Each step needs a key of its own and asks for something that no other asks for.")
    if Asks.PREFERENCE in asked and len(asked) > 1:
        yield _("A set that asks for a preference has no other step.")
    if Asks.SPECIFIC in asked and Asks.FACTS not in asked[: asked.index(Asks.SPECIFIC)]:
        yield _("What depends on the facts of a query is asked after them.")
    for step in found.steps:
        told = set(Template(step.text).get_identifiers())
        if told - MAY_TELL[step.asks]:
            named = ", ".join(sorted(told - MAY_TELL[step.asks]))
            yield _("Step “%(step)s” may not be told: %(names)s.") % {"step": step.key, "names": named}
