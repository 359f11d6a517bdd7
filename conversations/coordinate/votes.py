"""The votes of a study: how many, what was noticed of them, and the goal that its front page shows."""

from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from conversations.arena import goals, signals
from conversations.arena.figures import figures
from conversations.models import Goal
from surveys.access import Right, person
from surveys.coordinate.navigation import workbench
from surveys.coordinate.pages import show_forms, study_page
from surveys.models import Study

HERE = "registry:votes"


class GoalForm(forms.Form):
    votes = forms.IntegerField(
        label=gettext_lazy("Votes aimed at"),
        required=False,
        min_value=1,
        max_value=1_000_000_000,
        help_text=gettext_lazy("Empty: no goal is shown."),
    )
    since = forms.DateField(
        label=gettext_lazy("Counted since (UTC)"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("votes") and not cleaned.get("since"):
            self.add_error("since", _("From which day on are votes counted?"))
        return cleaned


@require_http_methods(["GET", "HEAD", "POST"])
@study_page(Right.RUN)
def votes(request: HttpRequest, study: Study) -> HttpResponse:
    """Signals are for the team alone: they name people by their codes, and decide nothing."""
    goal = Goal.objects.filter(study=study).first()
    form = GoalForm(request.POST if request.method == "POST" else None, initial=_stored(goal, study))
    if request.method == "POST" and form.is_valid():
        wanted = form.cleaned_data["votes"]
        goals.store(study, wanted, form.cleaned_data["since"], person(request))
        messages.success(request, _("The goal is stored.") if wanted else _("No goal is shown any more."))
        return redirect(HERE, study.slug)
    context = workbench(request, study, HERE) | {
        "form": form,
        "goal": goal,
        "figures": figures(study),
        "version": signals.VERSION,
        "limits": _limits(),
    }
    return show_forms(request, "conversations/coordinate/votes.html", context, form)


def _stored(goal: Goal | None, study: Study) -> dict[str, Any]:
    if goal:
        return {"votes": goal.votes, "since": goal.since}
    begun: date = study.created_at.date()
    return {"since": begun}


def _limits() -> dict[str, int]:
    """The figures of the rules, for their explanation."""
    return {
        "words": signals.LEAST_WORDS,
        "speed": signals.READ_A_SECOND,
        "milliseconds": signals.LEAST_MS,
        "decided": signals.DECIDED,
        "again": signals.AGAIN,
        "people": signals.PEOPLE,
        "newcomers": signals.NEWCOMERS,
    }
