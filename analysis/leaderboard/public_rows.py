"""The arena's votes as anybody may have them: one row a vote, no text, pseudonyms instead of people.

The leaderboard is computed from the file that is written here and from nothing else. Exports of the arena
hold the same rows, under the codes of the release.
"""

import csv
import hashlib
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Any

from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL

from analysis.exports import release
from analysis.exports.release import ARENA, Scope
from conversations.arena.visiting import SLUG
from conversations.models import Vote
from conversations.models.imported import ALL, LIVE
from prism.lib.crypto import keyed_hash
from surveys.models import Study

FEATURES = ("characters", "headers", "bold", "lists", "emoji", "code_blocks")
FLAGS = (
    "blind",
    "custom",
    "cached",
    "leaked_a",
    "leaked_b",
    "failed_a",
    "failed_b",
    "replaced_a",
    "replaced_b",
    "flagged",
)
TIMES = ("first_text_ms_a", "first_text_ms_b", "total_ms_a", "total_ms_b", "ms_to_vote")
COLUMNS = (
    "voter",
    "conversation",
    "turn",
    "study",
    "source",
    "day",
    "model_a",
    "model_b",
    "choice",
    "mode",
    "language",
    "written_in",
    "topic",
    "category",
    *FLAGS,
    *(f"{feature}_{side}" for feature in FEATURES for side in "ab"),
    *TIMES,
    "reasons_a",
    "reasons_b",
)
WORDS = (
    "voter",
    "conversation",
    "study",
    "source",
    "day",
    "model_a",
    "model_b",
    "choice",
    "mode",
    "language",
    "written_in",
    "topic",
    "category",
)
AT_ONCE = 2000


def public_votes(study: Study) -> QuerySet[Vote]:
    """Votes of those whom a release of the arena holds, in the order of time.

    Of what was imported, that of datasets which are offered to the public.
    """
    held = release.conversations(Scope(study, format=ARENA, source=ALL))
    shown = held.filter(Q(enrolment__is_imported=False) | Q(imported__dataset__is_public=True)).values("pk")
    return votes_in(shown).select_related("turn__conversation__enrolment__participant").order_by("at", "pk")


def votes_in(conversations: QuerySet[Any] | RawSQL | Sequence[int]) -> QuerySet[Vote]:
    """The votes of some conversations that were not erased."""
    found = Vote.objects.filter(turn__conversation__in=conversations).exclude(choice="")
    return found.select_related(
        "model_a", "model_b", "draw", "turn__conversation__study", "turn__conversation__subject", "signals"
    ).select_related("turn__conversation__imported__dataset")


@dataclass(frozen=True)
class Written:
    """How many rows a file has, its SHA-256, and the highest id of a vote in it."""

    rows: int
    sha256: str
    highest: int

    def is_still_allowed(self, studies: Sequence[Study]) -> bool:
        """Whether nobody in the file withdrew, was erased or was excluded while it was written."""
        counts = (public_votes(study).filter(pk__lte=self.highest).count() for study in studies)
        return sum(counts) >= self.rows


def arenas() -> list[Study]:
    """The studies whose votes are public: the arena, and those with a portal of their own."""
    public = Q(slug=SLUG) | Q(portals__is_active=True)
    return list(Study.objects.filter(public).distinct().order_by("slug"))


def write(studies: Sequence[Study], path: Path) -> Written:
    """Write the rows as CSV, with a heading, study by study. Raises OSError."""
    digest, rows, highest = hashlib.sha256(), 0, 0
    with path.open("wb") as file:

        def put(fields: Iterable[object]) -> None:
            line = _line(fields)
            file.write(line)
            digest.update(line)

        put(COLUMNS)
        for study in studies:
            for vote in public_votes(study).iterator(chunk_size=AT_ONCE):
                talk = vote.turn.conversation
                voter = pseudonym("voter", talk.enrolment.participant.code)
                row = row_of(vote, voter, pseudonym("conversation", str(talk.pk)))
                put(row[column] for column in COLUMNS)
                rows, highest = rows + 1, max(highest, vote.pk)
    return Written(rows, digest.hexdigest(), highest)


def _line(fields: Iterable[object]) -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\n").writerow(fields)
    return buffer.getvalue().encode()


def row_of(vote: Vote, voter: str, conversation: str) -> dict[str, Any]:
    """`voter` and `conversation` are the codes of this file or release."""
    talk = vote.turn.conversation
    subject, imported = getattr(talk, "subject", None), getattr(talk, "imported", None)
    row: dict[str, Any] = {
        "voter": voter,
        "conversation": conversation,
        "turn": vote.turn.number,
        "study": talk.study.slug,
        "source": imported.dataset.key if imported else LIVE,
        "day": vote.at.astimezone(UTC).date().isoformat(),
        "model_a": vote.model_a.name,
        "model_b": vote.model_b.name,
        "choice": vote.choice,
        "mode": vote.mode,
        "language": vote.language,
        "written_in": subject.written_in if subject else "",
        "topic": vote.topic,
        "category": subject.category if subject else "",
        "reasons_a": " ".join(vote.reasons_a),
        "reasons_b": " ".join(vote.reasons_b),
    }
    row |= {flag: int(getattr(vote, flag)) for flag in FLAGS}
    row |= {column: getattr(vote, column) for column in TIMES}
    for side in "ab":
        counts = getattr(vote, f"style_{side}")
        row |= {f"{feature}_{side}": counts.get(feature, 0) for feature in FEATURES}
    return row


def pseudonym(kind: str, secret: str) -> str:
    """The same for the same person in every file of this installation, and in nothing else that it writes."""
    return keyed_hash("leaderboard", kind, secret)[:12]
