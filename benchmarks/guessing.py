"""Somebody who wants to tell from arrival times which of two answers is by the fast model, and tries hard.

What is measured of a turn (`Seen`) is turned into figures, and the best rule on one of them is learned: a
threshold, taken as it is or turned round where A is the longer answer, since lengths are seen by everybody.
"""

import math
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

WIDTH = 2.576  # of an interval of 99 %, in standard errors
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass
class Seen:
    """When each slot's characters came, and when the page said that all are over, in seconds."""

    times: dict[str, list[tuple[float, int]]] = field(default_factory=lambda: {"A": [], "B": []})
    end: float = 0.0

    def take(self, told: dict[str, Any], now: float) -> None:
        for slot in set(told) & set("AB"):
            self.times[slot].append((now, len(told[slot])))
        if told.get("over"):
            self.end = now

    def length(self, slot: str) -> int:
        return sum(count for _, count in self.times[slot])

    def figures(self) -> list[float]:
        """The sides compared, then the turn as a whole and where in the texts it paused."""
        a, b = (self._side(slot) for slot in "AB")
        return [x - y for x, y in zip(a, b, strict=True)] + self._whole()

    def _side(self, slot: str) -> list[float]:
        times = self.times[slot]
        gaps = [b - a for (a, _), (b, _) in pairwise(times)] or [0.0]
        middle = sum(at * count for at, count in times) / self.length(slot)
        most = max(count for _, count in times)
        return [times[0][0], times[-1][0], middle, max(gaps), float(np.median(gaps)), len(times), most]

    def _whole(self) -> list[float]:
        short, long = sorted((self.length("A"), self.length("B")))
        path = self._path(long)
        gaps = [b - a for (a, _), (b, _) in pairwise(path)] or [0.0]
        pause, place = max((gap, path[at][1]) for at, gap in enumerate(gaps))
        first, end = path[0][0], self.end
        half = next(at for at, length in path if length >= short / 2)
        met = next(at for at, length in path if length >= short - 20)
        stall = max((b - a for (a, n), (b, _) in pairwise(path) if n >= short - 20), default=0.0)
        early, late = (short / 2) / (half - first + 0.1), (long - short + 20) / (end - met + 0.1)
        paces = [math.log(end / n) for n in (short, long, short + long)]
        spent = [math.log((end - first + 0.1) / n) for n in (short, long)]
        return [
            *(first, half, met, end, end - first, end - met, pause, float(np.median(gaps)), stall),
            *(place, place - short, place / short, early, late, late / early, *paces, *spent),
        ]

    def _path(self, long: int) -> list[tuple[float, int]]:
        """When the longest text so far had which length."""
        had, path = {"A": 0, "B": 0}, []
        for at, side, count in sorted((at, slot, n) for slot in "AB" for at, n in self.times[slot]):
            had[side] += count
            path.append((at, max(had.values())))
        assert path[-1][1] == long
        return path


@dataclass(frozen=True)
class Rule:
    figure: int
    threshold: float
    is_turned: bool
    is_reversed: bool

    def guesses(self, figures: Floats, is_a_longer: Bools) -> Bools:
        found: Bools = (figures[:, self.figure] > self.threshold) ^ self.is_reversed
        return found ^ is_a_longer if self.is_turned else found


def share_right(turns: list[tuple[Seen, bool]]) -> float:
    """How often the best rule, learned on half of the turns, is right on the others: is A the fast one?"""
    figures = np.array([seen.figures() for seen, _ in turns])
    longer = np.array([seen.length("A") > seen.length("B") for seen, _ in turns])
    truth, half = np.array([is_a for _, is_a in turns]), len(turns) // 2
    rule = _learn(figures[:half], longer[:half], truth[:half])
    return float((rule.guesses(figures[half:], longer[half:]) == truth[half:]).mean())


def number_right(turns: list[tuple[Seen, bool]]) -> int:
    """As `share_right`, each half of an even number judged by what the other one taught."""
    half = len(turns) // 2
    first, second = turns[:half], turns[half:]
    return round(share_right(first + second) * half) + round(share_right(second + first) * half)


def half_width(turns: int) -> float:
    """Of the interval of 99 % around one half, for the half of these turns that is judged."""
    return float(WIDTH * (0.25 / (turns // 2)) ** 0.5)


def _learn(figures: Floats, longer: Bools, truth: Bools) -> Rule:
    thresholds = np.quantile(figures, np.linspace(0.05, 0.95, 19), axis=0)
    rules = [
        Rule(figure, threshold, is_turned, is_reversed)
        for figure in range(figures.shape[1])
        for threshold in {0.0, *thresholds[:, figure].tolist()}
        for is_turned in (False, True)
        for is_reversed in (False, True)
    ]
    return max(rules, key=lambda rule: int((rule.guesses(figures, longer) == truth).sum()))
