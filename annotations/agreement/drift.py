"""How agreement changes while the work goes on: coefficients of consecutive windows.

For one annotator's drift put them first (`Table.with_first`) and measure with `chance.against`.
"""

from dataclasses import dataclass

import numpy as np

from annotations.agreement.bootstrap import Coefficient, Resampling, estimate
from annotations.agreement.chance import Measure
from annotations.agreement.tables import Floats, Integers, Table


@dataclass(frozen=True)
class Window:
    """Units whose times lie from `start` to `end`, both included, and how far their raters agree."""

    start: float
    end: float
    agreement: Coefficient


def by_count(
    table: Table, times: Floats, size: int, measure: Measure, resampling: Resampling | None = None
) -> list[Window]:
    """Agreement in windows of `size` clusters each, in the order of `times` (units), a cluster at its first.

    What is left at the end joins the last window when it is less than half of one. Raises ValueError for a
    size below one and when a unit has no time.
    """
    if size < 1:
        raise ValueError("a window holds at least one item")
    _check(table, times)
    place = _places(table, times)
    windows = (place.max(initial=-1) + 1 + size // 2) // size
    return _windows(table, times, np.minimum(place // size, max(0, windows - 1)), measure, resampling)


def by_time(
    table: Table, times: Floats, edges: Floats, measure: Measure, resampling: Resampling | None = None
) -> list[Window]:
    """Agreement between consecutive `edges` (ascending, each window without its end), empty windows left out.

    `times` (units) are in the unit of `edges`; a unit outside of them is in no window. Resampling keeps the
    clusters within a window together. Raises ValueError when a unit has no time.
    """
    _check(table, times)
    number = np.searchsorted(edges, times, side="right") - 1
    number[number >= len(edges) - 1] = -1
    return _windows(table, times, number, measure, resampling)


def _check(table: Table, times: Floats) -> None:
    if np.shape(times) != (len(table.codes),) or np.isnan(times).any():
        raise ValueError("every unit needs a time")


def _places(table: Table, times: Floats) -> Integers:
    """For each unit the place of its cluster among all clusters, in the order of their first times."""
    names, of_unit = np.unique(table.clusters, return_inverse=True)
    first = np.full(len(names), np.inf)
    np.minimum.at(first, of_unit, times)
    place = np.empty(len(names), dtype=np.int64)
    place[np.argsort(first, kind="stable")] = np.arange(len(names))
    return place[of_unit]


def _windows(
    table: Table, times: Floats, number: Integers, measure: Measure, resampling: Resampling | None
) -> list[Window]:
    chosen = [number == window for window in np.unique(number[number >= 0])]
    return [
        Window(
            float(times[units].min()),
            float(times[units].max()),
            estimate(table.where(units), measure, resampling),
        )
        for units in chosen
    ]
