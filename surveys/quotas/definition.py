"""A definition of quotas, frozen: strata made from answers, and tables of cells with their targets. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from math import isfinite
from typing import Any

from surveys.census import CensusTable

OUTSIDE = ""
JOIN = " / "


@dataclass(frozen=True)
class Stratum:
    """What one answer says about a person. `mapping` gives the category of each answer; `bands` are used
    instead for ages: name, first and last year."""

    key: str
    question: str
    names: tuple[str, ...]
    mapping: Mapping[str, str]
    bands: tuple[tuple[str, int, float], ...] = ()
    reads: str = "age"
    several: str = ""

    def category(self, value: Any, year: int) -> str | None:
        """The category of an answer given in `year`; None when it is undisclosed or out of the frame."""
        return self._band(value, year) if self.bands else self._mapped(value)

    def _band(self, value: Any, year: int) -> str | None:
        number = _whole(value)
        if number is None:
            return None
        age = year - number if self.reads == "birth_year" else number
        return next((name for name, first, last in self.bands if first <= age <= last), None)

    def _mapped(self, value: Any) -> str | None:
        chosen = value if isinstance(value, list) else [value]
        found = {self.mapping.get(_written(part)) for part in chosen}
        if len(found) > 1 and None not in found:
            return self.several or None
        return found.pop() if len(found) == 1 else None


@dataclass(frozen=True)
class Target:
    """A cell of a table: its categories in the order of the strata, its people in the census if the targets
    come from one, and its places; None where as many may come as will."""

    categories: tuple[str, ...]
    places: int | None
    population: int | None = None

    @property
    def key(self) -> str:
        return JOIN.join(self.categories)


@dataclass(frozen=True)
class Table:
    """Cells over some strata. `undisclosed` is the policy for people in none of them: outside (kept, in no
    cell), refused, or places (a cell of their own)."""

    key: str
    label: str
    strata: tuple[str, ...]
    targets: tuple[Target, ...]
    undisclosed: str
    places_undisclosed: int = 0
    census: str = ""
    population: CensusTable | None = None
    n: int = 0
    floor: int = 0

    @property
    def cells(self) -> tuple[Target, ...]:
        """The targets, and last the place of those who are in no stratum, unless they are refused."""
        if self.undisclosed == "refused":
            return self.targets
        return (*self.targets, Target((), self.places_undisclosed if self.undisclosed == "places" else None))


@dataclass(frozen=True)
class Definition:
    hold: timedelta
    strata: Mapping[str, Stratum]
    tables: tuple[Table, ...]

    @property
    def questions(self) -> frozenset[str]:
        """The keys of the questions that make the profile."""
        return frozenset(self.strata[name].question for table in self.tables for name in table.strata)

    def keys(self, answers: Mapping[str, Any], year: int) -> dict[str, str]:
        """The key of the person's cell in each table, OUTSIDE where an answer gives no stratum."""
        return {table.key: self._key(table, answers, year) for table in self.tables}

    def _key(self, table: Table, answers: Mapping[str, Any], year: int) -> str:
        strata = [self.strata[name] for name in table.strata]
        found = [stratum.category(answers.get(stratum.question), year) for stratum in strata]
        return OUTSIDE if None in found else JOIN.join(name for name in found if name is not None)


def _whole(value: Any) -> int | None:
    """A whole number, also from the text of an option; None for anything else."""
    if isinstance(value, str) and value.isascii() and value.strip().isdigit() and len(value) < 10:
        return int(value)
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
    return int(value) if is_number else None


def _written(value: Any) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)
