"""Withdrawing: until when a person may, and what happens when they do."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from surveys import erasure, journey
from surveys.models import Enrolment, Study
from surveys.quotas import seats

PARTS = {
    Study.Withdrawal.ERASE: erasure.EVERYTHING,
    Study.Withdrawal.ANONYMISE: erasure.ANONYMOUS,
}


def closes_at(enrolment: Enrolment) -> datetime | None:
    """The end of the window; None for somebody who is still on the way, and may withdraw at any time."""
    if enrolment.outcome_at is None:
        return None
    return enrolment.outcome_at + timedelta(days=enrolment.study.withdrawal_days)


def has_withdrawn(enrolment: Enrolment) -> bool:
    return enrolment.outcome == Enrolment.Outcome.WITHDRAWN


def is_possible(enrolment: Enrolment) -> bool:
    """Whether the person may withdraw now: once, and not after the window has closed."""
    end = closes_at(enrolment)
    return not has_withdrawn(enrolment) and (end is None or timezone.now() <= end)


def withdraw(enrolment: Enrolment) -> bool:
    """Clear what the person gave in this study, as the study says, and end their part in it.

    False when that is not possible (any more). The outcome that stood there before is remembered, because it
    decides about payment.
    """
    with transaction.atomic():
        row = Enrolment.objects.select_for_update(of=("self",)).select_related("study").get(pk=enrolment.pk)
        if not is_possible(row):
            return False
        this_one = Enrolment.objects.filter(pk=row.pk)
        before = row.outcome
        parts = PARTS[Study.Withdrawal(row.study.withdrawal)]
        reason = f"at their own wish, on their own page: {row.study.withdrawal}"
        erasure.clear(this_one, parts, reason=reason, action="participant.withdrew")
        # After the clearing, which marks past releases by the outcome that stood when they were made.
        end(row)
        journey.note(row, "withdrew", before=before)
    enrolment.refresh_from_db()
    return True


def end(enrolment: Enrolment) -> None:
    """The outcome becomes `withdrawn`, whatever it was before, and a seat is free for somebody else."""
    if not journey.finish(enrolment, Enrolment.Outcome.WITHDRAWN):
        Enrolment.objects.filter(pk=enrolment.pk).update(
            outcome=Enrolment.Outcome.WITHDRAWN, outcome_at=timezone.now(), stage="done"
        )
        seats.end(enrolment, seats.State.RELEASED, reason=Enrolment.Outcome.WITHDRAWN)


def outcome_before(enrolment: Enrolment) -> str:
    """How it had ended before the person withdrew, which is what they are paid for; else how it ended."""
    noted = enrolment.events.filter(kind="withdrew").values_list("detail", flat=True).first()
    return (noted or {}).get("before") or enrolment.outcome
