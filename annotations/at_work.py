"""What an annotator does with a task in hand, on a page or through a program."""

from __future__ import annotations

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext_lazy

from accounts.models import User
from annotations import assigning, suggestions
from annotations.models import Annotation, Assignment, Batch, Draft
from annotations.sheets import Form
from annotations.submitting import Said, submit
from annotations.told import Reading, form_of, read
from surveys.access import Right, may

State = Assignment.State
FLAGS = {
    "unclear": gettext_lazy("The query or a response cannot be understood"),
    "personal": gettext_lazy("It names a real person or gives private details"),
    "harmful": gettext_lazy("It is disturbing or harmful"),
    "broken": gettext_lazy("A text is cut off or broken"),
    "other": gettext_lazy("Something else, as I write in the comment"),
}


def task_of(user: User, pk: int) -> Assignment:
    """The person's own, while they annotate in the study. Raises Http404: to everybody else there is none."""
    related = ("task__batch__study", "task__batch__rubric_version")
    found = get_object_or_404(Assignment.objects.select_related(*related), pk=pk, annotator=user)
    if not may(user, Right.ANNOTATE, found.task.batch.study):
        raise Http404
    return found


def can_be_done(assignment: Assignment) -> bool:
    """Whether its batch is open, and it is open, or can be again, or is submitted and may be corrected."""
    if not assignment.task.batch.is_open or assignment.task.erased_at:
        return False
    if assigning.reopen(assignment):
        assignment.refresh_from_db(fields=["state", "place", "is_swapped", "opened_at", "expires_at"])
    if assignment.state == State.SUBMITTED:
        return not assignment.task.is_training
    return assignment.state == State.OPEN


def reading_of(assignment: Assignment) -> Reading:
    batch = assignment.task.batch
    document = batch.rubric_version.parsed()
    is_pair = batch.kind == Batch.Kind.PAIR
    return Reading.of(document, is_pair=is_pair, is_swapped=assignment.is_swapped)


def kept(assignment: Assignment) -> Form:
    """The draft, or what was submitted, or nothing."""
    if assignment.state == State.SUBMITTED:
        newest = assignment.annotations.order_by("-revision").first()
        return _given_before(assignment, newest) if newest else {}
    found = Draft.objects.filter(assignment=assignment).first()
    return found.data if found else {}


def _given_before(assignment: Assignment, newest: Annotation) -> Form:
    reading = reading_of(assignment)
    taken = suggestions.names_taken(newest, assignment, reading)
    return form_of(reading, newest) | {suggestions.TOOK: taken}


def keep(assignment: Assignment, form: Form) -> bool:
    """Keep what is chosen, and give more time; False where the task is the person's no more."""
    assigning.reopen(assignment)
    if assigning.renew(assignment, timezone.now()):
        given = {"data": dict(form), "updated_at": timezone.now()}
        Draft.objects.update_or_create(assignment=assignment, defaults=given)
        return True
    return assignment.state == State.SUBMITTED


def hand_in(assignment: Assignment, form: Form) -> Annotation | None:
    """Store what the form says. Raises NotTold; None where the task is the person's no more."""
    reading = reading_of(assignment)
    said = read(reading, form)
    suggestions.mark(said, assignment, reading, form)
    said.flag = said.flag if said.flag in FLAGS else ""
    _time(assignment, form, said)
    return submit(assignment, said)


def has_feedback(assignment: Assignment) -> bool:
    return assignment.task.is_training and bool(assignment.task.gold)


def _time(assignment: Assignment, form: Form, said: Said) -> None:
    """As it was counted at the screen, within what can be; otherwise since the task was given."""
    passed = (timezone.now() - assignment.opened_at).total_seconds()
    counted = _seconds(form.get("seconds", ""))
    said.seconds = passed if counted is None else min(counted, passed)
    active = _seconds(form.get("active", ""))
    said.active_seconds = None if active is None else min(active, said.seconds)


def _seconds(text: str) -> float | None:
    return float(text) if text.replace(".", "", 1).isdecimal() else None
