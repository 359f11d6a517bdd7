"""What the API shows of tasks and of what was said about them. Texts only through `WrittenField`."""

from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from annotations.api.batch_of import Sent
from annotations.codes import name_of
from annotations.models import Annotation, ErrorFound, ItemAnswer, Side, Status, Task
from annotations.rubric_documents import Fact, Property, RubricDocument
from conversations.api.record_filters import TextFilter, chosen, moment
from conversations.api.texts import WrittenField

STATES = ("waiting", "finished", "gold", "training", "erased")
STATUSES = {
    Status.UNTOUCHED: "untouched",
    Status.CONFIRMED: "confirmed",
    Status.CHOSEN: "chosen",
    Status.NOT_ASKED: "not_asked",
}
STATUS_WORDS = list(STATUSES.values())


class TaskFilter(TextFilter):
    state = chosen(*STATES)
    language = serializers.CharField(max_length=35, required=False)
    scenario_group = serializers.CharField(max_length=40, required=False)
    scenario_source = chosen(*Task.ScenarioSource.values)


class AnnotationFilter(TextFilter):
    annotator = serializers.CharField(
        max_length=120, required=False, help_text="A code, or the name of a judge or a file."
    )
    origin = chosen(*Annotation.Origin.values)
    task = serializers.IntegerField(required=False, help_text="A task's number.")
    flag = serializers.CharField(max_length=40, required=False, help_text="Why somebody should look at it.")
    revisions = chosen("all", help_text="Earlier revisions too; otherwise the newest alone.")
    training = chosen("with", "only", help_text="Training tasks are left out unless asked for.")
    after = moment("Submitted later than this.")


class SideSerializer(serializers.ModelSerializer[Side]):
    """A response, in the order of the source; which one a person saw first was drawn for each of them."""

    text = WrittenField()

    class Meta:
        model = Side
        fields = ("number", "words", "counter", "text")


class SpokenSerializer(serializers.Serializer[Any]):
    role = serializers.CharField()
    text = WrittenField()


class TaskSerializer(serializers.ModelSerializer[Task]):
    is_gold = serializers.SerializerMethodField(help_text="Its answers are known.")
    is_erased = serializers.SerializerMethodField()
    preferences = serializers.DictField(
        child=serializers.CharField(), help_text="By judge: response_1, response_2, tie or inconsistent."
    )
    query = WrittenField()
    context = SpokenSerializer(many=True)  # type: ignore[assignment]
    reference = WrittenField()
    sides = SideSerializer(many=True)

    class Meta:
        model = Task
        fields = (
            *("number", "key", "language", "tags", "scenario", "scenario_group", "scenario_source"),
            *("needed", "taken", "done", "priority", "is_gold", "is_training", "is_erased", "preferences"),
            *("query", "context", "reference", "sides"),
        )

    def get_is_gold(self, task: Task) -> bool:
        return task.gold is not None

    def get_is_erased(self, task: Task) -> bool:
        return task.erased_at is not None


class ValueSerializer(serializers.Serializer[Any]):
    value = serializers.IntegerField(allow_null=True)
    status = serializers.ChoiceField(choices=STATUS_WORDS)


class ValuesSerializer(serializers.Serializer[Any]):
    """What was said of a side; of 0 what is asked once, of the query or of the pair."""

    side = serializers.IntegerField()
    is_checkable = serializers.BooleanField(allow_null=True, help_text="Whether errors can be judged.")
    values = serializers.DictField(
        child=ValueSerializer(), help_text="By slug; what is not asked is left out."
    )


class Slugged(serializers.Serializer[Any]):
    side = serializers.IntegerField()
    property = serializers.SerializerMethodField(help_text="A slug.")
    number = serializers.IntegerField(help_text="From 1.")

    def get_property(self, row: ItemAnswer | ErrorFound) -> str:
        document: RubricDocument = self.context["rubric"]
        return document.fields[row.position].slug


class ItemSerializer(Slugged):
    """An item of a list: found in the query (side 0), or how far a response meets it."""

    text = WrittenField()
    label = serializers.CharField()  # type: ignore[assignment]
    score = serializers.IntegerField(allow_null=True)


class ErrorSerializer(Slugged):
    type = serializers.CharField()
    severity = serializers.CharField()
    description = WrittenField()


class AnnotationSerializer(serializers.ModelSerializer[Annotation]):
    task = serializers.IntegerField(source="task.number")
    annotator = serializers.SerializerMethodField(
        help_text="A code, as in exports without a release; of judges and files what they are called."
    )
    comment = WrittenField()
    values = serializers.SerializerMethodField()
    items = ItemSerializer(many=True)
    errors = ErrorSerializer(many=True)  # type: ignore[assignment]

    class Meta:
        model = Annotation
        fields = (
            *("id", "task", "origin", "annotator", "revision", "submitted_at", "seconds", "active_seconds"),
            *("flag", "suggestion_shown", "comment", "values", "items", "errors"),
        )

    def get_annotator(self, annotation: Annotation) -> str:
        code: Callable[[int], str] = self.context["code"]
        return name_of(annotation, code)

    @extend_schema_field(ValuesSerializer(many=True))
    def get_values(self, annotation: Annotation) -> list[dict[str, Any]]:
        document: RubricDocument = self.context["rubric"]
        return [
            {
                "side": row.side,
                "is_checkable": row.is_checkable,
                "values": {
                    field.slug: {"value": score, "status": STATUSES[Status(status)]}
                    for field, score, status in zip(document.fields, row.scores, row.statuses, strict=False)
                    if status != Status.NOT_ASKED and _belongs(field, row.side)
                },
            }
            for row in annotation.values.all()
        ]


def _belongs(field: Property | Fact, side: int) -> bool:
    return (isinstance(field, Fact) or field.of_pair) == (side == 0)


class Annotator(Sent):
    """What a member is known to be able to annotate; what is not given stays."""

    tags = serializers.ListField(child=serializers.CharField(max_length=40), required=False)
    languages = serializers.ListField(child=serializers.CharField(max_length=20), required=False)
    excluded_for = serializers.CharField(
        max_length=1000,
        required=False,
        allow_blank=True,
        help_text="Why what they said is left out of agreement; blank: it counts again.",
    )


class AnnotatorSerializer(serializers.Serializer[Any]):
    annotator = serializers.CharField(help_text="Their code in the study.")
    tags = serializers.ListField(child=serializers.CharField(), help_text="Expertise.")
    languages = serializers.ListField(child=serializers.CharField(), help_text="None: all.")
    is_excluded = serializers.BooleanField(help_text="Agreement leaves out what they said.")
    submitted = serializers.IntegerField(help_text="Tasks of the study.")


class BatchAnnotatorSerializer(AnnotatorSerializer):
    is_suited = serializers.BooleanField(help_text="Has the expertise and a language that it asks for.")
    open = serializers.IntegerField()
    submitted = serializers.IntegerField(help_text="Tasks of the batch.")
    skipped = serializers.IntegerField()
