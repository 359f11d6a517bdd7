"""Adjudication: contested values one after the other, a blind first look, then the ruling."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotations import agreement_reports
from annotations.adjudication import queue, rulings, side_by_side
from annotations.adjudication.rulings import Cell
from annotations.coordinate import adjudication_forms
from annotations.coordinate.adjudication_forms import ContestRuleForm, LookForm, RulingForm
from annotations.models import AgreementReport, Batch, Contest, Ruling, Task
from prism.lib.markdown import render as markdown
from prism.lib.ratelimit import rate_limited
from surveys.access import Right, may, person
from surveys.coordinate.navigation import workbench
from surveys.coordinate.pages import study_page
from surveys.models import Study

PLACE = "annotating:adjudication"
NEWEST = 20
DOUBTS = {  # by dawid_skene.Doubt; naming it would bring numpy to every page
    "not_converged": gettext_lazy("The computation did not settle."),
    "starts_disagree": gettext_lazy("Other starting points led to other results."),
    "few_raters": gettext_lazy("Fewer than three annotators: their errors cannot be told from the truth."),
    "no_overlap": gettext_lazy("Nothing was annotated twice."),
    "unrated": gettext_lazy("Some values have no answer."),
    "few_ratings": gettext_lazy("Some annotators gave few answers."),
    "rare_class": gettext_lazy("Some level hardly occurs."),
    "switched": gettext_lazy("Levels may have been exchanged."),
}


@require_safe
@study_page(Right.ADJUDICATE)
def batches(request: HttpRequest, study: Study) -> HttpResponse:
    rows = [
        {"batch": row, "progress": queue.progress(row, person(request))}
        for row in study.batches.exclude(state=Batch.State.DRAFT)
    ]
    context = workbench(request, study, PLACE) | {"rows": rows}
    return render(request, "annotations/coordinate/adjudication_batches.html", context)


@require_safe
@never_cache
@study_page(Right.ADJUDICATE)
def batch(request: HttpRequest, study: Study, name: str) -> HttpResponse:
    """How far a batch is, what may be contested in it, and the way to the next value."""
    row = _batch(study, name)
    standing = agreement_reports.shown(row, AgreementReport.Of.PEOPLE)
    fields = row.rubric_version.parsed().fields
    counted = sorted(queue.by_position(row).items())
    newest = rulings.current_rulings(row).select_related("task", "by").order_by("-pk")[:NEWEST]
    context = workbench(request, study, PLACE) | {
        "page_title": row.title,
        "batch": row,
        "standing": standing,
        "progress": queue.progress(row, person(request)),
        "lines": [{"field": fields[at], "contested": all_, "open": left} for at, (all_, left) in counted],
        "newest": [{"ruling": one, "field": fields[one.position]} for one in newest],
        "form": ContestRuleForm(instance=agreement_reports.rule_of(row)),
        "may_change": may(request.user, Right.RUN, study),
    }
    return render(request, "annotations/coordinate/adjudication.html", context)


@require_POST
@rate_limited("contest_rule", limit=60, seconds=3600, by="user")
@study_page(Right.RUN)
def change_rule(request: HttpRequest, study: Study, name: str) -> HttpResponse:
    row = _batch(study, name)
    form = ContestRuleForm(request.POST, instance=agreement_reports.rule_of(row))
    if form.is_valid():
        agreement_reports.store_rule(form.save(commit=False), person(request))
        messages.success(request, _("Changed. What was ruled on stays ruled on."))
    else:
        messages.error(request, _("Nothing was changed: the range is a whole number from 0 to 100."))
    return redirect("annotating:adjudicate_batch", study.slug, name)


@require_safe
@study_page(Right.ADJUDICATE)
def next_one(request: HttpRequest, study: Study, name: str) -> HttpResponse:
    """To the next contested value, behind the one named by `?after=` task-side-position, if any."""
    row = _batch(study, name)
    found = queue.next_contest(row, person(request), _after(row, request.GET.get("after", "")))
    if found is None:
        messages.success(request, _("Nothing is left for you here."))
        return redirect("annotating:adjudicate_batch", study.slug, name)
    slug = row.rubric_version.parsed().fields[found.position].slug
    return redirect("annotating:adjudicate", study.slug, name, found.task.number, found.side, slug)


def _after(row: Batch, named: str) -> Contest | None:
    """An unsaved contest at this place: what stood there may have been ruled on meanwhile."""
    parts = named.split("-")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() and len(part) < 9 for part in parts):
        return None
    number, side, position = map(int, parts)
    return Contest(task=Task(batch=row, number=number), side=side, position=position)


@rate_limited("adjudicate", limit=1200, seconds=3600, by="user")
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@study_page(Right.ADJUDICATE)
def adjudicate(
    request: HttpRequest, study: Study, name: str, number: int, side: int, field: str
) -> HttpResponse:
    """One contested value: before the person's first look nothing of what annotators said is shown."""
    cell = _cell(_batch(study, name), number, side, field)
    if queue.is_own(cell.task, person(request)):
        return _page(request, study, cell, {"is_own": True})
    look = rulings.look_of(cell, person(request))
    if look is None:
        return _first_look(request, study, cell)
    return _ruling(request, study, cell, look.score)


