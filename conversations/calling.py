"""The part of a protocol that says what happens when a call to a model fails. Pure: no database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from conversations.protocols import Part

# What may be tried once more with the same model, as long as nothing of the answer was shown.
KINDS = ("rate_limited", "server_error", "unreachable", "silent", "cut", "empty")
PAUSE = 0.5  # seconds, where the provider does not say how long to wait


@dataclass(frozen=True)
class Calls:
    """`attempts`: how often one model is asked at most, also after its worker was lost.

    `again_after`: kinds of failure after which the same model is asked again instead of being replaced,
    unless it wants us to wait longer than `longest_wait` seconds.
    """

    attempts: int = 2
    again_after: tuple[str, ...] = ("rate_limited",)
    longest_wait: float = 5.0

    def wait(self, kind: str, asked: float | None, attempt: int) -> float | None:
        """Seconds until the same model is asked again after its `attempt` failed; None: not again.

        `asked` is what the provider told us to wait.
        """
        if kind not in self.again_after or attempt >= self.attempts:
            return None
        wait = PAUSE if asked is None and kind != "rate_limited" else asked
        return wait if wait is not None and wait <= self.longest_wait else None


STANDARD = Calls()


def read_calls(part: Part) -> Calls:
    """Raises ProtocolError, with place and reason."""
    part.only("attempts", "again_after", "longest_wait")
    kinds = part.get("again_after", list(Calls.again_after))
    if not isinstance(kinds, list) or any(kind not in KINDS for kind in kinds):
        raise part.wrong(_("must be a list of some of: %s") % ", ".join(KINDS), "again_after")
    return Calls(
        attempts=part.whole("attempts", 1, 5, default=Calls.attempts),
        again_after=tuple(dict.fromkeys(kinds)),
        longest_wait=float(part.number("longest_wait", 0, 60, default=Calls.longest_wait)),
    )
