"""Signals of quality: a study's rules and what they noticed, a participant's signals and what is decided."""

from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from prism.lib.ratelimit import rate_limited
from surveys.access import Right, enrolment_for, person, study_for
from surveys.coordinate.monitor_forms import DecisionForm, MessageForm, RulesForm
from surveys.coordinate.navigation import workbench
from surveys.coordinate.pages import show_forms, study_act, study_page
from surveys.models import Assessment, Enrolment, Signal, Study
from surveys.monitor import acting
from surveys.monitor.times import page_times
from surveys.quality import deciding, rules
from surveys.quality.reasons import reason
from surveys.tasks import assess as assess_later


@study_page(Right.VIEW)
def quality(request: HttpRequest, study: Study) -> HttpResponse:
    """What the rules noticed, and the rules themselves, which whoever runs the study may change."""
    ruled = rules.in_force(study)
    form = RulesForm(request.POST or None, initial=RulesForm.fields_of(ruled))
    if request.method == "POST" and form.is_valid() and _store(request, study, form):
        return redirect("coordinate:quality", study.slug)
    context = workbench(request, study, "coordinate:quality") | _noticed(study)
    context |= {"ruled": ruled, "form": form, "least_failures": rules.least_failures(study)}
    return show_forms(request, "surveys/coordinate/quality.html", context, form)


def _store(request: HttpRequest, study: Study, form: RulesForm) -> bool:
    """Store the rules and look the study through by them; who only sees the study is refused."""
    study_for(request, study.slug, Right.RUN)
    try:
        stored = rules.store(study, form.document(), person(request))
    except rules.RulesError as error:
        form.add_error(None, str(error))
        return False
    assess_later.delay(study.pk)
    messages.success(request, _("Version %(version)d of the rules holds now.") % {"version": stored.version})
    return True


def _noticed(study: Study) -> dict[str, Any]:
    signals = Signal.objects.filter(enrolment__study=study).values("kind").order_by("kind")
    people = {
        row["kind"]: row["people"] for row in signals.annotate(people=Count("enrolment", distinct=True))
    }
    kinds = [(kind, label, people.get(str(kind), 0)) for kind, label in Signal.Kind.choices]
    return {"kinds": kinds, "assessment": Assessment.objects.filter(study=study).first()}


@rate_limited("assess", limit=30, seconds=3600, by="user")
@study_act(Right.RUN, "coordinate:quality")
def assess(_request: HttpRequest, study: Study) -> str:
    """Look the study through again, in the background."""
    assess_later.delay(study.pk)
    return _("The study is being looked through; look here again in a moment.")


@study_page(Right.VIEW)
def participant(request: HttpRequest, study: Study, code: str) -> HttpResponse:
    """One participant's signals with their reasons, times, decisions and messages; nothing they wrote."""
    return _participant(request, study, enrolment_for(study, code), DecisionForm(), MessageForm())


def _participant(
    request: HttpRequest, study: Study, enrolment: Enrolment, form: DecisionForm, message_form: MessageForm
) -> HttpResponse:
    signals = enrolment.signals.order_by("kind", "key")
    history = list(enrolment.decisions.select_related("by").order_by("-pk"))
    standing = {decision.matter: decision for decision in reversed(history)}
    context = workbench(request, study, "coordinate:participants") | {
        "enrolment": enrolment,
        "page_title": _("%(code)s: quality") % {"code": enrolment.code},
        "signals": [(signal, reason(signal)) for signal in signals],
        "matters": [(matter.label, standing.get(matter)) for matter in deciding.VALUES if matter != "note"],
        "history": history,
        "notices": enrolment.notices.select_related("by").order_by("-pk"),
        "times": page_times(enrolment),
        "form": form,
        "message_form": message_form,
    }
    return show_forms(request, "surveys/coordinate/participant_quality.html", context, form, message_form)


@require_POST
@rate_limited("decide", limit=600, seconds=3600, by="user")
@study_page(Right.RUN)
def decide(request: HttpRequest, study: Study, code: str) -> HttpResponse:
    """Write down one decision with its reason; nothing is paid, sent or erased by it."""
    enrolment, form = enrolment_for(study, code), DecisionForm(request.POST)
    if not form.is_valid():
        return _participant(request, study, enrolment, form, MessageForm())
    deciding.decide([enrolment], form.cleaned_data["value"], form.cleaned_data["reason"], person(request))
    messages.success(request, _("The decision is written down."))
    return redirect("coordinate:participant_quality", study.slug, code)


@require_POST
@rate_limited("message", limit=300, seconds=3600, by="user")
@study_page(Right.RUN)
def message(request: HttpRequest, study: Study, code: str) -> HttpResponse:
    """Leave a message for one participant."""
    enrolment, form = enrolment_for(study, code), MessageForm(request.POST)
    if not form.is_valid():
        return _participant(request, study, enrolment, DecisionForm(), form)
    acting.message(study, [enrolment], form.cleaned_data["text"], person(request))
    messages.success(request, _("The message stands on the person's next page."))
    return redirect("coordinate:participant_quality", study.slug, code)
