"""Dissections of a study's batches: what each judge prefers, property by property."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from analysis.dissecting import jobs, serving, shown
from analysis.dissecting.reading import NotDissectable
from analysis.dissection_forms import WHOSE, DissectionForm
from analysis.models import Dissection
from analysis.tasks import enqueue_dissection
from prism.lib.ratelimit import rate_limited
from surveys.access import Right, person
from surveys.coordinate.navigation import workbench
from surveys.coordinate.pages import show_forms, study_page
from surveys.models import Study

PLACE = "analysis:dissections"
NEWEST = 50


@require_safe
@study_page(Right.VIEW)
def dissections(request: HttpRequest, study: Study) -> HttpResponse:
    """The runs so far, and for who runs the study the form of a new one."""
    return _page(request, study, DissectionForm(study))


@require_POST
@rate_limited("dissect", limit=30, seconds=3600, by="user")
@study_page(Right.RUN)
def begin(request: HttpRequest, study: Study) -> HttpResponse:
    form = DissectionForm(study, request.POST)
    if form.is_valid() and (row := _begun(request, form)):
        return redirect("analysis:dissection", slug=study.slug, code=row.code)
    return _page(request, study, form)


@require_safe
@study_page(Right.VIEW)
def dissection(request: HttpRequest, study: Study, code: str) -> HttpResponse:
    row = get_object_or_404(study.dissections.select_related("batch", "requested_by"), code=code)
    context = workbench(request, study, PLACE) | {
        "page_title": _("Dissection of “%s”") % row.batch,
        "run": row,
        "whose": WHOSE.get(row.options.get("whose"), ""),
    }
    if row.state == Dissection.State.DONE:
        context |= _result(request, row)
    return render(request, "analysis/dissection.html", context)


@require_safe
@study_page(Right.EXPORT)
def file(request: HttpRequest, study: Study, code: str, name: str) -> HttpResponse:
    """A table of a run, or all of it as JSON, under the names that `manage.py dissect` gives them."""
    row = get_object_or_404(study.dissections, code=code, state=Dissection.State.DONE)
    found = serving.file(row, name)
    if found is None:
        raise Http404
    response = HttpResponse(found[0], content_type=found[1])
    response["Content-Disposition"] = f'attachment; filename="{study.slug}-{row.code}-{name}"'
    return response


def _page(request: HttpRequest, study: Study, form: DissectionForm) -> HttpResponse:
    runs = study.dissections.defer("document").select_related("batch", "requested_by")[:NEWEST]
    context = workbench(request, study, PLACE) | {"form": form, "runs": runs}
    return show_forms(request, "analysis/dissections.html", context, form)


def _begun(request: HttpRequest, form: DissectionForm) -> Dissection | None:
    """The run that was asked for; what is wrong otherwise stands in the form."""
    try:
        row = jobs.request(form.cleaned_data["batch"], form.options(), person(request))
    except NotDissectable as error:
        form.add_error("batch", str(error))
        return None
    enqueue_dissection(row)
    messages.success(request, _("The run has been started. You may leave this page; it goes on."))
    return row


def _result(request: HttpRequest, row: Dissection) -> dict[str, Any]:
    judges = row.document["judges"]
    judge = request.GET.get("judge") if request.GET.get("judge") in judges else _first(judges)
    fits = list(row.fits.filter(judge=judge).prefetch_related("degrees"))
    wanted = request.GET.get("group", "all")
    fit = next((one for one in fits if one.group == wanted), fits[-1])
    measures = shown.measures(row)
    wanted_measure = request.GET.get("similarity", "")
    measure = wanted_measure if wanted_measure in measures else shown.PUBLISHED
    return {
        "judges": judges,
        "judge": judge,
        "fit": fit,
        "fit_name": shown.name_of(fit.group),
        "groups": shown.groups(fits),
        "lines": shown.lines(fit),
        "similarity": shown.similarity(row, measure),
        "measure": measure,
        "measure_about": shown.MEASURES[measure][1],
        "measures": [(name, shown.MEASURES[name][0]) for name in measures],
        "correlation": shown.correlation(row),
        "is_repeated": any(one.votes > one.used for one in fits),
        "tables": serving.NAMES,
    }


def _first(judges: list[str]) -> str:
    return "human" if "human" in judges else judges[0]
