"""From the text of a set of prompts to its steps. Pure: the format is told in docs/judges.md."""

from __future__ import annotations

import re
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
LONGEST = 200_000  # characters of a whole set
_KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


class PromptsError(ValueError):
    """A text is no set of prompts; `faults` say why, one sentence each."""

    def __init__(self, *faults: str) -> None:
        super().__init__(" ".join(faults))
        self.faults = faults


class Asks(StrEnum):
    """What a step asks for: which part of the rubric, a text, or a verdict."""

    FACTS = "facts"  # what the rubric asks of the query alone
    SPECIFIC = "specific"  # properties behind a prerequisite that holds
    SHOWN = "shown"  # other properties that are judged with sight of the query
    HIDDEN = "hidden"  # properties that are judged without it
    REFERENCE = "reference"  # an answer to the query, as text
    ERRORS = "errors"
    PREFERENCE = "preference"
    SCENARIO = "scenario"  # the class of the query, one of those of the study


ALL_TELL = {"query", "context", "response_1", "response_2", "responses"}
MAY_TELL: dict[Asks, set[str]] = {
    Asks.FACTS: {"query", "context", "questions"},
    Asks.SPECIFIC: ALL_TELL | {"questions"},
    Asks.SHOWN: ALL_TELL | {"questions"},
    Asks.HIDDEN: {"response_1", "response_2", "responses", "questions"},
    Asks.REFERENCE: {"query", "context"},
    Asks.ERRORS: ALL_TELL | {"reference", "types"},
    Asks.PREFERENCE: ALL_TELL,
    Asks.SCENARIO: {"query", "context", "scenarios"},
}
RESPONSES = "responses"  # stands for either the whole of them or each by itself
MUST_TELL: dict[Asks, set[str]] = {
    Asks.FACTS: {"query", "questions"},
    Asks.SPECIFIC: {"query", RESPONSES, "questions"},
    Asks.SHOWN: {"query", RESPONSES, "questions"},
    Asks.HIDDEN: {RESPONSES, "questions"},
    Asks.REFERENCE: {"query"},
    Asks.ERRORS: {"query", RESPONSES, "types"},
    Asks.PREFERENCE: {"query", RESPONSES},
    Asks.SCENARIO: {"query", "scenarios"},
}
EACH = {"response_1", "response_2"}
# What shows no response is asked in one order alone.
ONCE = frozenset({Asks.FACTS, Asks.REFERENCE, Asks.SCENARIO})
ALONE = (Asks.PREFERENCE, Asks.SCENARIO)


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

    @property
    def is_scenario(self) -> bool:
        """Whether it says of the query alone which class it belongs to."""
        return self.steps[0].asks == Asks.SCENARIO

    def asking(self, asks: Asks) -> Step | None:
        return next((step for step in self.steps if step.asks == asks), None)


@lru_cache(maxsize=32)
def parse(text: str) -> Prompts:
    """Raises PromptsError."""
    if len(text) > LONGEST:
        raise PromptsError(_("The text is longer than %d characters.") % LONGEST)
    raw = _plain(text)
    try:
        found = Prompts(
            key=str(raw["key"]),
            title=str(raw["title"]),
            about=str(raw.get("about", "")),
            steps=tuple(_step(given) for given in raw["steps"]),
        )
    except KeyError as error:
        raise PromptsError(_("The key %s is missing.") % error) from error
    except (TypeError, AttributeError, ValueError) as error:
        raise PromptsError(_("This is no set of prompts: %(what)s.") % {"what": error}) from error
    if faults := list(_faults(raw, found)):
        raise PromptsError(*faults)
    return found


def _plain(text: str) -> dict[str, Any]:
    try:
        raw = yaml.load(text, yaml.CSafeLoader)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        line = _(" The trouble is near line %d.") % (mark.line + 1) if mark else ""
        raise PromptsError(_("The text is no YAML.") + line) from error
    if not isinstance(raw, dict):
        raise PromptsError(_("The text should hold names, each with a colon and what belongs to it."))
    return raw


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
    if len(asked) > 1 and set(asked) & set(ALONE):
        yield _("A set that asks for a preference or a scenario has no other step.")
    if Asks.SPECIFIC in asked and Asks.FACTS not in asked[: asked.index(Asks.SPECIFIC)]:
        yield _("What depends on the facts of a query is asked after them.")
    for name in (found.key, *(step.key for step in found.steps)):
        if not _KEY.fullmatch(name):
            yield _("“%s” is no key: up to 40 small letters, digits, hyphens and underscores.") % name[:60]
    for step in found.steps:
        yield from _faults_of(step)


def _faults_of(step: Step) -> Iterator[str]:
    """Of the placeholders of a step: what nobody fills in, what would tell too much, what is missing."""
    template = Template(step.text)
    if not template.is_valid():
        yield _("Step “%s” has a $ that begins no placeholder. Write $$ for the sign itself.") % step.key
        return
    told = set(template.get_identifiers())
    if too_much := sorted(told - MAY_TELL[step.asks]):
        named = ", ".join(too_much)
        yield _("Step “%(step)s” may not be told: %(names)s.") % {"step": step.key, "names": named}
    missing = MUST_TELL[step.asks] - told - ({RESPONSES} if told >= EACH else set())
    if missing:
        named = ", ".join(f"${name}" for name in sorted(missing))
        yield _("Step “%(step)s” needs: %(names)s.") % {"step": step.key, "names": named}
