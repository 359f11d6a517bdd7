"""What happens with people's data in the end: withdrawing, periods of retention, and what is due next."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from surveys import retention as periods
from surveys import studies
from surveys.access import Right, person
from surveys.coordinate.navigation import workbench
from surveys.coordinate.pages import show_forms, study_page
from surveys.coordinate.retention_form import RetentionForm
from surveys.models import Study

HERE = "coordinate:retention"


@require_http_methods(["GET", "HEAD", "POST"])
@study_page(Right.RUN)
def retention(request: HttpRequest, study: Study) -> HttpResponse:
    form = RetentionForm(request.POST or None, instance=study)
    if request.method == "POST" and form.is_valid():
        studies.edit(study, person(request), form.changed_fields)
        messages.success(request, _("The rules are stored."))
        return redirect(HERE, study.slug)
    stored = Study.objects.get(pk=study.pk)
    context = workbench(request, stored, HERE) | {"form": form, "plan": periods.plan(stored)}
    return show_forms(request, "surveys/coordinate/retention.html", context, form)
