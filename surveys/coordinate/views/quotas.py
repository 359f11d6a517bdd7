"""Quotas: how full the cells are, the definition with its preview, and places beyond a target."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from prism.lib.ratelimit import rate_limited
from surveys.access import SINGLE_PEOPLE, Right, held, person, study_for
from surveys.coordinate.navigation import workbench
from surveys.coordinate.quota_forms import OverfillForm, SuggestionForm
from surveys.models import Cell, Study
from surveys.quotas import versions
from surveys.quotas.allocating import allocation
from surveys.quotas.picture import LEAST, SMALL, picture
from surveys.quotas.reading import QuotaError, parse, unmapped

HERE = "coordinate:quotas"
MAXIMUM_TEXT = 200_000


@require_safe
@login_required
def quotas(request: HttpRequest, slug: str) -> HttpResponse:
    """The live view; htmx asks for its moving part alone."""
    study = study_for(request, slug, Right.VIEW)
    rights = held(request.user, study)
    withhold = not rights & SINGLE_PEOPLE
    context = {
        "study": study,
        "rights": {str(right) for right in rights},
        "quota": study.quota,
        "misfits": versions.misfits(study),
        "tables": picture(study, withhold_small=withhold),
        "withholds": withhold,
        "is_paused": "pause" in request.GET,
        "now": timezone.now(),
        "small": SMALL,
        "least": LEAST,
    }
    if request.headers.get("HX-Request"):
        return render(request, "surveys/coordinate/quota_tables.html", context)
    return render(request, "surveys/coordinate/quotas.html", workbench(request, study, HERE) | context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@rate_limited("store_quotas", limit=120, seconds=3600, by="user")
def edit(request: HttpRequest, slug: str) -> HttpResponse:
    """The definition: begun from a census table, looked at, stored as the next version."""
    study = study_for(request, slug, Right.RUN)
    if study.questionnaire is None:
        return render(request, "surveys/coordinate/quotas_edit.html", _edit_context(request, study, "", None))
    if request.method != "POST":
        return _editor(request, study, study.quota.document if study.quota else "")
    match request.POST.get("act"):
        case "suggest":
            return _suggest(request, study)
        case "store":
            return _store(request, study)
    return _editor(request, study, _typed(request))


@require_POST
@login_required
@rate_limited("preview_quotas", limit=1200, seconds=3600, by="user")
def preview(request: HttpRequest, slug: str) -> HttpResponse:
    study = study_for(request, slug, Right.RUN)
    context = {"study": study, **_looked_at(study, _typed(request))}
    return render(request, "surveys/coordinate/quota_preview.html", context)


def _suggest(request: HttpRequest, study: Study) -> HttpResponse:
    assert study.questionnaire is not None
    form = SuggestionForm(request.POST, questionnaire=study.questionnaire.parsed())
    present = _typed(request)
    if not form.is_valid():
        return _editor(request, study, present, form=form, status=422)
    return _editor(request, study, form.text(present), form=form)


def _store(request: HttpRequest, study: Study) -> HttpResponse:
    text, base = _typed(request), request.POST.get("base", "")
    before = int(base) if base.isascii() and base.isdigit() and len(base) < 18 else None
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


def _typed(request: HttpRequest) -> str:
    text = request.POST.get("text", "").replace("\r\n", "\n").replace("\x00", "")
    return text[:MAXIMUM_TEXT]


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
        lines = text.splitlines()
        return {
            "problems": [
                (p, lines[p.line - 1].strip()[:120] if p.line <= len(lines) else "") for p in error.problems
            ]
        }
    return {
        "allocations": [allocation(table) for table in definition.tables],
        "unmapped": unmapped(definition, document),
    }


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def stop(request: HttpRequest, slug: str) -> HttpResponse:
    """Asks before the study goes on without quotas."""
    study = study_for(request, slug, Right.RUN)
    if request.method == "POST":
        try:
            versions.stop(study, person(request), before=study.quota_id)
            messages.success(request, _("The study has no quotas now. All seats were released."))
        except versions.VersionError as error:
            messages.error(request, str(error))
        return redirect(HERE, slug)
    context = workbench(request, study, HERE)
    return render(request, "surveys/coordinate/quotas_stop.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def overfill(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Places beyond a cell's target, with a reason that goes into the audit."""
    study = study_for(request, slug, Right.RUN)
    cell = get_object_or_404(Cell, pk=pk, quota=study.quota_id or 0)
    if cell.target is None:
        raise Http404
    form = OverfillForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return _grant(request, study, cell, form)
    context = workbench(request, study, HERE) | {"cell": cell, "form": form}
    return render(
        request, "surveys/coordinate/quotas_overfill.html", context, status=422 if form.errors else 200
    )


def _grant(request: HttpRequest, study: Study, cell: Cell, form: OverfillForm) -> HttpResponse:
    given = form.cleaned_data
    try:
        versions.grant(study, cell, given["places"], person(request), reason=given["reason"])
        messages.success(request, _("%(cell)s has further places now.") % {"cell": cell.key or _("Outside")})
    except versions.VersionError as error:
        messages.error(request, str(error))
    return redirect(HERE, study.slug)
