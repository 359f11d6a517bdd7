"""What the API shows of batches, and what a program says to make one."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from annotations.api.batch_of import Sent
from annotations.batches.figures import Progress
from annotations.coordinate.batch_forms import LONGEST_GUIDELINES, MOST_OVERLAP
from annotations.models import Annotation, Batch

SUGGESTED = ("suggestions", "suggestion_run")


class ProgressSerializer(serializers.Serializer[Progress]):
    """`finished` tasks need no annotation any more; `given` of the `needed` annotations are there."""

    tasks = serializers.IntegerField()
    finished = serializers.IntegerField()
    given = serializers.IntegerField()
    needed = serializers.IntegerField()
    gold = serializers.IntegerField(help_text="Tasks with a known answer.")
    training = serializers.IntegerField()
    erased = serializers.IntegerField()


class BatchSerializer(serializers.ModelSerializer[Batch]):
    name = serializers.CharField(source="slug", help_text="In addresses.")
    rubric = serializers.IntegerField(source="rubric_version_id", help_text="The id of its version.")
    gold_percent = serializers.SerializerMethodField(
        help_text="Of a person's tasks, hidden among the others."
    )
    filling = serializers.CharField(help_text="waiting, running or failed, while tasks are being put in.")
    progress = ProgressSerializer(read_only=True)

    class Meta:
        model = Batch
        fields = (
            *("name", "title", "rubric", "kind", "source", "state", "overlap", "languages", "tags"),
            *("minutes_to_expiry", "most_per_annotator", "gold_percent", "filling", "problem", "created_at"),
            "progress",
        )

    def get_gold_percent(self, batch: Batch) -> float:
        return round(100 * batch.gold_share, 2)


class SuggestedSerializer(serializers.ModelSerializer[Batch]):
    """Whether annotators are shown what a judge said, and in which run; the first look at a task decides."""

    shown = serializers.SerializerMethodField(help_text="Annotations of who was shown one.")

    class Meta:
        model = Batch
        fields = (*SUGGESTED, "shown")

    def get_shown(self, batch: Batch) -> int:
        return Annotation.objects.filter(task__batch=batch, suggestion_shown=True).count()


class Suggested(Sent):
    suggestions = serializers.ChoiceField(choices=Batch.Suggestions.choices)
    suggestion_run = serializers.IntegerField(
        required=False, allow_null=True, help_text="The id of a run over this batch."
    )


class WholeBatchSerializer(BatchSerializer):
    made = serializers.SerializerMethodField(
        help_text="How its source was read: filters, file, what was left out and masked."
    )

    class Meta(BatchSerializer.Meta):
        fields = (*BatchSerializer.Meta.fields, "guidelines", "order_seed", "made", *SUGGESTED)  # type: ignore[assignment]

    @extend_schema_field(serializers.DictField())
    def get_made(self, batch: Batch) -> dict[str, Any]:
        """Not by which code a file is kept."""
        told = dict(batch.description)
        if "file" in told:
            told["file"] = {name: told["file"][name] for name in ("name", "sha256")}
        return told


class SizeSerializer(serializers.Serializer[Any]):
    tasks = serializers.IntegerField(help_text="Before any is left out.")
    models = serializers.IntegerField(help_text="How many wrote the responses.")
    unread = serializers.ListField(
        child=serializers.CharField(), help_text="Columns of a file that mean nothing here."
    )


def words(**more: Any) -> serializers.ListField:
    return serializers.ListField(child=serializers.CharField(max_length=60), required=False, **more)


class Rules(Sent):
    """What may be changed of a batch; what is not given stays."""

    guidelines = serializers.CharField(
        max_length=LONGEST_GUIDELINES, required=False, allow_blank=True, help_text="Markdown, beside tasks."
    )
    tags = words(help_text="Expertise that an annotator must have, all of it.")
    minutes_to_expiry = serializers.IntegerField(
        required=False, help_text="Then an opened task goes to somebody else."
    )
    most_per_annotator = serializers.IntegerField(required=False, help_text="0: as many as there are.")
    gold_percent = serializers.FloatField(required=False)


class NewBatch(Rules):
    """`conversations` and `arena` take the filters; `file` needs a multipart body with the file."""

    title = serializers.CharField(max_length=200, help_text="Annotators see it.")
    rubric = serializers.IntegerField(help_text="The id of a version, as the list of rubrics names it.")
    kind = serializers.ChoiceField(choices=Batch.Kind.choices)
    source = serializers.ChoiceField(choices=Batch.Source.choices)  # type: ignore[assignment]
    overlap = serializers.IntegerField(
        default=1, min_value=1, max_value=MOST_OVERLAP, help_text="Annotators of each task."
    )
    languages = words(help_text="Of the tasks; none: all.")
    types = words(help_text="Kinds of conversations; none: all.")
    since = serializers.DateField(required=False, help_text="A day (UTC), included.")
    until = serializers.DateField(required=False, help_text="A day (UTC), included.")
    is_first_only = serializers.BooleanField(
        default=False, help_text="Only the first message of each conversation."
    )
    is_each = serializers.BooleanField(
        default=False, help_text="Every response or pair of a message; otherwise one is drawn."
    )
    with_imported = serializers.BooleanField(default=False)
    with_excluded = serializers.BooleanField(
        default=False, help_text="Also of people whom a coordinator excluded from the data."
    )
    most = serializers.IntegerField(required=False, help_text="Draw so many tasks; otherwise all.")
    seed = serializers.IntegerField(required=False, help_text="The same seed draws the same; recorded.")
    file = serializers.FileField(required=False, help_text=".jsonl, .csv or .parquet, 50 MB at most.")
