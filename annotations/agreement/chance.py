"""Coefficients of agreement, each compared with what chance would give.

A `Measure` computes one coefficient for many weightings of the patterns of a tally at once: its estimate
takes a `Tally` and an array of replicates × patterns and gives an array of replicates, NaN where the
coefficient is undefined. `bootstrap.estimate` turns that into a value, an interval or a reason.

Sources: Cohen (1960) and (1968), Fleiss (1971), Schouten, Measuring pairwise agreement among many observers
(1982), Gwet (2008) and Gwet, Handbook of Inter-Rater Reliability (4th ed., 2014) for weights and missing
ratings, Krippendorff, Computing Krippendorff's Alpha-Reliability (2011).
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Literal

import numpy as np

from annotations.agreement.tables import Bools, Floats, Table
from annotations.agreement.tallies import Tally, met_by_first, paired, rated

Kind = Literal["identity", "linear", "quadratic"]
Weights = Kind | Floats
Metric = Literal["nominal", "ordinal", "interval", "ratio"]
Units = Callable[[Table], Bools]

NOTHING = 1e-12  # what is left of one after chance when only rounding is left


class Why(StrEnum):
    """Why a coefficient has no value, or (the last two) why its value has no interval."""

    ONE_RATER = "one_rater"  # fewer than two people rated anything
    NOT_TWO_RATERS = "not_two_raters"  # Cohen's κ is about two
    NO_PAIRS = "no_pairs"  # no unit has the two ratings that could agree
    NO_VARIANCE = "no_variance"  # one category only: chance alone would agree as well
    ONE_LEVEL = "one_level"  # a scale with one level leaves nothing to choose
    NOT_NUMERIC = "not_numeric"  # distances need numbers
    NEGATIVE = "negative"  # a ratio scale has no values below zero
    FEW_ITEMS = "few_items"  # one item cannot be resampled
    UNSTABLE = "unstable"  # too many resamples had no value


@dataclass(frozen=True)
class Measure:
    """A coefficient: what it is called, how it is computed, which units it reads and what forbids it."""

    name: str
    estimate: Callable[[Tally, Floats], Floats]
    units: Units
    forbids: Callable[[Table], Why | None] = lambda table: None


def percent() -> Measure:
    """Share of agreeing pairs of ratings, averaged over units rated twice or more (Gwet 2014)."""
    return Measure("percent", partial(_observed, kind="identity"), paired)


def cohen(weights: Weights = "identity") -> Measure:
    """Cohen's κ of two raters (1960), weighted κ with other `weights` (1968).

    `weights` are a kind, or levels × levels numbers: one on the diagonal, symmetric, less for worse
    disagreement. Linear and quadratic weights fall with the distance of the levels' numbers, or of their
    places when they are no numbers. Units one of the two did not rate are left out.
    """
    return Measure("cohen", partial(_against, kind=_checked(weights)), met_by_first, _not_two)


def against(weights: Weights = "identity") -> Measure:
    """κ of the table's first rater against all others (Schouten 1982), Cohen's κ where there is one other.

    In a unit the first rater is compared with each other rater of it, and the unit counts once; chance pairs
    the first rater's margins with those of the others in the same units.
    """
    return Measure("against", partial(_against, kind=_checked(weights)), met_by_first)


def fleiss(weights: Weights = "identity") -> Measure:
    """Fleiss' κ (1971), for differing numbers of ratings a unit and for weights as in Gwet (2014)."""
    return Measure("fleiss", partial(_pooled, kind=_checked(weights), chance=_fleiss), rated)


def gwet(weights: Weights = "identity") -> Measure:
    """Gwet's AC1 (2008), AC2 with other weights than identity (2014).

    Depends on the number of levels of the scale, also of those nobody chose.
    """
    name = "ac1" if isinstance(weights, str) and weights == "identity" else "ac2"
    return Measure(name, partial(_pooled, kind=_checked(weights), chance=_gwet), rated, _one_level)


def krippendorff(metric: Metric = "nominal") -> Measure:
    """Krippendorff's α (2011), from the coincidences within units rated twice or more."""
    if metric in ("nominal", "ratio"):
        estimate = partial(_alpha_of_distances, metric=metric)
    else:
        estimate = partial(_alpha_of_positions, metric=metric)
    return Measure("alpha", estimate, paired, partial(_not_measured, metric=metric))


def agreement_weights(positions: Floats, kind: Weights) -> Floats:
    """Levels × levels: one for the same level, less the further apart `positions` are (Gwet 2014).

    Raises ValueError when weights given as numbers are not levels × levels.
    """
    size = len(positions)
    if not isinstance(kind, str):
        if kind.shape != (size, size):
            raise ValueError(f"weights must be {size} × {size}")
        return kind
    if kind == "identity" or size < 2:
        return np.eye(size)
    apart = np.abs(positions[:, None] - positions) / np.ptp(positions)
    return 1 - (apart if kind == "linear" else apart**2)


