"""Drawing models without replacement, with every probability known. Pure: numpy in, numpy out."""

import random
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def exposure_weights(exposures: Sequence[int], *, a: float, s: float) -> Floats:
    """1/(n+s)^a for each model that was drawn n times before; all above 0 as long as s > 0."""
    if s <= 0:
        raise ValueError("s must be above 0, or a model that was never drawn has no finite weight")
    return 1.0 / np.power(np.asarray(exposures, dtype=float) + s, a)


def draw(weights: Sequence[float] | Floats, k: int, seed: str) -> list[int]:
    """k different positions, drawn one by one in proportion to weight; the same seed, the same draw."""
    if k > len(weights):
        raise ValueError(f"{k} models were asked for and {len(weights)} are there")
    generator = random.Random(seed)
    left = list(range(len(weights)))
    drawn = []
    for _ in range(k):
        position = generator.choices(left, [float(weights[i]) for i in left])[0]
        left.remove(position)
        drawn.append(position)
    return drawn


def draw_least(exposures: Sequence[int], k: int, seed: str) -> list[int]:
    """k different positions with the fewest exposures, least first; chance decides among equals."""
    generator = random.Random(seed)
    return sorted(range(len(exposures)), key=lambda i: (exposures[i], generator.random()))[:k]


def least_probabilities(exposures: Sequence[int], k: int) -> list[float]:
    """P(each position is among the k drawn by `draw_least`): 1, 0, or m/t for t that tie for m places."""
    if not 0 < k < len(exposures):
        return [float(k > 0)] * len(exposures)
    last = sorted(exposures)[k - 1]
    places = k - sum(exposure < last for exposure in exposures)
    tied = sum(exposure == last for exposure in exposures)
    return [1.0 if n < last else places / tied if n == last else 0.0 for n in exposures]


def inclusion_probabilities(weights: Sequence[float] | Floats, k: int) -> Floats:
    """P(each position is among the k drawn by `draw`), within 1e-9 however far apart the weights are.

    Successive sampling equals keeping the k smallest of independent exponential times with rates w
    (Efraimidis and Spirakis 2006, Information Processing Letters 97, 181-185). So P(i) is the integral
    over i's own time of P(fewer than k of the others came before), a Poisson-binomial tail. Over the
    logarithm of time the integrand is smooth and dies out at both ends, where the trapezoidal rule
    converges exponentially (Trefethen and Weideman 2014, SIAM Review 56, 385-458).
    """
    w = np.asarray(weights, dtype=float)
    if k >= len(w):
        return np.ones(len(w))
    return np.array([_inclusion(w, i, k) for i in range(len(w))])


_STEP = 0.3
_TIMES = np.exp(np.arange(-40.0, 5.0, _STEP))  # in units of 1/w_i
_DENSITY = _STEP * _TIMES * np.exp(-_TIMES)


def _inclusion(w: Floats, i: int, k: int) -> float:
    before = -np.expm1(-_TIMES[:, None] * np.delete(w, i) / w[i])
    counts = np.zeros((len(_TIMES), k))
    counts[:, 0] = 1.0
    for column in before.T:
        counts[:, 1:] = counts[:, 1:] * (1 - column[:, None]) + counts[:, :-1] * column[:, None]
        counts[:, 0] *= 1 - column
    return float(np.clip(_DENSITY @ counts.sum(axis=1), 0.0, 1.0))
