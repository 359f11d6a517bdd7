"""One batch: how far it is, its tasks, who may annotate it, and what a coordinator does with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db.models import F, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from annotations import known_answers, profiles
from annotations.assigning import Annotator, is_suited
from annotations.batches import making
from annotations.batches.figures import progress_of
from annotations.batches.rows import SideRow, TaskRow
from annotations.coordinate.batch_ahead import next_step
from annotations.coordinate.batch_forms import RulesForm
from annotations.coordinate.batch_words import made
from annotations.coordinate.batches import PLACE, shown
from annotations.imports import masking
from annotations.models import AnnotatorProfile, Batch, Ruling
from annotations.tasks import enqueue_filling
from prism.lib.ratelimit import rate_limited
from surveys.access import Right, person
from surveys.coordinate.keyset import slice_of
from surveys.coordinate.navigation import workbench
from surveys.coordinate.pages import show_forms, study_page, tried
from surveys.coordinate.tables import ROWS, query
from surveys.models import Study

HERE = "annotating:batch"
STATES = {
    "": (gettext_lazy("all"), Q()),
    "waiting": (gettext_lazy("not finished"), Q(done__lt=F("needed"))),
    "finished": (gettext_lazy("finished"), Q(needed__gt=0, done__gte=F("needed"))),
    "gold": (gettext_lazy("with known answers"), Q(gold__isnull=False)),
    "training": (gettext_lazy("training"), Q(is_training=True)),
    "erased": (gettext_lazy("erased"), Q(erased_at__isnull=False)),
}


@require_safe
@study_page(Right.VIEW)
def batch(request: HttpRequest, study: Study, name: str) -> HttpResponse:
    """Its figures and a slice of its tasks; for a page that watches it being filled, the figures alone."""
    found = _batch(study, name)
    if "HX-Request" in request.headers:
        context: dict[str, Any] = {"study": study, "batch": found, "progress": progress_of(found)}
        figures = render(request, "annotations/coordinate/batch_figures.html", context)
        if not found.is_filling:  # what can be done with it now stands outside the figures
            figures["HX-Refresh"] = "true"
        return figures
    context = workbench(request, study, PLACE) | _tasks(request, found)
    progress = progress_of(found)
    context |= {
        "batch": found,
        "progress": progress,
        "ahead": next_step(found, progress, context["rights"]),
        "made": made(found),
        "has_known_answers": known_answers.tasks(found).exists(),
        "page_title": found.title,
    }
    return render(request, "annotations/coordinate/batch.html", context)


def _batch(study: Study, name: str) -> Batch:
    batches = study.batches.select_related("rubric_version__rubric", "study", "created_by")
    return get_object_or_404(batches, slug=name)


def _tasks(request: HttpRequest, found: Batch) -> dict[str, Any]:
    state = request.GET.get("state", "")
    state = state if state in STATES else ""
    tasks = found.tasks.filter(STATES[state][1]).defer("query", "context", "reference", "facts")
    given = {name: request.GET.get(name, "") for name in ("after", "before")}
    page = slice_of(tasks, "number", int, descending=False, size=ROWS, **given)
    shown = Ruling.objects.filter(task__in=[row.pk for row in page.rows], is_current=True)
    return {
        "page": page,
        "ruled": set(shown.values_list("task", flat=True)),
        "query": query(request),
        "states": [(key, label, key == state) for key, (label, _chosen) in STATES.items()],
    }


@require_safe
@study_page(Right.RUN)
def task(request: HttpRequest, study: Study, name: str, number: int) -> HttpResponse:
    """A task as annotators see it."""
    found = _batch(study, name)
    row = get_object_or_404(found.tasks.prefetch_related("sides"), number=number)
    context = workbench(request, study, PLACE) | {
        "batch": found,
        "row": row,
        "task": shown(
            TaskRow(
                key=row.key,
                query=row.query,
                sides=tuple(SideRow(side.text) for side in row.sides.all()),
                context=tuple(row.context),
                language=row.language,
            )
        ),
        "page_title": _("Task %d") % row.number,
    }
    return render(request, "annotations/coordinate/batch_task.html", context)


@require_safe
@study_page(Right.RUN)
def annotators(request: HttpRequest, study: Study, name: str) -> HttpResponse:
    """Who may annotate it: members with the right to, as far as their expertise and languages suit it."""
    found = _batch(study, name)
    described = {one.user_id: one for one in AnnotatorProfile.objects.filter(study=study)}
    counts = profiles.counts(found)
    rows = [
        {
            "member": member,
            "profile": described.get(member.user_id),
            "is_suited": is_suited(found, Annotator(user=member.user)),
            **counts.get(member.user_id, {"open": 0, "submitted": 0, "skipped": 0}),
        }
        for member in profiles.members(study).filter(user__is_active=True)
    ]
    context = workbench(request, study, PLACE) | {"batch": found, "rows": rows, "page_title": _("Annotators")}
    return render(request, "annotations/coordinate/batch_annotators.html", context)


@rate_limited("batch_rules", limit=240, seconds=3600, by="user")
@require_http_methods(["GET", "HEAD", "POST"])
@study_page(Right.RUN)
def rules(request: HttpRequest, study: Study, name: str) -> HttpResponse:
    """Guidelines, expertise and limits, which may change as long as the batch lives."""
    found = _batch(study, name)
    form = RulesForm(request.POST if request.method == "POST" else None, initial=stored_rules(found))
    if form.is_bound and form.is_valid():
        making.change(found, form.rules(), person(request))
        messages.success(request, _("Stored. It holds from the next task on."))
        return redirect(HERE, study.slug, found.slug)
    context = workbench(request, study, PLACE) | {
        "batch": found,
        "form": form,
        "page_title": _("Rules of the batch"),
    }
    return show_forms(request, "annotations/coordinate/batch_rules.html", context, form)


def stored_rules(found: Batch) -> dict[str, Any]:
    same = ("guidelines", "minutes_to_expiry", "most_per_annotator")
    values = {name: getattr(found, name) for name in same}
    return values | {"tags": ", ".join(found.tags), "gold_percent": round(100 * found.gold_share, 2)}


@require_POST
@rate_limited("batch_act", limit=600, seconds=3600, by="user")
@study_page(Right.RUN)
def act(request: HttpRequest, study: Study, name: str, what: str) -> HttpResponse:
    """Open, close, delete, or fill once more; then the batch is shown again, or the list without it."""
    if what not in ACTS:
        raise Http404
    found = _batch(study, name)
    tried(request, lambda: ACTS[what](found, person(request)), making.NotPossible)
    if Batch.objects.filter(pk=found.pk or 0).exists():
        return redirect(HERE, study.slug, found.slug)
    return redirect(PLACE, study.slug)


def _open(found: Batch, by: User) -> str:
    making.open_it(found, by)
    return _("The batch is open: annotators are given its tasks.")


def _close(found: Batch, by: User) -> str:
    making.close(found, by)
    return _("The batch is closed. Tasks in somebody's hands may still be finished.")


def _delete(found: Batch, by: User) -> str:
    making.delete(found, by)
    return _("The draft is deleted.")


def _try_again(found: Batch, by: User) -> str:
    making.try_again(found, by)
    enqueue_filling(found)
    return _("It is being tried once more.")


def _mask(found: Batch, by: User) -> str:
    masking.begin(found, by)
    enqueue_filling(found)
    return _("A worker looks the texts through. You may leave this page; it goes on.")


ACTS: dict[str, Callable[[Batch, User], str]] = {
    "open": _open,
    "mask": _mask,
    "close": _close,
    "delete": _delete,
    "again": _try_again,
}
