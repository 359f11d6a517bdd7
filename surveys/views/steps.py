"""The questionnaire's pages, autosave and the last page."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from prism.lib.codes import form_key, random_key
from surveys import answers, journey, panels
from surveys.models import Enrolment, Questionnaire
from surveys.monitor.shown import note_page
from surveys.quality.ending import end_if_failed
from surveys.questionnaires import Page, PageReading, question_fields, read_page
from surveys.views.visit import Visit, in_stage, page_context, participant_page, untrusted_device


@require_safe
@participant_page
@in_stage("survey")
def survey(request: HttpRequest, visit: Visit) -> HttpResponse:
    """To the first page that is still to be done."""
    page = answers.first_open_page(visit.enrolment, answers.questionnaire_for(visit.enrolment))
    if page is None:  # a new condition left nothing to ask
        Enrolment.objects.filter(pk=visit.enrolment.pk).update(survey_finished_at=timezone.now())
        visit.enrolment.refresh_from_db()
        return redirect(journey.destination(visit.enrolment))
    if not _may_read(visit, page):  # a changed answer opened a page again that another device filled in
        return untrusted_device(request)
    return redirect("surveys:page", slug=visit.study.slug, page=page.key)


@require_http_methods(["GET", "HEAD", "POST"])
@participant_page
@in_stage("survey")
def survey_page(request: HttpRequest, visit: Visit, page: str) -> HttpResponse:
    questionnaire = answers.questionnaire_for(visit.enrolment)
    rows = answers.current_rows(visit.enrolment, questionnaire)
    pages = questionnaire.parsed().visible_pages(answers.values(rows))
    place = next((i for i, shown in enumerate(pages) if shown.key == page), None)
    if place is None or not _may_open(visit, questionnaire, pages, place):
        return redirect("surveys:survey", slug=visit.study.slug)
    if request.method == "POST":
        return _submit_page(request, visit, questionnaire, pages, place)
    note_page(visit.enrolment, page)
    return _show_page(
        request, visit, questionnaire, pages, place, _stored(visit, pages[place], answers.values(rows))
    )


def _may_open(visit: Visit, questionnaire: Questionnaire, pages: list[Page], place: int) -> bool:
    """Pages up to the first open one; those that another device filled in only on a trusted one."""
    first = answers.first_open_page(visit.enrolment, questionnaire)
    limit = next((i for i, page in enumerate(pages) if first and page.key == first.key), len(pages) - 1)
    return place <= limit and _may_read(visit, pages[place])


def _may_read(visit: Visit, page: Page) -> bool:
    """Whether this device may see what was submitted on the page, if anything was."""
    makers = visit.enrolment.page_submissions.filter(page=page.key).values_list("device_id", flat=True)
    return all(visit.device.may_read(maker) for maker in makers)


def _stored(visit: Visit, page: Page, values: dict[str, Any]) -> PageReading:
    """What the page shows at first: the draft if there is one, else the answers that were submitted."""
    draft = answers.draft_for(visit.device, f"survey:{page.key}")
    if not draft:
        return PageReading(values=values)
    posted = QueryDict(mutable=True)
    for name, given in draft.items():
        posted.setlist(name, given)
    reading = read_page(page, values, posted, {})
    return PageReading(values={**values, **reading.values}, traces=reading.traces)


def _submit_page(
    request: HttpRequest, visit: Visit, questionnaire: Questionnaire, pages: list[Page], place: int
) -> HttpResponse:
    page = pages[place]
    orders = answers.orders_for(visit.enrolment, questionnaire, page)
    earlier = answers.values(answers.current_rows(visit.enrolment, questionnaire))
    reading = read_page(page, earlier, request.POST, orders)
    if not reading.is_valid and not reading.screened_out:
        return _show_page(request, visit, questionnaire, pages, place, reading)
    if reading.is_valid:
        answers.submit(
            visit.enrolment,
            questionnaire,
            page,
            reading,
            device=visit.device,
            key=form_key(request.POST.get("form_key", "")),
            shown_at=_shown_at(request.POST.get("shown_at", ""), visit.enrolment),
        )
        end_if_failed(visit.enrolment, questionnaire)
    if reading.screened_out:
        journey.finish(visit.enrolment, Enrolment.Outcome.SCREENED_OUT)
        return redirect("surveys:done", slug=visit.study.slug)
    return redirect("surveys:survey", slug=visit.study.slug)


def _shown_at(text: str, enrolment: Enrolment) -> datetime | None:
    """When the form says that it was shown; None when it says nothing that can be true."""
    try:
        shown = parse_datetime(text[:40])
    except ValueError:
        return None
    if shown is None or timezone.is_naive(shown):
        return None
    return shown if enrolment.arrived_at <= shown <= timezone.now() else None


def _show_page(
    request: HttpRequest,
    visit: Visit,
    questionnaire: Questionnaire,
    pages: list[Page],
    place: int,
    reading: PageReading,
) -> HttpResponse:
    page = pages[place]
    orders = answers.orders_for(visit.enrolment, questionnaire, page)
    shown = questionnaire.parsed().visible_questions(page, _known(visit, questionnaire, reading))
    context = {
        **page_context(request, visit, "survey"),
        "progress": {
            "percent": round(100 * place / len(pages)),
            "text": _("Page %(number)s of %(total)s") % {"number": place + 1, "total": len(pages)},
        },
        "page": page,
        "language": questionnaire.parsed().language,
        "questions": [
            question_fields(q, orders[q.key], reading.values, reading.errors, reading.traces) for q in shown
        ],
        "errors": reading.errors,
        "form_key": random_key(),
        "shown_at": timezone.now().isoformat(),
        "draft_url": reverse("surveys:draft", args=[visit.study.slug, f"survey:{page.key}"]),
        "back_page": _page_before(visit, pages, place),
    }
    return render(request, "surveys/page.html", context, status=422 if reading.errors else 200)


def _known(visit: Visit, questionnaire: Questionnaire, reading: PageReading) -> dict[str, Any]:
    return {**answers.values(answers.current_rows(visit.enrolment, questionnaire)), **reading.values}


def _page_before(visit: Visit, pages: list[Page], place: int) -> Page | None:
    return pages[place - 1] if place and _may_read(visit, pages[place - 1]) else None


@require_POST
@participant_page
def draft(request: HttpRequest, visit: Visit, page: str) -> HttpResponse:
    """Autosave: keep what is typed on a page until it is submitted."""
    if visit.enrolment.is_over:
        return JsonResponse({"saved": False}, status=409)
    fields = {name: request.POST.getlist(name) for name in request.POST if name != "csrfmiddlewaretoken"}
    is_saved = answers.save_draft(visit.enrolment, visit.device, page, fields)
    return JsonResponse({"saved": is_saved}, status=200 if is_saved else 413)


@require_safe
@participant_page
def done(request: HttpRequest, visit: Visit) -> HttpResponse:
    """How it ended, with the panel's code and the way back to it."""
    if not visit.enrolment.is_over:
        return redirect(journey.destination(visit.enrolment))
    context = {
        **page_context(request, visit, "done"),
        "journey": None,
        "outcome": visit.enrolment.outcome,
        "exit": panels.exit_for(visit.study, visit.enrolment.outcome, visit.enrolment),
        "panel_name": panels.panel_of(visit.study)["name"],
    }
    return render(request, "surveys/done.html", context)
