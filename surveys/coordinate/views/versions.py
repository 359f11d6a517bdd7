"""The versions of a study's questionnaire: who stored them, how they differ, and which one is used."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from prism.lib.numbers import whole_number
from surveys import editing
from surveys.access import Right, person
from surveys.comparing import compare
from surveys.coordinate.navigation import workbench
from surveys.coordinate.pages import NotDone, study_act, study_page, tried
from surveys.models import Questionnaire, Study
from surveys.quotas.versions import misfits

HERE = "coordinate:questionnaire"


@require_safe
@study_page(Right.RUN)
def versions(request: HttpRequest, study: Study) -> HttpResponse:
    """The list; with `before` and `after` in the address also what changed between two of them."""
    before, after = _chosen(request, study, "before"), _chosen(request, study, "after")
    context = _frame(request, study, _("Versions of the questionnaire")) | {
        "rows": _rows(study),
        "before": before,
        "after": after,
        "changes": compare(before.document, after.document) if before and after else [],
    }
    return render(request, "surveys/coordinate/versions.html", context)


def _rows(study: Study) -> list[dict[str, Any]]:
    stored = {row.questionnaire_id: row for row in study.stored_versions.select_related("by")}
    people = editing.began(study)
    return [
        {"version": version, "stored": stored.get(version.pk), "people": people.get(version.pk, 0)}
        for version in editing.history(study).order_by("-pk")
    ]


def _chosen(request: HttpRequest, study: Study, name: str) -> Questionnaire | None:
    return editing.version_of(study, whole_number(request.GET.get(name, "")))


def _frame(request: HttpRequest, study: Study, title: str) -> dict[str, Any]:
    return workbench(request, study, HERE) | {"page_title": title}


@study_page(Right.RUN)
def use(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    """Asks before the study uses another version."""
    version = get_object_or_404(editing.history(study), pk=pk)
    if request.method == "POST":
        tried(request, lambda: _used(request, study, version), editing.EditingError)
        return redirect("coordinate:versions", study.slug)
    context = _frame(request, study, _("Use %s?") % version) | {
        "version": version,
        "people": sum(editing.began(study).values()),
        "misfits": misfits(study, version),
        "changes": compare(study.questionnaire.document, version.document) if study.questionnaire else [],
    }
    return render(request, "surveys/coordinate/use_version.html", context)


def _used(request: HttpRequest, study: Study, version: Questionnaire) -> str:
    editing.use(study, person(request), version, whole_number(request.POST.get("instead_of", "")))
    return _("The study uses %s from now on. Who has begun keeps their version.") % version


@study_act(Right.RUN, HERE)
def open_version(request: HttpRequest, study: Study, pk: int) -> str:
    """Put a stored version into one's editor; a draft that stands there must be given up first."""
    version = get_object_or_404(editing.history(study), pk=pk)
    if editing.writing(study, person(request)).is_draft:
        raise NotDone(_("There is a draft of yours in the editor. Store it or throw it away first."))
    editing.keep(study, person(request), version.document, editing.newest(study))
    return _("The text of %s stands in the editor.") % version
