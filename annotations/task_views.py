"""The page of one task: shown, drafted, submitted, skipped; and the feedback on a training task."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotations import assigning, at_work, standing, training
from annotations.models import Assignment, Batch
from annotations.sheets import Form, Sheet, side_name
from annotations.told import NotTold
from annotations.views import to_next
from prism.lib.markdown import render as markdown
from prism.lib.ratelimit import rate_limited
from surveys.access import person
from surveys.coordinate.navigation import workbench

State = Assignment.State
MOST_FIELDS, LONGEST_FIELD = 600, 20_000


@login_required
@rate_limited("annotate-submit", limit=1200, seconds=3600, by="user")
@require_http_methods(["GET", "HEAD", "POST"])
def task(request: HttpRequest, pk: int) -> HttpResponse:
    """A task that the person has, or their own last answer to correct."""
    assignment = at_work.task_of(person(request), pk)
    if not at_work.can_be_done(assignment):
        return _gone(request, assignment.task.batch)
    if request.method == "POST":
        return _submitted(request, assignment)
    return _page(request, assignment, at_work.kept(assignment))


@login_required
@require_POST
@rate_limited("annotate-draft", limit=6000, seconds=3600, by="user")
def draft(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep what is chosen. Answers with what the facts call for, or the whole page where no script asks."""
    assignment = at_work.task_of(person(request), pk)
    form = _posted(request)
    if not at_work.keep(assignment, form):
        return HttpResponse(status=409)
    if request.headers.get("HX-Request"):
        return render(request, "annotations/asked.html", {"section": _sheet(assignment, form).asked})
    return _page(request, assignment, form) if "show" in request.POST else HttpResponse(status=204)


@login_required
@require_POST
@rate_limited("annotate-skip", limit=600, seconds=3600, by="user")
def skip(request: HttpRequest, pk: int) -> HttpResponse:
    """Give the task back for somebody else, with the reason."""
    assignment = at_work.task_of(person(request), pk)
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
    assignment = at_work.task_of(person(request), pk)
    annotation = assignment.annotations.order_by("-revision").first()
    if annotation is None or not at_work.has_feedback(assignment):
        raise Http404
    lines = training.compare(at_work.reading_of(assignment), annotation, assignment.task.gold or {})
    context = workbench(request, current="annotations:home") | {
        "assignment": assignment,
        "lines": lines,
        "same": sum(line.is_same for line in lines),
        "page_title": _("Training: how you compare"),
        "crumbs": [],
    }
    return render(request, "annotations/feedback.html", context)


def _gone(request: HttpRequest, batch: Batch) -> HttpResponse:
    text = _("This task is no longer yours: its time ran out, it was skipped, or its batch was closed.")
    messages.info(request, text)
    return redirect("annotations:home")


def _submitted(request: HttpRequest, assignment: Assignment) -> HttpResponse:
    form = _posted(request)
    try:
        made = at_work.hand_in(assignment, form)
    except NotTold as error:
        return _page(request, assignment, form, error.faults)
    if made is None:
        return _gone(request, assignment.task.batch)
    if at_work.has_feedback(assignment):
        return redirect("annotations:feedback", assignment.pk)
    return to_next(request, assignment.task.batch)


def _posted(request: HttpRequest) -> dict[str, str]:
    """The posted fields, bounded, without what PostgreSQL does not store."""
    fields = [(key, str(value)) for key, value in request.POST.items() if key != "csrfmiddlewaretoken"]
    return {
        key[:100].replace("\x00", ""): value[:LONGEST_FIELD].replace("\x00", "")
        for key, value in fields[:MOST_FIELDS]
    }


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
        "flags": at_work.FLAGS.items(),
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
        for shown, side in at_work.reading_of(assignment).sides.items()
    ]
