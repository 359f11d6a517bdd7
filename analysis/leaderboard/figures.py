"""Where points, lines and words of the leaderboard's figures stand. Pure: numbers in, places out.

Places are texts in units of the drawing: a number in a page is written as the reader's language does.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 440, 300
LEFT, RIGHT, TOP, BOTTOM = 46, 14, 12, 44
LETTER, LINE = 5.9, 12.0  # of a name: width of a letter and height
AWAY = 5.0  # of a name from its point
MOST_TICKS = 6  # across; upwards there may be two more
STEPS = (1, 2, 5)

Box = tuple[float, float, float, float]  # left, top, right, bottom
Scale = Callable[[float], float]


@dataclass(frozen=True)
class Tick:
    at: str
    text: str


@dataclass(frozen=True)
class Name:
    x: str
    y: str
    anchor: str
    text: str


@dataclass(frozen=True)
class Point:
    """A model: how far its score and what it is set against may reach, and its name where there is room."""

    told: str
    x: str
    y: str
    left: str
    right: str
    top: str
    bottom: str
    name: Name | None


@dataclass(frozen=True)
class Reach:
    """A value with its interval; both ends are the value where it is exact."""

    low: float
    value: float
    high: float


@dataclass(frozen=True)
class Mark:
    """What is drawn as a point: a score against something larger than zero. `told` is said in words too."""

    name: str
    told: str
    score: Reach
    against: Reach


@dataclass(frozen=True)
class Scatter:
    points: Sequence[Point]
    x_ticks: Sequence[Tick]
    y_ticks: Sequence[Tick]


def scatter(marks: Sequence[Mark]) -> Scatter | None:
    """Scores against something on a logarithmic scale; None where there are fewer than two to compare."""
    if len(marks) < 2:
        return None
    low = min(mark.against.low for mark in marks) / 1.3
    high = max(mark.against.high for mark in marks) * 1.3
    x = _along(math.log(low), math.log(high), LEFT, WIDTH - RIGHT)
    bottom = min(mark.score.low for mark in marks)
    top = max(mark.score.high for mark in marks)
    y = _along(bottom, top, HEIGHT - BOTTOM, TOP)
    places = [(x(math.log(mark.against.value)), y(mark.score.value)) for mark in marks]
    names = _names([mark.name for mark in marks], places)
    points = [
        Point(
            told=mark.told,
            x=_text(across),
            y=_text(up),
            left=_text(x(math.log(mark.against.low))),
            right=_text(x(math.log(mark.against.high))),
            top=_text(y(mark.score.high)),
            bottom=_text(y(mark.score.low)),
            name=name,
        )
        for mark, (across, up), name in zip(marks, places, names, strict=True)
    ]
    x_ticks = [Tick(_text(x(math.log(value))), f"{value:g}") for value in decades(low, high)]
    return Scatter(points, x_ticks, [Tick(_text(y(value)), f"{value:g}") for value in steps(bottom, top)])


def _along(low: float, high: float, start: float, end: float) -> Scale:
    width = high - low or 1.0
    return lambda value: start + (end - start) * (value - low) / width


def _text(place: float) -> str:
    return f"{place:.1f}"


def decades(low: float, high: float) -> list[float]:
    """Round values of a logarithmic axis, few enough to be read: 1, 2, 5, 10 … or powers of ten alone."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for chosen in (STEPS, (1, 3), (1,)):
        found = [step * 10.0**power for power in powers for step in chosen]
        inside = [value for value in found if low <= value <= high]
        if len(inside) <= MOST_TICKS:
            break
    if len(inside) < 2:  # the axis is shorter than from one of them to the next
        inside = steps(low, high)
    return inside[:: math.ceil(len(inside) / MOST_TICKS) or 1]


def steps(low: float, high: float) -> list[float]:
    """Round values of a straight axis, at most eight."""
    width = (high - low) / (MOST_TICKS + 1) or 1.0
    power = 10.0 ** math.floor(math.log10(width))
    step = next(step * power for step in (*STEPS, 10) if step * power >= width * (1 - 1e-9))
    first = math.ceil(low / step - 1e-9)
    return [number * step for number in range(first, math.floor(high / step + 1e-9) + 1)]


def _names(names: Sequence[str], places: Sequence[tuple[float, float]]) -> Iterator[Name | None]:
    """A name beside its point where it covers no other name and no point; the table has them all."""
    taken: list[Box] = [(x - 3, y - 3, x + 3, y + 3) for x, y in places]
    for name, (x, y) in zip(names, places, strict=True):
        for found, box in _beside(name, x, y):
            if _is_inside(box) and not any(_do_overlap(box, other) for other in taken):
                taken.append(box)
                yield found
                break
        else:
            yield None


def _beside(name: str, x: float, y: float) -> Iterator[tuple[Name, Box]]:
    """In the four corners, where neither of the two lines through a point strikes it out."""
    width, half = LETTER * len(name), LINE / 2
    for across, up, anchor in (
        (AWAY, -AWAY, "start"),
        (-AWAY, -AWAY, "end"),
        (AWAY, AWAY + 8, "start"),
        (-AWAY, AWAY + 8, "end"),
    ):
        left = x + across - (width if anchor == "end" else 0.0)
        middle = y + up - 4
        box = (left, middle - half, left + width, middle + half)
        yield Name(_text(x + across), _text(y + up), anchor, name), box


def _is_inside(box: Box) -> bool:
    return box[0] >= LEFT and box[1] >= 0 and box[2] <= WIDTH and box[3] <= HEIGHT - BOTTOM


def _do_overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
