"""The participants of a study by their codes; a panel id only with a right of its own and a reason."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import ExpressionWrapper, F, QuerySet, fields
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts.models import User
from prism.lib.crypto import UnreadableSecret
from prism.lib.ratelimit import rate_limited
from surveys.access import Right, person, study_for
from surveys.coordinate.forms import SORTS, ParticipantFilter, ReasonForm
from surveys.coordinate.navigation import workbench
from surveys.coordinate.tables import columns
from surveys.identity import panel_id
from surveys.models import Enrolment, Study

PAGE = 50
COLUMNS = {"code": _("Code"), "arrived": _("Arrived"), "seen": _("Last seen"), "duration": _("Time taken")}


@login_required
def participants(request: HttpRequest, slug: str) -> HttpResponse:
    """The table; filter, order and page stand in the address."""
    study = study_for(request, slug, Right.VIEW)
    stages = study.enrolments.order_by("stage").values_list("stage", flat=True).distinct()
    form = ParticipantFilter(request.GET, stages=list(stages))
    rows = chosen(study, form)
    context = workbench(request, study, "coordinate:participants") | {
        "filter": form,
        "page": Paginator(rows, PAGE).get_page(request.GET.get("page")),
        "columns": columns(request, COLUMNS, default="-arrived"),
        "query": _query(request),
    }
    return render(request, "surveys/coordinate/participants.html", context)


def chosen(study: Study, form: ParticipantFilter) -> QuerySet[Enrolment]:
    """The enrolments that a filter asks for, in its order; a filter that makes no sense asks for all."""
    wanted: dict[str, Any] = form.cleaned_data if form.is_valid() else {}
    rows: QuerySet[Enrolment] = study.enrolments.annotate(left_at=Coalesce("outcome_at", "seen_at")).annotate(
        duration=ExpressionWrapper(F("left_at") - F("arrived_at"), output_field=fields.DurationField())
    )
    if wanted.get("test") != "with":
        rows = rows.filter(is_test=wanted.get("test") == "only")
    if wanted.get("outcome"):
        rows = rows.filter(outcome="" if wanted["outcome"] == "none" else wanted["outcome"])
    if wanted.get("stage"):
        rows = rows.filter(stage=wanted["stage"])
    if wanted.get("q"):
        rows = _with_code(rows, wanted["q"])
    return rows.order_by(*SORTS[wanted.get("sort") or "-arrived"])


def _with_code(rows: QuerySet[Enrolment], text: str) -> QuerySet[Enrolment]:
    digits = text.strip().lower().removeprefix("user")
    return rows.filter(number__startswith=digits) if digits.isascii() and digits.isdigit() else rows.none()


def _query(request: HttpRequest) -> str:
    """The address's filters without the page, for the links of the pager."""
    query = request.GET.copy()
    query.pop("page", None)
    return query.urlencode()


@require_POST
@login_required
@never_cache
@rate_limited("reidentify", limit=30, seconds=3600, by="user")
def reidentify(request: HttpRequest, slug: str, code: str) -> HttpResponse:
    """Show the panel's id of a participant, this once; the reason is written down before it is shown."""
    study = study_for(request, slug, Right.REIDENTIFY)
    enrolment = enrolment_or_404(study, code)
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


def enrolment_or_404(study: Study, code: str) -> Enrolment:
    """The enrolment with this code (`user123…`) in the study; another study's code is not found."""
    digits = code.removeprefix("user")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 9):
        raise Http404
    enrolment = study.enrolments.select_related("participant").filter(number=int(digits)).first()
    if enrolment is None:
        raise Http404
    return enrolment