def _checked(weights: Weights) -> Weights:
    if isinstance(weights, str):
        return weights
    weights = np.asarray(weights, dtype=np.float64)
    is_square = weights.ndim == 2 and weights.shape[0] == weights.shape[1]
    if not is_square or not np.array_equal(weights, weights.T):
        raise ValueError("weights must be a symmetric square")
    if not np.all(np.diag(weights) == 1) or weights.max() > 1:
        raise ValueError("weights must be one on the diagonal and not more elsewhere")
    return weights


def _ratio(above: Floats, below: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.abs(below) > NOTHING, above / below, np.nan)


def _corrected(observed: Floats, expected: Floats) -> Floats:
    return _ratio(observed - expected, 1 - expected)


def _observed(of: Tally, drawn: Floats, kind: Weights) -> Floats:
    weights = agreement_weights(of.positions, kind)
    is_paired = of.ratings >= 2
    many = np.where(is_paired, of.ratings, 2)
    agreeing = ((of.all @ weights) * of.all).sum(axis=1) - of.ratings
    share = np.where(is_paired, agreeing / (many * (many - 1)), 0)
    return _ratio(drawn @ share, drawn @ is_paired.astype(np.float64))


def _pooled(of: Tally, drawn: Floats, kind: Weights, chance: Callable[[Floats, Floats], Floats]) -> Floats:
    weights = agreement_weights(of.positions, kind)
    shares = of.all / np.maximum(of.ratings, 1)[:, None]
    units = drawn @ (of.ratings >= 1).astype(np.float64)
    margins = _ratio(drawn @ shares, units[:, None])
    return _corrected(_observed(of, drawn, kind), chance(margins, weights))


def _fleiss(margins: Floats, weights: Floats) -> Floats:
    return ((margins @ weights) * margins).sum(axis=1)


def _gwet(margins: Floats, weights: Floats) -> Floats:
    levels = len(weights)
    spread: Floats = (margins * (1 - margins)).sum(axis=1)
    return weights.sum() * spread / (levels * (levels - 1))


def _against(of: Tally, drawn: Floats, kind: Weights) -> Floats:
    weights = agreement_weights(of.positions, kind)
    many = of.others.sum(axis=1)
    own = of.own * (many > 0)[:, None]
    others = of.others * of.own.sum(axis=1, keepdims=True) / np.maximum(many, 1)[:, None]
    units = drawn @ own.sum(axis=1)
    observed = _ratio(drawn @ ((own @ weights) * others).sum(axis=1), units)
    one, rest = _ratio(drawn @ own, units[:, None]), _ratio(drawn @ others, units[:, None])
    return _corrected(observed, ((one @ weights) * rest).sum(axis=1))


def _alpha_of_distances(of: Tally, drawn: Floats, metric: Metric) -> Floats:
    distances = _distances(of.positions, metric)
    counts, per_pair = _pairable(of)
    within = ((counts @ distances) * counts).sum(axis=1) * per_pair
    margins = drawn @ counts
    between = ((margins @ distances) * margins).sum(axis=1)
    return _alpha(margins, drawn @ within, between)


def _alpha_of_positions(of: Tally, drawn: Floats, metric: Metric) -> Floats:
    """α where the distance of two levels is the square of a difference, which spares levels × levels."""
    counts, per_pair = _pairable(of)
    margins = drawn @ counts
    if metric == "ordinal":  # as far apart as the ratings between them, half of their own included
        places = np.cumsum(margins, axis=1) - margins / 2
    else:
        places = np.broadcast_to(of.positions, margins.shape)
    total = margins.sum(axis=1, keepdims=True)
    places = places - _ratio((margins * places).sum(axis=1, keepdims=True), total)
    ratings = counts.sum(axis=1)
    apart = 2 * (ratings * (places**2 @ counts.T) - (places @ counts.T) ** 2)
    between = 2 * total[:, 0] * (margins * places**2).sum(axis=1)
    return _alpha(margins, (drawn * apart * per_pair).sum(axis=1), between)


def _pairable(of: Tally) -> tuple[Floats, Floats]:
    """Ratings by level of the patterns that have two or more, and 1/(ratings − 1) of each."""
    is_paired = of.ratings >= 2
    return of.all * is_paired[:, None], np.where(is_paired, 1 / np.maximum(of.ratings - 1, 1), 0)


def _alpha(margins: Floats, within: Floats, between: Floats) -> Floats:
    varies = (margins > 0).sum(axis=1) >= 2
    alpha = 1 - (margins.sum(axis=1) - 1) * _ratio(within, between)
    return np.where(varies, alpha, np.nan)


def _distances(positions: Floats, metric: Metric) -> Floats:
    if metric == "nominal":
        return 1 - np.eye(len(positions))
    together = positions[:, None] + positions
    apart = positions[:, None] - positions
    return np.where(together > 0, apart / np.where(together > 0, together, 1), 0.0) ** 2


def _not_two(table: Table) -> Why | None:
    return None if len(table.raters) == 2 else Why.NOT_TWO_RATERS


def _one_level(table: Table) -> Why | None:
    return None if len(table.levels) >= 2 else Why.ONE_LEVEL


def _not_measured(table: Table, metric: Metric) -> Why | None:
    if metric in ("nominal", "ordinal"):
        return None
    if not table.is_numeric:
        return Why.NOT_NUMERIC
    return Why.NEGATIVE if metric == "ratio" and np.any(table.positions < 0) else None
