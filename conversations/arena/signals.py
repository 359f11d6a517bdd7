"""What can be noticed of a vote, as rules on figures. Pure: no database.

A signal is a hint for people who look through the votes: nobody is refused or asked anything because of one.
What a crowd does (the same text, one network) never makes a vote doubtful, since a class does just that.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from conversations.models import VoteSignals

VERSION = 1  # of the rules below; raise it when one of them changes
Kind = VoteSignals.Kind

LEAST_WORDS = 100  # of both answers together, before speed says something
READ_A_SECOND = 25  # words; who skims manages half of it
LEAST_MS = 700  # from the last word to the vote: to choose and to press
DECIDED = 12  # votes in a row for one side: by chance one person in 2,000
AGAIN = 5  # comparisons of one person with the same first message
PEOPLE = 30  # with the same first message within a day
NEWCOMERS = 100  # from one network within ten minutes

MACHINE = frozenset({Kind.DRIVEN, Kind.TRAP})
PERSON = frozenset({Kind.FAST, Kind.NO_HANDS, Kind.ONE_SIDE, Kind.REPEATED})


@dataclass(frozen=True)
class Evidence:
    """`ms_shown` is the time from the first word of an answer to the vote, `ms_after` that from the last one.

    `pointer` and `keys` count what the page noticed, None without its script; `decided` are the sides of this
    person's newest decided votes, such as "AAB", this one at the end.
    """

    words: int = 0
    ms_shown: int | None = None
    ms_after: int | None = None
    pointer: int | None = None
    keys: int | None = None
    is_driven: bool = False
    is_trapped: bool = False
    decided: str = ""
    same_text: int = 0
    people_with_text: int = 0
    newcomers: int = 0

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def found(evidence: Evidence) -> list[str]:
    """The kinds of signals, in the order of `Kind`."""
    rules: Mapping[str, bool] = {
        Kind.DRIVEN: evidence.is_driven,
        Kind.TRAP: evidence.is_trapped,
        Kind.FAST: _is_fast(evidence),
        Kind.NO_HANDS: evidence.pointer == 0 and evidence.keys == 0,
        Kind.ONE_SIDE: len(evidence.decided) >= DECIDED and len(set(evidence.decided[-DECIDED:])) == 1,
        Kind.REPEATED: evidence.same_text >= AGAIN,
        Kind.COMMON: evidence.people_with_text >= PEOPLE,
        Kind.CROWD: evidence.newcomers >= NEWCOMERS,
    }
    return [kind.value for kind in Kind if rules[kind]]


def is_doubtful(kinds: list[str]) -> bool:
    """A machine showed itself, or two things come together that this person did alone."""
    return bool(MACHINE.intersection(kinds)) or len(PERSON.intersection(kinds)) >= 2


def _is_fast(evidence: Evidence) -> bool:
    if evidence.words < LEAST_WORDS:
        return False
    if evidence.ms_after is not None and evidence.ms_after < LEAST_MS:
        return True
    shown = evidence.ms_shown
    return shown is not None and evidence.words * 1000 > READ_A_SECOND * max(shown, 1)
