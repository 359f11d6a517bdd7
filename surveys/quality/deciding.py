"""What a coordinator decides about participants. Payment, data and sample are three decisions, never one."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Subquery
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


def stands(value: Value, enrolment: str = "pk") -> Exists:
    """Whether this decision is the newest of its matter, for a query on rows that lead to an enrolment."""
    matter = MATTER[value]
    later = Decision.objects.filter(enrolment=OuterRef("enrolment"), matter=matter, pk__gt=OuterRef("pk"))
    standing = Decision.objects.filter(~Exists(later), matter=matter, value=value)
    return Exists(standing.filter(enrolment=OuterRef(enrolment)))


def excluded(study: Study) -> set[int]:
    """The enrolments that a coordinator excluded from the data; exports and analysis leave them out."""
    return set(study.enrolments.filter(stands(Value.EXCLUDE)).values_list("pk", flat=True))


def excluded_throughout(start: datetime, end: datetime) -> Exists:
    """Whether an enrolment was excluded from `start` to `end` without a break."""
    decided = Decision.objects.filter(enrolment=OuterRef("enrolment"), matter=Matter.INCLUSION, at__lte=end)
    unbroken = ~Exists(decided.filter(pk__gt=OuterRef("pk")))
    before = Decision.objects.filter(unbroken, matter=Matter.INCLUSION, value=Value.EXCLUDE, at__lt=start)
    return Exists(before.filter(enrolment=OuterRef("pk")))
