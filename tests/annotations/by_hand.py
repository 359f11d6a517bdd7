"""Coefficients of agreement straight from their definitions, one pair of ratings after another."""

from itertools import permutations

import numpy as np


def given(unit):
    return [value for value in unit if not np.isnan(value)]


def agreement(one, other, levels, kind):
    """Gwet's weights of two values."""
    if kind == "identity":
        return float(one == other)
    apart = abs(one - other) / (max(levels) - min(levels))
    return 1 - (apart if kind == "linear" else apart**2)


def percent(values, levels, kind="identity"):
    units = [list(permutations(given(unit), 2)) for unit in values if len(given(unit)) >= 2]
    return np.mean([np.mean([agreement(*pair, levels, kind) for pair in unit]) for unit in units])


def margins(values, levels):
    units = [given(unit) for unit in values if given(unit)]
    return [np.mean([unit.count(level) / len(unit) for unit in units]) for level in levels]


def fleiss(values, levels, kind="identity"):
    shares = margins(values, levels)
    expected = sum(
        agreement(one, other, levels, kind) * p * q
        for one, p in zip(levels, shares, strict=True)
        for other, q in zip(levels, shares, strict=True)
    )
    return (percent(values, levels, kind) - expected) / (1 - expected)


def gwet(values, levels, kind="identity"):
    total = sum(agreement(one, other, levels, kind) for one in levels for other in levels)
    spread = sum(share * (1 - share) for share in margins(values, levels))
    expected = total * spread / (len(levels) * (len(levels) - 1))
    return (percent(values, levels, kind) - expected) / (1 - expected)


def against(values, levels, kind="identity"):
    units = [(unit[0], given(unit[1:])) for unit in values if not np.isnan(unit[0]) and given(unit[1:])]
    observed = np.mean(
        [np.mean([agreement(own, other, levels, kind) for other in others]) for own, others in units]
    )
    expected = np.mean(
        [
            np.mean([agreement(own, other, levels, kind) for other in others])
            for own, _ in units
            for _, others in units
        ]
    )
    return (observed - expected) / (1 - expected)


def krippendorff(values, metric):
    """1 − D_o/D_e with the distances of all ordered pairs, within units and over all pairable values."""
    units = [given(unit) for unit in values if len(given(unit)) >= 2]
    pooled = [value for unit in units for value in unit]
    total = len(pooled)

    def distance(one, other):
        low, high = sorted((one, other))
        if metric == "nominal" or one == other:
            return float(one != other)
        if metric == "ordinal":
            between = sum(low <= value <= high for value in pooled)
            return (between - (pooled.count(low) + pooled.count(high)) / 2) ** 2
        return (high - low) ** 2 if metric == "interval" else ((high - low) / (high + low)) ** 2

    within = sum(distance(*pair) / (len(unit) - 1) for unit in units for pair in permutations(unit, 2))
    between = sum(distance(*pair) for pair in permutations(pooled, 2))
    return 1 - (total - 1) * within / between
