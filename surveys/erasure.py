"""Erasing a participant: the one exception to append-only rows.

Each app registers an eraser for its models that lead to a participant, or declares why a model holds nothing
to erase; a test compares both lists with the models. Upper apps register in AppConfig.ready().
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import connection, models, transaction
from django.utils import timezone

from surveys.models import (
    Answer,
    AuditEvent,
    Consent,
    Device,
    Draft,
    Enrolment,
    EnrolmentEvent,
    Identity,
    PageSubmission,
    PanelSubmission,
    Participant,
    Presentation,
)

Eraser = Callable[[Participant], int]
erasers: dict[type[models.Model], Eraser] = {}
exemptions: dict[type[models.Model], str] = {}


def register(model: type[models.Model], eraser: Eraser) -> None:
    erasers[model] = eraser


def exempt(model: type[models.Model], reason: str) -> None:
    exemptions[model] = reason


def erase(participant: Participant, *, reason: str) -> dict[str, int]:
    """Null or delete everything a participant gave; rows and codes stay, a tombstone is written.

    Returns how many rows of each model were changed.
    """
    with _append_only_lifted():
        # What is being submitted now is waited for; what comes later finds the enrolment over.
        list(participant.enrolments.select_for_update())
        counts = {model.__name__: eraser(participant) for model, eraser in erasers.items()}
        participant.erased_at = timezone.now()
        participant.enrolments.filter(outcome="").update(
            outcome=Enrolment.Outcome.WITHDRAWN, outcome_at=participant.erased_at, stage="done"
        )
        participant.save(update_fields=["erased_at"])
        for enrolment in participant.enrolments.select_related("study"):
            AuditEvent.objects.create(
                study=enrolment.study,
                action="participant.erased",
                subject=enrolment.code,
                detail={"reason": reason},
            )
    return counts


@contextmanager
def _append_only_lifted() -> Iterator[None]:
    """One transaction in which append-only rows may change; within a larger one they may not afterwards."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL prism.erasing = 'on'")
        yield
        cursor.execute("SET LOCAL prism.erasing = 'off'")


def _delete(model: type[models.Model], path: str) -> Eraser:
    return lambda participant: model._default_manager.filter(**{path: participant}).delete()[0]


def _blank_identity(participant: Participant) -> int:
    """The id goes; its keyed hash stays, or an erased person would be let in again as somebody new."""
    return Identity.objects.filter(participant=participant).update(encrypted_id="")


def _blank_answers(participant: Participant) -> int:
    return Answer.objects.filter(submission__enrolment__participant=participant).update(value=None, trace={})


def _blank_events(participant: Participant) -> int:
    return EnrolmentEvent.objects.filter(enrolment__participant=participant).update(detail={})


register(Identity, _blank_identity)
register(PanelSubmission, _delete(PanelSubmission, "enrolment__participant"))
register(Draft, _delete(Draft, "enrolment__participant"))
register(Answer, _blank_answers)
register(EnrolmentEvent, _blank_events)
exempt(Participant, "a random code, marked as erased")
exempt(Enrolment, "random codes, states and times")
exempt(Device, "a random key")
exempt(Consent, "proof that consent was given: version, hash and time")
exempt(Presentation, "the order in which options were shown")
exempt(PageSubmission, "page and time; its answers are blanked")
