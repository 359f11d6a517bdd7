"""What happens with people's data in the end: withdrawing, periods of retention, and what is due next."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from surveys import retention as periods
from surveys import studies
from surveys.access import Right, person, study_for
from surveys.coordinate.navigation import workbench
from surveys.coordinate.retention_form import RetentionForm
from surveys.models import Study

HERE = "coordinate:retention"


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def retention(request: HttpRequest, slug: str) -> HttpResponse:
    study = study_for(request, slug, Right.RUN)
    form = RetentionForm(request.POST or None, instance=study)
    if request.method == "POST" and form.is_valid():
        studies.edit(study, person(request), form.changed_fields)
        messages.success(request, _("The rules are stored."))
        return redirect(HERE, slug)
    stored = Study.objects.get(pk=study.pk)
    context = workbench(request, stored, HERE) | {"form": form, "plan": periods.plan(stored)}
    return render(request, "surveys/coordinate/retention.html", context, status=422 if form.errors else 200)
