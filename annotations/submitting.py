"""Storing what an annotator said, exactly once: assignment, counts and rows in one transaction."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from annotations import assigning
from annotations.models import Annotation, Assignment, Draft, ErrorFound, ItemAnswer, JudgeRun, Task, Values

Row = dict[str, Any]


@dataclass
class Said:
    """Rows of an annotation before it is stored, by sides of the source (never as shown)."""

    values: list[Row] = field(default_factory=list)  # fields of Values
    items: list[Row] = field(default_factory=list)  # fields of ItemAnswer
    errors: list[Row] = field(default_factory=list)  # fields of ErrorFound
    comment: str = ""
    flag: str = ""
    seconds: float | None = None
    active_seconds: float | None = None
    suggested_by: JudgeRun | None = None  # whose suggestion was shown


def submit(assignment: Assignment, said: Said) -> Annotation | None:
    """Store it as the assignment's first annotation, or as the next revision of it.

    A task whose time ran out is taken again where it still has a place. None where it has none, or was
    skipped: nothing is stored then, and the draft stays.
    """
    if assignment.state == Assignment.State.EXPIRED:
        assigning.reopen(assignment)
    with transaction.atomic():
        task = Task.objects.select_for_update().get(pk=assignment.task_id)
        if task.erased_at or not _is_submitted(assignment):
            return None
        made = _stored(assignment, said)
        Draft.objects.filter(assignment=assignment).delete()
    return made


def _is_submitted(assignment: Assignment) -> bool:
    """Whether it is so now: by this act, or by an earlier one that is corrected."""
    mine = Assignment.objects.filter(pk=assignment.pk)
    now = timezone.now()
    if mine.open().update(state=Assignment.State.SUBMITTED, ended_at=now):
        if not assignment.is_test:
            Task.objects.filter(pk=assignment.task_id, needed__gt=0).update(done=F("done") + 1)
        return True
    return mine.filter(state=Assignment.State.SUBMITTED).exists()


def _stored(assignment: Assignment, said: Said) -> Annotation:
    made = Annotation.objects.create(
        task_id=assignment.task_id,
        assignment=assignment,
        revision=assignment.annotations.count(),
        comment=said.comment,
        flag=said.flag,
        seconds=said.seconds,
        active_seconds=said.active_seconds,
        suggestion_shown=said.suggested_by is not None,
        suggested_by=said.suggested_by,
    )
    Values.objects.bulk_create(Values(annotation=made, **row) for row in said.values)
    ItemAnswer.objects.bulk_create(ItemAnswer(annotation=made, **row) for row in said.items)
    ErrorFound.objects.bulk_create(ErrorFound(annotation=made, **row) for row in said.errors)
    return made
