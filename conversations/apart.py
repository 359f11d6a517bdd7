"""Drawing models one by one where some pairs are never drawn together. Pure: numbers in, numbers out."""

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import comb

MOST_SETS = 10_000  # up to here the odds are summed over all sets that can be drawn
ROUNDS = 200  # beyond, they are means over so many simulated draws
Pairs = Iterable[tuple[int, int]]


class NotApart(ValueError):
    """There are not enough models that may stand side by side."""


@dataclass(frozen=True)
class Table:
    """What is drawn from: a place for each model that is drawn, with the positions that may take it.

    Among those that may follow, only those of the lowest rank compete, in proportion to weight. Sets of
    positions are whole numbers with a bit for each: far faster than sets where every set is looked at.
    """

    weights: Sequence[float]
    places: Sequence[Sequence[int]]
    pairs: Pairs
    ranks: Sequence[int] | None = None
    _known: dict[int, bool] = field(default_factory=dict)
    _chances: dict[int, dict[int, float]] = field(default_factory=dict)

    @cached_property
    def _allowed(self) -> list[int]:
        """For each position, those that may be drawn beside it."""
        allowed = [((1 << len(self.weights)) - 1) & ~(1 << i) for i in range(len(self.weights))]
        for one, other in self.pairs:
            allowed[one] &= ~(1 << other)
            allowed[other] &= ~(1 << one)
        return allowed

    @cached_property
    def _free(self) -> int:
        """The positions of no pair."""
        return sum(
            1 << i for i, beside in enumerate(self._allowed) if beside.bit_count() == len(self.weights) - 1
        )

    @cached_property
    def _sets(self) -> list[int]:
        """The positions that may take each place."""
        return [sum(1 << i for i in place) for place in self.places]

    def _beside(self, drawn: int) -> int:
        """The positions that may stand beside all of these."""
        found = (1 << len(self.weights)) - 1
        while drawn:
            found &= self._allowed[drawn.bit_length() - 1]
            drawn ^= 1 << drawn.bit_length() - 1
        return found

    def _open(self, drawn: int) -> list[int]:
        """Positions for the next place that are apart from none of those drawn."""
        beside = self._beside(drawn)
        return [i for i in self.places[drawn.bit_count()] if beside >> i & 1]

    def _has_plenty(self, drawn: int) -> bool:
        """Each place that is left has as many positions of no pair as places are left: whoever takes the next
        one, the others can be taken, which in a large pool spares looking at what may follow whom."""
        free, left = self._free & ~drawn, self._sets[drawn.bit_count() :]
        return all((free & place).bit_count() >= len(left) for place in left)

    def can_finish(self, drawn: int = 0) -> bool:
        """Whether every place that is left can be taken."""
        if drawn not in self._known:
            self._known[drawn] = self._has_plenty(drawn) or any(
                self.can_finish(drawn | 1 << i) for i in self._open(drawn)
            )
        return self._known[drawn]

    def chances(self, drawn: int) -> dict[int, float]:
        """Who may come next, with the probability: nobody after whom the draw could not be finished."""
        if drawn not in self._chances:
            self._chances[drawn] = self._chances_after(drawn)
        return self._chances[drawn]

    def _chances_after(self, drawn: int) -> dict[int, float]:
        able = self._open(drawn)
        if not self._has_plenty(drawn):
            able = [i for i in able if self.can_finish(drawn | 1 << i)]
        if self.ranks is not None:
            lowest = min(self.ranks[i] for i in able)
            able = [i for i in able if self.ranks[i] == lowest]
        total = sum(self.weights[i] for i in able)
        return {i: self.weights[i] / total for i in able}

    @property
    def is_small(self) -> bool:
        """Few enough sets can be drawn to look at each."""
        return sum(comb(len(self.weights), k) for k in range(len(self.places) + 1)) <= MOST_SETS


def draw(table: Table, seed: str) -> list[int]:
    """A position for each place, no two of a pair; the same seed, the same draw. Raises NotApart."""
    _check(table)
    return [position for position, _ in _path(table, random.Random(seed))]


def inclusion_probabilities(table: Table) -> list[float]:
    """P(each position is drawn by `draw`), summed over all sets. Raises NotApart."""
    _check(table)
    reached, found = {0: 1.0}, [0.0] * len(table.weights)
    for _place in table.places:
        after: defaultdict[int, float] = defaultdict(float)
        for drawn, probability in reached.items():
            for i, chance in table.chances(drawn).items():
                after[drawn | 1 << i] += probability * chance
                found[i] += probability * chance
        reached = after
    return found


def estimated_probabilities(table: Table, seed: str, rounds: int = ROUNDS) -> list[float]:
    """The same from simulated draws: the mean of the chances that each step gave, whoever it then drew.

    Conditioning on the step (Rao and Blackwell) keeps the estimate unbiased with less variance than counts,
    and above 0 for all that may come first. Raises NotApart.
    """
    _check(table)
    generator, found = random.Random(seed), [0.0] * len(table.weights)
    for _round in range(rounds):
        for _position, chances in _path(table, generator):
            for i, chance in chances.items():
                found[i] += chance / rounds
    return [min(1.0, probability) for probability in found]


def _path(table: Table, generator: random.Random) -> list[tuple[int, dict[int, float]]]:
    drawn, path = 0, []
    for _place in table.places:
        chances = table.chances(drawn)
        position = generator.choices(list(chances), list(chances.values()))[0]
        path.append((position, chances))
        drawn |= 1 << position
    return path


def _check(table: Table) -> None:
    if not table.can_finish():
        raise NotApart("not enough positions that may be drawn together")