def _first_look(request: HttpRequest, study: Study, cell: Cell) -> HttpResponse:
    form = LookForm(cell, request.POST if "look" in request.POST else None)
    if form.is_valid():
        rulings.look(cell, person(request), form.score)
        return redirect(request.path)
    return _page(request, study, cell, {"form": form})


def _ruling(request: HttpRequest, study: Study, cell: Cell, seen: int | None) -> HttpResponse:
    form = RulingForm(cell, request.POST if "rule" in request.POST else None)
    status = 200
    if form.is_valid():
        try:
            rulings.rule(cell, person(request), form.decision, form.cleaned_data["replaces"])
        except rulings.Overtaken:
            messages.error(
                request,
                _(
                    "Somebody else ruled on it since you opened it. Theirs stands below. "
                    "Nothing of yours was stored; your words are still in the form."
                ),
            )
            status = 409
        else:
            messages.success(request, _("Ruled: %s.") % cell.field.title)
            return _onward(study, cell)
    return _page(request, study, cell, _revealed(cell, seen) | {"form": form}, status)


def _onward(study: Study, cell: Cell) -> HttpResponse:
    here = reverse("annotating:next_contest", args=[study.slug, cell.task.batch.slug])
    return redirect(f"{here}?after={cell.task.number}-{cell.side}-{cell.field.position}")


def _revealed(cell: Cell, seen: int | None) -> dict[str, Any]:
    """What is shown only after the first look."""
    contest = Contest.objects.filter(**cell.key).first()
    past = list(rulings.history(cell))
    opinion = contest.second_opinion if contest else {}
    return {
        "seen": adjudication_forms.label_of(cell, seen),
        "said": [
            {"of": one, "label": adjudication_forms.label_of(cell, one.score)}
            for one in side_by_side.said(cell)
        ],
        "contest": contest,
        "opinion": [
            (adjudication_forms.label_of(cell, int(level)), 100 * share)
            for level, share in opinion.get("shares", {}).items()
        ],
        "doubts": [DOUBTS.get(doubt, doubt) for doubt in opinion.get("doubts", [])],
        "past": [_told(cell, one) for one in past],
        "replaces": next((one.pk for one in past if one.is_current), ""),
    }


def _told(cell: Cell, ruling: Ruling) -> dict[str, Any]:
    return {
        "ruling": ruling,
        "label": adjudication_forms.label_of(cell, ruling.score),
        "rule": adjudication_forms.rule_label(cell, ruling.rule),
    }


def _page(
    request: HttpRequest, study: Study, cell: Cell, shown: dict[str, Any], status: int = 200
) -> HttpResponse:
    form = shown.get("form")
    context = (
        workbench(request, study, PLACE)
        | shown
        | {
            "page_title": cell.field.title,
            "cell": cell,
            "batch": cell.task.batch,
            "sides": [(side.number, markdown(side.text, 4)) for side in cell.task.sides.all()],
            "guidelines": markdown(cell.task.batch.guidelines, 4),
            "choices": adjudication_forms.choices(cell),
            "onward": f"{cell.task.number}-{cell.side}-{cell.field.position}",
            "given": form["value"].value() if form is not None else None,
        }
    )
    if form is not None and form.errors:
        status = 422
    return render(request, "annotations/coordinate/adjudicate.html", context, status=status)


def _batch(study: Study, name: str) -> Batch:
    return get_object_or_404(study.batches.select_related("rubric_version__rubric", "study"), slug=name)


def _cell(row: Batch, number: int, side: int, slug: str) -> Cell:
    """The value that the address names; 404 where it was never contested."""
    cell = rulings.cell_of(row, number, side, slug)
    if cell is None:
        raise Http404
    return cell
