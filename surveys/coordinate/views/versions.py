"""The versions of a study's questionnaire: who stored them, how they differ, and which one is used."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from surveys import editing
from surveys.access import Right, person, study_for
from surveys.coordinate.navigation import workbench
from surveys.models import Questionnaire, Study

HERE = "coordinate:questionnaire"


@login_required
@require_safe
def versions(request: HttpRequest, slug: str) -> HttpResponse:
    """The list; with `before` and `after` in the address also what changed between two of them."""
    study = study_for(request, slug, Right.RUN)
    before, after = _chosen(request, study, "before"), _chosen(request, study, "after")
    context = _frame(request, study, _("Versions of the questionnaire")) | {
        "rows": _rows(study),
        "before": before,
        "after": after,
        "changes": editing.compare(before.document, after.document) if before and after else [],
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
    given = request.GET.get(name, "")
    is_id = given.isascii() and given.isdigit() and len(given) < 18
    return editing.history(study).filter(pk=int(given)).first() if is_id else None


def _frame(request: HttpRequest, study: Study, title: str) -> dict[str, Any]:
    return workbench(request, study, HERE) | {"page_title": title}


@login_required
def use(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Asks before the study uses another version."""
    study = study_for(request, slug, Right.RUN)
    version = get_object_or_404(editing.history(study), pk=pk)
    if request.method == "POST":
        return _use(request, study, version)
    context = _frame(request, study, _("Use %s?") % version) | {
        "version": version,
        "people": sum(editing.began(study).values()),
        "changes": editing.compare(study.questionnaire.document, version.document)
        if study.questionnaire
        else [],
    }
    return render(request, "surveys/coordinate/use_version.html", context)


def _use(request: HttpRequest, study: Study, version: Questionnaire) -> HttpResponse:
    given = request.POST.get("instead_of", "")
    instead_of = int(given) if given.isascii() and given.isdigit() and len(given) < 18 else None
    try:
        editing.use(study, person(request), version, instead_of)
    except editing.EditingError as error:
        messages.error(request, str(error))
    else:
        messages.success(
            request, _("The study uses %s from now on. Who has begun keeps their version.") % version
        )
    return redirect("coordinate:versions", study.slug)


@require_POST
@login_required
def open_version(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Put a stored version into one's editor; a draft that stands there must be given up first."""
    study = study_for(request, slug, Right.RUN)
    version = get_object_or_404(editing.history(study), pk=pk)
    if editing.writing(study, person(request)).is_draft:
        messages.error(
            request, _("There is a draft of yours in the editor. Store it or throw it away first.")
        )
        return redirect(HERE, slug)
    editing.keep(study, person(request), version.document, editing.newest(study))
    messages.success(request, _("The text of %s stands in the editor.") % version)
    return redirect(HERE, slug)
