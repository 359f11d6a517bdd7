"""One study's live picture, and one participant's way through it."""

from collections import Counter
from typing import Any

from django.db.models import Count, F, Q
from django.db.models.functions import Extract
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from analysis.live import journey, model_table, problems
from conversations.models import Response
from surveys.access import Right, enrolment_for
from surveys.answers import statuses_by_page
from surveys.coordinate.forms import ReasonForm
from surveys.coordinate.navigation import workbench
from surveys.coordinate.pages import study_page
from surveys.coordinate.tables import query
from surveys.models import Answer, Enrolment, Study


@study_page(Right.VIEW)
def live(request: HttpRequest, study: Study) -> HttpResponse:
    """The page, or for htmx its moving part. `?test=1` counts test data too, `?excluded=with` the scores of
    people excluded from the data, `?pause=1` stands still."""
    with_test, with_excluded = request.GET.get("test") == "1", request.GET.get("excluded") == "with"
    picture = _picture(study, with_test, with_excluded) | _switches(request) | {"study": study}
    if request.headers.get("HX-Request"):
        return render(request, "analysis/live_picture.html", picture)
    frame = workbench(request, study, "analysis:live") | {"page_title": study.title}
    return render(request, "analysis/live.html", frame | picture)


def _picture(study: Study, with_test: bool, with_excluded: bool) -> dict[str, Any]:
    return {
        "journey": journey(study, with_test=with_test),
        "models": model_table(study, with_test=with_test, with_excluded=with_excluded),
        "problems": problems(study, with_test=with_test),
        "with_test": with_test,
        "with_excluded": with_excluded,
        "now": timezone.now(),
    }


def _switches(request: HttpRequest) -> dict[str, Any]:
    """The addresses of the page as it stands and with one thing switched on or off."""
    return {
        "is_paused": request.GET.get("pause") == "1",
        "query": query(request),
        "pausing": query(request, pause="1"),
        "following": query(request, "pause"),
        "testing": query(request, test="1"),
        "without_test": query(request, "test"),
        "including": query(request, excluded="with"),
        "without_excluded": query(request, "excluded"),
    }


@study_page(Right.VIEW)
def participant(request: HttpRequest, study: Study, code: str) -> HttpResponse:
    """What happened and when; nothing of what the person wrote."""
    enrolment = enrolment_for(study, code)
    context = workbench(request, study, "coordinate:participants") | _way(enrolment)
    context |= {"enrolment": enrolment, "page_title": enrolment.code, "form": ReasonForm()}
    return render(request, "analysis/participant.html", context)


def _way(enrolment: Enrolment) -> dict[str, Any]:
    failed = Q(turns__responses__state=Response.State.FAILED)
    conversations = enrolment.conversations.annotate(
        turn_count=Count("turns", distinct=True),
        answers=Count("turns__responses", distinct=True),
        failures=Count("turns__responses", filter=failed, distinct=True),
    )
    on_page = Extract(F("submitted_at") - F("shown_at"), "epoch")
    pages = list(enrolment.page_submissions.annotate(seconds=on_page).order_by("submitted_at", "pk"))
    return {
        "events": enrolment.events.order_by("at", "pk"),
        "questions": _questions(enrolment) if pages else [],
        "pages": pages,
        "conversations": conversations.order_by("started_at", "pk"),
        "device_count": enrolment.devices.count(),
    }


def _questions(enrolment: Enrolment) -> list[dict[str, Any]]:
    """For each page how many questions were answered, declined, not shown or not reached."""
    found = []
    for page, statuses in statuses_by_page(enrolment):
        counts = Counter(statuses[question.key] for question in page.questions if question.key in statuses)
        found.append({"page": page.key, "counts": [counts[status] for status in Answer.Status.values]})
    return found
