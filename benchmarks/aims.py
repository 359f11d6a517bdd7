"""Whether figures keep their aims, which are written as the tables show them."""

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

Row = tuple[str, str, str]
COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "at most ": operator.le,
    "below ": operator.lt,
    "at least ": operator.ge,
    "": operator.eq,
}
_AIM = re.compile(r"(at most |below |at least |)(\d+(?:\.\d+)?)")


def missed(rows: Iterable[Row], figures: Mapping[str, Any]) -> list[str]:
    """What was measured and misses its aim, a line each. Rows are (label, figure, aim); an aim may be empty.

    Raises ValueError for an aim that says something else.
    """
    return [
        f"{label}: {figures[name]:.2f}, {aim} expected"
        for label, name, aim in rows
        if aim and figures.get(name) is not None and not is_kept(name, aim, figures)
    ]


def is_kept(name: str, aim: str, figures: Mapping[str, Any]) -> bool:
    """`all` are as many as there were people: thinking_ended beside thinking_people."""
    if aim == "all":
        return bool(figures[name] == figures[f"{name.partition('_')[0]}_people"])
    found = _AIM.fullmatch(aim)
    if found is None:
        raise ValueError(f"“{aim}” is no aim.")
    return COMPARISONS[found[1]](figures[name], float(found[2]))
