"""What reactions say of two models, by each of the three rules that compar:IA's data were ranked or moved by.

Prism makes no votes of reactions. These are for data of arenas that asked for nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

LEFT, TIE, RIGHT = "left", "tie", "right"
WINS = {"a": LEFT, "b": RIGHT}
OTHER = {"a": "b", "b": "a"}


@dataclass(frozen=True, order=True)
class Thumb:
    """A reaction to the answer of side a or b in a turn of one conversation."""

    turn: int
    side: str
    liked: bool

    @property
    def favours(self) -> str:
        """The side that gains by it."""
        return self.side if self.liked else OTHER[self.side]


def by_conversation(thumbs: Sequence[Thumb]) -> list[str]:
    """PEReN's rule: at most one preference a conversation, none from three or more reactions."""
    if len(thumbs) > 2 or not thumbs:
        return []
    first, *rest = sorted(thumbs)
    if not rest:
        return [WINS[first.favours]]
    (second,) = rest
    if first.liked == second.liked:
        is_draw = first.side != second.side and first.turn == second.turn
        return [TIE if is_draw else WINS[first.favours]]
    if first.side != second.side:
        return [WINS[first.side if first.liked else second.side]]
    return [WINS[first.favours]]


def by_turn(thumbs: Sequence[Thumb]) -> list[str]:
    """The rule of the move to generation 2: at most one preference a turn; silence counts as neutral."""
    turns = groupby(sorted(thumbs), key=lambda thumb: thumb.turn)
    found = (_of_turn([*of_one]) for _, of_one in turns)
    return [winner for winner in found if winner]


def _of_turn(thumbs: Iterable[Thumb]) -> str | None:
    flags: dict[str, set[bool]] = {"a": set(), "b": set()}
    for thumb in thumbs:
        flags[thumb.side].add(thumb.liked)
    good = {side: of_one == {True} for side, of_one in flags.items()}
    bad = {side: of_one == {False} for side, of_one in flags.items()}
    if all(good.values()) or all(bad.values()):
        return TIE
    if good["a"] or bad["b"]:
        return LEFT
    return RIGHT if good["b"] or bad["a"] else None


def each(thumbs: Sequence[Thumb]) -> list[str]:
    """The rule of generation 2's first ranking: every reaction is a win or a loss of its own."""
    return [WINS[thumb.favours] for thumb in sorted(thumbs)]


LEAVE_OUT = "leave-out"
RULES: Mapping[str, Callable[[Sequence[Thumb]], list[str]]] = {
    "by-conversation": by_conversation,
    "by-turn": by_turn,
    "each": each,
}
