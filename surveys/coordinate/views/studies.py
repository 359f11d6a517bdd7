"""Studies: the list, the settings of one, opening and closing it, and a look as a participant."""

from django.conf import settings as django_settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from surveys import studies as verbs
from surveys.access import RIGHTS, Right, held, person
from surveys.coordinate.forms import StudyForm
from surveys.coordinate.navigation import workbench
from surveys.coordinate.pages import study_page, tried
from surveys.entry import open_session
from surveys.models import Enrolment, Study
from surveys.panels import exit_for

VIEWERS = [role for role, rights in RIGHTS.items() if Right.VIEW in rights]


@login_required
def studies(request: HttpRequest) -> HttpResponse:
    """The person's studies. Who only annotates is sent to their own door."""
    rights = held(request.user, None)
    if Right.ANNOTATE in rights and Right.VIEW not in rights:
        return redirect("annotations:home")
    context = workbench(request, current="coordinate:studies")
    return render(request, "surveys/coordinate/studies.html", context | {"studies": _listed(request)})


def _listed(request: HttpRequest) -> QuerySet[Study]:
    user = person(request)
    mine = Study.objects.visible_to(user)
    if not user.is_superuser:
        mine = mine.filter(memberships__user=user, memberships__role__in=VIEWERS)
    counted = Q(enrolments__is_test=False)
    return mine.annotate(
        arrived=Count("enrolments", filter=counted),
        complete=Count("enrolments", filter=counted & Q(enrolments__outcome=Enrolment.Outcome.COMPLETE)),
        in_progress=Count("enrolments", filter=counted & Q(enrolments__outcome="")),
    )


@study_page(Right.RUN)
def settings(request: HttpRequest, study: Study) -> HttpResponse:
    form = StudyForm(request.POST or None, instance=study)
    if request.method == "POST" and form.is_valid():
        verbs.edit(study, person(request), form.changed_data)
        messages.success(request, _("The settings are stored."))
        return redirect("coordinate:settings", study.slug)
    context = workbench(request, Study.objects.get(pk=study.pk), "coordinate:settings") | {
        "form": form,
        "next_state": verbs.NEXT_STATES[study.state],
        "gaps": [] if study.is_open else verbs.gaps(study),
        "link": verbs.participant_link(study),
        "exits": [(label, exit_for(study, value)) for value, label in Enrolment.Outcome.choices if value],
        "address": django_settings.PUBLIC_URL + study.get_absolute_url(),
    }
    return render(request, "surveys/coordinate/settings.html", context)


@study_page(Right.RUN)
def state(request: HttpRequest, study: Study) -> HttpResponse:
    """Asks before it opens or closes the study."""
    if request.method == "POST":
        tried(request, lambda: _changed_state(request, study), verbs.StudyError)
        return redirect("coordinate:settings", study.slug)
    context = workbench(request, study, "coordinate:settings")
    context |= {
        "next_state": verbs.NEXT_STATES[study.state],
        "gaps": [] if study.is_open else verbs.gaps(study),
    }
    return render(request, "surveys/coordinate/state.html", context)


def _changed_state(request: HttpRequest, study: Study) -> str:
    verbs.change_state(study, request.POST.get("state", ""), person(request))
    return _("The study is open.") if study.is_open else _("The study is closed. Who is in it may finish.")


@require_POST
@study_page(Right.RUN)
def preview(request: HttpRequest, study: Study) -> HttpResponse:
    open_session(request, verbs.start_preview(study, person(request)), trusted=True)
    return redirect("surveys:study", study.slug)
