"""Judges and their runs over the API: what a run would cost, starting, watching, caps, what was unusable."""

from functools import cached_property
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from annotations.api import judge_serializers as shapes
from annotations.api.batch_of import Annotating, at_a_pace, checked
from annotations.coordinate.judge_forms import JudgeForm, LimitsForm, RunForm
from annotations.coordinate.judges import ACTS
from annotations.judging import judges, runs
from annotations.models import Batch, Judge, JudgedTask, JudgeRun, PromptSet
from annotations.tasks import enqueue_judging
from conversations.api.record_filters import TextFilter
from conversations.api.texts import WithTexts
from conversations.models import LanguageModel
from surveys.api.pages import NewestFirst, OldestFirst
from surveys.api.problems import NotNow
from surveys.models import Study

LIMITS = ("most_cost", "most_tokens", "lanes")


class Judges(Annotating, ListAPIView[Judge]):
    """The judges of a study: each a language model with one version of prompts and fixed parameters."""

    serializer_class = shapes.JudgeSerializer
    pagination_class = OldestFirst

    def get_queryset(self) -> QuerySet[Judge]:
        found = self.study.judges.select_related("model", "prompt_set")
        return found.annotate(number_of_runs=Count("runs"))

    @extend_schema(request=shapes.NewJudge, responses={201: shapes.JudgeSerializer})
    def post(self, request: Request, **kwargs: Any) -> Response:
        """Add a judge. It is never edited: another temperature is another judge."""
        given = shapes.NewJudge.given(request)
        at_a_pace(request, "add_judge", 60)
        prompts = offered_to(self.study).filter(key=given["prompts"]).order_by("-number").first()
        model = LanguageModel.objects.filter(name=given["model"]).first()
        named = {"prompt_set": prompts and prompts.pk, "model": model and model.pk}
        form = JudgeForm(self.study, given | named)
        checked(form, prompt_set="prompts")
        try:
            judge = judges.add(form.save(commit=False), self.by)
        except judges.NameTaken as error:
            raise serializers.ValidationError(
                {"name": [_("This study has a judge of this name.")]}
            ) from error
        return Response(self.get_serializer(self.get_queryset().get(pk=judge.pk)).data, status=201)


def offered_to(study: Study) -> QuerySet[PromptSet]:
    """The sets that the page's form offers."""
    offered: QuerySet[PromptSet] = JudgeForm(study).fields["prompt_set"].queryset  # type: ignore[attr-defined]
    return offered


class OfRuns(Annotating):
    def begun(self, given: dict[str, Any]) -> RunForm:
        """The page's form, of batch and judge by their names. Raises ValidationError."""
        batch = self.study.batches.filter(slug=given["batch"]).first()
        judge = self.study.judges.filter(name=given["judge"]).first()
        form = RunForm(self.study, given | {"batch": batch and batch.pk, "judge": judge and judge.pk})
        checked(form)
        return form


class Estimate(OfRuns):
    """What a run would take: calls, tokens and money, from a sample of the tasks; nothing is stored."""

    serializer_class = shapes.EstimateSerializer

    @extend_schema(request=shapes.Wished)
    def post(self, request: Request, **kwargs: Any) -> Response:
        given = shapes.Wished.given(request)
        at_a_pace(request, "begin_judge_run", 60)
        form = self.begun(given | {"lanes": 1})
        judge: Judge = form.cleaned_data["judge"]
        found = runs.estimate(form.cleaned_data["batch"], judge)
        return Response(found | {"currency": judge.model.currency})


class Runs(OfRuns, ListAPIView[JudgeRun]):
    """The runs of judges over batches of the study, newest first."""

    serializer_class = shapes.RunSerializer
    pagination_class = NewestFirst

    def get_queryset(self) -> QuerySet[JudgeRun]:
        return runs_of(self)

    @extend_schema(request=shapes.NewRun, responses={201: shapes.WholeRunSerializer})
    def post(self, request: Request, **kwargs: Any) -> Response:
        """Begin a run, with what it is expected to cost. It waits until it is started."""
        given = shapes.NewRun.given(request)
        at_a_pace(request, "begin_judge_run", 60)
        form = self.begun(given)
        batch: Batch = form.cleaned_data["batch"]
        try:
            run = runs.begin(batch, form.cleaned_data["judge"], form.limits, self.by)
        except runs.RunRefused as refusal:
            raise NotNow(str(refusal)) from refusal
        return Response(whole(runs_of(self).get(pk=run.pk)), status=201)


def runs_of(view: Annotating) -> QuerySet[JudgeRun]:
    done = Count("judged", filter=Q(judged__state=JudgedTask.State.DONE))
    found = JudgeRun.objects.filter(batch__study=view.study)
    found = found.select_related("batch__study", "judge__model__provider", "judge__prompt_set")
    return found.annotate(number_of_tasks=Count("judged"), number_done=done)


def whole(run: JudgeRun) -> dict[str, Any]:
    return dict(shapes.WholeRunSerializer({"run": run, "figures": runs.figures(run)}).data)


class OfRun(Annotating):
    serializer_class: type[serializers.BaseSerializer[Any]] = shapes.WholeRunSerializer

    @cached_property
    def run(self) -> JudgeRun:
        return get_object_or_404(runs_of(self), pk=self.kwargs["id"])

    def answer(self) -> Response:
        return Response(whole(runs_of(self).get(pk=self.run.pk)))


class OneRun(OfRun):
    """A run as it is now: tasks and calls by state, tokens, money, caps."""

    def get(self, request: Request, **kwargs: Any) -> Response:
        return self.answer()

    @extend_schema(request=shapes.Limits)
    def patch(self, request: Request, **kwargs: Any) -> Response:
        """Other caps, also while it runs; they hold for the next call."""
        given = shapes.Limits.given(request)
        form = LimitsForm({name: getattr(self.run, name) for name in LIMITS} | given)
        checked(form)
        if not runs.set_limits(self.run, form.limits, self.by):
            raise NotNow(_("The run is over."))
        return self.answer()


class ActOnRun(OfRun):
    what = ""

    @extend_schema(request=None)
    def post(self, request: Request, **kwargs: Any) -> Response:
        verb, _told = ACTS[self.what]
        if not verb(self.run, self.by):
            raise NotNow(_("The run is in the state “%s”.") % self.run.state)
        if self.what == "start":
            enqueue_judging(self.run)
        return self.answer()


class StartRun(ActOnRun):
    """Begin, or go on after a pause; within the caps."""

    what = "start"


class PauseRun(ActOnRun):
    """Calls under way end and count; no further one begins."""

    what = "pause"


class CancelRun(ActOnRun):
    """End it; what was judged stays."""

    what = "cancel"


@extend_schema(parameters=[TextFilter])
class Unusable(WithTexts, OfRun, ListAPIView[JudgedTask]):
    """The tasks of a run that are in quarantine: the step, why, and the reply as it came."""

    serializer_class = shapes.UnusableSerializer
    pagination_class = OldestFirst
    filters = TextFilter
    queryset = JudgedTask.objects.none()

    def get_queryset(self) -> QuerySet[JudgedTask]:
        found = JudgedTask.objects.filter(run=self.run, state=JudgedTask.State.QUARANTINED)
        return found.exclude(quarantine=None).select_related("quarantine__call")
