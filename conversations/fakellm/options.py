"""How a fake model behaves, as options after its id: ``aurora-7b;first=0.3;rate=30;fail=cut;after=10``."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

FAULTS = ("429", "500", "hang", "cut", "empty", "garbage", "length", "invalid")


@dataclass(frozen=True)
class Options:
    """What a caller asks of a model beyond its persona; None leaves it to the persona or the fault.

    ``first``: seconds until the first chunk. ``rate``: chunks a second. ``chunks``: exactly so many chunks
    of filler words, whatever limit the request sets. ``think``: chunks of reasoning before them. ``fail``:
    one of FAULTS, or several with + between them, one of which is drawn for each call that fails.
    ``after``: chunks before the fault. ``p``: probability of a fault. ``times``: only the first calls fail,
    so many. ``retry``: seconds that a 429 asks to wait. The fault ``invalid`` spoils a structured answer and
    leaves others alone.
    """

    first: float | None = None
    rate: float | None = None
    chunks: int | None = None
    fail: str | None = None
    after: int | None = None
    p: float = 1.0
    times: int | None = None
    retry: float = 1.0
    think: int = 0


class OptionError(ValueError):
    """An option that is unknown or has an impossible value; the text names it."""


def parse(model: str) -> tuple[str, Options]:
    """Split a model's name into the persona's id and its options.

    Raises OptionError, naming the option.
    """
    persona, *settings = model.split(";")
    return persona, Options(**dict(_read(setting) for setting in settings))


def _read(setting: str) -> tuple[str, Any]:
    name, _, value = setting.partition("=")
    if name not in _READERS:
        raise OptionError(f'There is no option "{name}". The options are {", ".join(_READERS)}.')
    return name, _READERS[name](name, value)


def _number(low: float, high: float) -> Callable[[str, str], float]:
    def read(name: str, value: str) -> float:
        try:
            number = float(value)
        except ValueError:
            number = float("nan")
        if not low <= number <= high:
            raise OptionError(f'Option "{name}" must be a number from {low:g} to {high:g}, not "{value}".')
        return number

    return read


def _whole(low: int, high: int) -> Callable[[str, str], int]:
    def read(name: str, value: str) -> int:
        # Ten digits and more are out of every range, and int() refuses the very long ones in its own way.
        number = int(value[:10]) if value.isdecimal() else -1
        if not low <= number <= high:
            raise OptionError(f'Option "{name}" must be a whole number from {low} to {high}, not "{value}".')
        return number

    return read


def _fault(name: str, value: str) -> str:
    if not set(value.split("+")) <= set(FAULTS):
        raise OptionError(f'Option "{name}" must be one of {", ".join(FAULTS)}, not "{value}".')
    return value


_READERS: dict[str, Callable[[str, str], Any]] = {
    "first": _number(0, 3600),
    "rate": _number(0.01, 100_000),
    "chunks": _whole(1, 100_000),
    "think": _whole(0, 100_000),
    "fail": _fault,
    "after": _whole(0, 100_000),
    "p": _number(0, 1),
    "times": _whole(0, 1_000_000),
    "retry": _number(0, 3600),
}
