"""The participants of a study by their codes; a panel id only with a right of its own and a reason."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts.models import User
from prism.lib.crypto import UnreadableSecret
from prism.lib.ratelimit import rate_limited
from surveys.access import Right, enrolment_for, held, person
from surveys.coordinate.forms import ReasonForm
from surveys.coordinate.keyset import slice_of
from surveys.coordinate.monitor_forms import ActForm, ParticipantFilter
from surveys.coordinate.navigation import workbench
from surveys.coordinate.pages import study_page
from surveys.coordinate.tables import ROWS, columns, query
from surveys.identity import panel_id
from surveys.models import Enrolment, Study
from surveys.monitor import acting
from surveys.monitor.people import SORTS, detailed, lines, listed, sortable

COLUMNS = {
    "code": gettext_lazy("Code"),
    "arrived": gettext_lazy("Arrived (UTC)"),
    "seen": gettext_lazy("Last seen (UTC)"),
    "duration": gettext_lazy("Time taken"),
    "signals": gettext_lazy("Signals"),
}


@study_page(Right.VIEW)
def participants(request: HttpRequest, study: Study) -> HttpResponse:
    """The live list, or for htmx its moving part; filter, order and place stand in the address."""
    form = ParticipantFilter(request.GET)
    context = _list(request, study, form.cleaned_data if form.is_valid() else {})
    if request.headers.get("HX-Request"):
        context["rights"] = {str(right) for right in held(request.user, study)}
        return render(request, "surveys/coordinate/participants_list.html", context)
    context |= workbench(request, study, "coordinate:participants") | {"filter": form, "act": ActForm()}
    return render(request, "surveys/coordinate/participants.html", context)


def _list(request: HttpRequest, study: Study, wanted: dict[str, Any]) -> dict[str, Any]:
    order = wanted.get("sort") or "-arrived"
    field, kind = SORTS[order.removeprefix("-")]
    rows = listed(study, wanted)
    page = slice_of(
        detailed(sortable(rows, order.removeprefix("-"))),
        field,
        kind,
        descending=order.startswith("-"),
        size=ROWS,
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )
    now = timezone.now()
    return {
        "study": study,
        "page": page,
        "lines": lines(page.rows, now),
        "total": rows.count(),
        "columns": columns(request, COLUMNS, default="-arrived"),
        "query": query(request),
        "follow_query": query(request, "pause"),
        "is_paused": request.GET.get("pause") == "1",
        "now": now,
    }


@require_POST
@rate_limited("participants-act", limit=300, seconds=3600, by="user")
@study_page(Right.RUN)
def act(request: HttpRequest, study: Study) -> HttpResponse:
    """Do one thing with the participants that were ticked, and go back to the list as it was."""
    form = ActForm(request.POST)
    people = list(study.enrolments.coded(*request.POST.getlist("code")[:ROWS]).order_by("pk"))
    if not people:
        messages.error(request, _("Nothing was done: tick at least one participant first."))
    elif not form.is_valid():
        messages.error(request, _("Nothing was done: say it in at least 5 and at most 1,000 characters."))
    else:
        _tell(
            request,
            acting.act(study, people, form.cleaned_data["act"], form.cleaned_data["text"], person(request)),
        )
    back = QueryDict(request.POST.get("back", "")[:1000]).urlencode()
    return redirect(f"{reverse('coordinate:participants', args=[study.slug])}?{back}")


def _tell(request: HttpRequest, number: int) -> None:
    text = ngettext("Done for %(number)d participant.", "Done for %(number)d participants.", number)
    messages.success(request, text % {"number": number})


@require_POST
@never_cache
@rate_limited("reidentify", limit=30, seconds=3600, by="user")
@study_page(Right.REIDENTIFY)
def reidentify(request: HttpRequest, study: Study, code: str) -> HttpResponse:
    """Show the panel's id of a participant, this once; the reason is written down before it is shown."""
    enrolment = enrolment_for(study, code)
    form = ReasonForm(request.POST)
    context = workbench(request, study, "coordinate:participants")
    context |= {"enrolment": enrolment, "form": form, "page_title": enrolment.code}
    if form.is_valid():
        context |= _revealed(enrolment, person(request), form.cleaned_data["reason"])
    status = 200 if form.is_valid() else 422
    return render(request, "surveys/coordinate/reidentify.html", context, status=status)


def _revealed(enrolment: Enrolment, by: User, reason: str) -> dict[str, Any]:
    try:
        return {"found": panel_id(enrolment, by, reason)}
    except UnreadableSecret:
        return {"is_unreadable": True}
