"""The prompts of a study's judges: versions to read, an editor that makes the next one, and a preview."""

import json
from typing import Any

from django.contrib import messages
from django.db.models import Count, F, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from annotations.coordinate.judge_forms import PreviewForm
from annotations.judging import previewing, runs, writing
from annotations.judging.judges import prompts_for
from annotations.judging.prompts import PromptsError, parse
from annotations.models import PromptSet, Task
from prism.lib.ratelimit import rate_limited
from surveys.access import Right, may, person
from surveys.coordinate.navigation import workbench
from surveys.coordinate.pages import study_page, typed_text
from surveys.models import Study

PLACE = "annotating:judges"
HERE = "annotating:prompt_set"


@require_safe
@study_page(Right.VIEW)
def prompts(request: HttpRequest, study: Study) -> HttpResponse:
    """Every version that judges of the study may use or used."""
    shown = Q(study=study) | Q(judges__study=study) | Q(pk__in=[one.pk for one in prompts_for(study)])
    judges = Count("judges", filter=Q(judges__study=study), distinct=True)
    found = PromptSet.objects.filter(pk__in=PromptSet.objects.filter(shown).values("pk"))
    found = found.annotate(number_of_judges=judges).select_related("created_by")
    own_first = found.order_by(F("study").asc(nulls_last=True), "key", "-number")
    context = workbench(request, study, PLACE) | {
        "page_title": _("Prompts of judges"),
        "rows": [{"version": one, "prompts": one.parsed()} for one in own_first],
    }
    return render(request, "annotations/coordinate/prompts.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@rate_limited("prompts", limit=600, seconds=3600, by="user")
@study_page(Right.VIEW)
def version(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    """A version as it is; for who runs the study, in an editor that checks, previews and stores the next."""
    found = get_object_or_404(PromptSet.objects.filter(Q(study=study) | Q(study=None)), pk=pk)
    if request.method != "POST" or not may(request.user, Right.RUN, study):
        text = writing.text_of(found)
        return _page(request, study, found, text, base=writing.base_of(study, text))
    text, base = typed_text(request), _number(request.POST.get("base", ""))
    try:
        parse(text)
        if "store" in request.POST:
            return _stored(request, study, writing.store(study, text, base, person(request)))
    except PromptsError as error:
        return _page(request, study, found, text, base=base, faults=error.faults)
    except writing.Meanwhile as error:
        return _page(request, study, found, text, base=base, faults=(str(error),))
    return _page(request, study, found, text, base=base)


def _stored(request: HttpRequest, study: Study, made: PromptSet) -> HttpResponse:
    messages.success(request, _("Stored as %s. Judges keep the version that they were made with.") % made)
    return redirect(HERE, study.slug, made.pk)


def _page(
    request: HttpRequest,
    study: Study,
    found: PromptSet,
    text: str,
    *,
    base: int,
    faults: tuple[str, ...] = (),
) -> HttpResponse:
    may_run = may(request.user, Right.RUN, study)
    is_wanted = request.method == "POST" and "batch" in request.POST
    form = PreviewForm(study, request.POST if is_wanted else None, auto_id="preview_%s")
    context = workbench(request, study, PLACE) | {
        "page_title": str(found),
        "version": found,
        "text": text if may_run else found.text,
        "base": base,
        "faults": faults,
        "is_checked": request.method == "POST" and not faults,
        "form": form,
        "has_batches": study.batches.exists(),
        **(_preview(form, text) if may_run and is_wanted and not faults else {}),
    }
    status = 422 if faults else 200
    return render(request, "annotations/coordinate/prompt_set.html", context, status=status)


def _preview(form: PreviewForm, text: str) -> dict[str, Any]:
    """What each step would ask of the chosen task."""
    task = form.task if form.is_valid() else None
    if task is None:
        return {"nothing": _("This batch has no task of that number, or its texts were erased.")}
    return {"steps": _steps(task, text)}


def _steps(task: Task, text: str) -> list[dict[str, Any]]:
    protocol = runs.protocol_of(task.batch, parse(text))
    return [
        {
            "step": question.step,
            "text": question.text,
            "schema": json.dumps(question.schema, indent=2, ensure_ascii=False) if question.schema else "",
        }
        for question in previewing.questions(protocol, runs.subject(task))
    ]


def _number(given: str) -> int:
    return int(given) if given.isdecimal() and len(given) < 9 else 0
