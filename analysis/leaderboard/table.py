"""The rows of a leaderboard: scores with intervals, ranks with intervals, never one without the other."""

from dataclasses import dataclass

import numpy as np

from analysis.bradley_terry import MEAN, POINTS, Fit, Integers, Ties, fit
from analysis.leaderboard.votes import Votes

NORMAL = 1.959963984540054  # the 97.5 % quantile: both bounds of a 95 % interval
DRAWS = 2000


@dataclass(frozen=True)
class Row:
    """One model. Ranks are those within its component: models never compared, even through others, have none
    in common. `held`: no finite estimate exists, and a weak prior keeps the model on the scale."""

    item: str
    score: float
    low: float
    high: float
    rank_low: int
    rank_high: int
    n: int
    voters: int
    effective_n: float
    component: int
    held: bool


def rows(votes: Votes, fitted: Fit, seed: int) -> list[Row]:
    """Largest component first, in it the strongest model first; equal scores by name."""
    score = MEAN + POINTS * fitted.theta
    margin = NORMAL * POINTS * fitted.errors
    best, worst = rank_intervals(fitted, seed)
    n = votes.per_model()
    effective = n * _information_kept(fitted)
    found = [
        Row(
            item=name,
            score=float(score[i]),
            low=float(score[i] - margin[i]),
            high=float(score[i] + margin[i]),
            rank_low=int(best[i]),
            rank_high=int(worst[i]),
            n=int(n[i]),
            voters=int(fitted.voters[i]),
            effective_n=float(effective[i]),
            component=int(fitted.component[i]),
            held=bool(fitted.held[i]),
        )
        for i, name in enumerate(votes.names)
    ]
    sizes = np.bincount(fitted.component)
    found.sort(key=lambda row: (-sizes[row.component], row.component, -row.score, row.item))
    return found


def estimate(votes: Votes, ties: Ties) -> Fit:
    return fit(
        votes.left,
        votes.right,
        votes.outcome,
        len(votes.names),
        voter=votes.voter,
        style=votes.style,
        ties=ties,
    )


def rank_intervals(fitted: Fit, seed: int) -> tuple[Integers, Integers]:
    """Bounds of the 95 % interval of each model's rank, by draws from the clustered normal.

    A model's rank is one more than the number of stronger models in its component. The interval always holds
    the rank of the estimate itself.
    """
    items = len(fitted.theta)
    values, vectors = np.linalg.eigh(fitted.covariance[:items, :items])
    spread = vectors * np.sqrt(np.maximum(values, 0))
    noise = np.random.default_rng(seed).standard_normal((DRAWS, items))
    strengths = fitted.theta + noise @ spread.T
    low, high = np.ones(items, dtype=np.int64), np.ones(items, dtype=np.int64)
    for room in np.unique(fitted.component):
        members = np.flatnonzero(fitted.component == room)
        drawn = len(members) - np.argsort(np.argsort(strengths[:, members], axis=1), axis=1)
        point = 1 + (fitted.theta[members][None, :] > fitted.theta[members][:, None] + 1e-9).sum(axis=1)
        bounds = np.quantile(drawn, [0.025, 0.975], axis=0, method="inverted_cdf")
        low[members] = np.minimum(bounds[0], point)
        high[members] = np.maximum(bounds[1], point)
    return low, high


def _information_kept(fitted: Fit) -> np.ndarray:
    """Variance of independent votes over the clustered one: votes of one person count less than one each."""
    items = len(fitted.theta)
    independent, clustered = (
        np.diag(matrix)[:items] for matrix in (fitted.model_covariance, fitted.covariance)
    )
    return np.minimum(1, np.divide(independent, clustered, out=np.zeros(items), where=clustered > 0))
