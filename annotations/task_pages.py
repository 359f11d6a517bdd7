"""The page of one task at a desk: shown, drafted, submitted, skipped; and the feedback on a training task."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from annotations import assigning, at_work, standing, suggestions, training
from annotations.desks import Desk
from annotations.models import Assignment, Batch
from annotations.sheets import Form, Sheet, error_lines, side_name
from annotations.suggestions import ITEM
from annotations.told import NotTold
from prism.lib.markdown import render as markdown

State = Assignment.State
MOST_FIELDS, LONGEST_FIELD = 600, 20_000


def task(request: HttpRequest, desk: Desk, assignment: Assignment) -> HttpResponse:
    """A task that the person has, or their own last answer to correct."""
    is_hidden = assignment.state == State.SUBMITTED and not desk.may_read
    if is_hidden or not at_work.can_be_done(assignment):
        return _gone(request, desk, assignment)
    if request.method == "POST":
        return _submitted(request, desk, assignment)
    return _page(request, desk, assignment, at_work.kept(assignment) if desk.may_read else {})


def draft(request: HttpRequest, desk: Desk, assignment: Assignment) -> HttpResponse:
    """Keep what is chosen. Answers with what the facts call for, or the whole page where no script asks."""
    form = _posted(request)
    if not at_work.keep(assignment, form):
        return HttpResponse(status=409)
    if request.headers.get("HX-Request"):
        return render(request, "annotations/asked.html", _asked(assignment, form))
    return _page(request, desk, assignment, form) if "show" in request.POST else HttpResponse(status=204)


def skip(request: HttpRequest, desk: Desk, assignment: Assignment) -> HttpResponse:
    """Give the task back for somebody else, with the reason."""
    reason = request.POST.get("reason", "").strip()
    if not desk.may_skip:
        messages.error(request, _("You have skipped as many tasks as you may. Flag this one instead."))
        return redirect(desk.address("task", assignment))
    if not reason:
        messages.error(request, _("Please say why you skip the task; a word or two will do."))
        return redirect(desk.address("task", assignment))
    if assigning.end(assignment, State.SKIPPED, reason):
        messages.info(request, _("Skipped: the task goes to somebody else."))
    return desk.go_on(assignment.task.batch)


def feedback(request: HttpRequest, desk: Desk, assignment: Assignment) -> HttpResponse:
    """What the person said in a training task, beside the answers that are known."""
    annotation = assignment.annotations.order_by("-revision").first() if desk.may_read else None
    if annotation is None or not at_work.has_feedback(assignment):
        raise Http404
    lines = training.compare(at_work.reading_of(assignment), annotation, assignment.task.gold or {})
    context = desk.around() | {
        "assignment": assignment,
        "urls": desk.addresses(assignment),
        "lines": lines,
        "same": sum(line.is_same for line in lines),
        "page_title": _("Training: how you compare"),
    }
    return render(request, "annotations/feedback.html", context)


def _gone(request: HttpRequest, desk: Desk, assignment: Assignment) -> HttpResponse:
    text = _("This task is no longer yours: its time ran out, it was skipped, or its batch was closed.")
    messages.info(request, text)
    return redirect(desk.address("home", assignment))


def _submitted(request: HttpRequest, desk: Desk, assignment: Assignment) -> HttpResponse:
    form = _posted(request)
    try:
        made = at_work.hand_in(assignment, form)
    except NotTold as error:
        return _page(request, desk, assignment, form, error.faults)
    if made is None:
        return _gone(request, desk, assignment)
    if at_work.has_feedback(assignment) and desk.may_read:
        return redirect(desk.address("feedback", assignment))
    return desk.go_on(assignment.task.batch)


def _posted(request: HttpRequest) -> dict[str, str]:
    """The posted fields, bounded, without what PostgreSQL does not store."""
    fields = [(key, str(value)) for key, value in request.POST.items() if key != "csrfmiddlewaretoken"]
    return {
        key[:100].replace("\x00", ""): value[:LONGEST_FIELD].replace("\x00", "")
        for key, value in fields[:MOST_FIELDS]
    }


def _asked(assignment: Assignment, form: Form) -> dict[str, Any]:
    """What the facts call for, with what a judge suggests of it where the items are the same."""
    suggested = suggestions.form_shown(assignment, at_work.reading_of(assignment))
    return {"section": _sheet(assignment, form).asked, "suggested": _of_same_items(form, suggested)}


def _of_same_items(form: Form, suggested: Form) -> Form:
    """Without answers about items that the person did not name: they would be about something else."""
    is_same = all(
        form.get(name, "").split() == value.split()
        for name, value in suggested.items()
        if name.startswith("fact-") and value not in ("0", "1")
    )
    return suggested if is_same else {n: v for n, v in suggested.items() if not ITEM.fullmatch(n)}


def _errors(sheet: Sheet, suggested: Form) -> list[dict[str, str]]:
    """The errors that a judge named, in words, by the response as shown."""
    types, severities = dict(sheet.error_types), dict(sheet.severities)
    return [
        {
            "shown": shown,
            "words": " · ".join(
                filter(None, [severities.get(line.severity), types.get(line.type), line.text])
            ),
        }
        for shown in sheet.shown
        for line in error_lines(suggested, shown)
        if line.type
    ]


def _sheet(assignment: Assignment, form: Form) -> Sheet:
    batch = assignment.task.batch
    return Sheet(batch.rubric_version.parsed(), is_pair=batch.kind == Batch.Kind.PAIR, form=form)


def _page(
    request: HttpRequest, desk: Desk, assignment: Assignment, form: Form, faults: list[str] | None = None
) -> HttpResponse:
    batch, last = assignment.task.batch, standing.last_submitted(assignment.task.batch, desk.annotator)
    sheet = _sheet(assignment, form)
    suggestions.show(assignment)
    suggested = suggestions.form_shown(assignment, at_work.reading_of(assignment))
    context = desk.around() | {
        "suggested": _of_same_items(form, suggested),
        "suggested_words": suggested,
        "suggested_errors": _errors(sheet, suggested),
        "assignment": assignment,
        "urls": desk.addresses(assignment),
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
        "done": standing.done_by(batch, desk.annotator),
        "last_url": desk.address("task", last) if last and _is_other(last, assignment, desk) else "",
        "guidelines": markdown(batch.guidelines),
        "is_correction": assignment.state == State.SUBMITTED,
        "may_skip": desk.may_skip and assignment.state != State.SUBMITTED,
        "page_title": _("Task"),
    }
    return render(request, "annotations/task.html", context, status=422 if faults else 200)


def _is_other(last: Assignment, assignment: Assignment, desk: Desk) -> bool:
    return last.pk != assignment.pk and desk.may_read


def _responses(assignment: Assignment) -> list[dict[str, Any]]:
    """The sides as they are shown, in their order: a name of the place and the text, and nothing else."""
    texts = dict(assignment.task.sides.values_list("number", "text"))
    return [
        {"shown": shown, "name": side_name(shown), "html": markdown(texts.get(side, ""), 4)}
        for shown, side in at_work.reading_of(assignment).sides.items()
    ]
