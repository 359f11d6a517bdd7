"""Reading the subjects of conversations that were voted on, once for each version of the rules."""

from collections.abc import Sequence

from django.db.models import Exists, OuterRef, QuerySet

from analysis.models import Subject
from analysis.subjects import rules
from conversations.models import Turn, Vote
from surveys.models import Study

AT_ONCE = 500
MOST = 20_000  # of one run; the next one goes on


def read(studies: Sequence[Study], most: int = MOST) -> int:
    """Store the subjects that are missing or were read by other rules; how many were."""
    made = 0
    while made < most and (batch := list(unread(studies)[:AT_ONCE])):
        Subject.objects.bulk_create(
            [_subject(conversation, text) for conversation, text in batch],
            update_conflicts=True,
            unique_fields=["conversation"],
            update_fields=["category", "written_in", "rules"],
        )
        made += len(batch)
    return made


def unread(studies: Sequence[Study]) -> QuerySet[Turn, tuple[int, str]]:
    """Conversation and first message."""
    known = Subject.objects.filter(conversation=OuterRef("conversation"), rules=rules.words().version)
    voted = Vote.objects.filter(turn__conversation=OuterRef("conversation")).exclude(choice="")
    first = Turn.objects.filter(number=0, conversation__study__in=studies).exclude(text="")
    return first.filter(~Exists(known), Exists(voted)).order_by("pk").values_list("conversation_id", "text")


def _subject(conversation: int, text: str) -> Subject:
    found = rules.read(text)
    return Subject(
        conversation_id=conversation,
        category=found.category,
        written_in=found.written_in,
        rules=rules.words().version,
    )
