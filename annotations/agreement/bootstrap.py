"""Values of coefficients with percentile intervals, from resampling whole items.

Ratings of one item hang together, so items are drawn with replacement and not ratings (the clustered
bootstrap; percentile intervals as in Efron and Tibshirani, An Introduction to the Bootstrap, 1993).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from threadpoolctl import threadpool_limits

from annotations.agreement.chance import Measure, Units, Why
from annotations.agreement.tables import MISSING, Floats, Integers, Table
from annotations.agreement.tallies import Tally, met_by_first, paired, resamples, tally

DEFINED = 0.95  # of the resamples must have a value for an interval to mean what it says


@dataclass(frozen=True)
class Resampling:
    """How often items are drawn anew, from which seed, and how much of the draws an interval holds."""

    replicates: int = 1000
    seed: int = 1
    confidence: float = 0.95


@dataclass(frozen=True)
class Coefficient:
    """A coefficient of agreement, or why there is none.

    `units` were rated by two or more, in `pairs` pairs of ratings. `low` and `high` are None when no interval
    was asked for, or when `why` says that there is none.
    """

    measure: str
    units: int
    pairs: int
    value: float | None = None
    low: float | None = None
    high: float | None = None
    why: Why | None = None


@dataclass(frozen=True)
class _Used:
    """The units a measure reads, and their patterns."""

    table: Table
    patterns: Tally


def estimate(table: Table, measure: Measure, resampling: Resampling | None = None) -> Coefficient:
    """The coefficient of a table, with an interval when `resampling` says how."""
    return estimates(table, [measure], resampling)[0]


def estimates(
    table: Table, measures: Sequence[Measure], resampling: Resampling | None = None
) -> list[Coefficient]:
    """Several coefficients of one table; those that read the same units see the same resamples."""
    used: dict[Units, _Used] = {}
    for measure in measures:
        if measure.units not in used:
            read = table.where(measure.units(table))
            used[measure.units] = _Used(read, tally(read))
    found = {id(measure): _valued(table, used[measure.units], measure) for measure in measures}
    if resampling is not None:
        for units, of in used.items():
            bounded = [measure for measure in measures if measure.units is units]
            found |= _bounded(of, [(measure, found[id(measure)]) for measure in bounded], resampling)
    return [found[id(measure)] for measure in measures]


def difference(
    first: Table, second: Table, measure: Measure, resampling: Resampling
) -> tuple[float, float] | None:
    """Interval of a coefficient in `first` minus that in `second`, both resampled by the same clusters.

    For two groups of raters, or people and a model, over the same units: their coefficients hang together
    because the items do. None where either table has no value or the resamples are too often without one.
    Raises ValueError when the tables are not of the same units and clusters.
    """
    if first.units != second.units or not np.array_equal(first.clusters, second.clusters):
        raise ValueError("a difference needs the same units and clusters in the same order")
    if any(estimate(table, measure).value is None for table in (first, second)):
        return None
    replicates = [
        _replicated(tally(table), table.clusters, [measure], resampling, is_shared=True)[0]
        for table in (first, second)
    ]
    return _interval(replicates[0] - replicates[1], resampling.confidence)


def _valued(table: Table, used: _Used, measure: Measure) -> Coefficient:
    met = paired(used.table)
    ratings = used.table.ratings[met]
    met_pairs = ratings - 1 if measure.units is met_by_first else ratings * (ratings - 1) // 2
    empty = Coefficient(measure.name, int(met.sum()), int(met_pairs.sum()))
    if why := _forbidden(table, measure, empty.units):
        return replace(empty, why=why)
    value = float(measure.estimate(used.patterns, used.patterns.count[None, :])[0])
    return replace(empty, why=Why.NO_VARIANCE) if np.isnan(value) else replace(empty, value=value)


def _forbidden(table: Table, measure: Measure, units: int) -> Why | None:
    if (table.codes != MISSING).any(axis=0).sum() < 2:
        return Why.ONE_RATER
    return measure.forbids(table) or (None if units else Why.NO_PAIRS)


def _bounded(
    used: _Used, found: list[tuple[Measure, Coefficient]], resampling: Resampling
) -> dict[int, Coefficient]:
    """By the measure's identity: the coefficients that have a value, with their intervals or why not."""
    known = [(measure, one) for measure, one in found if one.value is not None]
    if len(np.unique(used.table.clusters)) < 2:
        return {id(measure): replace(one, why=Why.FEW_ITEMS) for measure, one in known}
    replicates = _replicated(used.patterns, used.table.clusters, [m for m, _ in known], resampling)
    intervals = [_interval(values, resampling.confidence) for values in replicates]
    return {
        id(measure): replace(one, low=interval[0], high=interval[1])
        if interval
        else replace(one, why=Why.UNSTABLE)
        for (measure, one), interval in zip(known, intervals, strict=True)
    }


def _replicated(
    patterns: Tally,
    clusters: Integers,
    measures: Sequence[Measure],
    resampling: Resampling,
    *,
    is_shared: bool = False,
) -> list[Floats]:
    """For each measure its values in the resamples, NaN where it has none."""
    random = np.random.default_rng(resampling.seed)
    parts: list[list[Floats]] = [[] for _ in measures]
    # One thread: the matrices are small, and on a busy machine threads mostly wait for one another.
    with threadpool_limits(1, "blas"):
        for drawn in resamples(patterns, clusters, resampling.replicates, random, is_shared=is_shared):
            for part, measure in zip(parts, measures, strict=True):
                part.append(measure.estimate(patterns, drawn))
    return [np.concatenate(part) for part in parts]


def _interval(values: Floats, confidence: float) -> tuple[float, float] | None:
    known = values[~np.isnan(values)]
    if len(known) < DEFINED * len(values):
        return None
    low, high = np.quantile(known, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)
