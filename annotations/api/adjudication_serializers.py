"""What the API shows an adjudicator of contested values, and what it takes."""

from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from annotations.adjudication.rulings import Cell
from annotations.adjudication.side_by_side import Said
from annotations.api.batch_of import Sent
from annotations.api.task_serializers import STATUS_WORDS, STATUSES
from annotations.coordinate.adjudication_forms import NOT_ASKED, choices, rules
from annotations.models import Contest, Ruling
from surveys.api.filters import Filter

Named = list[dict[str, Any]]


class ContestFilter(Filter):
    ruled = serializers.ChoiceField(
        choices=["with"], required=False, help_text="Those with a ruling are left out unless asked for."
    )


class RulingFilter(Filter):
    replaced = serializers.ChoiceField(
        choices=["with"], required=False, help_text="Those that were replaced are left out unless asked for."
    )


class ContestRuleSerializer(Sent):
    """When values are contested."""

    least_range = serializers.IntegerField(
        min_value=0, max_value=100, help_text="From the lowest value to the highest on a scale; 0: never."
    )
    categories = serializers.BooleanField(help_text="Categories differ.")
    prerequisites = serializers.BooleanField(help_text="A fact about the query holds for one only.")
    applicability = serializers.BooleanField(help_text="Errors can be judged for one only.")


class Placed(serializers.ModelSerializer[Any]):
    """A row of a value: by the number of its task, its side and the slug of the property or fact."""

    task = serializers.IntegerField(source="task.number")
    field = serializers.SerializerMethodField(help_text="The slug of a property or fact.")

    def get_field(self, row: Contest | Ruling) -> str:
        return str(self.context["fields"][row.position].slug)


class ContestSerializer(Placed):
    is_ruled = serializers.BooleanField()
    is_own = serializers.BooleanField(help_text="In a task that you annotated: others rule on it.")

    class Meta:
        model = Contest
        fields = ("task", "side", "field", "kind", "is_ruled", "is_own")


class RulingSerializer(Placed):
    value = serializers.IntegerField(source="score", allow_null=True, help_text="Null: does not apply.")
    items = serializers.SerializerMethodField()
    by = serializers.SerializerMethodField(help_text="A code.")

    class Meta:
        model = Ruling
        fields = ("id", "task", "side", "field", "value", "items", "reason", "rule", "by", "at", "is_current")

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_items(self, ruling: Ruling) -> list[str]:
        return [item["text"] for item in ruling.items if isinstance(item, dict)]

    def get_by(self, ruling: Ruling) -> str:
        code: Callable[[int], str] = self.context["code"]
        return code(ruling.by_id)


class LevelChoiceSerializer(serializers.Serializer[Any]):
    value = serializers.IntegerField(allow_null=True)
    label = serializers.CharField()  # type: ignore[assignment]
    help = serializers.CharField()


class CitableSerializer(serializers.Serializer[Any]):
    rule = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]


class AnswerErrorSerializer(serializers.Serializer[Any]):
    type = serializers.CharField()
    severity = serializers.CharField()
    description = serializers.CharField()


class AnswerSerializer(serializers.Serializer[Said]):
    annotator = serializers.CharField(source="letter", help_text="A letter, drawn for this task alone.")
    value = serializers.IntegerField(source="score", allow_null=True)
    status = serializers.SerializerMethodField()
    is_checkable = serializers.BooleanField(allow_null=True)
    items = serializers.SerializerMethodField()
    errors = AnswerErrorSerializer(many=True)  # type: ignore[assignment]
    comment = serializers.CharField()

    @extend_schema_field(serializers.ChoiceField(choices=STATUS_WORDS))
    def get_status(self, said: Said) -> str:
        return STATUSES[said.status]

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_items(self, said: Said) -> list[str]:
        return [item.text for item in said.items]


class OpinionSerializer(serializers.Serializer[Any]):
    """From how each annotator tends to err. It rules nothing; its doubts belong beside it."""

    shares = serializers.DictField(child=serializers.FloatField(), default=dict)
    doubts = serializers.ListField(child=serializers.CharField(), default=list)


class LookSerializer(serializers.Serializer[Any]):
    value = serializers.IntegerField(source="score", allow_null=True)
    at = serializers.DateTimeField()


class CellSerializer(serializers.Serializer[Any]):
    """What stands under `look`, `said`, `second_opinion` and `rulings` is null before your first look."""

    task = serializers.IntegerField(source="cell.task.number")
    side = serializers.IntegerField(source="cell.side", help_text="The response in question; 0: asked once.")
    field = serializers.CharField(source="cell.field.slug")
    title = serializers.CharField(source="cell.field.title")
    definition = serializers.CharField(source="cell.field.definition")
    kind = serializers.CharField(help_text="Why it is contested; empty where it is no more.")
    query = serializers.CharField(source="cell.task.query")
    responses = serializers.SerializerMethodField()
    choices = serializers.SerializerMethodField(help_text="None: a number of errors, or null.")
    rules = serializers.SerializerMethodField(help_text="What a ruling may rest on.")
    look = LookSerializer(allow_null=True)
    said = AnswerSerializer(many=True, allow_null=True)
    second_opinion = OpinionSerializer(source="opinion", allow_null=True)
    rulings = RulingSerializer(many=True, allow_null=True, help_text="The newest first.")
    replaces = serializers.IntegerField(allow_null=True, help_text="The ruling that holds; send it along.")

    @extend_schema_field(serializers.DictField(child=serializers.CharField()))
    def get_responses(self, found: dict[str, Any]) -> dict[str, str]:
        cell: Cell = found["cell"]
        return {str(side.number): side.text for side in cell.task.sides.all()}

    @extend_schema_field(LevelChoiceSerializer(many=True))
    def get_choices(self, found: dict[str, Any]) -> Named:
        return [
            {
                "value": None if choice.value == NOT_ASKED else int(choice.value),
                "label": str(choice.label),
                "help": str(choice.help),
            }
            for choice in choices(found["cell"])
        ]

    @extend_schema_field(CitableSerializer(many=True))
    def get_rules(self, found: dict[str, Any]) -> Named:
        return [{"rule": key, "label": str(label)} for key, label in rules(found["cell"])]


class GivenLook(Sent):
    value = serializers.IntegerField(allow_null=True, help_text="Null: does not apply, or cannot be judged.")


class GivenRuling(GivenLook):
    reason = serializers.CharField(min_length=10, max_length=2000)
    rule = serializers.CharField(help_text="One of `rules`.")
    items = serializers.ListField(
        child=serializers.CharField(max_length=500), required=False, help_text="Of a list, where it has some."
    )
    replaces = serializers.IntegerField(
        required=False, allow_null=True, help_text="The ruling that you saw; none: there was none."
    )
