"""Everything that a leaderboard shows for one choice of filters, as one JSON document. Pure."""

from collections.abc import Sequence
from dataclasses import asdict, replace
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
    looks, waits = covariates(frame, selection.rows)
    plain = votes_of(frame, selection.rows)
    raw = estimate(plain, choice.ties)
    adjusted = estimate(replace(plain, style=looks), choice.ties)
    waited = estimate(replace(plain, style=waits), choice.ties)
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
        | {
            "style": coefficients(style.COVARIATES, adjusted, looks),
            "latency": coefficients(style.WAITS, waited, waits),
            "matrix": matrix(plain),
        }
    )


def covariates(frame: Frame, chosen: Integers) -> tuple[Floats, Floats]:
    """Looks and waits of the chosen votes, votes × covariates each."""

    def sides(name: str, kind: str = "") -> list[Floats]:
        return [frame.numbers[f"{name}{kind}_{side}"][chosen] for side in "ab"]

    looks = [style.difference(*sides(name)) for name in style.COVARIATES]
    waits = [style.ratio(*sides(name, "_ms")) for name in style.WAITS]
    return np.column_stack(looks), np.column_stack(waits)


def facts(votes: Votes, fitted: Fit, ties: Ties) -> dict[str, Any]:
    return {
        "people": fitted.voters_total,
        "tie_share": float((votes.outcome == 0).mean()),
        "nu": fitted.nu if ties == "davidson" else None,
        "groups": int(fitted.component.max()) + 1,
    }


def coefficients(names: Sequence[str], fitted: Fit, values: Floats) -> list[dict[str, Any]]:
    """Percent by which the odds of winning grow with a feature's root mean square; null where all are 0."""
    found = []
    for name, beta, error, column in zip(names, fitted.beta, fitted.beta_errors, values.T, strict=True):
        low, high = beta - NORMAL * error, beta + NORMAL * error
        percents = [100 * (float(np.exp(value)) - 1) for value in (beta, low, high)]
        keys = ("odds", "low", "high")
        found.append(
            {"feature": name, **dict(zip(keys, percents if column.any() else [None] * 3, strict=True))}
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
