"""What the quota page shows: cells with their counts, margins, the distance to the census and a forecast."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import product

from django.db.models import Count, Min, Q
from django.utils import timezone

from surveys.allocation import total_variation
from surveys.census import CensusTable
from surveys.models import Cell, Decision, Seat, Study
from surveys.quality.deciding import stands

from .definition import Definition, Table
from .forecast import LEAST, Forecast, forecast
from .seats import definition_of

SMALL = 5
# The shorter window is believed first: recruitment changes from day to day.
WINDOWS = (timedelta(days=1), timedelta(days=7))


@dataclass(frozen=True)
class Rate:
    """Completions within a window before now."""

    observed: int = 0
    window: timedelta = timedelta(0)


@dataclass(frozen=True)
class CellPicture:
    """A cell's figures; None where they are withheld because few people are in it.

    `left_out` are those of the complete whom a coordinator took out of the data or out of the representative
    sample. Their places stay taken; shares and distances are without them.
    """

    pk: int
    key: str
    categories: tuple[str, ...]
    share: float | None
    target: int | None
    extra: int
    reserved: int | None
    complete: int | None
    refused: int | None
    left_out: int | None = 0
    forecast: Forecast | None = None

    @property
    def places(self) -> int | None:
        return None if self.target is None else self.target + self.extra

    @property
    def missing(self) -> int | None:
        """Places that are neither complete nor reserved."""
        if self.places is None or self.complete is None or self.reserved is None:
            return None
        return max(0, self.places - self.complete - self.reserved)

    @property
    def is_filled(self) -> bool:
        return self.complete is not None and self.places is not None and self.complete >= self.places

    @property
    def step(self) -> str:
        """How full the cell is, in five steps from 0 to 4; for its shade, which is never the only sign."""
        if self.complete is None or not self.places:
            return "none"
        return str(min(4, 4 * self.complete // self.places))


@dataclass(frozen=True)
class Margin:
    """One category of a stratum, over all cells: its share in the population and among the complete."""

    stratum: str
    category: str
    expected: float
    complete: int
    share: float | None

    @property
    def gap(self) -> float | None:
        """In parts of all, above zero when there are too many."""
        return None if self.share is None else self.share - self.expected


@dataclass(frozen=True)
class TablePicture:
    table: Table
    census: CensusTable | None
    cells: list[CellPicture]
    outside: CellPicture | None
    rows: list[tuple[str, list[CellPicture]]]
    columns: tuple[str, ...]
    margins: list[Margin]
    distance: float | None
    planned: float | None
    forecast: Forecast | None
    unknown: int

    @property
    def target(self) -> int:
        return sum(cell.places or 0 for cell in self.cells)

    @property
    def complete(self) -> int | None:
        return _sum(cell.complete for cell in self.cells)

    @property
    def reserved(self) -> int | None:
        return _sum(cell.reserved for cell in self.cells)

    @property
    def missing(self) -> int | None:
        return _sum(cell.missing for cell in self.cells)

    @property
    def refused(self) -> int | None:
        return _sum(cell.refused for cell in self.cells)

    @property
    def left_out(self) -> int | None:
        return _sum(cell.left_out for cell in self.cells)


def picture(study: Study, *, withhold_small: bool) -> list[TablePicture]:
    """The tables in force. `withhold_small` hides figures of cells with few people from who may not see
    single persons, and whatever would give them away by subtraction."""
    if study.quota_id is None:
        return []
    definition, now = definition_of(study.quota_id), timezone.now()
    cells = list(Cell.objects.filter(quota=study.quota_id).order_by("position"))
    rates, left_out = _rates(study, now), _left_out(study)
    of_table = {t.key: [cell for cell in cells if cell.table == t.key] for t in definition.tables}
    return [
        _table(definition, table, of_table[table.key], rates, left_out, withhold_small)
        for table in definition.tables
    ]


def _left_out(study: Study) -> dict[int, int]:
    """How many of the complete of each cell are not in the data or not in the representative sample."""
    is_out = stands(Decision.Value.EXCLUDE, "enrolment") | stands(Decision.Value.LEAVE_OUT, "enrolment")
    seats = Seat.objects.filter(is_out, cell__quota=study.quota_id, state=Seat.State.CONFIRMED)
    return dict(seats.order_by().values("cell").annotate(people=Count("pk")).values_list("cell", "people"))


def _rates(study: Study, now: datetime) -> dict[int, Rate]:
    """How many completed in each cell in the shortest window with enough of them, else in the longest."""
    first = study.enrolments.counted().aggregate(first=Min("arrived_at"))["first"] or now
    confirmed = Seat.objects.filter(cell__quota=study.quota_id, state=Seat.State.CONFIRMED)
    counts = {
        f"in_{number}": Count("pk", filter=Q(ended_at__gt=now - window))
        for number, window in enumerate(WINDOWS)
    }
    found = {}
    for cell, *observed in (
        confirmed.order_by().values("cell").annotate(**counts).values_list("cell", *counts)
    ):
        chosen = next((i for i, count in enumerate(observed) if count >= LEAST), len(WINDOWS) - 1)
        found[cell] = Rate(observed[chosen], min(WINDOWS[chosen], now - first))
    return found


def _table(
    definition: Definition,
    table: Table,
    cells: list[Cell],
    rates: Mapping[int, Rate],
    left_out: Mapping[int, int],
    withhold_small: bool,
) -> TablePicture:
    hidden = _hidden(cells) if withhold_small else set()
    pictures = [
        _cell(cell, rates.get(cell.pk, Rate()), left_out.get(cell.pk, 0), is_hidden=cell.pk in hidden)
        for cell in cells
    ]
    inside = [cell for cell in pictures if cell.categories]
    full = [cell for cell in cells if cell.categories]
    in_data = [cell.complete - left_out.get(cell.pk, 0) for cell in full]
    open_cells = [cell for cell in inside if not cell.is_filled]
    names = [definition.strata[key].names for key in table.strata]
    return TablePicture(
        table=table,
        census=table.population,
        cells=inside,
        outside=next((cell for cell in pictures if not cell.categories), None),
        rows=_rows(inside, names) if len(names) > 1 else [],
        columns=names[-1] if len(names) > 1 else (),
        margins=[] if hidden else _margins(table, full, in_data, names),
        distance=total_variation(in_data, [cell.share or 0 for cell in full]),
        planned=total_variation([cell.target or 0 for cell in full], [cell.share or 0 for cell in full]),
        forecast=_slowest(open_cells),
        unknown=sum(cell.forecast is None for cell in open_cells),
    )


def _cell(cell: Cell, rate: Rate, left_out: int, *, is_hidden: bool) -> CellPicture:
    free = (cell.target or 0) + cell.extra - cell.complete
    return CellPicture(
        pk=cell.pk,
        key=cell.key,
        categories=tuple(cell.categories),
        share=cell.share,
        target=cell.target,
        extra=0 if is_hidden else cell.extra,
        reserved=None if is_hidden else cell.reserved,
        complete=None if is_hidden else cell.complete,
        refused=None if is_hidden else cell.refused,
        left_out=None if is_hidden else left_out,
        forecast=None if is_hidden else forecast(free, rate.observed, rate.window),
    )


def _hidden(cells: Sequence[Cell]) -> set[int]:
    """Cells with fewer than SMALL people. One alone could be found by subtraction: the next smallest too."""
    people = {cell.pk: cell.reserved + cell.complete for cell in cells}
    hidden = {pk for pk, number in people.items() if 0 < number < SMALL}
    others = sorted((number, pk) for pk, number in people.items() if number and pk not in hidden)
    return hidden | {others[0][1]} if len(hidden) == 1 and others else hidden


def _rows(cells: list[CellPicture], names: Sequence[Sequence[str]]) -> list[tuple[str, list[CellPicture]]]:
    """The cells as a grid: the last stratum across, all others down."""
    by_key = {cell.categories: cell for cell in cells}
    heads = list(product(*names[:-1]))
    return [
        (", ".join(head), [by_key[*head, name] for name in names[-1] if (*head, name) in by_key])
        for head in heads
    ]


def _margins(
    table: Table, cells: Sequence[Cell], in_data: Sequence[int], names: Sequence[Sequence[str]]
) -> list[Margin]:
    """`in_data` are the complete of each cell without those who were left out."""
    everybody = sum(in_data)
    found = []
    for place, stratum in enumerate(table.strata):
        for name in names[place]:
            here = [i for i, cell in enumerate(cells) if cell.categories[place] == name]
            complete = sum(in_data[i] for i in here)
            expected = sum(cells[i].share or 0 for i in here)
            share = complete / everybody if everybody else None
            found.append(Margin(stratum, name, expected, complete, share))
    return found


def _slowest(cells: Iterable[CellPicture]) -> Forecast | None:
    """A table is full when its slowest cell is. Only where every open cell can be forecast."""
    forecasts = [cell.forecast for cell in cells]
    known = [one for one in forecasts if one is not None]
    return max(known, key=lambda one: one.median) if known and len(known) == len(forecasts) else None


def _sum(figures: Iterable[int | None]) -> int | None:
    """The sum, unless one of the figures is withheld."""
    known = list(figures)
    return None if None in known else sum(number for number in known if number is not None)
