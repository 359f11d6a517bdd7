"""A place in a text that says who somebody is, and what is made of such places."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    EMAIL = "email"
    PHONE = "phone"
    IBAN = "iban"
    CARD = "card"
    NATIONAL_ID = "national_id"
    ADDRESS = "address"
    IP = "ip"
    CREDENTIALS = "credentials"
    NAME = "name"


@dataclass(frozen=True, order=True)
class Span:
    """Characters `start` to `end` (exclusive); `confidence`, 0 to 1, orders spans and is no probability."""

    start: int
    end: int
    kind: Kind
    rule: str
    confidence: float

    def overlaps(self, other: "Span") -> bool:
        return self.start < other.end and other.start < self.end


def settled(spans: Iterable[Span]) -> list[Span]:
    """In order of place and free of overlaps: the surer one stays, of equals the longer.

    What loses still had a reason: where it reaches beyond the winner, the winner grows over it, so that no
    half of a number stays behind.
    """
    chosen: list[Span] = []
    for span in sorted(spans):
        if chosen and chosen[-1].overlaps(span):
            chosen[-1] = _merged(chosen[-1], span)
        else:
            chosen.append(span)
    return chosen


def _merged(one: Span, other: Span) -> Span:
    surer = max(one, other, key=lambda span: (span.confidence, span.end - span.start))
    start, end = min(one.start, other.start), max(one.end, other.end)
    return Span(start, end, surer.kind, surer.rule, surer.confidence)


def placeholder(kind: str) -> str:
    """What stands in a masked text: `[EMAIL]` and the like."""
    return f"[{kind.upper()}]"


def replaced(text: str, spans: Sequence[Span]) -> str:
    """The text with a placeholder for each span; spans must be settled."""
    parts, last = [], 0
    for span in spans:
        parts += [text[last : span.start], placeholder(span.kind)]
        last = span.end
    return "".join([*parts, text[last:]])
