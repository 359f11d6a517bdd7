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
from surveys.access import RIGHTS, Right, held, person, study_for
from surveys.coordinate.forms import StudyForm
from surveys.coordinate.navigation import workbench
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


@login_required
def settings(request: HttpRequest, slug: str) -> HttpResponse:
    study = study_for(request, slug, Right.RUN)
    form = StudyForm(request.POST or None, instance=study)
    if request.method == "POST" and form.is_valid():
        verbs.edit(study, person(request), form.changed_data)
        messages.success(request, _("The settings are stored."))
        return redirect("coordinate:settings", slug)
    context = workbench(request, Study.objects.get(pk=study.pk), "coordinate:settings") | {
        "form": form,
        "next_state": verbs.NEXT_STATES[study.state],
        "link": verbs.participant_link(study),
        "exits": [(label, exit_for(study, value)) for value, label in Enrolment.Outcome.choices if value],
        "address": django_settings.PUBLIC_URL + study.get_absolute_url(),
    }
    return render(request, "surveys/coordinate/settings.html", context)


@login_required
def state(request: HttpRequest, slug: str) -> HttpResponse:
    """Asks before it opens or closes the study."""
    study = study_for(request, slug, Right.RUN)
    if request.method == "POST":
        return _change_state(request, study)
    context = workbench(request, study, "coordinate:settings")
    context["next_state"] = verbs.NEXT_STATES[study.state]
    return render(request, "surveys/coordinate/state.html", context)


def _change_state(request: HttpRequest, study: Study) -> HttpResponse:
    wanted = request.POST.get("state", "")
    try:
        verbs.change_state(study, wanted, person(request))
    except verbs.StudyError as error:
        messages.error(request, str(error))
    else:
        done = (
            _("The study is open.") if study.is_open else _("The study is closed. Who is in it may finish.")
        )
        messages.success(request, done)
    return redirect("coordinate:settings", study.slug)


@require_POST
@login_required
def preview(request: HttpRequest, slug: str) -> HttpResponse:
    study = study_for(request, slug, Right.RUN)
    open_session(request, verbs.start_preview(study, person(request)), trusted=True)
    return redirect("surveys:study", slug)
