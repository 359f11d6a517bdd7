"""Annotated pairs and who preferred which side: what the fits take, be it from a file or a study."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from analysis.dissection.degrees import Bools, Floats


@dataclass(frozen=True)
class Votes:
    """Votes on every pair, of one judge or of a group of people: for either side, and for none.

    A judge that gives verdicts in both orders is `inconsistent` where they differ.
    """

    for_a: Floats
    for_b: Floats
    ties: Floats
    inconsistent: Floats

    def __len__(self) -> int:
        return len(self.for_a)

    @property
    def decided(self) -> Floats:
        return self.for_a + self.for_b


@dataclass(frozen=True)
class Pairs:
    """`a` and `b` are pairs × 29 in the order of the ids, NaN where a value is missing or was not asked.

    `applicable` is False where errors could not be judged in one of the two: such a pair is in no fit.
    `groups` says by name which pairs are in it; `weights` is the weight of each pair's votes.
    """

    keys: tuple[str, ...]
    a: Floats
    b: Floats
    applicable: Bools
    groups: Mapping[str, Bools]
    votes: Mapping[str, Votes]
    weights: Floats

    def __len__(self) -> int:
        return len(self.keys)


def votes_of(verdicts: np.typing.NDArray[np.int8]) -> Votes:
    """Of one verdict a pair: A, B, TIE, INCONSISTENT or NONE."""
    return Votes(*((verdicts == code).astype(np.float64) for code in (A, B, TIE, INCONSISTENT)))


NONE, A, B, TIE, INCONSISTENT = range(5)
