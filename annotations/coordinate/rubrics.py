"""The rubrics that a study may use: its own, and those that are shipped."""

from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from annotations import rubric_editing
from annotations.coordinate.rubric_editor import HERE, PLACE, form_page
from annotations.coordinate.rubric_forms import BeginForm
from annotations.models import Rubric, RubricVersion
from annotations.rubric_versions import newest_versions
from prism.lib.ratelimit import rate_limited
from surveys.access import Right, person
from surveys.coordinate.navigation import workbench
from surveys.coordinate.pages import study_page
from surveys.editing import EditingError
from surveys.models import Study


@require_safe
@study_page(Right.VIEW)
def rubrics(request: HttpRequest, study: Study) -> HttpResponse:
    return _page(request, study, BeginForm(newest_versions(study)))


@require_POST
@rate_limited("begin_rubric", limit=60, seconds=3600, by="user")
@study_page(Right.RUN)
def begin(request: HttpRequest, study: Study) -> HttpResponse:
    """A rubric of the study's own, which begins as a copy of another."""
    form = BeginForm(newest_versions(study), request.POST)
    if not form.is_valid():
        return _page(request, study, form, status=422)
    slug, version = form.cleaned_data["slug"], form.cleaned_data["version"]
    try:
        rubric = rubric_editing.begin(study, person(request), slug, version.text)
    except EditingError as error:
        form.add_error("slug", str(error))
        return _page(request, study, form, status=422)
    messages.success(request, _("The rubric begins as a copy of %s. Change it as you like.") % version)
    return redirect(HERE, study.slug, rubric.slug)


@require_safe
@study_page(Right.VIEW)
def version(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    """The form of a stored version that the study may use."""
    found = get_object_or_404(RubricVersion, pk=pk, rubric__in=Rubric.objects.of(study))
    return form_page(request, found.parsed())


def _page(request: HttpRequest, study: Study, form: BeginForm, status: int = 200) -> HttpResponse:
    used = study.batches.values("rubric_version__rubric").annotate(batches=Count("pk"))
    counted = {row["rubric_version__rubric"]: row["batches"] for row in used}
    rows = [
        {"version": version, "document": version.parsed(), "batches": counted.get(version.rubric_id, 0)}
        for version in form.versions
    ]
    context = workbench(request, study, PLACE) | {"rows": rows, "form": form}
    return render(request, "annotations/coordinate/rubrics.html", context, status=status)
