"""Reasoning that a server sends inside the answer, between `<think>` and `</think>`, told from the answer."""

from typing import NamedTuple

OPENING, CLOSING = "<think>", "</think>"


class Piece(NamedTuple):
    """What a model said in one event: a part of its answer, and what it only thought aloud."""

    text: str = ""
    reasoning: str = ""

    @property
    def length(self) -> int:
        return len(self.text) + len(self.reasoning)


class Splitter:
    """Splits a text that comes in pieces. Only a block at the very beginning is reasoning."""

    def __init__(self) -> None:
        self.held = ""
        self.awaits: str | None = OPENING  # the mark that would come next; None: the rest is the answer

    def split(self, text: str) -> Piece:
        """What can be told by now; a part that may yet turn out to be a mark is held back."""
        if self.awaits is None:
            return Piece(text)
        self.held += text
        return self._begin() if self.awaits == OPENING else self._think()

    def rest(self) -> Piece:
        """What is still held back at the end."""
        held, self.held = self.held, ""
        return Piece(reasoning=held) if self.awaits == CLOSING else Piece(held)

    def _begin(self) -> Piece:
        begun = self.held.lstrip()
        if begun.startswith(OPENING):
            self.held, self.awaits = begun[len(OPENING) :], CLOSING
            return self._think()
        if OPENING.startswith(begun):
            return Piece()
        self.awaits = None
        return self.rest()

    def _think(self) -> Piece:
        reasoning, mark, text = self.held.partition(CLOSING)
        if mark:
            self.held, self.awaits = "", None
            return Piece(text.lstrip(), reasoning)
        sure = len(self.held) - _overlap(self.held)
        reasoning, self.held = self.held[:sure], self.held[sure:]
        return Piece(reasoning=reasoning)


def _overlap(text: str) -> int:
    """How many of the last characters may be the beginning of the closing mark."""
    return next((n for n in range(len(CLOSING) - 1, 0, -1) if text.endswith(CLOSING[:n])), 0)
