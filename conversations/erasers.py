"""What erasing a participant does to conversations: texts and ratings go, rows and codes stay."""

import redis
from django.conf import settings
from django.db import transaction

from conversations.live.wire import stream_key
from conversations.models import (
    Attempt,
    Choice,
    Conversation,
    Draw,
    Feedback,
    Rating,
    Response,
    Turn,
)
from surveys import erasure
from surveys.models import Participant

PATH = "conversation__enrolment__participant"


def blank_turns(participant: Participant) -> int:
    # A message that is being sent now is waited for, so that its text goes too.
    list(Conversation.objects.select_for_update().filter(enrolment__participant=participant))
    turns = Turn.objects.filter(**{PATH: participant})
    keys = [stream_key(pk) for pk in turns.values_list("pk", flat=True)]
    transaction.on_commit(lambda: _forget_streams(keys), robust=True)
    return turns.update(text="")


def _forget_streams(keys: list[str]) -> None:
    """Drop what Redis still holds of the answers; it would go by itself within the hour."""
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        if keys:
            client.delete(*keys)


def blank_responses(participant: Participant) -> int:
    """Answers quote their questions; a running call loses its claim and is dropped by its worker."""
    responses = Response.objects.filter(**{f"turn__{PATH}": participant})
    return responses.update(text="", state=Response.State.FAILED, failure="erased")


def blank_attempts(participant: Participant) -> int:
    return Attempt.objects.filter(**{f"response__turn__{PATH}": participant}).update(text="", detail="")


def blank_ratings(participant: Participant) -> int:
    return Rating.objects.filter(**{f"response__turn__{PATH}": participant}).update(score=None, trace={})


def blank_feedback(participant: Participant) -> int:
    return Feedback.objects.filter(**{PATH: participant}).update(text="", performance={}, choice={}, order={})


def register() -> None:
    erasure.register(Turn, blank_turns)
    erasure.register(Response, blank_responses)
    erasure.register(Attempt, blank_attempts)
    erasure.register(Rating, blank_ratings)
    erasure.register(Feedback, blank_feedback)
    erasure.exempt(Conversation, "random codes, type, states and times")
    erasure.exempt(Draw, "which models were drawn, with odds and seed")
    erasure.exempt(Choice, "which slot won, by which rule")
