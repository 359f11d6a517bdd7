"""The page of one task: shown, drafted, submitted, skipped; and the feedback on a training task."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotations import assigning, standing, training
from annotations.models import Assignment, Batch, Draft
from annotations.sheets import Form, Sheet, side_name
from annotations.submitting import Said, submit
from annotations.told import NotTold, Reading, form_of, read
from annotations.views import to_next
from prism.lib.markdown import render as markdown
from prism.lib.ratelimit import rate_limited
from surveys.access import Right, may, person
from surveys.coordinate.navigation import workbench

State = Assignment.State
MOST_FIELDS, LONGEST_FIELD = 600, 20_000
FLAGS = {
    "unclear": gettext_lazy("The query or a response cannot be understood"),
    "personal": gettext_lazy("It names a real person or gives private details"),
    "harmful": gettext_lazy("It is disturbing or harmful"),
    "broken": gettext_lazy("A text is cut off or broken"),
    "other": gettext_lazy("Something else, as I write in the comment"),
}


@login_required
@rate_limited("annotate-submit", limit=1200, seconds=3600, by="user")
@require_http_methods(["GET", "HEAD", "POST"])
def task(request: HttpRequest, pk: int) -> HttpResponse:
    """A task that the person has, or their own last answer to correct."""
    assignment = _mine(request, pk)
    if not assignment.task.batch.is_open or not _can_be_done(assignment):
        return _gone(request, assignment.task.batch)
    if request.method == "POST":
        return _submitted(request, assignment)
    return _page(request, assignment, _kept(assignment))


@login_required
@require_POST
@rate_limited("annotate-draft", limit=6000, seconds=3600, by="user")
def draft(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep what is chosen. Answers with what the facts call for, or the whole page where no script asks."""
    assignment = _mine(request, pk)
    form = _posted(request)
    assigning.reopen(assignment)
    if assigning.renew(assignment, timezone.now()):
        Draft.objects.update_or_create(
            assignment=assignment, defaults={"data": form, "updated_at": timezone.now()}
        )
    elif assignment.state != State.SUBMITTED:
        return HttpResponse(status=409)
    if request.headers.get("HX-Request"):
        return render(request, "annotations/asked.html", {"section": _sheet(assignment, form).asked})
    return _page(request, assignment, form) if "show" in request.POST else HttpResponse(status=204)


@login_required
@require_POST
@rate_limited("annotate-skip", limit=600, seconds=3600, by="user")
def skip(request: HttpRequest, pk: int) -> HttpResponse:
    """Give the task back for somebody else, with the reason."""
    assignment = _mine(request, pk)
    reason = request.POST.get("reason", "").strip()
    if not reason:
        messages.error(request, _("Please say why you skip the task; a word or two will do."))
        return redirect("annotations:task", pk)
    if assigning.end(assignment, State.SKIPPED, reason):
        messages.info(request, _("Skipped: the task goes to somebody else."))
    return to_next(request, assignment.task.batch)


@login_required
@require_safe
def feedback(request: HttpRequest, pk: int) -> HttpResponse:
    """What the person said in a training task, beside the answers that are known."""
    assignment = _mine(request, pk)
    annotation = assignment.annotations.order_by("-revision").first()
    if annotation is None or not _has_feedback(assignment):
        raise Http404
    lines = training.compare(_reading(assignment), annotation, assignment.task.gold or {})
    context = workbench(request, current="annotations:home") | {
        "assignment": assignment,
        "lines": lines,
        "same": sum(line.is_same for line in lines),
        "page_title": _("Training: how you compare"),
        "crumbs": [],
    }
    return render(request, "annotations/feedback.html", context)


def _mine(request: HttpRequest, pk: int) -> Assignment:
    """The person's own, while they annotate in the study; to everybody else there is none."""
    related = ("task__batch__study", "task__batch__rubric_version")
    found = get_object_or_404(Assignment.objects.select_related(*related), pk=pk, annotator=person(request))
    if not may(request.user, Right.ANNOTATE, found.task.batch.study):
        raise Http404
    return found


def _can_be_done(assignment: Assignment) -> bool:
    """Whether it is open, or can be again, or is submitted and may be corrected."""
    if assignment.task.erased_at:
        return False
    if assigning.reopen(assignment):
        assignment.refresh_from_db(fields=["state", "place", "is_swapped", "opened_at", "expires_at"])
    if assignment.state == State.SUBMITTED:
        return not assignment.task.is_training
    return assignment.state == State.OPEN


