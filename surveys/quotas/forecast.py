"""When the places will be filled, from how many were lately. Pure mathematics.

Completions are taken as a Poisson process with the rate of the window just past. With Jeffreys' prior the
rate after k events in a time T is Gamma(k + ½, T), and the time to the m-th event to come is Gamma(m) over
that rate, so that the interval holds both what is not known of the rate and what is left to chance (Gelman
et al., Bayesian Data Analysis, 3rd ed., section 2.6).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np

LEAST = 5
LEVEL = 0.9
_DRAWS = 20_000


@dataclass(frozen=True)
class Forecast:
    """How long it will take: the median, and the interval that holds with chance LEVEL."""

    median: timedelta
    low: timedelta
    high: timedelta
    observed: int
    window: timedelta


def forecast(missing: int, observed: int, window: timedelta) -> Forecast | None:
    """The time until `missing` more, when `observed` came within `window`; None with fewer than LEAST.

    Draws with a fixed seed: the same figures give the same answer.
    """
    if missing < 1 or observed < LEAST or window <= timedelta(0):
        return None
    random = np.random.default_rng([missing, observed])
    rate = random.gamma(observed + 0.5, size=_DRAWS) / window.total_seconds()
    seconds = random.gamma(missing, size=_DRAWS) / rate
    low, median, high = np.quantile(seconds, [(1 - LEVEL) / 2, 0.5, (1 + LEVEL) / 2])
    return Forecast(_span(median), _span(low), _span(high), observed, window)


def _span(seconds: float) -> timedelta:
    """At most ten years: beyond that a forecast says no more than "not soon"."""
    return min(timedelta(seconds=min(float(seconds), 3e8)), timedelta(days=3650))
