"""Making a study and taking its definition along as files."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from conversations import study_files
from conversations.coordinate.study_forms import NewStudyForm
from prism.lib.ratelimit import rate_limited
from surveys import audit
from surveys.access import Right, person, require
from surveys.coordinate.navigation import workbench
from surveys.coordinate.pages import study_page
from surveys.models import Study
from surveys.study_folder import FileProblem, FolderError, to_zip

Problems = list[FileProblem]


@login_required
@rate_limited("new study", limit=60, seconds=3600, by="user")
def new(request: HttpRequest) -> HttpResponse:
    """Make a draft; who makes it becomes its owner."""
    require(request, Right.CREATE)
    form = NewStudyForm(
        request.POST or None, request.FILES or None, by=person(request), initial=request.GET.dict()
    )
    if request.method != "POST":
        return _page(request, form)
    if not form.is_valid():
        return _page(request, form, status=422)
    try:
        return _made(request, form)
    except FolderError as error:
        return _page(request, form, error.problems, status=422)


def _page(
    request: HttpRequest, form: NewStudyForm, problems: Problems | None = None, status: int = 200
) -> HttpResponse:
    context = workbench(request, current="making:new") | {
        "form": form,
        "problems": problems or [],
        "page_title": _("New study"),
        "crumbs": [(_("Studies"), reverse("coordinate:studies")), (_("New study"), None)],
    }
    return render(request, "conversations/coordinate/new_study.html", context, status=status)


def _made(request: HttpRequest, form: NewStudyForm) -> HttpResponse:
    definition = form.definition()
    study = study_files.load(definition, person(request), source=form.cleaned_data["source"])
    messages.success(request, _("The study is made, as a draft. You are its owner."))
    if definition.unknown_models:
        names = ", ".join(definition.unknown_models)
        messages.warning(request, _("These models are not known here and were left out: %s.") % names)
    return redirect("coordinate:settings", study.slug)


@study_page(Right.RUN)
def export(request: HttpRequest, study: Study) -> HttpResponse:
    """The study's definition as a ZIP; written down, although it holds nobody's data."""
    files = study_files.export(study)
    audit.record(person(request), "study.exported", study=study, files=sorted(files))
    response = HttpResponse(to_zip(files, study.slug), content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="{study.slug}.zip"'
    return response
