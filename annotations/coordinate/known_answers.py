"""The page of a batch's known answers: who gave how many of them, and which of them few give."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from annotations import known_answers as figures
from annotations.coordinate.agreement_figures import names_of
from annotations.coordinate.batches import PLACE
from annotations.excluding import excluded_names
from annotations.known_answers import Accuracy, Given
from annotations.models import Batch
from surveys.access import Right
from surveys.coordinate.navigation import workbench
from surveys.coordinate.pages import study_page
from surveys.models import Study


@require_safe
@study_page(Right.RUN)
def known_answers(request: HttpRequest, study: Study, name: str) -> HttpResponse:
    """`?property=` tells of one property who gave it, `?annotator=` of one person what they gave."""
    batch = get_object_or_404(study.batches.select_related("rubric_version__rubric"), slug=name)
    given, titles = figures.given(batch), _titles(batch)
    names = names_of({one.by for one in given})
    slug, by = request.GET.get("property", ""), request.GET.get("annotator", "")
    slug, by = slug if slug in titles else "", by if by in names else ""
    context = workbench(request, study, PLACE) | {
        "batch": batch,
        "tasks": figures.tasks(batch).count(),
        "whole": figures.accuracy(given),
        "people": _people([one for one in given if slug in ("", one.slug)], names, study),
        "properties": _properties([one for one in given if by in ("", one.by)], titles),
        "property": titles.get(slug, ""),
        "annotator": names.get(by, ""),
        "page_title": _("Known answers"),
    }
    return render(request, "annotations/coordinate/known_answers.html", context)


def _titles(batch: Batch) -> dict[str, str]:
    return {slug: field.title for slug, field in figures.asked(batch).items()}


def _people(given: list[Given], names: dict[str, str], study: Study) -> list[dict[str, Any]]:
    excluded = excluded_names(study)
    rows = [
        {"key": by, "name": names[by], "is_excluded": by in excluded, "accuracy": found}
        for by, found in figures.by_annotator(given).items()
    ]
    return sorted(rows, key=lambda row: (_share(row["accuracy"]), row["name"]))


def _properties(given: list[Given], titles: dict[str, str]) -> list[dict[str, Any]]:
    rows = [
        {"slug": slug, "title": titles[slug], "accuracy": found}
        for slug, found in figures.by_property(given).items()
    ]
    return sorted(rows, key=lambda row: (_share(row["accuracy"]), row["title"]))


def _share(found: Accuracy) -> float:
    """The lowest first: there somebody has to look."""
    return found.right / found.answers
