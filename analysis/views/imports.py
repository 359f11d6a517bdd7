"""Imports of a study: handing in tables, watching, what was refused, which datasets the public may choose."""

import csv
import io
from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from analysis.import_forms import ImportForm
from analysis.imports import jobs, words
from analysis.models import Import
from analysis.tasks import enqueue_import
from conversations.models import Dataset
from prism.lib.ratelimit import rate_limited
from surveys import audit
from surveys.access import Right, person, study_for
from surveys.coordinate.navigation import workbench
from surveys.coordinate.pages import NotDone, show_forms, study_act, study_page
from surveys.models import Study

NEWEST = 20


@require_http_methods(["GET", "HEAD", "POST"])
@rate_limited("import", limit=30, seconds=3600, by="user")
@study_page(Right.RUN)
def imports(request: HttpRequest, study: Study) -> HttpResponse:
    form = ImportForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid() and _started(request, study, form):
        return redirect("analysis:imports", slug=study.slug)
    context = {
        **workbench(request, study, "analysis:imports"),
        "form": form,
        "datasets": _datasets(study),
        "imports": [view_of(row) for row in study.imports.select_related("dataset", "requested_by")[:NEWEST]],
    }
    return show_forms(request, "analysis/imports.html", context, form)


@require_safe
@study_page(Right.RUN)
def progress(request: HttpRequest, study: Study, code: str) -> HttpResponse:
    """One import as it is now, for the page that watches it; the whole page for a browser without scripts."""
    if "HX-Request" not in request.headers:
        return redirect("analysis:imports", slug=study.slug)
    row = get_object_or_404(study.imports.select_related("dataset", "requested_by"), code=code)
    return render(request, "analysis/import.html", {"study": study, "import": view_of(row)})


@require_safe
@login_required
def faults(request: HttpRequest, slug: str, code: str) -> HttpResponseBase:
    """Every refused row with its reason, as CSV."""
    study = study_for(request, slug, Right.RUN)
    row = get_object_or_404(study.imports, code=code)
    response = StreamingHttpResponse(_lines(row), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{study.slug}-import-{row.code}.csv"'
    return response


@study_act(Right.RUN, "analysis:imports")
def stop(request: HttpRequest, study: Study, code: str) -> str:
    if not jobs.stop(get_object_or_404(study.imports, code=code), person(request)):
        raise NotDone(_("This import is over already."))
    return _("The import was stopped. What was stored stays; handing in the same files again goes on.")


@study_act(Right.RUN, "analysis:imports")
def public(request: HttpRequest, study: Study, key: str) -> str:
    """Offer the votes of a dataset on the public leaderboard, or take them off."""
    dataset = get_object_or_404(study.datasets, key=key)
    dataset.is_public = not dataset.is_public
    dataset.save(update_fields=["is_public"])
    act = "dataset.offered" if dataset.is_public else "dataset.taken_off"
    audit.record(person(request), act, study=study, subject=key)
    if dataset.is_public:
        return _("Within ten minutes readers of the public leaderboard can choose this source.")
    return _("Within ten minutes this source is gone from the public leaderboard.")


def view_of(row: Import) -> dict[str, Any]:
    """An import as templates/analysis/import.html shows it."""
    steps = [
        {"label": label, **row.counts[name], "refusals": sum(row.counts[name]["refused"].values())}
        for name, label in words.STEPS.items()
        if name in row.counts
    ]
    reasons = [
        {"table": step["label"], "reason": words.REASONS.get(reason, reason), "rows": rows}
        for step in steps
        for reason, rows in sorted(step["refused"].items(), key=lambda one: -one[1])
    ]
    made = row.counts.get("made", {})
    return {
        "row": row,
        "is_under_way": row.state in jobs.UNDER_WAY,
        "steps": steps,
        "reasons": reasons,
        "made": [(made[kind], label) for kind, label in words.MADE.items() if kind in made],
        "percent": 100 * row.rows_done // row.rows_expected if row.rows_expected else 0,
    }


def _started(request: HttpRequest, study: Study, form: ImportForm) -> bool:
    """Whether the files were taken; what is wrong otherwise stands in the form."""
    try:
        row = jobs.hand_in(form.wanted(study), form.cleaned_data["tables"], person(request))
    except jobs.NotImportable as error:
        form.add_error(None, str(error))
        return False
    except OSError:
        form.add_error(None, _("The files could not be kept. Tell your operator that the disk may be full."))
        return False
    enqueue_import(row)
    messages.success(request, _("The import has been started. You may leave this page; it goes on."))
    return True


def _datasets(study: Study) -> QuerySet[Dataset]:
    voted = Q(talks__conversation__turns__vote__isnull=False)
    return study.datasets.annotate(
        persons=Count("talks__conversation__enrolment", distinct=True),
        conversations=Count("talks", distinct=True),
        votes=Count("talks__conversation__turns__vote", distinct=True, filter=voted),
    )


def _lines(row: Import) -> Iterator[str]:
    yield "table,row,reason\r\n"
    for table, number, reason in row.faults.values_list("table", "row", "reason").iterator(chunk_size=2000):
        line = io.StringIO()
        csv.writer(line).writerow([table, number, reason])
        yield line.getvalue()
