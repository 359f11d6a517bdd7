"""How alike judges are: between their weights in each scenario, then the mean over the scenarios."""

import re
from collections.abc import Sequence
from typing import Literal

import numpy as np

from analysis.dissection.degrees import Bools, Floats
from analysis.dissection.properties import judge_named

Measure = Literal["pearson", "spearman", "l1", "l2"]
MEASURES: tuple[Measure, ...] = ("pearson", "spearman", "l1", "l2")
SMALL, LARGE = 14.0, 30.0  # billions of parameters: up to and including, and above

_BILLIONS = re.compile(r"(?<![\d.])(\d+(?:\.\d+)?)b(?![a-z])", re.IGNORECASE)
_MIXTURES = {"mistral-8x7b": 56.0, "mixtral-8x7b": 56.0}
_LAST = ("gpt-3.5", "gpt-4", "human")


def similarity(weights: Floats, measure: Measure = "pearson") -> Floats:
    """Judges × judges, from weights judges × scenarios × properties: the mean over scenarios that both have.

    `pearson`, over the properties, is the published measure. `l1` and `l2` are negative distances a
    coordinate, 0 for equal ones. NaN where two share no scenario or one has equal weights everywhere.
    """
    each = np.stack([_in_one(weights[:, place], measure) for place in range(weights.shape[1])])
    shared = ~np.isnan(each)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(shared, each, 0).sum(axis=0) / shared.sum(axis=0))


def ordered(judges: Sequence[str]) -> list[str]:
    """By number of parameters, then name; those without a number, proprietary models and people last."""
    return sorted(judges, key=_size_and_name)


def size(judge: str) -> float | None:
    """Billions of parameters as the name tells them; None for people and proprietary models."""
    name = judge_named(judge).lower()
    mixture = next((found for start, found in _MIXTURES.items() if name.startswith(start)), None)
    found = _BILLIONS.search(name)
    return mixture or (float(found[1]) if found else None)


def by_size(judges: Sequence[str], matrix: Floats) -> dict[str, float]:
    """Mean similarity within and between classes of size, a judge with itself never counted; NaN for none."""
    sizes = np.array([size(judge) or np.nan for judge in judges])
    with np.errstate(invalid="ignore"):
        small, large = sizes <= SMALL, sizes > LARGE
    return {
        "within_small": _mean(matrix, small, small),
        "within_large": _mean(matrix, large, large),
        "between": _mean(matrix, small, large),
    }


def _mean(matrix: Floats, rows: Bools, columns: Bools) -> float:
    chosen = np.outer(rows, columns) & ~np.eye(len(matrix), dtype=bool) & ~np.isnan(matrix)
    return float(matrix[chosen].mean()) if chosen.any() else float("nan")


def _in_one(weights: Floats, measure: Measure) -> Floats:
    if measure in ("l1", "l2"):
        apart = weights[:, None] - weights[None]
        return -np.abs(apart).mean(axis=-1) if measure == "l1" else -np.sqrt((apart**2).mean(axis=-1))
    numbers = _ranks(weights) if measure == "spearman" else weights
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.atleast_2d(np.corrcoef(numbers)))


def _ranks(weights: Floats) -> Floats:
    """Ranks from 0 in each row, the mean rank where values are equal; NaN stays."""
    below = (weights[:, None, :] < weights[:, :, None]).sum(axis=-1)
    equal = (weights[:, None, :] == weights[:, :, None]).sum(axis=-1)
    return np.where(np.isnan(weights), np.nan, below + (equal - 1) / 2)


def _size_and_name(judge: str) -> tuple[int, float, str]:
    name, billions = judge_named(judge).lower(), size(judge)
    if billions is not None:
        return 0, billions, name
    place = next((number for number, start in enumerate(_LAST) if name.startswith(start)), None)
    return (1, 0, name) if place is None else (2, place, name)
