"""The questionnaire's pages. A script may ask for the part that changes; else a redirect leads to a page."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from prism.lib.codes import form_key, random_key
from surveys import answers, journey, storing
from surveys.languages import is_right_to_left
from surveys.models import Enrolment
from surveys.monitor import notices
from surveys.quality.ending import end_if_failed
from surveys.questionnaires import (
    Page,
    PageReading,
    filled,
    page_name,
    question_fields,
    read_last_page,
    read_page,
)
from surveys.standing import Standing
from surveys.views.late import tells_what_is_late
from surveys.views.visit import (
    Visit,
    asks_for_part,
    in_stage,
    page_context,
    participant_page,
    untrusted_device,
)


@require_safe
@participant_page
@in_stage("survey")
def survey(request: HttpRequest, visit: Visit) -> HttpResponse:
    """To the first page that is still to be done."""
    return first_page(request, visit)


def first_page(request: HttpRequest, visit: Visit) -> HttpResponse:
    """A redirect to the first page that is still to be done, for somebody whose stage is the survey."""
    standing = Standing.load(visit.enrolment)
    page = standing.first_open
    if page is None:  # a new condition left nothing to ask
        standing.finish()
        return redirect(journey.destination(visit.enrolment))
    if not standing.may_read(visit.device, page):
        return untrusted_device(request)  # a changed answer opened a page again that another device filled in
    return redirect(_address(visit, page))


@require_http_methods(["GET", "HEAD", "POST"])
@participant_page
@tells_what_is_late
@in_stage("survey", is_door=False)
def survey_page(request: HttpRequest, visit: Visit, page: str) -> HttpResponse:
    if visit.enrolment.survey_finished_at:
        return redirect(journey.destination(visit.enrolment))
    if request.method == "POST":
        return _submitted(request, visit, page)
    standing = Standing.load(visit.enrolment)
    place = standing.place(page)
    if place is None or not standing.may_read(visit.device, standing.pages[place]):
        return redirect("surveys:survey", slug=visit.study.slug)
    return _show(request, visit, standing, place)


def _submitted(request: HttpRequest, visit: Visit, key: str) -> HttpResponse:
    """Store what was sent and lead on."""
    with transaction.atomic():  # all acts of one person, one after the other
        if storing.lock(visit.enrolment):
            return redirect("surveys:done", slug=visit.study.slug)
        standing = Standing.load(visit.enrolment)
        place = standing.place(key)
        if place is None or not standing.may_read(visit.device, standing.pages[place]):
            return redirect("surveys:survey", slug=visit.study.slug)
        reading = _store(request, visit, standing, standing.pages[place])
        if reading.screened_out:
            journey.finish(visit.enrolment, Enrolment.Outcome.SCREENED_OUT)
    if not reading.is_valid:
        return _show(request, visit, standing, place, reading)
    if not visit.enrolment.is_over:
        end_if_failed(visit.enrolment, standing.document, standing.rows)
        journey.after_page(visit.enrolment)
    return _next(request, visit, standing)


def _store(request: HttpRequest, visit: Visit, standing: Standing, page: Page) -> PageReading:
    orders = answers.orders_for(visit.enrolment, standing.version, standing.document, page)
    reading = read_page(page, standing.known, request.POST, orders)
    if reading.screened_out:
        reading = read_last_page(page, standing.known, request.POST, orders)
    if reading.is_valid:
        standing.submit(
            page,
            reading,
            device=visit.device,
            key=form_key(request.POST.get("form_key", "")),
            shown_at=_shown_at(request.POST.get("shown_at", ""), visit.enrolment),
        )
    return reading


def _next(request: HttpRequest, visit: Visit, standing: Standing) -> HttpResponse:
    if visit.enrolment.is_over:
        return redirect("surveys:done", slug=visit.study.slug)
    page = standing.first_open
    if page is None or not standing.may_read(visit.device, page):
        return redirect("surveys:survey", slug=visit.study.slug)
    if asks_for_part(request, "survey"):
        return _show(request, visit, standing, standing.pages.index(page))
    return redirect(_address(visit, page))


def _address(visit: Visit, page: Page) -> str:
    return reverse("surveys:page", args=[visit.study.slug, page.key])


def _stored(page: Page, standing: Standing, draft: dict[str, list[str]]) -> PageReading:
    """What the page shows at first: the draft if there is one, else the answers that were submitted."""
    if not draft:
        return PageReading(values=standing.values)
    posted = QueryDict(mutable=True)
    for name, given in draft.items():
        posted.setlist(name, given)
    reading = read_page(page, standing.known, posted, {})
    return PageReading(values={**standing.values, **reading.values}, traces=reading.traces)


def _shown_at(text: str, enrolment: Enrolment) -> datetime | None:
    """When the form says that it was shown; None when it says nothing that can be true."""
    try:
        shown = parse_datetime(text[:40])
    except ValueError:
        return None
    if shown is None or timezone.is_naive(shown):
        return None
    return shown if enrolment.arrived_at <= shown <= timezone.now() else None


def _show(
    request: HttpRequest, visit: Visit, standing: Standing, place: int, reading: PageReading | None = None
) -> HttpResponse:
    """A page, with what was typed and its errors after a reading that is not valid."""
    page = standing.pages[place]
    if reading is None:
        reading = _stored(page, standing, storing.show(visit.device, page.key))
    is_part = asks_for_part(request, "survey")
    context = {
        **(_part_context(visit) if is_part else page_context(request, visit, "survey")),
        **_page_context(visit, standing, place, reading),
    }
    template = "surveys/page_part.html" if is_part else "surveys/page.html"
    response = render(request, template, context, status=422 if reading.errors else 200)
    response["X-Prism-Address"] = context["address"]
    return response


def _part_context(visit: Visit) -> dict[str, Any]:
    return {"study": visit.study, "notices": notices.waiting(visit.enrolment)}


def _page_context(visit: Visit, standing: Standing, place: int, reading: PageReading) -> dict[str, Any]:
    page, pages = standing.pages[place], standing.pages
    orders = answers.orders_for(visit.enrolment, standing.version, standing.document, page)
    known = {**standing.values, **reading.values}
    shown = {question.key for question in standing.document.visible_questions(page, known)}
    said = filled(standing.document, page, known)
    questions = {question.key: question for question in said.questions if question.key in shown}
    return {
        "progress": {
            "percent": round(100 * place / len(pages)),
            "text": _("Page %(number)s of %(total)s") % {"number": place + 1, "total": len(pages)},
            "left": _minutes_left(pages[place:]),
        },
        "page": said,
        "address": _address(visit, page),
        "language": standing.document.language,
        "direction": "rtl" if is_right_to_left(standing.document.language) else "ltr",
        "questions": [
            question_fields(questions[key], orders[key], reading.values, reading.errors, reading.traces)
            for key in orders[page_name(page)]
            if key in questions
        ],
        "errors": reading.errors,
        "form_key": random_key(),
        "shown_at": timezone.now().isoformat(),
        "draft_url": reverse("surveys:draft", args=[visit.study.slug, f"survey:{page.key}"]),
        "back_page": _page_before(visit, standing, place),
    }


def _minutes_left(pages: list[Page]) -> str:
    """How long the pages that are still to do usually take, as far as the answers tell now."""
    minutes = max(1, round(sum(page.minutes for page in pages)))
    left = ngettext("About %(minutes)d minute left", "About %(minutes)d minutes left", minutes)
    return left % {"minutes": minutes}


def _page_before(visit: Visit, standing: Standing, place: int) -> Page | None:
    before = standing.pages[place - 1] if place else None
    return before if before and standing.may_read(visit.device, before) else None
