"""Exports of a study: asking for one, watching it, taking its files, deleting them."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from analysis.exports import jobs
from analysis.exports.formats import FILES, PRISM
from analysis.exports.gate import warned
from analysis.exports.release import Scope
from analysis.exports.serving import download
from analysis.forms import ExportForm
from analysis.models import Export
from analysis.tasks import enqueue
from conversations.models.imported import LIVE
from prism.lib.ratelimit import rate_limited
from surveys import audit
from surveys.access import Right, may, person, study_for
from surveys.coordinate.navigation import workbench
from surveys.coordinate.pages import study_page
from surveys.models import Study
from surveys.quality.deciding import excluded

NEWEST = 30
UNDER_WAY = [Export.State.WAITING, Export.State.RUNNING]
KEPT = [*UNDER_WAY, Export.State.HELD, Export.State.DONE]


@require_http_methods(["GET", "HEAD", "POST"])
@rate_limited("export", limit=30, seconds=3600, by="user")
@study_page(Right.EXPORT)
def exports(request: HttpRequest, study: Study) -> HttpResponse:
    full = may(request.user, Right.EXPORT_FULL, study)
    datasets = list(study.datasets.values_list("key", flat=True))
    wanted = {"format": request.GET.get("format", PRISM)}
    form = ExportForm(request.POST or None, initial=wanted, may_export_full=full, datasets=datasets)
    if request.method == "POST" and form.is_valid():
        _start(request, form.scope(study))
        return redirect("analysis:exports", slug=study.slug)
    found = study.exports.select_related("requested_by")
    context = {
        **workbench(request, study, "analysis:exports"),
        "form": form,
        "excluded": len(excluded(study)),
        "has_datasets": bool(datasets),
        "exports": [view_of(export, may_export_full=full) for export in found[:NEWEST]],
        "older": max(0, found.count() - NEWEST),
    }
    return render(request, "analysis/exports.html", context, status=422 if form.errors else 200)


@require_safe
@study_page(Right.EXPORT)
def progress(request: HttpRequest, study: Study, code: str) -> HttpResponse:
    """One export as it is now, for the page that watches it; a whole page for a browser without scripts."""
    if "HX-Request" not in request.headers:
        return redirect("analysis:exports", slug=study.slug)
    export = get_object_or_404(study.exports.select_related("requested_by"), code=code)
    full = may(request.user, Right.EXPORT_FULL, study)
    context = {"study": study, "export": view_of(export, may_export_full=full)}
    response = render(request, "analysis/export.html", context)
    if export.state not in UNDER_WAY:
        # The page asks for the progress alone, so that an open confirmation stays; now it gets all of it.
        response["HX-Retarget"] = response["HX-Reselect"] = f"#export-{export.code}"
    return response


@require_safe
@login_required
def file(request: HttpRequest, slug: str, code: str, name: str) -> HttpResponseBase:
    """One file of an export, or `all.zip`."""
    export = _reachable(request, slug, code)
    paths = {known: jobs.folder(export) / known for known in jobs.packed(export)}
    paths[jobs.ARCHIVE] = jobs.archive(export)
    if name not in paths:
        raise Http404
    shown_name = f"{slug}-{export.code}.zip" if name == jobs.ARCHIVE else name
    if export.state != Export.State.DONE or not paths[name].exists():
        return _gone(request, export)
    audit.record(person(request), "export.downloaded", study=export.study, subject=export.code, file=name)
    # A download may take long, and the pool of connections is small.
    if not connection.in_atomic_block:
        connection.close()
    return download(paths[name], shown_name)


@require_POST
@login_required
def release(request: HttpRequest, slug: str, code: str) -> HttpResponse:
    """Let an export be taken although the rules warn of something in it."""
    export = _reachable(request, slug, code)
    if jobs.release_anyway(export, person(request)):
        messages.success(
            request, _("The export is released. The audit has your name and what it was held for.")
        )
    else:
        messages.info(request, _("This export is not held back any more."))
    return redirect("analysis:exports", slug=slug)


@require_POST
@login_required
def delete(request: HttpRequest, slug: str, code: str) -> HttpResponse:
    export = _reachable(request, slug, code)
    jobs.delete(export, person(request))
    messages.success(request, _("The files of the export were deleted. Its entry stays as a record."))
    return redirect("analysis:exports", slug=slug)


def view_of(export: Export, *, may_export_full: bool) -> dict[str, Any]:
    """An export as templates/analysis/export.html shows it."""
    files = export.manifest.get("files", {})
    is_by_command = export.filters.get("source") == jobs.BY_COMMAND
    is_open = may_export_full or not export.is_full
    return {
        "row": export,
        "is_under_way": export.state in UNDER_WAY,
        "is_by_command": is_by_command,
        "is_open": is_open,
        "may_be_deleted": is_open and not is_by_command and export.state in KEPT,
        "warned": list(warned(export.manifest)),
        "may_be_rebuilt": is_open and export.state not in UNDER_WAY,
        "include_test": export.filters.get("include_test", False),
        "include_excluded": export.filters.get("include_excluded", False),
        "source": export.filters.get("dataset", LIVE),
        "left_out": export.manifest.get("left_out", {}),
        "files": [{"name": name, **files[name]} for name in FILES[export.format] if name in files],
        "percent": 100 * export.rows_done // export.rows_expected if export.rows_expected else 0,
    }


def _start(request: HttpRequest, scope: Scope) -> None:
    requester = person(request)
    same = scope.study.exports.filter(
        state__in=UNDER_WAY,
        requested_by=requester,
        is_full=scope.is_full,
        release_seed=scope.release_seed,
        format=scope.format,
        filters__include_test=scope.include_test,
        filters__include_excluded=scope.include_excluded,
        filters__dataset=scope.source,
    )
    if same.exists():
        messages.info(request, _("This export is already under way. You find it below."))
        return
    enqueue(jobs.request_export(scope, requester))
    messages.success(request, _("The export has been started. You may leave this page; it goes on."))


def _reachable(request: HttpRequest, slug: str, code: str) -> Export:
    """The export, for a person who may have what is in it."""
    study: Study = study_for(request, slug, Right.EXPORT)
    export = get_object_or_404(study.exports, code=code)
    if export.is_full and not may(request.user, Right.EXPORT_FULL, study):
        raise PermissionDenied
    return export


def _gone(request: HttpRequest, export: Export) -> HttpResponse:
    context = {
        "title": _("This file is not here"),
        "text": _("The export was deleted, has failed, is held back or is not finished yet."),
        "next_text": _("The list of exports shows what there is and can start a new one."),
        "action_url": reverse("analysis:exports", args=[export.study.slug]),
        "action_label": _("To the exports"),
    }
    return render(request, "prism/message.html", context, status=410)
