"""What the API shows of each thing. Never a panel's id, a name, or anything a participant wrote."""

from typing import Any

from django.db.models import Count, Q
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from surveys.api.filters import Filter
from surveys.models import Enrolment, Questionnaire, Study
from surveys.quotas.picture import TablePicture

IN_PROGRESS = "in_progress"
OUTCOMES = [value or IN_PROGRESS for value in Enrolment.Outcome.values]


class OutcomesSerializer(serializers.Serializer[dict[str, int]]):
    """How many participants are in each state; test data are not counted."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {name: serializers.IntegerField() for name in OUTCOMES}


class StudySerializer(serializers.ModelSerializer[Study]):
    outcomes = serializers.SerializerMethodField()

    class Meta:
        model = Study
        fields = ("slug", "title", "summary", "kind", "state", "locale", "minutes", "created_at", "outcomes")

    @extend_schema_field(OutcomesSerializer)
    def get_outcomes(self, study: Study) -> dict[str, int]:
        return {name: getattr(study, f"number_{name}") for name in OUTCOMES}


def outcome_counts(prefix: str = "", name: str = "") -> dict[str, Count]:
    """One count for each outcome, without test data, for a query on rows that `prefix` leads from."""
    return {
        f"{name}{outcome or IN_PROGRESS}": Count(
            f"{prefix}pk", filter=Q(**{f"{prefix}is_test": False, f"{prefix}outcome": outcome})
        )
        for outcome in Enrolment.Outcome.values
    }


class QuestionnaireSerializer(serializers.ModelSerializer[Questionnaire]):
    is_current = serializers.BooleanField(help_text="Whether participants who arrive now get this version.")

    class Meta:
        model = Questionnaire
        fields = ("key", "version", "title", "sha256", "created_at", "is_current")


class QuestionnaireDocumentSerializer(QuestionnaireSerializer):
    class Meta(QuestionnaireSerializer.Meta):
        fields = (*QuestionnaireSerializer.Meta.fields, "document")  # type: ignore[assignment]


class EnrolmentSerializer(serializers.ModelSerializer[Enrolment]):
    code = serializers.CharField(help_text="The participant's code in this study, as in exports.")
    state = serializers.SerializerMethodField()
    outcome = serializers.SerializerMethodField()
    is_excluded = serializers.BooleanField(help_text="Whether a coordinator excluded them from the data.")

    class Meta:
        model = Enrolment
        fields = (
            *("code", "state", "stage", "outcome", "is_test", "is_excluded"),
            *("arrived_at", "seen_at", "survey_finished_at", "outcome_at"),
        )

    @extend_schema_field(serializers.ChoiceField(choices=[IN_PROGRESS, "over"]))
    def get_state(self, enrolment: Enrolment) -> str:
        return "over" if enrolment.is_over else IN_PROGRESS

    @extend_schema_field(serializers.ChoiceField(choices=OUTCOMES[1:], allow_null=True))
    def get_outcome(self, enrolment: Enrolment) -> str | None:
        return enrolment.outcome or None


class EnrolmentFilter(Filter):
    """The parameters that narrow a list of enrolments."""

    outcome = serializers.ChoiceField(
        choices=OUTCOMES, required=False, help_text="How the participation ended."
    )
    stage = serializers.CharField(
        max_length=40, required=False, help_text="Where the person is, such as consent."
    )
    test = serializers.ChoiceField(
        choices=["with", "only"], required=False, help_text="Test data are left out unless asked for."
    )
    excluded = serializers.ChoiceField(
        choices=["with", "only"],
        required=False,
        help_text="People excluded from the data are left out unless asked for.",
    )
    arrived_after = serializers.DateTimeField(required=False, help_text="Who arrived later than this.")
    seen_after = serializers.DateTimeField(required=False, help_text="Who was here later than this.")


class QuotaTableSerializer(serializers.Serializer[TablePicture]):
    """Null where a figure is withheld, or has no meaning yet."""

    key = serializers.CharField(source="table.key")
    label = serializers.CharField(source="table.label")  # type: ignore[assignment]
    strata = serializers.ListField(source="table.strata", child=serializers.CharField())
    census = serializers.CharField(source="table.census", help_text="The census table, or empty.")
    target = serializers.IntegerField()
    reserved = serializers.IntegerField(allow_null=True)
    complete = serializers.IntegerField(allow_null=True)
    missing = serializers.IntegerField(allow_null=True)
    distance = serializers.FloatField(
        allow_null=True, help_text="Total variation between the complete and the population, 0 to 1."
    )


class QuotasSerializer(serializers.Serializer[Any]):
    """No version: the study has no quotas."""

    version = serializers.IntegerField(allow_null=True)
    tables = QuotaTableSerializer(many=True)


class QuotaCellSerializer(serializers.Serializer[Any]):
    """Target null: open to all. Other figures null: few people are in the cell, and you may not see them."""

    table = serializers.CharField()
    key = serializers.CharField(source="cell.key")
    categories = serializers.ListField(source="cell.categories", child=serializers.CharField())
    share = serializers.FloatField(source="cell.share", allow_null=True, help_text="Of the population.")
    target = serializers.IntegerField(source="cell.target", allow_null=True)
    extra = serializers.IntegerField(source="cell.extra", help_text="Places beyond the target.")
    reserved = serializers.IntegerField(source="cell.reserved", allow_null=True)
    complete = serializers.IntegerField(source="cell.complete", allow_null=True)
    missing = serializers.IntegerField(source="cell.missing", allow_null=True)
    refused = serializers.IntegerField(source="cell.refused", allow_null=True)
    left_out = serializers.IntegerField(
        source="cell.left_out", allow_null=True, help_text="Of the complete, not in the data or the sample."
    )


class DaySerializer(serializers.Serializer[Any]):
    """The outcomes that were reached on one day (UTC)."""

    day = serializers.DateField()

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return super().get_fields() | {name: serializers.IntegerField() for name in OUTCOMES[1:]}
