"""What participants of a study annotate: a coordinator chooses the batch and how much each of them does."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts.models import User
from annotations.models import Assignment, Batch, RecruitedTasks
from annotations.recruited.standing import RAN_OUT
from annotations.recruited.study_file import MOST_TASKS
from prism.lib.ratelimit import rate_limited
from surveys import audit
from surveys.access import Right, person
from surveys.coordinate.navigation import workbench
from surveys.coordinate.pages import show_forms, study_page
from surveys.models import EnrolmentEvent, Study

PLACE = "annotating:batches"
HERE = "annotating:recruited"
CHOSEN_FROM = {"single", "multiple", "dropdown"}


class RecruitedForm(forms.Form):
    """Without a batch participants annotate nothing."""

    batch = forms.ModelChoiceField(
        Batch.objects.none(),
        label=gettext_lazy("Batch"),
        required=False,
        empty_label=gettext_lazy("None: participants annotate nothing"),
        help_text=gettext_lazy("Members may annotate it too. Its rules hold for everybody."),
    )
    tasks = forms.IntegerField(
        label=gettext_lazy("Tasks each"),
        min_value=1,
        max_value=MOST_TASKS,
        help_text=gettext_lazy(
            "Known answers among them count, training does not. Who finds fewer is done all the same."
        ),
    )
    tags_from = forms.MultipleChoiceField(
        label=gettext_lazy("Questions whose answers are expertise"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("The values of the answers are compared with the expertise of the batch."),
    )
    languages_from = forms.MultipleChoiceField(
        label=gettext_lazy("Questions whose answers are codes of languages"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, study: Study, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["batch"].queryset = study.batches.all()  # type: ignore[attr-defined]
        questions = _questions(study)
        for name in ("tags_from", "languages_from"):
            if questions:
                self.fields[name].choices = questions  # type: ignore[attr-defined]
            else:
                del self.fields[name]


def _questions(study: Study) -> list[tuple[str, str]]:
    """Those of the survey that offer answers to choose from."""
    document = study.questionnaire.parsed() if study.questionnaire else None
    asked = document.questions() if document else []
    return [(question.key, question.text) for question in asked if question.type in CHOSEN_FROM]


@rate_limited("recruited_tasks", limit=240, seconds=3600, by="user")
@require_http_methods(["GET", "HEAD", "POST"])
@study_page(Right.RUN)
def recruited(request: HttpRequest, study: Study) -> HttpResponse:
    """The form, and how far participants are."""
    found = RecruitedTasks.objects.filter(study=study).first()
    form = RecruitedForm(
        request.POST if request.method == "POST" else None, study=study, initial=_initial(found)
    )
    if form.is_bound and form.is_valid():
        _store(study, form.cleaned_data, person(request))
        messages.success(request, _("Stored. It holds for everybody who is not done yet."))
        return redirect(HERE, study.slug)
    context = workbench(request, study, PLACE) | {
        "form": form,
        "found": found,
        "figures": _figures(study),
        "page_title": _("Participants who annotate"),
    }
    return show_forms(request, "annotations/coordinate/recruited.html", context, form)


def _initial(found: RecruitedTasks | None) -> dict[str, Any]:
    row = found or RecruitedTasks()
    return {name: getattr(row, name) for name in ("batch", "tasks", "tags_from", "languages_from")}


@transaction.atomic
def _store(study: Study, given: dict[str, Any], by: User) -> None:
    RecruitedTasks.objects.update_or_create(study=study, defaults=given)
    batch = given["batch"].slug if given["batch"] else ""
    audit.record(by, "recruited_tasks.changed", study=study, subject=batch, tasks=given["tasks"])


def _figures(study: Study) -> dict[str, int]:
    """Of participants who are no test: how many annotated, what they did, and who found too few tasks."""
    mine = Assignment.objects.filter(enrolment__study=study, is_test=False)
    ran_out = EnrolmentEvent.objects.filter(enrolment__study=study, enrolment__is_test=False, kind=RAN_OUT)
    counted = mine.aggregate(
        people=Count("enrolment", distinct=True),
        submitted=Count("pk", filter=Q(state=Assignment.State.SUBMITTED)),
        skipped=Count("pk", filter=Q(state=Assignment.State.SKIPPED)),
    )
    return {**counted, "ran_out": ran_out.count()}
