"""Votes for tests of the leaderboard: tallies of pairs, and files."""

from pathlib import Path

import numpy as np

from analysis.bradley_terry import Fit, Ties, fit

Tally = tuple[int, int, int, int, int]  # left, right, wins of left, losses, ties


def ballots(*tallies: Tally) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Left, right and outcome of so many votes."""
    rows = [
        (left, right, outcome)
        for left, right, won, lost, tied in tallies
        for outcome, count in ((1, won), (-1, lost), (0, tied))
        for _ in range(count)
    ]
    left, right, outcome = np.array(rows).T
    return left, right, outcome.astype(np.int8)


def fitted(*tallies: Tally, ties: Ties = "davidson", **options: np.ndarray) -> Fit:
    left, right, outcome = ballots(*tallies)
    return fit(left, right, outcome, int(max(left.max(), right.max())) + 1, ties=ties, **options)


def random_votes(
    seed: int, votes: int = 400, items: int = 6, covariates: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Left, right, outcome and style of votes under Davidson's model with known strengths."""
    rng = np.random.default_rng(seed)
    theta = rng.normal(0, 0.6, items)
    left = rng.integers(0, items, votes)
    right = (left + rng.integers(1, items, votes)) % items
    style = rng.normal(0, 1, (votes, covariates))
    eta = theta[left] - theta[right] + style @ np.linspace(0.2, 0.5, covariates)
    shares = np.stack([np.exp(eta / 2), np.full(votes, 0.8), np.exp(-eta / 2)], axis=1)
    drawn = rng.random(votes)[:, None] * shares.sum(axis=1)[:, None]
    outcome = 1 - (drawn > shares.cumsum(axis=1)).sum(axis=1)
    return left, right, outcome.astype(np.int8), style


def write_csv(path: Path, *lines: str, header: str = "left,right,winner") -> Path:
    path.write_text("\n".join([header, *lines]) + "\n")
    return path
