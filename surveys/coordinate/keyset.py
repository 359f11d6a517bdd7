"""Slices of a long table without counting through what comes before: a slice begins where another ended.

The address holds the last row's value and key (`?after=…`) or, backwards, the first row's (`?before=…`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from django.db.models import Model, Q, QuerySet

M = TypeVar("M", bound=Model)
Value = int | datetime | timedelta
LONGEST = 60
READERS: dict[type, Callable[[str], Value]] = {
    int: int,
    datetime: datetime.fromisoformat,
    timedelta: lambda text: timedelta(microseconds=int(text)),
}


@dataclass(frozen=True)
class Slice(Generic[M]):
    """Rows of the table; `after` and `before` lead on and back, and are blank at the ends."""

    rows: list[M]
    after: str
    before: str


def write(row: Model, field: str) -> str:
    """A row's place in the order, fit for an address."""
    value: Value = getattr(row, field)
    if isinstance(value, timedelta):
        value = value // timedelta(microseconds=1)
    return f"{value.isoformat() if isinstance(value, datetime) else value}~{row.pk}"


def read(text: str, kind: type) -> tuple[Value, int] | None:
    """The value, of this kind, and the key of a place; None for anything that `write` did not make."""
    given, _, key = text[:LONGEST].partition("~")
    try:
        value, number = READERS[kind](given), int(key)
    except (ValueError, OverflowError):
        return None
    is_naive = isinstance(value, datetime) and value.tzinfo is None
    return None if is_naive else (value, number)


def slice_of(
    rows: QuerySet[M],
    field: str,
    kind: type,
    *,
    descending: bool,
    size: int,
    after: str = "",
    before: str = "",
) -> Slice[M]:
    """So many rows behind the place `after`, or up to `before`; the first ones when neither makes sense.

    `kind` is the type of the field's values: int, datetime or timedelta.

    One row more than is shown is read, so that no count is needed to know whether there are more.
    """
    backwards = bool(before) and not after
    place = read(before if backwards else after, kind)
    backwards = backwards and place is not None
    down = descending != backwards
    chosen = rows.filter(_beyond(field, place, down=down)) if place else rows
    sign = "-" if down else ""
    found: list[M] = list(chosen.order_by(f"{sign}{field}", f"{sign}pk")[: size + 1])
    is_more, found = len(found) > size, found[:size]
    if backwards:
        found.reverse()
    leads_on = backwards or is_more
    leads_back = is_more if backwards else place is not None
    return Slice(
        rows=found,
        after=write(found[-1], field) if found and leads_on else "",
        before=write(found[0], field) if found and leads_back else "",
    )


def _beyond(field: str, place: tuple[Any, int], *, down: bool) -> Q:
    value, key = place
    way = "lt" if down else "gt"
    # The first condition follows from the others; it is the one that an index can begin at.
    begin = Q(**{f"{field}__{way}e": value})
    return begin & (Q(**{f"{field}__{way}": value}) | Q(**{f"pk__{way}": key}))
