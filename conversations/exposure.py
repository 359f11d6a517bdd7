"""How often each model was drawn in a study, without counting all of the study again at each draw.

A process keeps the counts of what is surely committed and adds what came later. A draw takes the numbers of
this moment; they are stored with it, so that its odds can be computed again.
"""

import time
from collections import Counter
from dataclasses import dataclass, field

from conversations.models import Conversation
from prism.lib import statements

# Whoever had a lower number than one that was seen is committed or gone once no transaction of that moment is
# left, or so long after. Each takes a lock before it takes numbers, so PostgreSQL knows of it by then.
SOON_SECONDS, SETTLED_SECONDS = 2.0, 60.0
RECOUNT_SECONDS = 3600.0  # rows that were deleted meanwhile are found out

# Answers to first messages by who takes part now; test data count among themselves only.
_COUNT = """
    SELECT r.model_id, count(*), max(r.id), pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
        pg_snapshot_xmax(pg_current_snapshot())::text::bigint
    FROM conversations_response r
    JOIN conversations_turn t ON t.id = r.turn_id
    JOIN conversations_conversation c ON c.id = t.conversation_id
    JOIN surveys_enrolment e ON e.id = c.enrolment_id
    WHERE c.study_id = %s AND e.is_test = %s AND NOT e.is_imported
      AND t.number = 0 AND r.copied_from_id IS NULL AND r.id > %s AND r.id <= %s
    GROUP BY r.model_id
"""
_NO_END = 2**63 - 1


@dataclass(frozen=True)
class Newer:
    """How many responses each model has of those counted, and the last number; and the transactions of the
    moment: all below `oldest` are over, none as high as `next` has begun."""

    counts: Counter[int] = field(default_factory=Counter)
    last: int = 0
    oldest: int = 0
    next: int = 0


@dataclass
class Kept:
    """`counts` of the responses up to number `until`; what was `seen` after it and when; whether all below
    its last number is there for good."""

    begun: float
    counts: Counter[int] = field(default_factory=Counter)
    until: int = 0
    seen: tuple[Newer, float] | None = None
    is_settled: bool = False


_kept: dict[tuple[int, bool], Kept] = {}


def exposures(conversation: Conversation) -> Counter[int]:
    """How often each model was drawn in the study; test data count among themselves only."""
    of, now = (conversation.study_id, conversation.enrolment.is_test), time.monotonic()
    kept = _kept.get(of)
    if kept is None or now - kept.begun > RECOUNT_SECONDS:
        kept = _kept[of] = Kept(now)
    if kept.seen and kept.is_settled:
        number = kept.seen[0].last
        kept = _kept[of] = Kept(kept.begun, kept.counts + _count(of, kept.until, number).counts, number)
    newer = _count(of, kept.until, _NO_END)
    if kept.seen:
        seen, age = kept.seen[0], now - kept.seen[1]
        kept.is_settled = age > SETTLED_SECONDS or (age > SOON_SECONDS and newer.oldest >= seen.next)
    elif newer.last:
        kept.seen = (newer, now)
    return kept.counts + newer.counts


def _count(of: tuple[int, bool], after: int, until: int) -> Newer:
    rows = statements.rows(_COUNT, [*of, after, until])
    if not rows:
        return Newer()
    *_, oldest, following = rows[0]
    return Newer(Counter({row[0]: row[1] for row in rows}), max(row[2] for row in rows), oldest, following)
