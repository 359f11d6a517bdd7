"""What was done in a study, by whom and when."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from surveys.access import Right, require
from surveys.coordinate.forms import AuditFilter
from surveys.coordinate.navigation import workbench
from surveys.coordinate.pages import study_page
from surveys.coordinate.tables import page_of, query
from surveys.models import AuditEvent, Study


@study_page(Right.AUDIT)
def audit(request: HttpRequest, study: Study) -> HttpResponse:
    return _page(request, study.audit_events.all(), workbench(request, study, "coordinate:audit"))


@login_required
def registry(request: HttpRequest) -> HttpResponse:
    """Acts that belong to no study: changes to providers and models, which all studies share."""
    require(request, Right.REGISTRY)
    shared = AuditEvent.objects.filter(study=None)
    return _page(request, shared, workbench(request, None, "coordinate:audit_registry"))


def _page(request: HttpRequest, events: QuerySet[AuditEvent], frame: dict[str, Any]) -> HttpResponse:
    known = list(events.order_by().values_list("action", "actor_id", "actor__email").distinct())
    people = sorted({(email, str(pk)) for _action, pk, email in known if pk is not None})
    form = AuditFilter(
        request.GET,
        actions=sorted({action for action, _pk, _email in known}),
        people=[(pk, email) for email, pk in people],
    )
    wanted = form.cleaned_data if form.is_valid() else {}
    if wanted.get("action"):
        events = events.filter(action=wanted["action"])
    if wanted.get("person"):
        events = events.filter(actor=int(wanted["person"]))
    page = page_of(request, events.select_related("actor").order_by("-at", "-pk"))
    rows = [(event, _details(event)) for event in page]
    context = {"filter": form, "page": page, "rows": rows, "query": query(request)}
    return render(request, "surveys/coordinate/audit.html", frame | context)


def _details(event: AuditEvent) -> list[tuple[str, str]]:
    return [(key, _plain(value)) for key, value in event.detail.items()]


def _plain(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
