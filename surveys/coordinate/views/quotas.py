"""Quotas: how full the cells are, the definition with its preview, and places beyond a target."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from prism.lib.numbers import whole_number
from prism.lib.ratelimit import rate_limited
from surveys.access import SINGLE_PEOPLE, Right, held, person
from surveys.coordinate.navigation import workbench
from surveys.coordinate.pages import show_forms, study_page, tried, typed_text
from surveys.coordinate.quota_forms import OverfillForm, SuggestionForm
from surveys.models import Cell, Study
from surveys.questionnaires.problems import beside_lines
from surveys.quotas import versions
from surveys.quotas.allocating import allocation
from surveys.quotas.picture import LEAST, SMALL, picture
from surveys.quotas.reading import QuotaError, parse, unmapped

HERE = "coordinate:quotas"


@require_safe
@study_page(Right.VIEW)
def quotas(request: HttpRequest, study: Study) -> HttpResponse:
    """The live view; htmx asks for its moving part alone."""
    is_fragment = bool(request.headers.get("HX-Request"))
    frame = _moving(request, study) if is_fragment else workbench(request, study, HERE)
    withhold = not SINGLE_PEOPLE & frame["rights"]
    context = frame | {
        "quota": study.quota,
        "misfits": versions.misfits(study),
        "tables": picture(study, withhold_small=withhold),
        "withholds": withhold,
        "is_paused": "pause" in request.GET,
        "now": timezone.now(),
        "small": SMALL,
        "least": LEAST,
    }
    page = "quota_tables" if is_fragment else "quotas"
    return render(request, f"surveys/coordinate/{page}.html", context)


def _moving(request: HttpRequest, study: Study) -> dict[str, Any]:
    """What the moving part needs of the page around it."""
    return {"study": study, "rights": {str(right) for right in held(request.user, study)}}


@require_http_methods(["GET", "HEAD", "POST"])
@rate_limited("store_quotas", limit=120, seconds=3600, by="user")
@study_page(Right.RUN)
def edit(request: HttpRequest, study: Study) -> HttpResponse:
    """The definition: begun from a census table, looked at, stored as the next version."""
    if study.questionnaire is None:
        return render(request, "surveys/coordinate/quotas_edit.html", _edit_context(request, study, "", None))
    if request.method != "POST":
        return _editor(request, study, study.quota.document if study.quota else "")
    match request.POST.get("act"):
        case "suggest":
            return _suggest(request, study)
        case "store":
            return _store(request, study)
    return _editor(request, study, typed_text(request))


@require_POST
@rate_limited("preview_quotas", limit=1200, seconds=3600, by="user")
@study_page(Right.RUN)
def preview(request: HttpRequest, study: Study) -> HttpResponse:
    context = {"study": study, **_looked_at(study, typed_text(request))}
    return render(request, "surveys/coordinate/quota_preview.html", context)


def _suggest(request: HttpRequest, study: Study) -> HttpResponse:
    assert study.questionnaire is not None
    form = SuggestionForm(request.POST, questionnaire=study.questionnaire.parsed())
    present = typed_text(request)
    if not form.is_valid():
        return _editor(request, study, present, form=form, status=422)
    return _editor(request, study, form.text(present), form=form)


def _store(request: HttpRequest, study: Study) -> HttpResponse:
    text, before = typed_text(request), whole_number(request.POST.get("base", ""))
    try:
        quota = versions.store(study, text, person(request), before=before)
    except QuotaError:
        return _editor(request, study, text, status=422)
    except versions.VersionError as error:
        messages.error(request, str(error))
        return _editor(request, study, text, status=409)
    messages.success(
        request, _("Version %s is in force. Everybody who had a seat keeps one.") % quota.version
    )
    return redirect(HERE, study.slug)


def _editor(
    request: HttpRequest, study: Study, text: str, *, form: SuggestionForm | None = None, status: int = 200
) -> HttpResponse:
    assert study.questionnaire is not None
    form = form or SuggestionForm(questionnaire=study.questionnaire.parsed())
    context = _edit_context(request, study, text, form)
    return render(request, "surveys/coordinate/quotas_edit.html", context, status=status)


def _edit_context(
    request: HttpRequest, study: Study, text: str, form: SuggestionForm | None
) -> dict[str, Any]:
    context = workbench(request, study, HERE)
    context["crumbs"].append((_("Edit"), None))
    return context | {"form": form, "source": text, "quota": study.quota, **_looked_at(study, text)}


def _looked_at(study: Study, text: str) -> dict[str, Any]:
    """The places that the text gives out, or what is wrong with it, each problem with its line."""
    if not text.strip() or study.questionnaire is None:
        return {"is_empty": True}
    document = study.questionnaire.parsed()
    try:
        definition = parse(text, document)
    except QuotaError as error:
        return {"problems": beside_lines(error.problems, text)}
    return {
        "allocations": [allocation(table) for table in definition.tables],
        "unmapped": unmapped(definition, document),
    }


@require_http_methods(["GET", "HEAD", "POST"])
@study_page(Right.RUN)
def stop(request: HttpRequest, study: Study) -> HttpResponse:
    """Asks before the study goes on without quotas."""
    if request.method == "POST":
        tried(request, lambda: _stopped(study, person(request)), versions.VersionError)
        return redirect(HERE, study.slug)
    return render(request, "surveys/coordinate/quotas_stop.html", workbench(request, study, HERE))


def _stopped(study: Study, by: User) -> str:
    versions.stop(study, by, before=study.quota_id)
    return _("The study has no quotas now. All seats were released.")


@require_http_methods(["GET", "HEAD", "POST"])
@study_page(Right.RUN)
def overfill(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    """Places beyond a cell's target, with a reason that goes into the audit."""
    cell = get_object_or_404(Cell, pk=pk, quota=study.quota_id or 0)
    if cell.target is None:
        raise Http404
    form = OverfillForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        tried(request, lambda: _granted(study, cell, person(request), form), versions.VersionError)
        return redirect(HERE, study.slug)
    context = workbench(request, study, HERE) | {"cell": cell, "form": form}
    return show_forms(request, "surveys/coordinate/quotas_overfill.html", context, form)


def _granted(study: Study, cell: Cell, by: User, form: OverfillForm) -> str:
    places, reason = form.cleaned_data["places"], form.cleaned_data["reason"]
    versions.grant(study, cell, places, by, reason=reason)
    return _("%(cell)s has further places now.") % {"cell": cell.key or _("Outside")}
