"""Census tables that are shipped, and the reader that refuses those whose strata overlap or do not add up.

A table has dimensions and one count for each combination of their categories. A dimension says what its
categories are: plain names (`categories`), bands of whole years (`bands`: from, to; the last may be open), or
names with the groups that each consists of (`parts`). Bands and parts must be disjoint, and all counts
together must be the published total within the stated rounding.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise, product
from math import inf, prod
from pathlib import Path
from typing import Any

import yaml
from django.utils.translation import gettext as _

FORMAT = "prism-census/1"
MOST_CELLS = 2000
HERE = Path(__file__).parent
_TEXTS = ("key", "name", "place", "population", "source", "licence")

Key = tuple[str, ...]


class CensusError(ValueError):
    """The table cannot be used as a target; the message says why."""


@dataclass(frozen=True)
class CensusTable:
    """Counts of a population. `dimensions` maps names to categories, `counts` has every combination once,
    in the order of the dimensions."""

    key: str
    name: str
    place: str
    population: str
    year: int
    source: str
    licence: str
    notes: str
    total: int
    tolerance: int
    dimensions: Mapping[str, Key]
    bands: Mapping[str, Mapping[str, tuple[int, float]]]
    counts: Mapping[Key, int]

    def margin(self, names: Sequence[str]) -> dict[Key, int]:
        """Counts over some of the dimensions, in the order asked for: sums, nothing is invented.

        Raises CensusError for a dimension that the table does not have.
        """
        unknown = [name for name in names if name not in self.dimensions]
        if unknown:
            raise CensusError(
                _("%(table)s does not count by %(names)s. Joint counts are never made up from margins.")
                % {"table": self.key, "names": ", ".join(unknown)}
            )
        places = [list(self.dimensions).index(name) for name in names]
        sums = dict.fromkeys(product(*(self.dimensions[name] for name in names)), 0)
        for key, count in self.counts.items():
            sums[tuple(key[place] for place in places)] += count
        return sums


def shipped() -> list[str]:
    """The keys of the tables that come with Prism."""
    return sorted(path.stem for path in HERE.glob("*.yaml"))


@cache
def census_table(key: str) -> CensusTable:
    """A shipped table. Raises CensusError for others."""
    if key not in shipped():
        message = _("There is no census table “%(key)s”; known are %(known)s.")
        raise CensusError(message % {"key": key, "known": ", ".join(shipped())})
    return read(yaml.safe_load((HERE / f"{key}.yaml").read_text(encoding="utf-8")))


def read(given: Any) -> CensusTable:
    """The table that plain values describe. Raises CensusError when it is no sound frame for quotas."""
    if not isinstance(given, dict) or given.get("format") != FORMAT:
        raise CensusError(_("A census table begins with “format: %(format)s”.") % {"format": FORMAT})
    for faults in (_shape_faults, _overlaps, _count_faults):
        found = next(faults(given), None)
        if found:
            raise CensusError(found)
    return CensusTable(
        **{name: given[name] for name in _TEXTS},
        notes=given.get("notes", ""),
        year=given["year"],
        total=given["total"],
        tolerance=given["tolerance"],
        dimensions={name: tuple(_categories(raw)) for name, raw in given["dimensions"].items()},
        bands={
            name: {band: _ends(ends) for band, ends in raw["bands"].items()}
            for name, raw in given["dimensions"].items()
            if "bands" in raw
        },
        counts=_ordered(given),
    )


def _categories(dimension: dict[str, Any]) -> list[str]:
    """The names, from a list of them or from the keys of bands or parts; empty where the shape is wrong."""
    names, groups = dimension.get("categories"), dimension.get("bands") or dimension.get("parts")
    if isinstance(names, list):
        return names
    return list(groups) if isinstance(groups, dict) else []


def _ends(ends: Sequence[int]) -> tuple[int, float]:
    return (ends[0], ends[1] if len(ends) == 2 else inf)


def _ordered(given: dict[str, Any]) -> dict[Key, int]:
    counted = {tuple(row[:-1]): row[-1] for row in given["counts"]}
    return {key: counted[key] for key in product(*(_categories(raw) for raw in given["dimensions"].values()))}


def _shape_faults(given: dict[str, Any]) -> Iterator[str]:
    for name in _TEXTS:
        if not isinstance(given.get(name), str) or not given[name].strip():
            yield _("“%(name)s” is missing: a table states where it comes from.") % {"name": name}
    for name in ("year", "total", "tolerance"):
        if not _is_count(given.get(name)):
            yield _("“%(name)s” should be a whole number.") % {"name": name}
    dimensions = given.get("dimensions")
    if not isinstance(dimensions, dict) or not dimensions:
        yield _("The table has no dimensions.")
        return
    for name, raw in dimensions.items():
        if not isinstance(raw, dict) or len(raw) != 1 or not _categories(raw):
            yield _("“%(name)s” should have exactly one of categories, bands and parts.") % {"name": name}
        elif not all(isinstance(category, str) for category in _categories(raw)):
            yield _("The categories of “%(name)s” should be plain names.") % {"name": name}
    if prod(len(_categories(raw)) for raw in dimensions.values() if isinstance(raw, dict)) > MOST_CELLS:
        yield _("A table has at most %(count)s cells.") % {"count": MOST_CELLS}
    rows = given.get("counts")
    if not isinstance(rows, list) or not all(_is_row(row, len(dimensions)) for row in rows):
        yield _("Each count should be a list: a category for each dimension, then a whole number.")


def _is_row(row: Any, dimensions: int) -> bool:
    is_list = isinstance(row, list) and len(row) == dimensions + 1 and _is_count(row[-1])
    return is_list and all(isinstance(category, str) for category in row[:-1])


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _overlaps(given: dict[str, Any]) -> Iterator[str]:
    for name, raw in given["dimensions"].items():
        categories = _categories(raw)
        if len(set(categories)) != len(categories):
            yield _("A category of “%(name)s” is given twice.") % {"name": name}
        yield from _band_overlaps(raw.get("bands", {}))
        yield from _part_overlaps(raw.get("parts", {}))


def _band_overlaps(bands: dict[str, list[int]]) -> Iterator[str]:
    if not all(_is_band(ends) for ends in bands.values()):
        yield _("A band is a list of its first and last year; the last band may leave out its end.")
        return
    known = sorted((_ends(ends), band) for band, ends in bands.items())
    for (ends, one), (following, other) in pairwise(known):
        if following[0] <= ends[1]:
            yield _("The bands %(one)s and %(other)s overlap.") % {"one": one, "other": other}


def _is_band(ends: Any) -> bool:
    is_years = isinstance(ends, list) and len(ends) in (1, 2) and all(map(_is_count, ends))
    return is_years and ends == sorted(ends)


def _part_overlaps(parts: dict[str, list[str]]) -> Iterator[str]:
    if not all(
        isinstance(groups, list) and all(isinstance(g, str) for g in groups) for groups in parts.values()
    ):
        yield _("The parts of a category are a list of groups.")
        return
    seen: dict[str, str] = {}
    for category, groups in parts.items():
        for group in groups:
            if group in seen:
                yield _(
                    "“%(one)s” and “%(other)s” overlap: both count %(group)s. "
                    "Strata have to exclude each other."
                ) % {"one": seen[group], "other": category, "group": group}
            seen[group] = category


def _count_faults(given: dict[str, Any]) -> Iterator[str]:
    wanted = set(product(*(_categories(raw) for raw in given["dimensions"].values())))
    keys = [tuple(row[:-1]) for row in given["counts"]]
    for key in keys:
        if key not in wanted:
            yield _("There is no cell %(cell)s in the dimensions.") % {"cell": _cell(key)}
    if len(set(keys)) != len(keys):
        yield _("The cell %(cell)s is counted twice.") % {"cell": _cell(_first_repeated(keys))}
    for key in sorted(wanted - set(keys)):
        yield _("The cell %(cell)s has no count.") % {"cell": _cell(key)}
    total = sum(row[-1] for row in given["counts"])
    if abs(total - given["total"]) > given["tolerance"]:
        yield _(
            "The cells sum to %(sum)s and not to the published total of %(total)s within %(tolerance)s. "
            "Strata that overlap or are missing cannot be targets."
        ) % {"sum": f"{total:,}", "total": f"{given['total']:,}", "tolerance": given["tolerance"]}


def _first_repeated(keys: Sequence[Key]) -> Key:
    return next(key for index, key in enumerate(keys) if key in keys[:index])


def _cell(key: Sequence[Any]) -> str:
    return " / ".join(str(part) for part in key)
