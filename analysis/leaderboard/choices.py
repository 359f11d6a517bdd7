"""What a reader asks of the leaderboard: filters, treatment of ties, which votes are taken in all the same.

The address of the page carries it; the same choice always has the same words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode

if TYPE_CHECKING:  # pages read choices, and need no numpy for it
    from analysis.bradley_terry import Ties

DAYS = ("30", "90", "365")  # back from the newest vote; a period may also be a month, 2026-11
MONTH = re.compile(r"20[0-9]{2}-(0[1-9]|1[0-2])")
LEASTS = (0, 30, 100, 300, 1000)
FEW_VOTES = 30
INCLUDABLE = ("not_blind", "leaked", "custom", "cached", "cut", "replaced")
EXCLUDABLE = ("flagged",)
FILTERS = ("study", "written_in", "language", "category", "topic", "mode")
LONGEST = 60


@dataclass(frozen=True)
class Choice:
    """`source`: blank for votes given here, the key of an imported dataset, or ALL of them.

    `including`: reasons that shall not count; `excluding`: reasons that count only if asked for.

    Models with fewer than `least` votes are listed apart. That alone changes no number.
    """

    source: str = ""
    study: str = ""
    written_in: str = ""
    language: str = ""
    category: str = ""
    topic: str = ""
    mode: str = ""
    period: str = ""
    turns: str = "first"
    ties: Ties = "davidson"
    least: int = FEW_VOTES
    including: tuple[str, ...] = ()
    excluding: tuple[str, ...] = ()

    @property
    def query(self) -> str:
        """The choice as the query of an address, without what is so by default."""
        default = Choice()
        parts: list[tuple[str, object]] = []
        for one in fields(self):
            value = getattr(self, one.name)
            if one.name in NAMES:
                parts += [(NAMES[one.name], reason) for reason in value]
            elif value != getattr(default, one.name):
                parts.append((one.name, value))
        return urlencode(parts)

    @property
    def numbers(self) -> Choice:
        """The choice as far as it decides numbers: what a table is kept under."""
        return replace(self, least=FEW_VOTES)

    def is_possible(self, values: Mapping[str, Mapping[str, int]]) -> bool:
        """Whether all that is filtered by occurs; `values`: {column: {value: how often}}."""
        wanted = {name: getattr(self, name) for name in FILTERS}
        if MONTH.fullmatch(self.period):
            wanted["month"] = self.period
        if self.source not in ("", "all"):
            wanted["source"] = self.source
        return all(value in values.get(name, {}) for name, value in wanted.items() if value)


NAMES = {"including": "with", "excluding": "without"}


def read_choice(given: Mapping[str, str], including: Sequence[str], excluding: Sequence[str] = ()) -> Choice:
    """From the query of an address; what is not known there means the default."""
    least = given.get("least", "")
    filters: dict[str, Any] = {name: given.get(name, "")[:LONGEST] for name in ("source", *FILTERS)}
    return Choice(
        **filters,
        period=_period(given.get("period", "") or given.get("days", "")),
        turns="all" if given.get("turns") == "all" else "first",
        ties="half" if given.get("ties") == "half" else "davidson",
        least=int(least) if least in map(str, LEASTS) else FEW_VOTES,
        including=tuple(reason for reason in INCLUDABLE if reason in including),
        excluding=tuple(reason for reason in EXCLUDABLE if reason in excluding),
    )


def choice_of(query: str) -> Choice:
    """The choice whose query this is."""
    found = parse_qs(query)
    given = {name: values[0] for name, values in found.items()}
    return read_choice(given, found.get("with", []), found.get("without", []))


def _period(given: str) -> str:
    return given if given in DAYS or MONTH.fullmatch(given) else ""


def first_and_last(period: str, newest: int) -> tuple[int, int]:
    """The days of a period as ordinals; `newest` is the day of the newest vote."""
    if period in DAYS:
        return newest - int(period) + 1, newest
    year, month = map(int, period.split("-"))
    first = date(year, month, 1)
    after = date(year + month // 12, month % 12 + 1, 1)
    return first.toordinal(), after.toordinal() - 1
