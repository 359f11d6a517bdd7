"""Ratings from a CSV file of anybody's: a row for each item, annotator and property, and the value."""

import csv
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path

from annotations.agreement.tables import Table, from_triples


class UnusableRatings(Exception):
    """The file cannot be compared; the text says why."""


@dataclass(frozen=True)
class Columns:
    """What the columns are called. Without `cluster` every item is resampled by itself."""

    item: str = "item"
    annotator: str = "annotator"
    property: str = "property"
    value: str = "value"
    cluster: str | None = None

    def wanted(self) -> list[str]:
        names = [self.item, self.annotator, self.property, self.value]
        return [*names, self.cluster] if self.cluster else names


@dataclass
class Ratings:
    """The rows of one property, as they stand in the file."""

    items: list[str] = field(default_factory=list)
    annotators: list[str] = field(default_factory=list)
    values: list[str] = field(default_factory=list)
    clusters: list[str] = field(default_factory=list)

    def table(self, levels: Sequence[str] | None = None) -> Table:
        """These ratings as a table, its levels numbers where all are; an empty value is a missing rating.

        `levels` is the scale in its order, the values that appear when None. Raises ValueError as
        `tables.from_triples`.
        """
        known = sorted({value for value in self.values if value}) if levels is None else list(levels)
        numbers = {level: _number(level) for level in known}
        # “3” and “3.0” are one number, two names.
        are_numbers = None not in numbers.values()
        scale: list[Hashable] = sorted(set(numbers.values()), key=float) if are_numbers else [*known]  # type: ignore[arg-type]
        given = [self._read(value, are_numbers=are_numbers) for value in self.values]
        return from_triples(self.items, self.annotators, given, scale, self.clusters or None)

    def _read(self, value: str, *, are_numbers: bool) -> Hashable:
        if not value:
            return None
        number = _number(value) if are_numbers else None
        return value if number is None else number


def read_ratings(path: Path, columns: Columns | None = None) -> dict[str, Ratings]:
    """The ratings of each property of a UTF-8 file, in the order of the file.

    Raises UnusableRatings for a file that cannot be read, lacks a column, or has a row without a name.
    """
    found: dict[str, Ratings] = {}
    columns = columns or Columns()
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for item, annotator, name, value, *cluster in _rows(csv.reader(file), columns):
                rows = found.setdefault(name, Ratings())
                rows.items.append(item)
                rows.annotators.append(annotator)
                rows.values.append(value)
                rows.clusters += cluster
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UnusableRatings(f"{path} cannot be read as a CSV file in UTF-8: {error}") from error
    if not found:
        raise UnusableRatings("The file has no ratings.")
    return found


def _rows(lines: Iterator[list[str]], columns: Columns) -> Iterator[list[str]]:
    header = [name.strip() for name in next(lines, [])]
    if missing := [name for name in columns.wanted() if name not in header]:
        raise UnusableRatings(
            f"The file has no column {', '.join(missing)}. Its columns are {', '.join(header) or 'none'}. "
            "--item-column, --annotator-column, --property-column, --value-column and --cluster-column "
            "name others."
        )
    places = [header.index(name) for name in columns.wanted()]
    for number, line in enumerate(lines, start=2):
        if not any(line):
            continue
        fields = [line[place].strip() if place < len(line) else "" for place in places]
        if not all(fields[:3] + fields[4:]):
            raise UnusableRatings(f"Row {number} lacks an item, an annotator, a property or a cluster.")
        yield fields


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if isfinite(number) else None
