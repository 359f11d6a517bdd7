"""How often each model was drawn in a study, without counting all of the study again at each draw.

A process keeps the counts of what is surely committed and adds what came later. A draw takes the numbers of
this moment; they are stored with it, so that its odds can be computed again.
"""

import time
from collections import Counter
from dataclasses import dataclass, field

from conversations.models import Conversation
from prism.lib import statements

SETTLED_SECONDS = 60.0  # whoever had a lower number than one that was seen so long ago is committed or gone
RECOUNT_SECONDS = 3600.0  # rows that were deleted meanwhile are found out

# Answers to first messages by who takes part now; test data count among themselves only.
_COUNT = """
    SELECT r.model_id, count(*), max(r.id)
    FROM conversations_response r
    JOIN conversations_turn t ON t.id = r.turn_id
    JOIN conversations_conversation c ON c.id = t.conversation_id
    JOIN surveys_enrolment e ON e.id = c.enrolment_id
    WHERE c.study_id = %s AND e.is_test = %s AND NOT e.is_imported
      AND t.number = 0 AND r.copied_from_id IS NULL AND r.id > %s AND r.id <= %s
    GROUP BY r.model_id
"""
_NO_END = 2**63 - 1


@dataclass
class Kept:
    """`counts` of the responses up to number `until`; `seen`, a number and when it was seen."""

    begun: float
    counts: Counter[int] = field(default_factory=Counter)
    until: int = 0
    seen: tuple[int, float] | None = None


_kept: dict[tuple[int, bool], Kept] = {}


def exposures(conversation: Conversation) -> Counter[int]:
    """How often each model was drawn in the study; test data count among themselves only."""
    of, now = (conversation.study_id, conversation.enrolment.is_test), time.monotonic()
    kept = _kept.get(of)
    if kept is None or now - kept.begun > RECOUNT_SECONDS:
        kept = _kept[of] = Kept(now)
    if kept.seen and now - kept.seen[1] > SETTLED_SECONDS:
        number, _ = kept.seen
        more, _ = _count(of, kept.until, number)
        kept = _kept[of] = Kept(kept.begun, kept.counts + more, number)
    newer, last = _count(of, kept.until, _NO_END)
    if last and kept.seen is None:
        kept.seen = (last, now)
    return kept.counts + newer


def _count(of: tuple[int, bool], after: int, until: int) -> tuple[Counter[int], int]:
    """Of the responses with these numbers: how many each model has, and the last number."""
    rows = statements.rows(_COUNT, [*of, after, until])
    return Counter({model: times for model, times, _ in rows}), max((last for *_, last in rows), default=0)
