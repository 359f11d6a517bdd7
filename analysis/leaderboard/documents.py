"""Everything that a leaderboard shows for one choice of filters, as one JSON document. Pure."""

from dataclasses import asdict
from typing import Any

import numpy as np

from analysis.bradley_terry import Fit, Floats, Integers, Ties
from analysis.leaderboard import style
from analysis.leaderboard.choices import Choice
from analysis.leaderboard.frames import Frame, select, votes_of
from analysis.leaderboard.table import NORMAL, estimate, rows
from analysis.leaderboard.votes import Votes, WinMatrix

BESIDE = ("score", "low", "high", "rank_low", "rank_high")


def document(frame: Frame, choice: Choice, seed: int) -> dict[str, Any]:
    """`rows` have raw values and, under `adjusted`, those with the looks of the answers held equal.

    Raises ValueError when the win matrix does not add up, which would be our mistake.
    """
    selection = select(frame, choice)
    found: dict[str, Any] = {
        "votes": len(selection.rows),
        "all_votes": len(frame),
        "left_out": dict(selection.left_out),
        "ties": choice.ties,
        "rows": [],
    }
    if not len(selection.rows):
        return found
    looks = np.column_stack([_difference(frame, name, selection.rows) for name in style.COVARIATES])
    plain = votes_of(frame, selection.rows)
    raw, adjusted = (
        estimate(plain, choice.ties),
        estimate(votes_of(frame, selection.rows, looks), choice.ties),
    )
    both_bad = shares_both_bad(frame, selection.rows, plain)
    beside = {row.item: row for row in rows(plain, adjusted, seed)}
    for row in rows(plain, raw, seed):
        other = asdict(beside[row.item])
        found["rows"].append(
            asdict(row) | {"both_bad": both_bad[row.item], "adjusted": {name: other[name] for name in BESIDE}}
        )
    return (
        found
        | facts(plain, raw, choice.ties)
        | {"style": coefficients(adjusted, looks), "matrix": matrix(plain)}
    )


def _difference(frame: Frame, name: str, chosen: Integers) -> Floats:
    return style.difference(frame.style[f"{name}_a"][chosen], frame.style[f"{name}_b"][chosen])


def facts(votes: Votes, fitted: Fit, ties: Ties) -> dict[str, Any]:
    return {
        "people": fitted.voters_total,
        "tie_share": float((votes.outcome == 0).mean()),
        "nu": fitted.nu if ties == "davidson" else None,
        "groups": int(fitted.component.max()) + 1,
    }


def coefficients(fitted: Fit, looks: Floats) -> list[dict[str, Any]]:
    """Percent by which the odds of winning grow with a feature's root mean square; null where all are 0."""
    found = []
    for name, beta, error, column in zip(
        style.COVARIATES, fitted.beta, fitted.beta_errors, looks.T, strict=True
    ):
        low, high = beta - NORMAL * error, beta + NORMAL * error
        percents = [100 * (float(np.exp(value)) - 1) for value in (beta, low, high)]
        names = ("odds", "low", "high")
        found.append(
            {"feature": name, **dict(zip(names, percents if column.any() else [None] * 3, strict=True))}
        )
    return found


def shares_both_bad(frame: Frame, chosen: Integers, votes: Votes) -> dict[str, float]:
    """Of each model the share of votes in which both answers were called bad: a tie does not say that."""
    bad = frame.equals("choice", "both_bad")[chosen]
    sides = np.concatenate([votes.left, votes.right])
    n = np.bincount(sides, minlength=len(votes.names))
    told = np.bincount(sides, weights=np.concatenate([bad, bad]), minlength=len(votes.names))
    return dict(zip(votes.names, (told / n).tolist(), strict=True))


def matrix(votes: Votes) -> dict[str, Any]:
    """Checked by WinMatrix: it adds up to the votes of each model."""
    found = WinMatrix.of(votes)
    return {"models": list(votes.names), "wins": found.wins.tolist(), "draws": found.draws.tolist()}
