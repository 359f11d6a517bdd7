"""Erasing what people gave: the one exception to append-only rows.

Each app registers an eraser for its models that lead to a participant, or declares why a model holds nothing
to erase; a test compares both lists with the models. Upper apps register in AppConfig.ready().

An eraser gets the enrolments that it shall clear (a queryset, one study or several) and says how many rows it
changed. It belongs to a part: who the person is, what they wrote, or everything else. Withdrawal erases all
parts, or all but the last where the study keeps anonymous rows; retention erases each part when it is due.
A model may have one eraser for each part.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum

from django.db import connection, models, transaction
from django.utils import timezone

from prism.lib.codes import random_key
from surveys import journey
from surveys.models import (
    Answer,
    AuditEvent,
    Bonus,
    Coding,
    CodingRuling,
    CodingSuggestion,
    Consent,
    Credit,
    Decision,
    Device,
    Draft,
    Enrolment,
    EnrolmentEvent,
    EntryLink,
    Identity,
    InvitedPerson,
    Notice,
    PageSubmission,
    PageView,
    PanelSubmission,
    Participant,
    Presentation,
    Questionnaire,
    Seat,
    Signal,
    UsedEntryToken,
)
from surveys.quotas import seats

Enrolments = models.QuerySet[Enrolment]
Eraser = Callable[[Enrolments], int]


class Part(StrEnum):
    IDENTITY = "identity"  # who the person is: ids of panels, links, devices
    TEXTS = "texts"  # what they wrote, and whatever quotes it
    REST = "rest"  # closed answers, scores and everything else


EVERYTHING = frozenset(Part)
ANONYMOUS = frozenset({Part.IDENTITY, Part.TEXTS})  # what is left says nothing of who it was
GONE_AT = {Part.IDENTITY: "identity_erased_at", Part.TEXTS: "texts_erased_at", Part.REST: "erased_at"}

erasers: dict[tuple[type[models.Model], Part], Eraser] = {}
exemptions: dict[type[models.Model], str] = {}


def register(model: type[models.Model], eraser: Eraser, part: Part = Part.TEXTS) -> None:
    """`part` says with what it goes; where nothing is said, as early as what people wrote."""
    erasers[model, part] = eraser


def exempt(model: type[models.Model], reason: str) -> None:
    exemptions[model] = reason


def erase(participant: Participant, *, reason: str) -> dict[str, int]:
    """Null or delete everything a participant gave in every study, and let them in nowhere again.

    Returns how many rows of each model were changed.
    """
    with transaction.atomic():
        counts = clear(participant.enrolments.all(), EVERYTHING, reason=reason)
        for enrolment in participant.enrolments.in_progress():
            journey.finish(enrolment, Enrolment.Outcome.WITHDRAWN)
        participant.erased_at = timezone.now()
        participant.save(update_fields=["erased_at"])
    return counts


def clear(
    enrolments: Enrolments, parts: frozenset[Part], *, reason: str, action: str = "participant.erased"
) -> dict[str, int]:
    """Null or delete these parts of what was given; rows and codes stay, a tombstone is written for each.

    Returns how many rows of each model were changed.
    """
    with append_only_lifted():
        # What is being submitted now is waited for; what comes later finds the enrolment over.
        locked = list(enrolments.select_for_update(of=("self",)).order_by("pk"))
        chosen = Enrolment.objects.filter(pk__in=[enrolment.pk for enrolment in locked])
        counts: dict[str, int] = {}
        for (model, part), eraser in erasers.items():
            if part in parts:
                counts[model.__name__] = counts.get(model.__name__, 0) + eraser(chosen)
        for part in parts:
            chosen.filter(**{GONE_AT[part]: None}).update(**{GONE_AT[part]: timezone.now()})
        AuditEvent.objects.bulk_create(
            AuditEvent(
                study_id=enrolment.study_id, action=action, subject=enrolment.code, detail={"reason": reason}
            )
            for enrolment in locked
        )
    return counts


@contextmanager
def append_only_lifted() -> Iterator[None]:
    """One transaction in which append-only rows may change; within a larger one they may not afterwards."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL prism.erasing = 'on'")
        yield
        cursor.execute("SET LOCAL prism.erasing = 'off'")


def delete_by(model: type[models.Model], path: str) -> Eraser:
    """An eraser that deletes the rows of `model`; `path` leads from them to their enrolment."""
    return lambda enrolments: model._default_manager.filter(**{f"{path}__in": enrolments}).delete()[0]


