"""The participant's way through a study: where they belong now, what is done, and how it ends."""

from dataclasses import dataclass

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from surveys import stages
from surveys.models import Consent, ConsentDocument, Enrolment, EnrolmentEvent
from surveys.monitor.shown import note_stage
from surveys.quotas import seats


@dataclass(frozen=True)
class Step:
    """A stage as the header shows it; `state` is done, current or todo."""

    label: str | Promise
    state: str


def destination(enrolment: Enrolment) -> str:
    """The address where this person belongs now; completes the enrolment when nothing is left to do."""
    if not enrolment.is_over:
        _end_without_seat(enrolment, seats.keep(enrolment))
    if not enrolment.is_over:
        stage = stages.first_open(enrolment)
        if stage:
            _remember(enrolment, stage.key)
            return stage.url(enrolment)
        finish(enrolment, Enrolment.Outcome.COMPLETE)
    return reverse("surveys:done", args=[enrolment.study.slug])


def after_page(enrolment: Enrolment) -> None:
    """Once the profile is known, the person's seats are reserved; without them their part ends here."""
    if not enrolment.is_over:
        _end_without_seat(enrolment, seats.claim(enrolment))


def _end_without_seat(enrolment: Enrolment, outcome: Enrolment.Outcome | None) -> None:
    if outcome:
        finish(enrolment, outcome)


def finish(enrolment: Enrolment, outcome: Enrolment.Outcome) -> bool:
    """Write the outcome once and settle the seats; False when another one stood there already (it stays).

    Who completes without a seat, because it ran out and went to somebody else, ends as quota full.
    """
    with transaction.atomic():
        now = timezone.now()
        first = Enrolment.objects.filter(pk=enrolment.pk, outcome="").update(
            outcome=outcome, outcome_at=now, stage="done"
        )
        if first:
            held = seats.settle(enrolment, outcome)
            if held != outcome:
                Enrolment.objects.filter(pk=enrolment.pk).update(outcome=held)
            EnrolmentEvent.objects.create(
                enrolment=enrolment, kind="outcome", detail={"outcome": held}, at=now
            )
    enrolment.refresh_from_db(fields=["outcome", "outcome_at", "stage"])
    return bool(first)


def steps(enrolment: Enrolment, current: str) -> list[Step]:
    """The stages of the header; those before the current one are done."""
    keys = stages.due(enrolment)
    reached = next((i for i, stage in enumerate(keys) if stage.key == current), len(keys))
    states = ["done" if i < reached else "current" if i == reached else "todo" for i in range(len(keys))]
    return [Step(stage.label, state) for stage, state in zip(keys, states, strict=True)]


def note(enrolment: Enrolment, kind: str, **detail: object) -> None:
    EnrolmentEvent.objects.create(enrolment=enrolment, kind=kind, detail=detail)


def seen(enrolment: Enrolment) -> None:
    """Remember that the person is here, at most twice a minute."""
    if (timezone.now() - enrolment.seen_at).total_seconds() > 30:
        Enrolment.objects.filter(pk=enrolment.pk).update(seen_at=timezone.now())
        seats.renew(enrolment)


def has_consented(enrolment: Enrolment) -> bool:
    """Whether the person agreed to the study's document, or to one before it that need not be renewed."""
    agreed = Consent.objects.filter(enrolment=enrolment, agreed=True).order_by("-pk")
    newest = agreed.values_list("document", "document__key", "document__version").first()
    if newest is None or newest[0] == enrolment.study.consent_document_id:
        return newest is not None
    return not _asks_again(enrolment.study.consent_document, *newest[1:])


def _asks_again(document: ConsentDocument | None, key: str, agreed: int) -> bool:
    """Whether this document is another one than was agreed to, or a version since then must be agreed to."""
    if document is None or document.key != key:
        return document is not None
    since = ConsentDocument.objects.filter(key=key, version__gt=agreed, version__lte=document.version)
    return since.filter(reconsent=True).exists()


def _remember(enrolment: Enrolment, stage: str) -> None:
    if enrolment.stage != stage:
        Enrolment.objects.filter(pk=enrolment.pk, outcome="").update(stage=stage)
        enrolment.stage = stage
        note_stage(enrolment, stage)


CONSENT = stages.Stage(
    key="consent",
    label=_("Consent"),
    order=10,
    is_due=lambda enrolment: enrolment.study.consent_document_id is not None,
    is_done=has_consented,
    url=lambda enrolment: reverse("surveys:consent", args=[enrolment.study.slug]),
)
SURVEY = stages.Stage(
    key="survey",
    label=_("About you"),
    order=20,
    is_due=lambda enrolment: enrolment.study.questionnaire_id is not None,
    is_done=lambda enrolment: enrolment.survey_finished_at is not None,
    url=lambda enrolment: reverse("surveys:survey", args=[enrolment.study.slug]),
)
