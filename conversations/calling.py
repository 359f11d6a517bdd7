"""The part of a protocol that says what happens when a call to a model fails. Pure: no database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from conversations.protocols import Part

# What may be tried once more with the same model, as long as nothing of the answer was shown.
KINDS = ("rate_limited", "server_error", "unreachable", "silent", "cut", "empty")
BUSY = "rate_limited"  # asked to come back later, by the provider or by our own limits
PAUSE = 0.5  # seconds before the first call that is made again, where the provider does not say how long
MOST_PATIENCE = 40  # seconds; Response.run has room for a hundred calls


@dataclass(frozen=True)
class Tried:
    """What was done for an answer so far, the call that has just failed included.

    `calls`: those that were more than a request to come back later; `refusals`: such requests;
    `waited`: seconds since the first of them.
    """

    calls: int = 0
    refusals: int = 0
    waited: float = 0.0


@dataclass(frozen=True)
class Calls:
    """`attempts`: how often one model is asked at most, also after its worker was lost; with 1 it is never
    asked again, with more a provider's request to come back later does not count.

    `again_after`: kinds of failure after which the same model is asked again instead of being replaced,
    unless it wants us to wait longer than `longest_wait` seconds, or than `patience` seconds in all.
    """

    attempts: int = 2
    again_after: tuple[str, ...] = (BUSY,)
    longest_wait: float = 5.0
    patience: float = 20.0

    def wait(self, kind: str, asked: float | None, tried: Tried) -> float | None:
        """Seconds until the same model is asked again after a failure; None: not again.

        `asked` is what the provider told us to wait. A busy one is asked less and less often.
        """
        if kind not in self.again_after or self.attempts == 1:
            return None
        if kind != BUSY:
            wait = PAUSE if asked is None else asked
            return wait if tried.calls < self.attempts and wait <= self.longest_wait else None
        growing = min(PAUSE * 2 ** min(tried.refusals - 1, 10), self.longest_wait)
        wait = max(asked or 0.0, growing, PAUSE)
        return wait if wait <= self.longest_wait and tried.waited + wait <= self.patience else None


STANDARD = Calls()


def read_calls(part: Part) -> Calls:
    """Raises ProtocolError, with place and reason."""
    part.only("attempts", "again_after", "longest_wait", "patience")
    kinds = part.get("again_after", list(Calls.again_after))
    if not isinstance(kinds, list) or any(kind not in KINDS for kind in kinds):
        raise part.wrong(_("must be a list of some of: %s") % ", ".join(KINDS), "again_after")
    return Calls(
        attempts=part.whole("attempts", 1, 5, default=Calls.attempts),
        again_after=tuple(dict.fromkeys(kinds)),
        longest_wait=float(part.number("longest_wait", 0, 60, default=Calls.longest_wait)),
        patience=float(part.number("patience", 0, MOST_PATIENCE, default=Calls.patience)),
    )
