"""How far the annotators of a batch agree: a page for each batch, its charts and its files."""

import csv
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, F, Q
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from annotations import agreement_reports
from annotations.adjudication import queue
from annotations.agreement_words import FEWEST
from annotations.coordinate import agreement_figures as figures
from annotations.models import AgreementReport, Batch
from annotations.tasks import enqueue_report
from prism.lib.ratelimit import rate_limited
from surveys import audit
from surveys.access import Right, may, person
from surveys.coordinate.navigation import workbench
from surveys.coordinate.pages import study_page
from surveys.models import Study

PLACE = "annotating:agreement"
FILES = ("csv", "json")


@require_safe
@study_page(Right.VIEW)
def batches(request: HttpRequest, study: Study) -> HttpResponse:
    counted = study.batches.annotate(
        all_tasks=Count("tasks", filter=Q(tasks__is_training=False)),
        finished=Count("tasks", filter=Q(tasks__done__gte=F("tasks__needed"), tasks__is_training=False)),
    )
    context = workbench(request, study, PLACE) | {"batches": counted.select_related("rubric_version__rubric")}
    return render(request, "annotations/coordinate/agreement_batches.html", context)


@require_safe
@never_cache
@study_page(Right.VIEW)
def batch(request: HttpRequest, study: Study, name: str) -> HttpResponse:
    """`?of=judges` is about models and files, `?property=` about one property.

    `?excluded=with` counts annotators who are excluded, who are left out otherwise.
    """
    asked, row = _asked(request), _batch(study, name)
    standing = agreement_reports.shown(row, asked.of, with_excluded=asked.with_excluded)
    if "HX-Request" in request.headers and not standing.is_awaited:
        return HttpResponse(headers={"HX-Refresh": "true"})
    context = workbench(request, study, PLACE) | {
        "page_title": row.title,
        "batch": row,
        "of": asked.of,
        "asked": asked,
        "standing": standing,
        **_contested(row, asked.of),
        "may_compute": not standing.is_current and standing.total > 0 and not standing.is_awaited,
    }
    if standing.report and standing.report.document:
        context |= _told(request, study, standing.report)
    return render(request, "annotations/coordinate/agreement.html", context)


def _contested(row: Batch, of: str) -> dict[str, int]:
    """What people disagree about too much; of models and files nothing is contested."""
    if of != AgreementReport.Of.PEOPLE:
        return {}
    contested = queue.contests(row).count()
    return {"contested": contested, "ruled": contested - queue.open_contests(row).count()}


def _told(request: HttpRequest, study: Study, report: AgreementReport) -> dict[str, Any]:
    document = report.document or {}
    slug = request.GET.get("property", "")
    part = figures.chosen(document, slug)
    keys = [one["key"] for one in document["annotators"]]
    names = figures.names_of(keys) if may(request.user, Right.RUN, study) else {}
    return {
        "report": report,
        "document": document,
        "properties": figures.properties(document),
        "part": part,
        "annotators": figures.annotators(document, part, names),
        "pairs": figures.pairs(document, part),
        "windows": figures.windows(part),
        "fewest": FEWEST,
        "has_names": bool(names),
    }


@require_safe
@study_page(Right.VIEW)
def chart(request: HttpRequest, study: Study, name: str) -> JsonResponse:
    document = _report(request, study, name).document or {}
    return JsonResponse(figures.chart(document, figures.chosen(document, request.GET.get("property", ""))))


@require_safe
@rate_limited("agreement_file", limit=120, seconds=3600, by="user", methods=("GET",))
@study_page(Right.VIEW)
def file(request: HttpRequest, study: Study, name: str, ending: str) -> HttpResponse:
    """All coefficients, with annotators by their letters."""
    report = _report(request, study, name)
    if ending not in FILES:
        raise Http404
    audit.record(person(request), "agreement.downloaded", study=study, subject=name, of=report.of)
    which = f"{report.of}-with-excluded" if report.with_excluded else report.of
    document = figures.public(report.document or {})
    if ending == "json":
        told = {name: getattr(report, name) for name in ("of", "with_excluded", "annotations")}
        body = json.dumps(document | {"batch": name, **told})
        response = HttpResponse(body, content_type="application/json")
    else:
        response = HttpResponse(content_type="text/csv; charset=utf-8")
        csv.writer(response).writerows(figures.lines(document))
    response["Content-Disposition"] = f'attachment; filename="agreement-{name}-{which}.{ending}"'
    return response


@require_POST
@rate_limited("compute_agreement", limit=60, seconds=3600, by="user")
@study_page(Right.VIEW)
def compute(request: HttpRequest, study: Study, name: str) -> HttpResponse:
    """Have a worker make the report anew, unless one is at it."""
    row, asked = _batch(study, name), _asked(request)
    enqueue_report(row, asked.of, person(request), with_excluded=asked.with_excluded)
    response = redirect("annotating:agreement_of", study.slug, name)
    response["Location"] += f"?{asked.query}"
    return response


@dataclass(frozen=True)
class Asked:
    """Which of a batch's reports an address names."""

    of: str
    with_excluded: bool

    @property
    def query(self) -> str:
        return urlencode({"of": self.of} | ({"excluded": "with"} if self.with_excluded else {}))


def _asked(request: HttpRequest) -> Asked:
    given = request.POST if request.method == "POST" else request.GET
    if given.get("of") == AgreementReport.Of.JUDGES:
        return Asked(AgreementReport.Of.JUDGES, with_excluded=False)
    return Asked(AgreementReport.Of.PEOPLE, given.get("excluded") == "with")


def _batch(study: Study, name: str) -> Batch:
    rows = study.batches.select_related("rubric_version__rubric", "study")
    return get_object_or_404(rows, slug=name)


def _report(request: HttpRequest, study: Study, name: str) -> AgreementReport:
    asked = _asked(request)
    wanted = {"of": asked.of, "with_excluded": asked.with_excluded, "batch": _batch(study, name)}
    return get_object_or_404(AgreementReport, document__isnull=False, **wanted)
