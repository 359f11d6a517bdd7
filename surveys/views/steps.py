"""The questionnaire's pages, autosave and the last page."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.views.decorators.http import require_POST, require_safe

from surveys import answers, journey, panels, withdrawal
from surveys.views.consent import debriefing
from surveys.views.visit import Visit, page_context, participant_page


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
        "exit": panels.exit_for(visit.study, withdrawal.outcome_before(visit.enrolment), visit.enrolment),
        "debriefing": debriefing(visit.enrolment, get_language() or ""),
        "panel_name": panels.panel_of(visit.study)["name"],
    }
    if withdrawal.has_withdrawn(visit.enrolment):  # there is nothing to look at or to go on with any more
        context |= {"mine_url": "", "resume_link": ""}
    return panels.let_post(render(request, "surveys/done.html", context), context["exit"])
