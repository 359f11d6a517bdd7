"""What the API shows of judges and their runs, and what it takes."""

from typing import Any

from rest_framework import serializers

from annotations.api.batch_of import Sent
from annotations.coordinate.judge_forms import MOST_LANES
from annotations.models import Judge, JudgeCall, JudgedTask, JudgeRun
from conversations.api.texts import WrittenField


class JudgeSerializer(serializers.ModelSerializer[Judge]):
    model = serializers.CharField(source="model.name")
    prompts = serializers.CharField(source="prompt_set.key")
    prompts_version = serializers.IntegerField(source="prompt_set.number")
    runs = serializers.IntegerField(source="number_of_runs")

    class Meta:
        model = Judge
        fields = (
            *("name", "model", "prompts", "prompts_version", "temperature", "seed", "most_tokens"),
            *("both_orders", "created_at", "runs"),
        )


class NewJudge(Sent):
    name = serializers.CharField(max_length=100, help_text="As exports and preferences name it.")
    model = serializers.CharField(help_text="Its name in the registry.")
    prompts = serializers.CharField(help_text="dissection, preference, or a set of the study.")
    temperature = serializers.FloatField(default=0)
    seed = serializers.IntegerField(default=42, min_value=0)
    most_tokens = serializers.IntegerField(default=4096, min_value=1, help_text="That one reply may have.")
    both_orders = serializers.BooleanField(default=True, help_text="Show each pair in both orders.")


class Wished(Sent):
    batch = serializers.CharField(help_text="Its name.")
    judge = serializers.CharField(help_text="Its name.")


class Limits(Sent):
    """Caps; null lifts one. What is not given stays."""

    most_cost = serializers.DecimalField(
        max_digits=12,
        decimal_places=6,
        min_value=0,
        required=False,
        allow_null=True,
        help_text="In the currency of the model's prices.",
    )
    most_tokens = serializers.IntegerField(
        min_value=0, required=False, allow_null=True, help_text="Read and written together."
    )
    lanes = serializers.IntegerField(
        min_value=1, max_value=MOST_LANES, required=False, help_text="Tasks at a time."
    )


class NewRun(Wished, Limits):
    lanes = serializers.IntegerField(
        min_value=1, max_value=MOST_LANES, default=8, help_text="Tasks at a time."
    )


class EstimateSerializer(serializers.Serializer[Any]):
    """Of the whole batch; repeated calls, and questions that depend on what a query asks for, come on top."""

    tasks = serializers.IntegerField()
    calls = serializers.IntegerField()
    tokens_in = serializers.IntegerField()
    tokens_out = serializers.IntegerField()
    cost = serializers.DecimalField(max_digits=20, decimal_places=6)
    currency = serializers.CharField()


class RunSerializer(serializers.ModelSerializer[JudgeRun]):
    batch = serializers.CharField(source="batch.slug")
    judge = serializers.CharField(source="judge.name")
    tasks = serializers.IntegerField(source="number_of_tasks", help_text="That were listed so far.")
    done = serializers.IntegerField(source="number_done")
    currency = serializers.CharField(source="judge.model.currency")
    counted_cost = serializers.DecimalField(
        max_digits=14, decimal_places=6, help_text="Calls under way and lost ones at the most they may cost."
    )

    class Meta:
        model = JudgeRun
        fields = (
            *("id", "batch", "judge", "state", "reason", "most_cost", "most_tokens", "lanes", "currency"),
            *("counted_cost", "counted_tokens", "tasks", "done", "created_at", "started_at", "finished_at"),
        )


def counts(states: list[str], help_text: str) -> serializers.DictField:
    return serializers.DictField(
        child=serializers.IntegerField(), help_text=f"{help_text}: {', '.join(states)}."
    )


class FiguresSerializer(serializers.Serializer[Any]):
    tasks = counts(JudgedTask.State.values, "By state")
    total = serializers.IntegerField(help_text="Tasks in all.")
    calls = counts(JudgeCall.State.values, "By state")
    tokens_in = serializers.IntegerField()
    tokens_out = serializers.IntegerField()
    cost = serializers.DecimalField(max_digits=20, decimal_places=6)
    preferences = serializers.DictField(
        child=serializers.IntegerField(), help_text="Verdicts, of who gives them."
    )


class WholeRunSerializer(serializers.Serializer[Any]):
    run = RunSerializer()
    figures = FiguresSerializer()
    estimate = serializers.DictField(source="run.estimate", help_text="As expected before it began.")


class UnusableSerializer(serializers.ModelSerializer[JudgedTask]):
    task = serializers.IntegerField(source="number")
    step = serializers.CharField(source="quarantine.call.step")
    reason = serializers.CharField(source="quarantine.reason")
    at = serializers.DateTimeField(source="quarantine.at")
    reply = WrittenField(source="quarantine.call.text")

    class Meta:
        model = JudgedTask
        fields = ("task", "step", "reason", "at", "reply")
