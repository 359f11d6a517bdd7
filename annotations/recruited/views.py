"""The participant's pages of the stage: what they are asked to do, and one task after the other."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotations import assigning, task_pages
from annotations.assigning import Annotator
from annotations.desks import Desk
from annotations.models import Assignment, Batch, RecruitedTasks
from annotations.recruited import standing
from annotations.recruited.stage import KEY
from prism.lib.markdown import render as markdown
from prism.lib.ratelimit import allow, too_many
from surveys import journey
from surveys.views.visit import Visit, in_stage, page_context, participant_page

HOUR = 3600
WITHOUT_TASK = ("begin", "ahead", "home")
View = Callable[..., HttpResponse]


def paced(name: str, limit: int) -> Callable[[View], View]:
    """At most so many posts of a person in an hour."""

    def decorate(view: View) -> View:
        @wraps(view)
        def inner(request: HttpRequest, visit: Visit, **kwargs: Any) -> HttpResponse:
            is_post = request.method == "POST"
            if is_post and not allow(f"recruited {name}:{visit.enrolment.pk}", limit, HOUR):
                return too_many(request, HOUR)
            return view(request, visit, **kwargs)

        return inner

    return decorate


@require_safe
@participant_page
@in_stage(KEY)
def home(request: HttpRequest, visit: Visit) -> HttpResponse:
    """What is asked, and how far the person is; their task is one click away."""
    asked = _asked(visit)
    context = _around(request, visit, asked) | {
        "asked": asked,
        "batch": asked.batch,
        "done": standing.done(visit.enrolment),
        "is_ready": asked.batch.state != Batch.State.DRAFT if asked.batch else False,
        "guidelines": markdown(asked.batch.guidelines, 2) if asked.batch else "",
    }
    return render(request, "annotations/recruited/home.html", context)


@require_POST
@participant_page
@in_stage(KEY)
@paced("next", 1200)
def begin(request: HttpRequest, visit: Visit) -> HttpResponse:
    return _go_on(visit)


@require_http_methods(["GET", "HEAD", "POST"])
@participant_page
@in_stage(KEY, is_door=False)
@paced("submit", 1200)
def task(request: HttpRequest, visit: Visit, pk: int) -> HttpResponse:
    return task_pages.task(request, _desk(request, visit), _mine(visit, pk))


def act_on_task(act: Callable[[HttpRequest, Desk, Assignment], HttpResponse], limit: int) -> View:
    """What a form or a script of a task's page posts, about a task of the person's own."""

    @require_POST
    @participant_page
    @in_stage(KEY, is_door=False)
    @paced(act.__name__, limit)
    def view(request: HttpRequest, visit: Visit, pk: int) -> HttpResponse:
        return act(request, _desk(request, visit), _mine(visit, pk))

    return view


draft = act_on_task(task_pages.draft, 6000)
skip = act_on_task(task_pages.skip, 600)


@require_safe
@participant_page
@in_stage(KEY, is_door=False)
def feedback(request: HttpRequest, visit: Visit, pk: int) -> HttpResponse:
    return task_pages.feedback(request, _desk(request, visit), _mine(visit, pk))


@require_POST
@participant_page
@in_stage(KEY, is_door=False)
@paced("ahead", 1200)
def ahead(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Put the task behind the one on the screen into the person's hands, so that its page can be fetched."""
    batch = _asked(visit).batch
    assignment = assigning.assign(batch, Annotator(enrolment=visit.enrolment)) if batch else None
    return JsonResponse({"url": assignment and _address(visit, "task", assignment)})


def _asked(visit: Visit) -> RecruitedTasks:
    """What the study asks. Raises Http404 where it asks nothing any more."""
    found = standing.asked_of(visit.study)
    if found is None:
        raise Http404
    return found


def _mine(visit: Visit, pk: int) -> Assignment:
    """The person's own; to everybody else there is none."""
    related = ("task__batch__study", "task__batch__rubric_version")
    return get_object_or_404(Assignment.objects.select_related(*related), pk=pk, enrolment=visit.enrolment)


def _desk(request: HttpRequest, visit: Visit) -> Desk:
    asked = _asked(visit)
    return Desk(
        annotator=Annotator(enrolment=visit.enrolment),
        around=lambda: _around(request, visit, asked),
        address=lambda name, assignment: _address(visit, name, assignment),
        go_on=lambda _batch: _go_on(visit),
        may_skip=standing.skipped(visit.enrolment) < asked.tasks,
        may_read=visit.device.is_trusted,
    )


def _address(visit: Visit, name: str, assignment: Assignment) -> str:
    of = [] if name in WITHOUT_TASK else [assignment.pk]
    return reverse(f"recruited:{name}", args=[visit.study.slug, *of])


def _around(request: HttpRequest, visit: Visit, asked: RecruitedTasks) -> dict[str, Any]:
    finished = standing.done(visit.enrolment)
    return page_context(request, visit, KEY) | {
        "visit": visit,
        "looks": "annotations/recruited/page.html",
        "progress": {
            "percent": min(100, round(100 * finished / asked.tasks)),
            "text": _("%(done)d of %(all)d done") % {"done": finished, "all": asked.tasks},
        },
    }


def _go_on(visit: Visit) -> HttpResponse:
    """On to the task that is to be done now, or, where none is left, to what follows."""
    batch = _asked(visit).batch
    assignment = assigning.next_assignment(batch, Annotator(enrolment=visit.enrolment)) if batch else None
    if assignment:
        return redirect(_address(visit, "task", assignment))
    if batch:
        standing.end_without_tasks(visit.enrolment, batch)
    return redirect(journey.destination(visit.enrolment))
