"""The part of a protocol that says on what scale answers are rated."""

from dataclasses import dataclass

from conversations.protocols.reading import Part


@dataclass(frozen=True)
class RatingScale:
    minimum: int
    maximum: int
    low: str
    high: str


def read_rating(part: Part) -> RatingScale:
    part.only("minimum", "maximum", "low", "high")
    minimum = part.whole("minimum", 1, 99)
    return RatingScale(
        minimum, part.whole("maximum", minimum + 1, 100), low=part.text("low"), high=part.text("high")
    )
