"""What a definition would give out, before it is stored."""

from __future__ import annotations

from dataclasses import dataclass

from surveys.allocation import shares, total_variation
from surveys.census import CensusTable

from .definition import Table


@dataclass(frozen=True)
class Given:
    """A cell's share of the population, its quota n·p, and the places it gets."""

    key: str
    share: float
    quota: float | None
    places: int


@dataclass(frozen=True)
class Allocation:
    table: Table
    census: CensusTable | None
    cells: list[Given]
    distance: float | None

    @property
    def places(self) -> int:
        return sum(cell.places for cell in self.cells)

    @property
    def empty(self) -> int:
        """How many cells get no place at all."""
        return sum(cell.places == 0 for cell in self.cells)


def allocation(table: Table) -> Allocation:
    """The places of a table beside the population's shares; typed targets are their own population."""
    places = [target.places or 0 for target in table.targets]
    people = [target.population or 0 for target in table.targets] if table.census else places
    parts = shares(people) or [0.0] * len(places)
    cells = [
        Given(target.key, part, table.n * part if table.census else None, number)
        for target, part, number in zip(table.targets, parts, places, strict=True)
    ]
    return Allocation(
        table=table,
        census=table.population,
        cells=cells,
        distance=total_variation(places, people) if table.census else None,
    )
