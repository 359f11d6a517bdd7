"""How scores went: the kept days as lines with their intervals, and as a table. Pure: days in, places out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil
from typing import Any

from analysis.leaderboard.figures import TOP, Tick, steps

WIDE, HIGH = 720, 340
START, END, FOOT = 46, 556, 36  # where lines begin and end: names stand behind
MOST_LINES = 6
MOST_POINTS = 200
MOST_DATES = 6
APART = 15.0  # names at the ends of lines, at least

Scores = Mapping[str, Mapping[str, Any]]  # by model, of one day


@dataclass(frozen=True)
class Line:
    """A model's scores over the days: corners of its line and of the band of its intervals, and its name."""

    number: int
    name: str
    line: str
    band: str
    last: tuple[str, str]
    name_at: str


@dataclass(frozen=True)
class Chart:
    lines: Sequence[Line]
    dates: Sequence[Tick]
    scores: Sequence[Tick]


def thinned(days: Sequence[tuple[date, Scores]]) -> list[tuple[date, Scores]]:
    """At most some hundred days, evenly, the newest among them."""
    step = ceil(len(days) / MOST_POINTS) or 1
    return list(reversed(list(reversed(days))[::step]))


def chart(days: Sequence[tuple[date, Scores]], names: Mapping[str, str]) -> Chart | None:
    """Lines of some models, `names` of what they are shown as; None where fewer than two days are kept."""
    kept = [
        (day, {model: scores[model] for model in names if model in scores}) for day, scores in thinned(days)
    ]
    told = [row for _, scores in kept for row in scores.values()]
    if len(kept) < 2 or not told:
        return None
    first, last = kept[0][0], kept[-1][0]
    low, high = min(row["low"] for row in told), max(row["high"] for row in told)

    def x(day: date) -> float:
        return START + (END - START) * (day - first).days / (last - first).days

    def y(score: float) -> float:
        return HIGH - FOOT - (HIGH - FOOT - TOP) * (score - low) / (high - low or 1.0)

    ends: dict[str, tuple[float, float]] = {}
    corners: dict[str, list[tuple[float, Mapping[str, Any]]]] = {model: [] for model in names}
    for day, scores in kept:
        for model, row in scores.items():
            corners[model].append((x(day), row))
            ends[model] = (x(day), y(row["score"]))
    heights = spread({model: end[1] for model, end in ends.items()})
    lines = [
        Line(
            number=number,
            name=name,
            line=_corners((across, y(row["score"])) for across, row in corners[model]),
            band=_corners(
                [(across, y(row["high"])) for across, row in corners[model]]
                + [(across, y(row["low"])) for across, row in reversed(corners[model])]
            ),
            last=(f"{ends[model][0]:.1f}", f"{ends[model][1]:.1f}"),
            name_at=f"{heights[model]:.1f}",
        )
        for number, (model, name) in enumerate(names.items())
        if model in ends
    ]
    step = ceil(len(kept) / MOST_DATES)
    dates = [Tick(f"{x(day):.1f}", day.isoformat()) for day, _ in kept[::step]]
    return Chart(lines, dates, [Tick(f"{y(value):.1f}", f"{value:g}") for value in steps(low, high)])


def _corners(places: Sequence[tuple[float, float]] | Iterator[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in places)


def spread(heights: Mapping[str, float]) -> dict[str, float]:
    """Names at the ends of lines, moved down as far as none covers the one above."""
    found: dict[str, float] = {}
    above = 0.0
    for name, height in sorted(heights.items(), key=lambda one: one[1]):
        above = found[name] = max(height, above + APART)
    return found
