"""What a coordinator decides about participants. Payment, data and sample are three decisions, never one."""

from collections.abc import Iterable

from django.db import transaction
from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext as _

from accounts.models import User
from surveys import audit
from surveys.models import Decision, Enrolment, Study

Matter = Decision.Matter
Value = Decision.Value
VALUES: dict[Matter, tuple[Value, ...]] = {
    Matter.PAYMENT: (Value.PAY, Value.ASK_RETURN, Value.HOLD),
    Matter.INCLUSION: (Value.KEEP, Value.EXCLUDE),
    Matter.SAMPLE: (Value.COUNT, Value.LEAVE_OUT),
    Matter.REVIEW: (Value.MARKED, Value.REVIEWED),
    Matter.NOTE: (Value.NOTED,),
}
MATTER = {value: matter for matter, values in VALUES.items() for value in values}
LEAST_REASON = 5


class DecisionError(Exception):
    """The decision was not stored; the message says why."""


def decide(enrolments: Iterable[Enrolment], value: str, reason: str, by: User) -> int:
    """Write one decision for each of the enrolments, with the same reason; how many were written.

    Raises DecisionError without a reason or for an unknown value. Nothing is paid, erased or sent by it.
    """
    reason = reason.strip()
    if value not in MATTER:
        raise DecisionError(_("Please choose what you decide."))
    if len(reason) < LEAST_REASON:
        raise DecisionError(_("Please give a reason; whoever looks later will want to know."))
    matter = MATTER[Value(value)]
    with transaction.atomic():
        rows = [
            Decision(enrolment=enrolment, matter=matter, value=value, reason=reason[:1000], by=by)
            for enrolment in enrolments
        ]
        for row in Decision.objects.bulk_create(rows):
            audit.record(
                by,
                "participant.decided",
                study=row.enrolment.study,
                subject=row.enrolment.code,
                matter=str(matter),
                value=str(value),
            )
    return len(rows)


def newest_value(matter: Matter) -> Subquery:
    """The value that stands in the matter, to annotate or filter enrolments; null where none was decided."""
    rows = Decision.objects.filter(enrolment=OuterRef("pk"), matter=matter).order_by("-id")
    return Subquery(rows.values("value")[:1])


def excluded(study: Study) -> set[int]:
    """The enrolments that a coordinator excluded from the data; exports and analysis leave them out."""
    rows = study.enrolments.annotate(inclusion=newest_value(Matter.INCLUSION))
    return set(rows.filter(inclusion=Value.EXCLUDE).values_list("pk", flat=True))
