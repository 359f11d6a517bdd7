"""Whether annotators of a batch are shown what a judge said, and which."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts.models import User
from annotations.models import Annotation, Batch, JudgeRun
from prism.lib.ratelimit import rate_limited
from surveys import audit
from surveys.access import Right, person
from surveys.coordinate.navigation import workbench
from surveys.coordinate.pages import show_forms, study_page
from surveys.models import Study

PLACE = "annotating:batches"
OFF = Batch.Suggestions.OFF


class Runs(forms.ModelChoiceField):
    def label_from_instance(self, run: JudgeRun) -> str:
        return f"{run.judge.name} ({run.get_state_display()})"


class SuggestionsForm(forms.Form):
    """A judge's run over the batch, and of how many tasks it is shown."""

    suggestions = forms.ChoiceField(
        label=gettext_lazy("Show suggestions"),
        choices=Batch.Suggestions.choices,
        widget=forms.RadioSelect,
        help_text=gettext_lazy(
            "Who has seen a suggestion does not judge independently any more. With half of the tasks you can "
            "see how much that matters."
        ),
    )
    suggestion_run = Runs(
        JudgeRun.objects.none(),
        label=gettext_lazy("Run of a judge"),
        required=False,
        help_text=gettext_lazy("Tasks that it has not finished are shown without."),
    )

    def __init__(self, *args: Any, runs: QuerySet[JudgeRun], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["suggestion_run"].queryset = runs  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("suggestions") != OFF and not cleaned.get("suggestion_run"):
            self.add_error("suggestion_run", _("Choose whose annotations are suggested."))
        return cleaned


@rate_limited("batch_suggestions", limit=240, seconds=3600, by="user")
@require_http_methods(["GET", "HEAD", "POST"])
@study_page(Right.RUN)
def suggestions(request: HttpRequest, study: Study, name: str) -> HttpResponse:
    found = get_object_or_404(study.batches, slug=name)
    runs = runs_of(found)
    form = SuggestionsForm(
        request.POST if request.method == "POST" else None,
        runs=runs,
        initial={"suggestions": found.suggestions, "suggestion_run": found.suggestion_run_id},
    )
    if form.is_bound and form.is_valid():
        store(found, form.cleaned_data, person(request))
        messages.success(request, _("Stored. It holds for tasks that nobody has looked at yet."))
        return redirect("annotating:batch", study.slug, found.slug)
    context = workbench(request, study, PLACE) | {
        "batch": found,
        "form": form,
        "has_runs": runs.exists(),
        "shown": Annotation.objects.filter(task__batch=found, suggestion_shown=True).count(),
        "page_title": _("Suggestions of a judge"),
    }
    return show_forms(request, "annotations/coordinate/suggestions.html", context, form)


def runs_of(found: Batch) -> QuerySet[JudgeRun]:
    """Those whose judges annotate; a mere preference suggests nothing."""
    runs = found.judge_runs.exclude(state=JudgeRun.State.CANCELLED).select_related("judge__prompt_set")
    annotating = [run.pk for run in runs if not run.judge.prompt_set.parsed().is_preference]
    return runs.filter(pk__in=annotating)


@transaction.atomic
def store(found: Batch, given: dict[str, Any], by: User) -> None:
    """It holds for tasks that nobody has looked at yet."""
    Batch.objects.filter(pk=found.pk).update(**given)
    run = given["suggestion_run"]
    said = {
        "shown": given["suggestions"],
        "judge": run.judge.name if run else "",
        "run": run.pk if run else None,
    }
    audit.record(by, "batch.suggestions_changed", study=found.study, subject=found.slug, **said)
