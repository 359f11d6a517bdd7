"""A million votes: scores with clustered intervals, beside evalica's scores without intervals, in one run."""

import importlib
import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np

from analysis.bradley_terry import POINTS, Fit, Floats, Ties
from analysis.leaderboard.table import estimate, rows
from analysis.leaderboard.votes import Votes

VOTES, MODELS, PEOPLE, COVARIATES = 1_000_000, 112, 200_000, 5
TIES = 0.277
RUNS = 3


def measure(say: Callable[[str], object]) -> dict[str, Any]:
    """Seconds, the best of three runs each, and how far our half wins are from evalica's scores."""
    say("A million votes …")
    votes = synthetic(0)
    fitted: dict[str, Fit] = {}

    def table(name: str, chosen: Votes, ties: Ties) -> None:
        fitted[name] = estimate(chosen, ties)
        rows(chosen, fitted[name], seed=0)

    styled = synthetic(COVARIATES)
    found: dict[str, Any] = {
        "board_votes": VOTES,
        "board_half_s": best(lambda: table("half", votes, "half")),
        "board_davidson_s": best(lambda: table("davidson", votes, "davidson")),
        "board_style_s": best(lambda: table("style", styled, "davidson")),
    }
    return found | beside_evalica(votes, fitted["half"].theta, say)


def beside_evalica(votes: Votes, ours: Floats, say: Callable[[str], object]) -> dict[str, Any]:
    if not find_spec("evalica"):
        say("evalica is not installed: its times are left out.")
        return {}
    evalica = importlib.import_module("evalica")
    winner = {1: evalica.Winner.X, 0: evalica.Winner.Draw, -1: evalica.Winner.Y}
    # Numbers and their index instead of names, as our own arrays are: only the estimates are timed.
    left, right = votes.left.tolist(), votes.right.tolist()
    index = evalica.indexing(left, right)[2]
    known = {
        "xs": left,
        "ys": right,
        "index": index,
        "winners": [winner[outcome] for outcome in votes.outcome.tolist()],
    }
    exact = evalica.bradley_terry(**known, tie_weight=0.5, tolerance=1e-10, limit=10_000)
    theirs = np.log(exact.scores.sort_index().to_numpy())
    return {
        "evalica_s": best(lambda: evalica.bradley_terry(**known, tie_weight=0.5)),
        "evalica_newman_s": best(lambda: evalica.newman(**known)),
        "board_points_apart": float(POINTS * np.abs(ours - (theirs - theirs.mean())).max()),
    }


def best(run: Callable[[], object]) -> float:
    taken = []
    for _ in range(RUNS):
        began = time.perf_counter()
        run()
        taken.append(time.perf_counter() - began)
    return min(taken)


def synthetic(covariates: int) -> Votes:
    """Votes under Davidson's model; people vote five times each in the mean, some of them often."""
    rng = np.random.default_rng(20_251_122)
    theta = rng.normal(0, 0.5, MODELS)
    left = rng.integers(0, MODELS, VOTES)
    right = (left + rng.integers(1, MODELS, VOTES)) % MODELS
    style = rng.normal(0, 1, (VOTES, covariates))
    eta = theta[left] - theta[right] + style @ np.full(covariates, 0.1)
    wins = np.exp(eta / 2)
    losses = 1 / wins
    nu = (wins + losses).mean() * TIES / (1 - TIES)
    drawn = rng.random(VOTES) * (wins + losses + nu)
    outcome = np.where(drawn < wins, 1, np.where(drawn < wins + losses, -1, 0)).astype(np.int8)
    voter = (PEOPLE * rng.random(VOTES) ** 1.5).astype(np.int64)
    names = [f"model-{number:03}" for number in range(MODELS)]
    return Votes(names, left, right, outcome, voter, style if covariates else None)
