"""The arena's votes as anybody may have them: one row a vote, no text, pseudonyms instead of people.

The leaderboard is computed from the file that is written here and from nothing else.
"""

import csv
import hashlib
import io
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path
from typing import Any

from django.db.models import QuerySet

from conversations.models import Vote
from prism.lib.crypto import keyed_hash
from surveys.models import Decision, Enrolment, Study
from surveys.quality.deciding import stands

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
)
TIMES = ("first_text_ms_a", "first_text_ms_b", "total_ms_a", "total_ms_b", "ms_to_vote")
COLUMNS = (
    "voter",
    "conversation",
    "turn",
    "day",
    "model_a",
    "model_b",
    "choice",
    "mode",
    "language",
    "topic",
    *FLAGS,
    *(f"{feature}_{side}" for feature in FEATURES for side in "ab"),
    *TIMES,
    "reasons_a",
    "reasons_b",
)
AT_ONCE = 2000


def public_votes(study: Study) -> QuerySet[Vote]:
    """Votes of people who did not withdraw, were not excluded and are no test, in the order of time."""
    return (
        Vote.objects.filter(turn__conversation__study=study, turn__conversation__enrolment__is_test=False)
        .exclude(choice="")
        .exclude(turn__conversation__enrolment__outcome=Enrolment.Outcome.WITHDRAWN)
        .filter(
            ~stands(Decision.Value.EXCLUDE, "turn__conversation__enrolment"),
            turn__conversation__enrolment__erased_at=None,
            turn__conversation__enrolment__participant__erased_at=None,
        )
        .select_related("turn__conversation__enrolment__participant", "model_a", "model_b")
        .order_by("at", "pk")
    )


def write(study: Study, path: Path) -> tuple[int, str]:
    """Write the rows as CSV; gives how many, and the SHA-256 of the file. Raises OSError."""
    digest, rows = hashlib.sha256(), -1
    with path.open("wb") as file:
        for line in _lines(study):
            file.write(line)
            digest.update(line)
            rows += 1
    return rows, digest.hexdigest()


def _lines(study: Study) -> Iterator[bytes]:
    """The heading and the rows, as bytes."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    yield buffer.getvalue().encode()
    for vote in public_votes(study).iterator(chunk_size=AT_ONCE):
        buffer.seek(0)
        buffer.truncate()
        row = row_of(vote)
        writer.writerow([row[column] for column in COLUMNS])
        yield buffer.getvalue().encode()


def row_of(vote: Vote) -> dict[str, Any]:
    conversation = vote.turn.conversation
    row: dict[str, Any] = {
        "voter": pseudonym("voter", conversation.enrolment.participant.code),
        "conversation": pseudonym("conversation", str(conversation.pk)),
        "turn": vote.turn.number,
        "day": vote.at.astimezone(UTC).date().isoformat(),
        "model_a": vote.model_a.name,
        "model_b": vote.model_b.name,
        "choice": vote.choice,
        "mode": vote.mode,
        "language": vote.language,
        "topic": vote.topic,
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