def _blank_identity(enrolments: Enrolments) -> int:
    """The id goes when no other study needs it; its keyed hash stays, or the person would come in again as
    somebody new."""
    needed = Enrolment.objects.filter(identity_erased_at=None).exclude(pk__in=enrolments)
    return (
        Identity.objects.filter(participant__in=enrolments.values("participant"))
        .exclude(participant__in=needed.values("participant"))
        .update(encrypted_id="")
    )


def _shut_out_devices(enrolments: Enrolments) -> int:
    """No browser and no personal link opens the enrolment any more."""
    for enrolment in enrolments:
        enrolments.filter(pk=enrolment.pk).update(resume_key=random_key())
    devices = list(Device.objects.filter(enrolment__in=enrolments))
    for device in devices:
        device.key, device.is_trusted = random_key(), False
    return Device.objects.bulk_update(devices, ["key", "is_trusted"])


def _blank_answers(enrolments: Enrolments) -> int:
    return Answer.objects.filter(submission__enrolment__in=enrolments).update(value=None, trace={})


def _blank_texts(enrolments: Enrolments) -> int:
    """Answers in the person's own words; those chosen from what was offered stay."""
    answers = Answer.objects.filter(submission__enrolment__in=enrolments)
    versions = Questionnaire.objects.filter(pagesubmission__enrolment__in=enrolments).distinct()
    changed = 0
    for version in versions:
        offered = [q.key for q in version.parsed().questions() if q.type in CLOSED]
        own_words = answers.filter(submission__questionnaire=version).exclude(question__in=offered)
        changed += own_words.exclude(value=None).update(value=None)
    answers.exclude(trace={}).update(trace={})
    return changed


def _blank_events(enrolments: Enrolments) -> int:
    return EnrolmentEvent.objects.filter(enrolment__in=enrolments).update(detail={})


def _blank_addresses(enrolments: Enrolments) -> int:
    """The address goes; its keyed hash stays, so that nobody invites the person to this study again."""
    return InvitedPerson.objects.filter(link__enrolment__in=enrolments).update(encrypted_address="")


def _blank_reasons(enrolments: Enrolments) -> int:
    """What coordinators wrote of the person may quote them; that and how they decided stays."""
    return Decision.objects.filter(enrolment__in=enrolments).update(reason="")


def _blank_rulings(enrolments: Enrolments) -> int:
    """The reason may quote the person; the category that was decided stays as long as other choices do."""
    return CodingRuling.objects.filter(answer__submission__enrolment__in=enrolments).update(reason="")


# Types of questions whose answer was offered or is a number: nobody's own words.
CLOSED = {
    *("single", "multiple", "dropdown", "country", "matrix", "ranking", "consent"),
    *("number", "birth_year", "sliders", "slider", "visual_analogue"),
}

register(Identity, _blank_identity, Part.IDENTITY)
register(PanelSubmission, delete_by(PanelSubmission, "enrolment"), Part.IDENTITY)
register(Device, _shut_out_devices, Part.IDENTITY)
register(UsedEntryToken, delete_by(UsedEntryToken, "enrolment"), Part.IDENTITY)
register(InvitedPerson, _blank_addresses, Part.IDENTITY)
register(Draft, delete_by(Draft, "enrolment"), Part.TEXTS)
register(Answer, _blank_texts, Part.TEXTS)
register(Answer, _blank_answers, Part.REST)
register(EnrolmentEvent, _blank_events, Part.TEXTS)
register(Coding, delete_by(Coding, "answer__submission__enrolment"), Part.REST)
register(CodingSuggestion, delete_by(CodingSuggestion, "answer__submission__enrolment"), Part.TEXTS)
register(CodingRuling, _blank_rulings, Part.TEXTS)
register(CodingRuling, delete_by(CodingRuling, "answer__submission__enrolment"), Part.REST)
for _noted in (Signal, Notice):
    register(_noted, delete_by(_noted, "enrolment"), Part.TEXTS)
register(Decision, _blank_reasons, Part.TEXTS)
register(Seat, seats.forget, Part.REST)
exempt(Bonus, "the ledger of payments: amount, the team's reason, time")
exempt(Credit, "the ledger of credits: state and times")
exempt(EntryLink, "a keyed hash, so that the link lets nobody in anew")
exempt(Participant, "a random code, marked as erased")
exempt(Enrolment, "random codes, states and times")
exempt(Consent, "proof that consent was given: version, hash and time")
exempt(PageView, "page and time")
exempt(Presentation, "the order in which options were shown")
exempt(PageSubmission, "page and time; its answers are blanked")
