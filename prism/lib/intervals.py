"""Intervals around proportions."""

from dataclasses import dataclass
from statistics import NormalDist


@dataclass(frozen=True)
class Interval:
    """A proportion with the bounds of its 95 % interval, as percentages."""

    percent: float
    low: float
    high: float


def wilson(successes: int, n: int, confidence: float = 0.95) -> Interval | None:
    """Wilson's score interval of a proportion (Wilson 1927, JASA 22:209–212); None without observations."""
    if n == 0:
        return None
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    p, shrink = successes / n, 1 + z * z / n
    middle = (p + z * z / (2 * n)) / shrink
    reach = z / shrink * (p * (1 - p) / n + z * z / (4 * n * n)) ** 0.5
    return Interval(100 * p, 100 * max(0.0, middle - reach), 100 * min(1.0, middle + reach))