def _gone(request: HttpRequest, batch: Batch) -> HttpResponse:
    text = _("This task is no longer yours: its time ran out, it was skipped, or its batch was closed.")
    messages.info(request, text)
    return redirect("annotations:home")


def _submitted(request: HttpRequest, assignment: Assignment) -> HttpResponse:
    form = _posted(request)
    try:
        said = read(_reading(assignment), form)
    except NotTold as error:
        return _page(request, assignment, form, error.faults)
    said.flag = said.flag if said.flag in FLAGS else ""
    _time(assignment, form, said)
    if submit(assignment, said) is None:
        return _gone(request, assignment.task.batch)
    if _has_feedback(assignment):
        return redirect("annotations:feedback", assignment.pk)
    return to_next(request, assignment.task.batch)


def _has_feedback(assignment: Assignment) -> bool:
    return assignment.task.is_training and bool(assignment.task.gold)


def _time(assignment: Assignment, form: Form, said: Said) -> None:
    """As the page counted it, within what can be; without a script, since the task was given."""
    passed = (timezone.now() - assignment.opened_at).total_seconds()
    counted = _seconds(form.get("seconds", ""))
    said.seconds = passed if counted is None else min(counted, passed)
    active = _seconds(form.get("active", ""))
    said.active_seconds = None if active is None else min(active, said.seconds)


def _seconds(text: str) -> float | None:
    return float(text) if text.replace(".", "", 1).isdecimal() else None


def _posted(request: HttpRequest) -> dict[str, str]:
    """The posted fields, bounded, without what PostgreSQL does not store."""
    fields = [(key, str(value)) for key, value in request.POST.items() if key != "csrfmiddlewaretoken"]
    return {
        key[:100].replace("\x00", ""): value[:LONGEST_FIELD].replace("\x00", "")
        for key, value in fields[:MOST_FIELDS]
    }


def _kept(assignment: Assignment) -> dict[str, str]:
    """The draft, or what was submitted, or nothing."""
    if assignment.state == State.SUBMITTED:
        newest = assignment.annotations.order_by("-revision").first()
        return form_of(_reading(assignment), newest) if newest else {}
    kept = Draft.objects.filter(assignment=assignment).first()
    return kept.data if kept else {}


def _reading(assignment: Assignment) -> Reading:
    batch = assignment.task.batch
    document = batch.rubric_version.parsed()
    is_pair = batch.kind == Batch.Kind.PAIR
    return Reading.of(document, is_pair=is_pair, is_swapped=assignment.is_swapped)


def _sheet(assignment: Assignment, form: Form) -> Sheet:
    batch = assignment.task.batch
    return Sheet(batch.rubric_version.parsed(), is_pair=batch.kind == Batch.Kind.PAIR, form=form)


def _page(
    request: HttpRequest, assignment: Assignment, form: Form, faults: list[str] | None = None
) -> HttpResponse:
    batch, user = assignment.task.batch, person(request)
    sheet = _sheet(assignment, form)
    context = workbench(request, current="annotations:home") | {
        "assignment": assignment,
        "task": assignment.task,
        "batch": batch,
        "rubric": sheet.document,
        "responses": _responses(assignment),
        "sections": sheet.sections,
        "asked": sheet.asked,
        "errors": sheet.errors,
        "sheet": sheet,
        "form": form,
        "flags": FLAGS.items(),
        "faults": faults or [],
        "done": standing.done_by(batch, user),
        "last": standing.last_submitted(batch, user),
        "guidelines": markdown(batch.guidelines),
        "is_correction": assignment.state == State.SUBMITTED,
        "page_title": _("Task"),
        "crumbs": [],
    }
    return render(request, "annotations/task.html", context, status=422 if faults else 200)


def _responses(assignment: Assignment) -> list[dict[str, Any]]:
    """The sides as they are shown, in their order: a name of the place and the text, and nothing else."""
    texts = dict(assignment.task.sides.values_list("number", "text"))
    return [
        {"shown": shown, "name": side_name(shown), "html": markdown(texts.get(side, ""), 4)}
        for shown, side in _reading(assignment).sides.items()
    ]
