"""What an annotator's program learns of a task, and what it says of one."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from annotations.api.answers import confirmable, severities
from annotations.api.batch_of import Sent
from annotations.assigning import Annotator
from annotations.at_work import FLAGS
from annotations.models import Batch
from annotations.rubric_documents import OTHER, Kind, Property, RubricDocument
from annotations.standing import Standing, last_submitted
from annotations.told import LONGEST
from surveys.access import person


def string(**more: Any) -> serializers.CharField:
    return serializers.CharField(**more)


def strings(**more: Any) -> serializers.ListField:
    return serializers.ListField(child=serializers.CharField(), **more)


class MyBatchSerializer(serializers.Serializer[Any]):
    study = string(source="batch.study.slug")
    name = string(source="batch.slug")
    title = string(source="batch.title")
    kind = serializers.ChoiceField(choices=Batch.Kind.choices, source="batch.kind")
    tasks = serializers.IntegerField()
    finished = serializers.IntegerField(help_text="By all.")
    mine = serializers.IntegerField(help_text="That you submitted.")
    today = serializers.IntegerField()
    skipped = serializers.IntegerField()
    is_begun = serializers.BooleanField(help_text="You have a task open.")
    is_full = serializers.BooleanField(help_text="You did as many as one person may.")
    seconds = serializers.FloatField(allow_null=True, help_text="Your median for a task.")
    last = serializers.SerializerMethodField(help_text="The task that you submitted last and may correct.")

    def get_last(self, row: Standing) -> int | None:
        user = person(self.context["request"]._request)
        found = last_submitted(row.batch, Annotator(user))
        return found.pk if found else None


class LevelSerializer(serializers.Serializer[Any]):
    value = serializers.IntegerField()
    label = string()  # type: ignore[assignment]
    help = string()


class FactSerializer(serializers.Serializer[Any]):
    slug = string()
    title = string()
    kind = string(help_text="yes_no or list.")
    definition = string()


class PropertySerializer(serializers.Serializer[Any]):
    slug = string()
    title = string()
    kind = string(help_text="scale, category, item_scale, item_category or errors.")
    definition = string()
    ignore = string(help_text="What does not count.")
    of_pair = serializers.BooleanField(help_text="Asked once of both responses.")
    usual = serializers.IntegerField(allow_null=True, help_text="Where nothing stands out.")
    when = serializers.SerializerMethodField(help_text="Asked only where this fact is so.")
    items = string(help_text="The list of facts whose items are answered one by one, or empty.")
    levels = serializers.SerializerMethodField()

    @extend_schema_field(serializers.DictField(child=serializers.BooleanField(), allow_null=True))
    def get_when(self, asked: Property) -> dict[str, bool] | None:
        return {asked.condition.fact: asked.condition.value} if asked.condition else None

    @extend_schema_field(LevelSerializer(many=True))
    def get_levels(self, asked: Property) -> Any:
        return LevelSerializer(asked.scale.levels if asked.scale else (), many=True).data


class AsksSerializer(serializers.Serializer[Any]):
    """What the tasks of a batch ask. `confirmable` are the parts in which one act confirms what is usual."""

    title = string()
    language = string()
    guidelines = string(help_text="Markdown.")
    kind = serializers.ChoiceField(choices=Batch.Kind.choices)
    facts = FactSerializer(many=True)
    properties = PropertySerializer(many=True)
    error_types = strings()
    severities = strings()
    confirmable = strings()
    flags = serializers.DictField(child=serializers.CharField())


def asks(document: RubricDocument, batch: Batch) -> dict[str, Any]:
    """The form of the page."""
    errors = document.errors
    found = {
        "title": document.title,
        "language": document.language,
        "guidelines": batch.guidelines,
        "kind": batch.kind,
        "facts": document.facts,
        "properties": [asked for asked in document.properties if asked.kind != Kind.COMPUTED],
        "error_types": [*(kind.slug for kind in errors.types), OTHER] if errors else [],
        "severities": severities(document),
        "confirmable": confirmable(document),
        "flags": {key: str(label) for key, label in FLAGS.items()},
    }
    return dict(AsksSerializer(found).data)


class SpokenTextSerializer(serializers.Serializer[Any]):
    role = string()
    text = string()


class Said(Sent):
    """What you say of a task. Sides are `a` and `b`, as the responses are shown; a single one is `a`."""

    confirmed = strings(required=False, help_text="Parts where what you left is as usual.")
    facts = serializers.DictField(
        required=False, help_text="By slug: true, false, or the list of items that the query holds."
    )
    values = serializers.DictField(
        required=False, help_text="By slug: {a: level, b: level}, of a pair as a whole one level."
    )
    items = serializers.DictField(
        required=False, help_text="By slug: {a: [levels], b: […]}, one for each item of the list."
    )
    errors = serializers.DictField(  # type: ignore[assignment]
        required=False,
        help_text="{a: [{type, severity, description}], b: […]}; [] for none; or cannot_be_judged.",
    )
    took = strings(
        required=False, help_text="Answers taken over from the suggestion, by place, such as values.clear.a."
    )
    comment = string(required=False, allow_blank=True, max_length=LONGEST)
    flag = serializers.ChoiceField(choices=["", *FLAGS], required=False)
    seconds = serializers.FloatField(required=False, min_value=0, max_value=10**6, help_text="At the task.")
    active_seconds = serializers.FloatField(required=False, min_value=0, max_value=10**6)


class MyTaskSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="assignment.pk")
    study = string(source="task.batch.study.slug")
    batch = string(source="task.batch.slug")
    state = string(source="assignment.state", help_text="open, or submitted and to be corrected.")
    opened_at = serializers.DateTimeField(source="assignment.opened_at")
    expires_at = serializers.DateTimeField(source="assignment.expires_at")
    is_training = serializers.BooleanField(source="task.is_training")
    language = string(source="task.language")
    query = string(source="task.query")
    context = SpokenTextSerializer(source="task.context", many=True)  # type: ignore[assignment]
    responses = serializers.DictField(child=serializers.CharField(), help_text="By a and b, as you see them.")
    said = Said(help_text="Your draft, or what you submitted.")
    suggestion = Said(
        allow_null=True,
        help_text="What a judge says, where the batch shows it. That you saw it is recorded.",
    )


class ComparedSerializer(serializers.Serializer[Any]):
    title = string()
    about = string(help_text="Which response, or empty.")
    said = string()
    known = string()
    is_same = serializers.BooleanField()


class SubmittedSerializer(serializers.Serializer[Any]):
    annotation = serializers.IntegerField(source="annotation.pk")
    revision = serializers.IntegerField(source="annotation.revision")
    submitted_at = serializers.DateTimeField(source="annotation.submitted_at")
    feedback = ComparedSerializer(
        many=True, allow_null=True, help_text="Of a training task: what is known beside what you said."
    )


class SkipReason(Sent):
    reason = string(max_length=300)
