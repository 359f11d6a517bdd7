"""Scenarios of a study's batches: what was suggested, by whom, and what people make of it."""

from collections import Counter
from typing import Any

from django.contrib import messages
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from annotations.models import Batch, ScenarioClassifier, Task
from annotations.scenarios import suggesting
from annotations.scenarios.groups import GroupsError
from annotations.tasks import enqueue_suggestions
from prism.lib.ratelimit import rate_limited
from surveys import audit
from surveys.access import Right, person
from surveys.coordinate.keyset import slice_of
from surveys.coordinate.navigation import workbench
from surveys.coordinate.pages import study_page, typed_text
from surveys.coordinate.tables import query
from surveys.models import Study

PLACE = "annotating:scenarios"
ROWS = 25
NONE = "none"


@require_safe
@study_page(Right.VIEW)
def scenarios(request: HttpRequest, study: Study) -> HttpResponse:
    return _overview(request, study)


@require_safe
@study_page(Right.RUN)
def of_batch(request: HttpRequest, study: Study, name: str) -> HttpResponse:
    """The tasks of a batch with their groups, which can be corrected; not for who may see no texts."""
    batch = get_object_or_404(study.batches, slug=name)
    page = slice_of(
        _filtered(batch, request),
        "number",
        int,
        descending=False,
        size=ROWS,
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )
    context = workbench(request, study, PLACE) | {
        "page_title": _("Scenarios of “%s”") % batch,
        "batch": batch,
        "page": page,
        "groups": suggesting.groups_of(study).names,
        "sources": Task.ScenarioSource.choices,
        "chosen": {name: request.GET.get(name, "") for name in ("group", "source")},
        "query": query(request),
        "counts": counts(batch.tasks.all()),
    }
    return render(request, "annotations/coordinate/scenarios_batch.html", context)


@require_POST
@rate_limited("correct_scenarios", limit=600, seconds=3600, by="user")
@study_page(Right.RUN)
def correct(request: HttpRequest, study: Study, name: str) -> HttpResponse:
    batch = get_object_or_404(study.batches, slug=name)
    wanted = {
        int(key.removeprefix("group-")): str(value)
        for key, value in list(request.POST.items())[: 4 * ROWS]
        if key.startswith("group-") and key.removeprefix("group-").isdecimal() and len(key) < 20
    }
    changed = suggesting.correct(batch, wanted, person(request))
    told = ngettext("%d task was put into another group.", "%d tasks were put into another group.", changed)
    messages.success(request, told % changed if changed else _("Nothing was different, so nothing changed."))
    return _back(request, study, batch)


@require_POST
@rate_limited("suggest_scenarios", limit=60, seconds=3600, by="user")
@study_page(Right.RUN)
def suggest(request: HttpRequest, study: Study, name: str) -> HttpResponse:
    """Let a worker look at every task that nobody decided about."""
    batch = get_object_or_404(study.batches, slug=name)
    audit.record(person(request), "scenarios.suggested", study=study, subject=batch.slug)
    enqueue_suggestions(batch)
    messages.success(
        request, _("A worker looks through the tasks now. Load the page again to see what it found.")
    )
    return _back(request, study, batch)


@require_POST
@rate_limited("scenario_groups", limit=60, seconds=3600, by="user")
@study_page(Right.RUN)
def change_groups(request: HttpRequest, study: Study) -> HttpResponse:
    """The study's own list of classes and groups; what is wrong with it is told, nothing typed is lost."""
    text = typed_text(request)
    try:
        moved = suggesting.change_groups(study, text, person(request))
    except GroupsError as error:
        return _overview(request, study, text=text, problem=str(error), status=422)
    told = ngettext("The list is stored; %d task moved.", "The list is stored; %d tasks moved.", moved)
    messages.success(request, told % moved)
    return redirect(PLACE, study.slug)


def _overview(
    request: HttpRequest, study: Study, text: str = "", problem: str = "", status: int = 200
) -> HttpResponse:
    context = workbench(request, study, PLACE) | {
        "batches": [{"batch": batch, **counts(batch.tasks.all())} for batch in study.batches.all()],
        "classifier": ScenarioClassifier.objects.defer("weights").filter(study=study).first(),
        "text": text or suggesting.text_of(study),
        "problem": problem,
    }
    return render(request, "annotations/coordinate/scenarios.html", context, status=status)


def _filtered(batch: Batch, request: HttpRequest) -> QuerySet[Task]:
    tasks, group, source = batch.tasks.all(), request.GET.get("group", ""), request.GET.get("source", "")
    if group:
        tasks = tasks.filter(scenario_group="" if group == NONE else group)
    if source:
        tasks = tasks.filter(scenario_source="" if source == NONE else source)
    return tasks


def counts(tasks: QuerySet[Task]) -> dict[str, Any]:
    """How many tasks each group and each source has, in one query."""
    groups, sources = Counter[str](), Counter[str]()
    rows = tasks.order_by().values_list("scenario_group", "scenario_source").annotate(tasks=Count("pk"))
    labels = dict(Task.ScenarioSource.choices)
    for group, source, number in rows:
        groups[group or ""] += number
        sources[str(labels.get(source, ""))] += number
    return {
        "tasks": groups.total(),
        "without": groups.pop("", 0),
        "groups": groups.most_common(),
        "sources": [(label, number) for label, number in sources.most_common() if label],
    }


def _back(request: HttpRequest, study: Study, batch: Batch) -> HttpResponse:
    place = request.POST.get("back", "")[:500]
    address = reverse("annotating:batch_scenarios", args=[study.slug, batch.slug])
    return redirect(f"{address}?{place}" if place else address)
