"""The batches of a study: the list, making one, and what its first tasks will look like."""

from __future__ import annotations

from itertools import islice
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from annotations.batches import making
from annotations.batches.figures import Progress, progress
from annotations.batches.from_file import Fault
from annotations.batches.rows import TaskRow
from annotations.batches.sources import Reading, size, task_rows
from annotations.batches.tables import UnusableFile
from annotations.coordinate.batch_forms import NewBatchForm
from annotations.models import Batch
from annotations.rubric_versions import newest_versions
from annotations.tasks import enqueue_filling
from prism.lib.markdown import render as html
from prism.lib.pii.names import NamesNotFound
from prism.lib.ratelimit import rate_limited
from surveys.access import Right, person
from surveys.coordinate.navigation import workbench
from surveys.coordinate.pages import study_page
from surveys.models import Study

PLACE = "annotating:batches"
PREVIEWED = 3


@require_safe
@study_page(Right.VIEW)
def batches(request: HttpRequest, study: Study) -> HttpResponse:
    counted = progress(study.batches.all())
    rows = [
        {"batch": batch, "progress": counted.get(batch.pk, Progress())}
        for batch in study.batches.select_related("rubric_version__rubric")
    ]
    context = workbench(request, study, PLACE) | {"rows": rows}
    return render(request, "annotations/coordinate/batches.html", context)


@rate_limited("new_batch", limit=240, seconds=3600, by="user")
@require_http_methods(["GET", "HEAD", "POST"])
@study_page(Right.RUN)
def new(request: HttpRequest, study: Study) -> HttpResponse:
    """The form; beside it, on demand, the first tasks as annotators will see them."""
    form = NewBatchForm(
        request.POST if request.method == "POST" else None,
        request.FILES or None,
        study=study,
        by=person(request),
        versions=newest_versions(study),
    )
    context: dict[str, Any] = {"form": form}
    if form.is_bound and form.is_valid():
        batch = form.batch()
        if "make" in request.POST and _made(request, form, batch):
            return redirect("annotating:batch", study.slug, batch.slug)
        context |= _previewed(form, batch)
    context |= workbench(request, study, PLACE) | {"page_title": _("New batch")}
    status = 422 if form.errors else 200
    return render(request, "annotations/coordinate/new_batch.html", context, status=status)


def _made(request: HttpRequest, form: NewBatchForm, batch: Batch) -> bool:
    """Whether it was; what is wrong otherwise stands in the form."""
    try:
        making.make(batch, person(request))
    except making.NotPossible as error:
        form.add_error("title", str(error))
        return False
    enqueue_filling(batch)
    messages.success(request, _("The batch is made, as a draft. Its tasks are being put in."))
    return True


def _previewed(form: NewBatchForm, batch: Batch) -> dict[str, Any]:
    """The size of the source and the first tasks; what is in the way otherwise stands in the form."""
    reading = Reading()
    try:
        first = list(islice(task_rows(batch, reading), PREVIEWED))
        tasks = [shown(row) for row in first]
        return {"size": size(batch), "tasks": tasks, "unread": sorted(form.looked.unread)}
    except (UnusableFile, Fault) as error:
        form.add_error("file", str(error))
    except NamesNotFound:
        form.add_error(None, _("Names of people could not be looked for just now, so nothing can be shown."))
    return {}


def shown(row: TaskRow) -> dict[str, Any]:
    """A task as templates/annotations/coordinate/task_texts.html shows it; models have no name there."""
    return {
        "query": row.query,
        "context": [(said["role"], html(said["text"])) for said in row.context],
        "sides": [(number, html(side.text)) for number, side in enumerate(row.sides, start=1)],
        "language": row.language,
    }
