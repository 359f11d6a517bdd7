"""Votes between named models as arrays, and what the tables count in them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.bradley_terry import LEFT, RIGHT, Floats, Integers


@dataclass(frozen=True)
class Votes:
    """One entry a vote: the numbers of two models in `names`, LEFT, TIE or RIGHT, and who voted.

    Without `voter` every vote counts as its own person; a vote of somebody unknown has a negative number of
    its own. `style` holds votes × covariates, see `analysis/leaderboard/style.py`.
    """

    names: Sequence[str]
    left: Integers
    right: Integers
    outcome: npt.NDArray[np.int8]
    voter: Integers | None = None
    style: Floats | None = None

    def __len__(self) -> int:
        return len(self.left)

    def per_model(self) -> Integers:
        """Votes in which each model stood."""
        return _count(self.left, self.names) + _count(self.right, self.names)

    def wins(self) -> Integers:
        """Models × models: how often the row beat the column."""
        matrix = np.zeros((len(self.names), len(self.names)), dtype=np.int64)
        won, lost = self.outcome == LEFT, self.outcome == RIGHT
        np.add.at(matrix, (self.left[won], self.right[won]), 1)
        np.add.at(matrix, (self.right[lost], self.left[lost]), 1)
        return matrix

    def draws(self) -> Integers:
        """Models × models, symmetric: how often the two were tied."""
        matrix = np.zeros((len(self.names), len(self.names)), dtype=np.int64)
        tied = self.outcome == 0
        np.add.at(matrix, (self.left[tied], self.right[tied]), 1)
        return matrix + matrix.T


@dataclass(frozen=True)
class WinMatrix:
    """Wins and ties of every pair. Raises ValueError when they do not add up to the votes of each model."""

    wins: Integers
    draws: Integers
    votes: Integers

    def __post_init__(self) -> None:
        if not np.array_equal(self.draws, self.draws.T):
            raise ValueError("a tie is missing on one side of the win matrix")
        if not np.array_equal(self.met.sum(axis=1), self.votes):
            raise ValueError("the win matrix does not add up to the votes of the models")

    @classmethod
    def of(cls, votes: Votes) -> "WinMatrix":
        return cls(votes.wins(), votes.draws(), votes.per_model())

    @property
    def met(self) -> Integers:
        """How often the two were compared."""
        return self.wins + self.wins.T + self.draws


def _count(numbers: Integers, names: Sequence[str]) -> Integers:
    return np.bincount(numbers, minlength=len(names)).astype(np.int64)
