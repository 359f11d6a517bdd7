"""How far two coders agree: the share of equal codes and Cohen's kappa, each with a 95 % interval. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

from prism.lib.intervals import Interval, wilson

Z = 1.959963984540054  # of the normal distribution, for 95 %


@dataclass(frozen=True)
class Agreement:
    """Of `n` pairs. `kappa` is None where it is not defined: no pairs, or one category only."""

    n: int
    share: Interval | None
    kappa: float | None
    kappa_interval: tuple[float, float] | None


def agreement(pairs: Sequence[tuple[str, str]]) -> Agreement:
    """Of pairs (first coder's category, second coder's)."""
    if not pairs:
        return Agreement(0, None, None, None)
    table = confusion(pairs)
    kappa, error = cohen(table)
    around = None if kappa is None else (max(-1.0, kappa - Z * error), min(1.0, kappa + Z * error))
    return Agreement(len(pairs), wilson(int(np.trace(table)), len(pairs)), kappa, around)


def confusion(pairs: Sequence[tuple[str, str]]) -> np.ndarray:
    """Counts, categories × categories: rows are the first coder's, columns the second's."""
    categories = {value: place for place, value in enumerate(sorted({c for pair in pairs for c in pair}))}
    table = np.zeros((len(categories), len(categories)))
    for first, second in pairs:
        table[categories[first], categories[second]] += 1
    return table


def cohen(table: np.ndarray) -> tuple[float | None, float]:
    """Kappa (Cohen 1960) and its large-sample standard error (Fleiss, Cohen and Everitt 1969, eq. 13)."""
    n = float(table.sum())
    p = table / n
    rows, columns = p.sum(axis=1), p.sum(axis=0)
    observed, expected = float(np.trace(p)), float(rows @ columns)
    if expected >= 1:
        return None, 0.0
    kappa = (observed - expected) / (1 - expected)
    # p_ii (1 - (r_i + c_i)(1 - k))^2, and for i != j p_ij (1 - k)^2 (c_i + r_j)^2
    weights = (1 - kappa) ** 2 * (columns[:, None] + rows[None, :]) ** 2
    np.fill_diagonal(weights, (1 - (rows + columns) * (1 - kappa)) ** 2)
    spread = float((p * weights).sum()) - (kappa - expected * (1 - kappa)) ** 2
    return kappa, sqrt(max(0.0, spread) / n) / (1 - expected)
