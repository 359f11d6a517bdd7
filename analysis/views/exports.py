"""Exports of a study on the web."""

from django.http import HttpRequest, HttpResponse

from surveys.access import Right, study_for


def exports(request: HttpRequest, slug: str) -> HttpResponse:
    study = study_for(request, slug, Right.EXPORT)
    return HttpResponse(study.slug)
