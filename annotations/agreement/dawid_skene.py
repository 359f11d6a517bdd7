"""A second opinion on what is true, from how each rater tends to err.

Dawid and Skene, Maximum Likelihood Estimation of Observer Error-Rates Using the EM Algorithm, Applied
Statistics 28 (1979) 20–28: each unit has one true class; a rater who sees class j says l with a probability
of their own. Estimates are of maximum likelihood unless `smoothing` adds imagined ratings. They rest on
raters erring independently, and on most being right more often than wrong: the result says what speaks
against it and is never a ruling by itself.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from threadpoolctl import threadpool_limits

from annotations.agreement.tables import MISSING, Floats, Integers, Table

STARTS = 5
STEPS = 2000
CLOSE = 1e-8  # of the log-likelihood per unit, from one step to the next
APART = 1e-3  # log-likelihoods of two starts that are not the same optimum
SHAKEN = 0.3  # share of noise in every start but the first
SMALLEST = 1e-300  # a probability of nought, for its logarithm
HARDLY = 1e-9  # of a rating is none
FEW = 10  # ratings a rater needs for each class of the scale, for a table of errors to mean anything
FEW_SHARE = 0.01  # of the units: a class rarer than this is hardly estimated


class Doubt(StrEnum):
    """What speaks against an opinion."""

    NOT_CONVERGED = "not_converged"
    STARTS_DISAGREE = "starts_disagree"  # some starts ended elsewhere: there are several optima
    FEW_RATERS = "few_raters"  # fewer than three: their errors cannot be told from the truth
    NO_OVERLAP = "no_overlap"  # no unit was rated twice
    UNRATED = "unrated"  # some units have no rating; their opinion is the margins
    FEW_RATINGS = "few_ratings"  # some rater has few ratings for so many classes
    RARE_CLASS = "rare_class"  # some class is hardly there
    SWITCHED = "switched"  # units of some class are mostly rated as another: names may be exchanged


@dataclass(frozen=True)
class Opinion:
    """What the model takes to be true, and what it rests on.

    `posterior` is units × classes; `margins` (classes) how common each class is; `errors` raters × true class
    × rating, NaN where a rater met no unit of that class; `log_likelihoods` where each start ended, of which
    the best is returned, after `steps`. `doubts` must be shown with it.
    """

    posterior: Floats
    margins: Floats
    errors: Floats
    log_likelihoods: tuple[float, ...]
    steps: int
    doubts: tuple[Doubt, ...]


@dataclass(frozen=True)
class _Ended:
    posterior: Floats
    log_likelihood: float
    steps: int
    is_settled: bool


def opinion(table: Table, *, smoothing: float = 0.0, starts: int = STARTS, seed: int = 1) -> Opinion:
    """The opinion on a table's units; its classes are the table's levels. Arguments and errors as `fit`."""
    counts = np.zeros((*table.codes.shape, len(table.levels)), dtype=np.int64)
    units, raters = np.nonzero(table.codes != MISSING)
    counts[units, raters, table.codes[units, raters]] = 1
    return fit(counts, smoothing=smoothing, starts=starts, seed=seed)


def fit(counts: Integers, *, smoothing: float = 0.0, starts: int = STARTS, seed: int = 1) -> Opinion:
    """The best of several runs of EM on `counts`, units × raters × classes: how often who said what.

    The first run starts from each unit's own shares of ratings (1979, eq. 3.1), the others from these with
    noise drawn from `seed`. `smoothing` ratings are imagined in every cell of every rater's errors and of the
    margins. Raises ValueError when there is no rating, no start, or negative smoothing.
    """
    if counts.ndim != 3 or not counts.any():
        raise ValueError("there must be ratings, as units × raters × classes")
    if starts < 1 or smoothing < 0:
        raise ValueError("there must be a start, and no negative smoothing")
    ratings = counts.astype(np.float64)  # whole numbers would be multiplied one by one
    # One thread: the matrices are small, and on a busy machine threads mostly wait for one another.
    with threadpool_limits(1, "blas"):
        runs = [_run(ratings, start, smoothing) for start in _starts(ratings, starts, seed)]
    best = max(runs, key=lambda run: run.log_likelihood)
    margins, errors = _maximised(ratings, best.posterior, smoothing)
    ends = tuple(run.log_likelihood for run in runs)
    doubts = tuple(_doubts(ratings, best, ends))
    return Opinion(best.posterior, margins, errors, ends, best.steps, doubts)


def _starts(counts: Floats, starts: int, seed: int) -> list[Floats]:
    said = counts.sum(axis=1)
    rated = said.sum(axis=1, keepdims=True)
    shares = np.where(rated > 0, said / np.maximum(rated, 1), said.sum(axis=0) / said.sum())
    random = np.random.default_rng(seed)
    # A class that nobody named would only split another one in two.
    named = np.flatnonzero(said.any(axis=0))
    noise = np.zeros((starts - 1, *said.shape))
    noise[:, :, named] = random.dirichlet(np.ones(len(named)), noise.shape[:2])
    return [shares, *((1 - SHAKEN) * shares + SHAKEN * one for one in noise)]


def _run(counts: Floats, posterior: Floats, smoothing: float) -> _Ended:
    before = -np.inf
    for step in range(1, STEPS + 1):
        margins, errors = _maximised(counts, posterior, smoothing)
        posterior, after = _expected(counts, margins, errors)
        if abs(after - before) <= CLOSE * len(counts):
            return _Ended(posterior, after, step, is_settled=True)
        before = after
    return _Ended(posterior, before, STEPS, is_settled=False)


def _maximised(counts: Floats, posterior: Floats, smoothing: float) -> tuple[Floats, Floats]:
    """Margins and errors that fit a posterior best (1979, eqs. 2.3 and 2.4)."""
    classes = posterior.shape[1]
    margins = (posterior.sum(axis=0) + smoothing) / (len(posterior) + smoothing * classes)
    joint = _joint(counts, posterior) + smoothing
    met = joint.sum(axis=2, keepdims=True)
    return margins, np.where(met > HARDLY, joint / np.maximum(met, HARDLY), np.nan)


def _expected(counts: Floats, margins: Floats, errors: Floats) -> tuple[Floats, float]:
    """Posterior of each unit (1979, eq. 2.5) and the log-likelihood."""
    units, raters, classes = counts.shape
    chances = np.nan_to_num(errors, nan=1 / classes).transpose(0, 2, 1).reshape(raters * classes, classes)
    logs = counts.reshape(units, -1) @ np.log(np.maximum(chances, SMALLEST))
    logs[:, margins == 0] = -np.inf
    logs[:, margins > 0] += np.log(margins[margins > 0])
    most = logs.max(axis=1, keepdims=True)
    likelihoods = np.exp(logs - most)
    total = likelihoods.sum(axis=1, keepdims=True)
    return likelihoods / total, float((np.log(total) + most).sum())


def _joint(counts: Floats, posterior: Floats) -> Floats:
    """Raters × true class × rating: how many ratings, by the posterior."""
    units, raters, classes = counts.shape
    flat = posterior.T @ counts.reshape(units, -1)
    return flat.reshape(-1, raters, classes).transpose(1, 0, 2)


def _doubts(counts: Floats, best: _Ended, ends: tuple[float, ...]) -> list[Doubt]:
    by_unit, by_rater = counts.sum(axis=(1, 2)), counts.sum(axis=(0, 2))
    margins = best.posterior.mean(axis=0)
    said = _joint(counts, best.posterior).sum(axis=0)
    is_there = margins >= FEW_SHARE
    found = {
        Doubt.NOT_CONVERGED: not best.is_settled,
        Doubt.STARTS_DISAGREE: max(ends) - min(ends) > APART,
        Doubt.FEW_RATERS: (by_rater > 0).sum() < 3,
        Doubt.NO_OVERLAP: by_unit.max() < 2,
        Doubt.UNRATED: by_unit.min() == 0,
        Doubt.FEW_RATINGS: by_rater[by_rater > 0].min() < FEW * len(margins),
        Doubt.RARE_CLASS: not is_there.all(),
        Doubt.SWITCHED: bool((said.argmax(axis=1) != np.arange(len(margins)))[is_there].any()),
    }
    return [doubt for doubt, holds in found.items() if holds]
