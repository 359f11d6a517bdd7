"""What raters said about units, as every coefficient of agreement reads it.

A unit is what is rated (one response and one property); a cluster is what is drawn together when the data
are resampled (the item both responses belong to).
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

MISSING = -1


@dataclass(frozen=True)
class Table:
    """Ratings of units by raters.

    `codes` is units × raters and holds the number of a level in `levels`, MISSING where there is no rating.
    `levels` is the scale in its order, `clusters` (units) numbers what each unit is drawn with.
    """

    codes: Integers
    levels: tuple[Hashable, ...]
    raters: tuple[Hashable, ...]
    units: tuple[Hashable, ...]
    clusters: Integers

    @cached_property
    def ratings(self) -> Integers:
        """How many ratings each unit has."""
        return (self.codes != MISSING).sum(axis=1)

    @property
    def is_numeric(self) -> bool:
        """Whether the levels are numbers, so that distances between them mean something."""
        return all(isinstance(level, int | float | np.number) for level in self.levels)

    @property
    def positions(self) -> Floats:
        """Where each level lies: its own number, or its place in the scale when it has none."""
        return np.array(self.levels if self.is_numeric else range(len(self.levels)), dtype=np.float64)

    def where(self, chosen: Bools | Integers) -> "Table":
        """The table of some of its units only: `chosen` is a mask or holds their numbers."""
        numbers = np.arange(len(self.codes))[chosen]
        return replace(
            self,
            codes=self.codes[numbers],
            units=tuple(self.units[number] for number in numbers),
            clusters=self.clusters[numbers],
        )

    def only(self, raters: Sequence[int]) -> "Table":
        """The table of the raters with these numbers, in this order, without the units none of them rated."""
        codes = self.codes[:, list(raters)]
        kept = replace(self, codes=codes, raters=tuple(self.raters[rater] for rater in raters))
        return kept.where((codes != MISSING).any(axis=1))

    def with_first(self, rater: int) -> "Table":
        """The same table with one rater in front of the others."""
        return self.only([rater, *(other for other in range(len(self.raters)) if other != rater)])


def from_array(
    values: Floats, levels: Sequence[float] | None = None, clusters: npt.ArrayLike | None = None
) -> Table:
    """The table of numbers given as units × raters, NaN where a rating is missing.

    `levels` are the numbers that could have been given, those that were given when None; `clusters` (units)
    says what is drawn together, every unit alone when None. Raises ValueError for a number outside `levels`,
    or when the shapes do not fit.
    """
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 2:
        raise ValueError("ratings must be units × raters")
    is_given = ~np.isnan(values)
    known = tuple(np.unique(values[is_given]).tolist()) if levels is None else tuple(levels)
    codes = np.full(values.shape, MISSING, dtype=np.int64)
    codes[is_given] = _coded(values[is_given].tolist(), known)
    units, raters = values.shape
    return Table(codes, known, tuple(range(raters)), tuple(range(units)), _numbered(clusters, units))


def from_triples(
    units: Sequence[Hashable],
    raters: Sequence[Hashable],
    values: Sequence[Hashable],
    levels: Sequence[Hashable] | None = None,
    clusters: Sequence[Hashable] | None = None,
) -> Table:
    """The table of a long list: one unit, rater and value a row, None where the rating is missing.

    Units and raters keep the order in which they first appear. `levels` is the scale in its order; when None,
    the values that appear, sorted. `clusters` names for each row what its unit is drawn with. Raises
    ValueError for a value outside `levels`, for a rater who rated a unit twice, for a unit in two clusters,
    and for lists of different lengths.
    """
    unit_names, row = _first_seen(units)
    rater_names, column = _first_seen(raters)
    known = _sorted({value for value in values if value is not None}) if levels is None else tuple(levels)
    if not len(row) == len(column) == len(values):
        raise ValueError("units, raters and values must have one length")
    cells = row * max(len(rater_names), 1) + column
    if len(np.unique(cells)) != len(cells):
        twice = int(np.flatnonzero(np.bincount(cells) > 1)[0])
        unit, rater = divmod(twice, len(rater_names))
        raise ValueError(f"{rater_names[rater]!r} rated {unit_names[unit]!r} twice")
    codes = np.full((len(unit_names), len(rater_names)), MISSING, dtype=np.int64)
    codes[row, column] = _coded(values, known)
    return Table(codes, known, rater_names, unit_names, _clustered(row, clusters, len(unit_names)))


def _coded(values: Sequence[Hashable], levels: tuple[Hashable, ...]) -> Integers:
    if len(set(levels)) != len(levels):
        raise ValueError("a level appears twice in the scale")
    place: dict[Hashable, int] = {level: number for number, level in enumerate(levels)}
    place[None] = MISSING
    if unknown := set(values) - set(place):
        raise ValueError(f"not levels of the scale: {', '.join(sorted(map(repr, unknown)))}")
    return np.array([place[value] for value in values], dtype=np.int64)


def _first_seen(names: Sequence[Hashable]) -> tuple[tuple[Hashable, ...], Integers]:
    place = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return tuple(place), np.array([place[name] for name in names], dtype=np.int64)


def _sorted(values: set[Hashable]) -> tuple[Hashable, ...]:
    try:
        return tuple(sorted(values))  # type: ignore[type-var]
    except TypeError:
        return tuple(sorted(values, key=repr))


def _numbered(clusters: npt.ArrayLike | None, units: int) -> Integers:
    if clusters is None:
        return np.arange(units)
    numbers = np.unique(np.asarray(clusters), return_inverse=True)[1].astype(np.int64)
    if numbers.shape != (units,):
        raise ValueError("clusters must name one for each unit")
    return numbers


def _clustered(row: Integers, clusters: Sequence[Hashable] | None, units: int) -> Integers:
    if clusters is None:
        return np.arange(units)
    if len(clusters) != len(row):
        raise ValueError("clusters must name one for each row")
    numbers = _first_seen(clusters)[1]
    of_unit = np.zeros(units, dtype=np.int64)
    of_unit[row] = numbers
    if np.any(of_unit[row] != numbers):
        raise ValueError("a unit is in two clusters")
    return of_unit
