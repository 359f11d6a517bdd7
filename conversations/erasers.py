"""What erasing does to conversations: running calls end, texts and ratings go, rows and codes stay."""

import redis
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from conversations.live.wire import stream_key
from conversations.models import (
    Attempt,
    Choice,
    Conversation,
    Draw,
    Feedback,
    ImportedPerson,
    ImportedTalk,
    Opening,
    Rating,
    RawText,
    Reaction,
    Repeat,
    RepeatRating,
    Report,
    Response,
    TextCheck,
    Turn,
    Vote,
    VoteSignals,
)
from conversations.models.response import ERASED
from surveys import erasure
from surveys.erasure import Enrolments, Part


def blank_turns(enrolments: Enrolments) -> int:
    # A message that is being sent now is waited for, so that its text goes too.
    list(Conversation.objects.select_for_update().filter(enrolment__in=enrolments).order_by("pk"))
    turns = Turn.objects.filter(conversation__enrolment__in=enrolments)
    keys = [stream_key(pk) for pk in turns.values_list("pk", flat=True)]
    transaction.on_commit(lambda: _forget_streams(keys), robust=True)
    return turns.update(text="")


def _forget_streams(keys: list[str]) -> None:
    """Drop what Redis still holds of the answers; it would go by itself within the hour."""
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        if keys:
            client.delete(*keys)


def blank_responses(enrolments: Enrolments) -> int:
    """Answers quote their questions; a running call loses its claim, so that its worker stops it."""
    responses = Response.objects.filter(turn__conversation__enrolment__in=enrolments)
    responses.unfinished().update(state=Response.State.FAILED, failure=ERASED, finished_at=timezone.now())
    return responses.update(text="", reasoning="")


def blank_attempts(enrolments: Enrolments) -> int:
    attempts = Attempt.objects.filter(response__turn__conversation__enrolment__in=enrolments)
    attempts.filter(state=Attempt.State.STARTED).update(
        state=Attempt.State.LOST, failure=ERASED, finished_at=timezone.now()
    )
    return attempts.update(text="", detail="")


def blank_traces(enrolments: Enrolments) -> int:
    return Rating.objects.filter(response__turn__conversation__enrolment__in=enrolments).update(trace={})


def blank_ratings(enrolments: Enrolments) -> int:
    ratings = Rating.objects.filter(response__turn__conversation__enrolment__in=enrolments)
    return ratings.update(score=None, rank=None, tie="", trace={})


def blank_second_traces(enrolments: Enrolments) -> int:
    return RepeatRating.objects.filter(repeat__after__enrolment__in=enrolments).update(trace={})


def blank_second_ratings(enrolments: Enrolments) -> int:
    ratings = RepeatRating.objects.filter(repeat__after__enrolment__in=enrolments)
    return ratings.update(score=None, rank=None, tie="", trace={})


def blank_words(enrolments: Enrolments) -> int:
    return Feedback.objects.filter(conversation__enrolment__in=enrolments).update(text="", texts={})


def blank_feedback(enrolments: Enrolments) -> int:
    feedback = Feedback.objects.filter(conversation__enrolment__in=enrolments)
    return feedback.update(text="", texts={}, performance={}, choice={}, blocks={}, order={})


def blank_comments(enrolments: Enrolments) -> int:
    return Vote.objects.filter(turn__conversation__enrolment__in=enrolments).update(comment="")


def blank_votes(enrolments: Enrolments) -> int:
    votes = Vote.objects.filter(turn__conversation__enrolment__in=enrolments)
    return votes.update(choice="", reasons_a=[], reasons_b=[], comment="")


def drop_signals(enrolments: Enrolments) -> int:
    """What was noticed about votes that are no votes any more."""
    return VoteSignals.objects.filter(vote__turn__conversation__enrolment__in=enrolments).delete()[0]


def blank_remarks(enrolments: Enrolments) -> int:
    return _reactions(enrolments).update(comment="")


def blank_reactions(enrolments: Enrolments) -> int:
    return _reactions(enrolments).update(liked=None, reasons=[], comment="")


def _reactions(enrolments: Enrolments) -> QuerySet[Reaction]:
    return Reaction.objects.filter(response__turn__conversation__enrolment__in=enrolments)


def blank_reports(enrolments: Enrolments) -> int:
    return Report.objects.filter(conversation__enrolment__in=enrolments).update(text="")


def stop_sharing(enrolments: Enrolments) -> int:
    """A link that was given away opens nothing any more."""
    return Conversation.objects.filter(enrolment__in=enrolments).update(share_key=None)


def blank_raw_texts(enrolments: Enrolments) -> int:
    return RawText.objects.filter(check_of__conversation__enrolment__in=enrolments).update(encrypted_text="")


def blank_checks(enrolments: Enrolments) -> int:
    """How often what was done stays, for it says nothing of the text."""
    checks = TextCheck.objects.filter(conversation__enrolment__in=enrolments)
    return checks.update(digest="", kinds={}, spans=[], scores={}, flagged={})


def blank_origins(enrolments: Enrolments) -> int:
    """The keyed hash stays, so that no import brings the conversation back."""
    origins = ImportedTalk.objects.filter(conversation__enrolment__in=enrolments)
    return origins.update(name="", rows={}, facts={}, system_a="", system_b="")


def register() -> None:
    erasure.register(RawText, blank_raw_texts, Part.TEXTS)
    erasure.register(TextCheck, blank_checks, Part.TEXTS)
    erasure.register(Turn, blank_turns, Part.TEXTS)
    erasure.register(Response, blank_responses, Part.TEXTS)
    erasure.register(Attempt, blank_attempts, Part.TEXTS)
    erasure.register(Rating, blank_traces, Part.TEXTS)
    erasure.register(Rating, blank_ratings, Part.REST)
    erasure.register(RepeatRating, blank_second_traces, Part.TEXTS)
    erasure.register(RepeatRating, blank_second_ratings, Part.REST)
    erasure.register(Feedback, blank_words, Part.TEXTS)
    erasure.register(Feedback, blank_feedback, Part.REST)
    erasure.register(Vote, blank_comments, Part.TEXTS)
    erasure.register(Vote, blank_votes, Part.REST)
    erasure.register(VoteSignals, drop_signals, Part.REST)
    erasure.register(Reaction, blank_remarks, Part.TEXTS)
    erasure.register(Reaction, blank_reactions, Part.REST)
    erasure.register(Report, blank_reports, Part.TEXTS)
    erasure.register(Conversation, stop_sharing, Part.TEXTS)
    erasure.exempt(Draw, "which models were drawn, with odds and seed")
    erasure.exempt(Choice, "which slot won, by which rule")
    erasure.exempt(Opening, "which of the study's own messages was given, with odds and seed")
    erasure.exempt(Repeat, "which answers were shown again, with odds and seed")
    erasure.register(ImportedTalk, blank_origins, Part.TEXTS)
    erasure.exempt(ImportedPerson, "a keyed hash, so that no import brings the person back")
