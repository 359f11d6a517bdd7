"""What was done in a study, by whom and when."""

from datetime import datetime
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.models import User
from surveys.access import Right, require
from surveys.audit import different
from surveys.coordinate.forms import AuditFilter
from surveys.coordinate.keyset import slice_of
from surveys.coordinate.navigation import workbench
from surveys.coordinate.pages import study_page
from surveys.coordinate.tables import ROWS, query
from surveys.models import AuditEvent, Study


@study_page(Right.AUDIT)
def audit(request: HttpRequest, study: Study) -> HttpResponse:
    return _page(request, study, workbench(request, study, "coordinate:audit"))


@login_required
def registry(request: HttpRequest) -> HttpResponse:
    """Acts that belong to no study: changes to providers and models, which all studies share."""
    require(request, Right.REGISTRY)
    return _page(request, None, workbench(request, None, "coordinate:audit_registry"))


def _page(request: HttpRequest, study: Study | None, frame: dict[str, Any]) -> HttpResponse:
    form = _filter(request, study)
    events = AuditEvent.objects.filter(study=study, **_wanted(form)).select_related("actor")
    places = {place: request.GET.get(place, "") for place in ("after", "before")}
    page = slice_of(events, "at", datetime, descending=True, size=ROWS, **places)
    rows = [(event, _details(event)) for event in page.rows]
    context = {"filter": form, "page": page, "rows": rows, "query": query(request)}
    return render(request, "surveys/coordinate/audit.html", frame | context)


def _filter(request: HttpRequest, study: Study | None) -> AuditFilter:
    """Offers the acts and the people that occur, and no others."""
    actors = User.objects.filter(pk__in=different("actor_id", study)).order_by("email")
    people = [(str(pk), email) for pk, email in actors.values_list("pk", "email")]
    return AuditFilter(request.GET, actions=sorted(different("action", study)), people=people)


def _wanted(form: AuditFilter) -> dict[str, str]:
    chosen = form.cleaned_data if form.is_valid() else {}
    wanted = {"action": chosen.get("action", ""), "actor": chosen.get("person", "")}
    return {field: value for field, value in wanted.items() if value}


def _details(event: AuditEvent) -> list[tuple[str, str]]:
    return [(key, _plain(value)) for key, value in event.detail.items()]


def _plain(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
