"""What a reader asks of the leaderboard: filters, treatment of ties, which votes are taken in all the same.

The address of the page carries it; the same choice always has the same words.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from urllib.parse import urlencode

from analysis.bradley_terry import Ties

PERIODS = (0, 30, 90, 365)
INCLUDABLE = ("not_blind", "leaked", "custom", "cached", "cut", "replaced")
LONGEST = 40


@dataclass(frozen=True)
class Choice:
    """`days` counts back from the newest vote, 0 is all; `including` are reasons that shall not count."""

    language: str = ""
    topic: str = ""
    mode: str = ""
    days: int = 0
    turns: str = "first"
    ties: Ties = "davidson"
    including: tuple[str, ...] = ()

    @property
    def query(self) -> str:
        """The choice as the query of an address, without what is so by default."""
        default = Choice()
        parts: list[tuple[str, object]] = []
        for one in fields(self):
            value = getattr(self, one.name)
            if one.name == "including":
                parts += [("with", reason) for reason in value]
            elif value != getattr(default, one.name):
                parts.append((one.name, value))
        return urlencode(parts)


def read_choice(given: Mapping[str, str], including: list[str]) -> Choice:
    """From the query of an address; what is not known there means the default."""
    days = given.get("days", "")
    return Choice(
        language=given.get("language", "")[:LONGEST],
        topic=given.get("topic", "")[:LONGEST],
        mode=given.get("mode", "")[:LONGEST],
        days=int(days) if days in map(str, PERIODS) else 0,
        turns="all" if given.get("turns") == "all" else "first",
        ties="half" if given.get("ties") == "half" else "davidson",
        including=tuple(reason for reason in INCLUDABLE if reason in including),
    )
