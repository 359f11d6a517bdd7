"""What the members of a study are known to be able to annotate, and who they are."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Q, QuerySet

from accounts.models import User
from annotations.models import AnnotatorProfile, Assignment, Batch
from surveys import audit
from surveys.access import RIGHTS, Right
from surveys.models import Membership, Study


def members(study: Study) -> QuerySet[Membership]:
    """Those who may annotate."""
    roles = [role for role, rights in RIGHTS.items() if Right.ANNOTATE in rights]
    return study.memberships.filter(role__in=roles).select_related("user").order_by("user__email")


def describe(member: Membership, by: User, *, tags: list[str], languages: list[str]) -> None:
    """Store what a member knows; batches are offered by it."""
    given = {"tags": tags, "languages": languages}
    AnnotatorProfile.objects.update_or_create(study=member.study, user=member.user, defaults=given)
    audit.record(by, "annotator.described", study=member.study, subject=f"member {member.pk}", **given)


def submitted(study: Study) -> dict[int, int]:
    """{user: tasks that they did in the study}."""
    # By the keys of its batches: of an unknown number of them PostgreSQL looks up each assignment by itself.
    batches = list(study.batches.order_by().values_list("pk", flat=True))
    done = Q(state=Assignment.State.SUBMITTED, task__batch__in=batches)
    found = Assignment.objects.filter(done).exclude(annotator=None).order_by().values("annotator")
    return dict(found.annotate(done=Count("pk")).values_list("annotator", "done"))


def counts(batch: Batch) -> dict[int, dict[str, int]]:
    """{user: {open, submitted, skipped}} of a batch."""
    State = Assignment.State  # noqa: N806 (a class)
    rows: Any = (
        Assignment.objects.filter(task__batch=batch, annotator__isnull=False)
        .order_by()
        .values("annotator")
        .annotate(
            open=Count("pk", filter=Q(state=State.OPEN)),
            submitted=Count("pk", filter=Q(state=State.SUBMITTED)),
            skipped=Count("pk", filter=Q(state=State.SKIPPED)),
        )
    )
    return {row.pop("annotator"): row for row in rows}
