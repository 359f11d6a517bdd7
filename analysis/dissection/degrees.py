"""Degrees of preference.

The chance, in per cent, that a response is preferred if it is better than the other in one property alone.
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def sigmoid(logit: npt.ArrayLike) -> Floats:
    """1/(1 + e^−z) by the hyperbolic tangent, which overflows nowhere."""
    return 0.5 * (1 + np.tanh(np.asarray(logit, dtype=np.float64) / 2))


def degrees(weights: npt.ArrayLike) -> Floats:
    """100·σ(α): above 50 liked, below 50 disliked."""
    return 100 * sigmoid(weights)


def mean_degrees(weights: Floats) -> Floats:
    """Mean over scenarios, the first axis, of the probabilities: after the sigmoid, not of the weights."""
    return np.asarray(degrees(weights).mean(axis=0))
