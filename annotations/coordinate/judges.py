"""Language models as annotators: judges of a study, their runs over batches, and what each has cost."""

from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from annotations.coordinate.judge_forms import JudgeForm, LimitsForm, RunForm
from annotations.judging import judges, runs
from annotations.models import JudgedTask, JudgeRun
from annotations.tasks import enqueue_judging
from prism.lib.ratelimit import rate_limited
from surveys.access import Right, may, person
from surveys.coordinate.navigation import workbench
from surveys.coordinate.pages import NotDone, study_page, tried
from surveys.models import Study

PLACE = "annotating:judges"
HERE = "annotating:judge_run"
NEWEST_UNUSABLE = 20
ACTS = {
    "start": (runs.start, gettext_lazy("The run is going. You can close this page.")),
    "pause": (runs.pause, gettext_lazy("No further call begins. What is answered is kept.")),
    "cancel": (runs.cancel, gettext_lazy("The run is cancelled. What was judged before stays.")),
}


@require_safe
@study_page(Right.VIEW)
def overview(request: HttpRequest, study: Study) -> HttpResponse:
    return _page(request, study)


@require_POST
@rate_limited("add_judge", limit=60, seconds=3600, by="user")
@study_page(Right.RUN)
def add(request: HttpRequest, study: Study) -> HttpResponse:
    form = JudgeForm(study, request.POST)
    if not form.is_valid():
        return _page(request, study, judge_form=form)
    try:
        judge = judges.add(form.save(commit=False), person(request))
    except judges.NameTaken:
        form.add_error("name", _("This study has a judge of this name."))
        return _page(request, study, judge_form=form)
    messages.success(request, _("The judge %s can be given a batch.") % judge)
    return redirect(PLACE, study.slug)


@require_POST
@rate_limited("begin_judge_run", limit=60, seconds=3600, by="user")
@study_page(Right.RUN)
def begin(request: HttpRequest, study: Study) -> HttpResponse:
    """A run that waits to be started, with what it is expected to cost."""
    form = RunForm(study, request.POST)
    if not form.is_valid():
        return _page(request, study, run_form=form)
    try:
        run = runs.begin(form.cleaned_data["batch"], form.cleaned_data["judge"], form.limits, person(request))
    except runs.RunRefused as refusal:
        form.add_error(None, str(refusal))
        return _page(request, study, run_form=form)
    return redirect(HERE, study.slug, run.pk)


@require_safe
@study_page(Right.VIEW)
def run(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    """A run as it is now; its moving part alone for the page that watches it."""
    found = _run(study, pk)
    return _run_page(request, study, found)


@require_POST
@study_page(Right.RUN)
def act(request: HttpRequest, study: Study, pk: int, act: str) -> HttpResponse:
    """Start (or resume), pause or cancel."""
    found = _run(study, pk)
    shown = tried(request, lambda: _done(request, found, act))
    return shown or redirect(HERE, study.slug, pk)


@require_POST
@study_page(Right.RUN)
def limit(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    """Other caps, also while it runs."""
    found = _run(study, pk)
    form = LimitsForm(request.POST)
    if not form.is_valid():
        return _run_page(request, study, found, form)
    if runs.set_limits(found, form.limits, person(request)):
        messages.success(request, _("The new limits hold for the next call."))
    return redirect(HERE, study.slug, pk)


def _done(request: HttpRequest, found: JudgeRun, act: str) -> str:
    """Do it; the sentence that tells so. Raises NotDone."""
    verb, told = ACTS[act]
    if not verb(found, person(request)):
        raise NotDone(_("The run has changed in the meantime. See below how it stands."))
    if act == "start":
        enqueue_judging(found)
    return str(told)


def _run(study: Study, pk: int) -> JudgeRun:
    related = ("batch__study", "judge__model__provider", "judge__prompt_set", "created_by")
    return get_object_or_404(JudgeRun.objects.select_related(*related), pk=pk, batch__study=study)


def _page(
    request: HttpRequest,
    study: Study,
    judge_form: JudgeForm | None = None,
    run_form: RunForm | None = None,
) -> HttpResponse:
    done = Count("judged", filter=Q(judged__state=JudgedTask.State.DONE))
    listed = JudgeRun.objects.filter(batch__study=study).select_related("batch", "judge__model")
    context: dict[str, Any] = {
        **workbench(request, study, PLACE),
        "judges": study.judges.select_related("model", "prompt_set").annotate(number=Count("runs")),
        "runs": listed.annotate(tasks=Count("judged"), tasks_done=done),
        "judge_form": judge_form or JudgeForm(study),
        "run_form": run_form or RunForm(study),
        "has_batches": study.batches.exists(),
    }
    is_refused = any(form and form.errors for form in (judge_form, run_form))
    return render(request, "annotations/coordinate/judges.html", context, status=422 if is_refused else 200)


def _run_page(
    request: HttpRequest, study: Study, found: JudgeRun, form: LimitsForm | None = None
) -> HttpResponse:
    may_run = may(request.user, Right.RUN, study)
    moving = {"study": study, "run": found, "figures": runs.figures(found), "may_run": may_run}
    if "HX-Request" in request.headers:
        return render(request, "annotations/coordinate/judge_run_figures.html", moving)
    limits = {"most_cost": found.most_cost, "most_tokens": found.most_tokens, "lanes": found.lanes}
    unusable = JudgedTask.objects.filter(run=found, state=JudgedTask.State.QUARANTINED)
    context = {
        **workbench(request, study, PLACE),
        **moving,
        "form": form or LimitsForm(initial=limits),
        "unusable": unusable.select_related("task", "quarantine__call")[:NEWEST_UNUSABLE],
        "page_title": found.judge.name,
    }
    status = 422 if form and form.errors else 200
    return render(request, "annotations/coordinate/judge_run.html", context, status=status)
