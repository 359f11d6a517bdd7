"""Who agrees with whom: every two raters, and each rater against all others."""

from collections.abc import Hashable
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from annotations.agreement.bootstrap import Coefficient, Resampling, estimate
from annotations.agreement.chance import Measure, Weights, against
from annotations.agreement.tables import Floats, Table


@dataclass(frozen=True)
class Pair:
    """Two raters and how far they agree on the units both rated."""

    first: Hashable
    second: Hashable
    agreement: Coefficient


def between_raters(table: Table, measure: Measure, resampling: Resampling | None = None) -> list[Pair]:
    """The agreement of every two raters, in the order of the table."""
    numbers = range(len(table.raters))
    return [
        Pair(
            table.raters[one],
            table.raters[other],
            estimate(table.only([one, other]), measure, resampling),
        )
        for one, other in combinations(numbers, 2)
    ]


def matrix(table: Table, pairs: list[Pair]) -> Floats:
    """Raters × raters for a heat map: symmetric, NaN where undefined and on the diagonal."""
    place = {rater: number for number, rater in enumerate(table.raters)}
    cells = np.full((len(place), len(place)), np.nan)
    for pair in pairs:
        one, other = place[pair.first], place[pair.second]
        value = pair.agreement.value
        cells[one, other] = cells[other, one] = np.nan if value is None else value
    return cells


def against_others(
    table: Table, weights: Weights = "identity", resampling: Resampling | None = None
) -> dict[Hashable, Coefficient]:
    """Each rater's κ against all others in the units shared with any of them (`chance.against`)."""
    measure = against(weights)
    return {
        rater: estimate(table.with_first(number), measure, resampling)
        for number, rater in enumerate(table.raters)
    }
