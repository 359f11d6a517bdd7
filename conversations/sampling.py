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
    """k different positions, drawn one after the other in proportion to weight; the same seed, the same draw."""
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


def inclusion_probabilities(weights: Sequence[float] | Floats, k: int) -> Floats:
    """P(each position is among the k drawn by `draw`), within 1e-5 even for weights 10,000 times apart.

    Successive sampling equals keeping the k smallest of independent exponential times with rates w
    (Efraimidis and Spirakis 2006, Information Processing Letters 97, 181-185). So P(i) is the integral
    over i's own time of P(fewer than k of the others came before), a Poisson-binomial tail, taken by
    Gauss-Legendre quadrature after mapping time to u = exp(-w_i t), piece by piece.
    """
    w = np.asarray(weights, dtype=float)
    if k >= len(w):
        return np.ones(len(w))
    nodes, node_weights = _quadrature()
    return np.array([_inclusion(w, i, k, nodes, node_weights) for i in range(len(w))])


def _quadrature() -> tuple[Floats, Floats]:
    # Squaring the nodes crowds them towards 0, where u**ratio is not smooth for ratios below 1.
    x, weights = np.polynomial.legendre.leggauss(256)
    v = (x + 1) / 2
    return v**4, weights / 2 * 4 * v**3


def _inclusion(w: Floats, i: int, k: int, nodes: Floats, node_weights: Floats) -> float:
    others = np.delete(w, i)
    before = 1.0 - np.power(nodes[:, None], others[None, :] / w[i])
    counts = np.zeros((len(nodes), k))
    counts[:, 0] = 1.0
    for column in before.T:
        counts[:, 1:] = counts[:, 1:] * (1 - column[:, None]) + counts[:, :-1] * column[:, None]
        counts[:, 0] *= 1 - column
    return float(np.clip(node_weights @ counts.sum(axis=1), 0.0, 1.0))
