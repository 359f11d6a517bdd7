"""What the API shows of the registry. A provider's key goes in and never comes out."""

from typing import Any

from rest_framework import serializers

from conversations.coordinate.forms import LanguageModelForm, ProviderForm
from conversations.endpoints.figures import ModelFigures, ProviderFigures
from conversations.models import Check, LanguageModel, Provider
from surveys.api.filters import Filter

MODEL_FIELDS = tuple(LanguageModelForm.base_fields)
PROVIDER_FIELDS = tuple(ProviderForm.base_fields)
DETAILS = ("header", "default_parameters", "parameters")


class ModelSerializer(serializers.ModelSerializer[LanguageModel]):
    provider = serializers.CharField(source="provider.name")
    studies = serializers.IntegerField(help_text="How many studies may draw it.")

    class Meta:
        model = LanguageModel
        fields = (
            "id",
            *(name for name in MODEL_FIELDS if name not in DETAILS),
            *("created_at", "tested_at", "test_result", "studies"),
        )


class WholeModelSerializer(ModelSerializer):
    class Meta(ModelSerializer.Meta):
        fields = (*ModelSerializer.Meta.fields, *DETAILS)


class Change(serializers.ModelSerializer[Any]):
    """Fields to change. One that is not known would change nothing, silently."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        unknown = set(data) - set(self.fields) if isinstance(data, dict) else set()
        if unknown:
            raise serializers.ValidationError({name: ["is not known here."] for name in sorted(unknown)})
        given: dict[str, Any] = super().to_internal_value(data)
        return given


class ModelChange(Change):
    provider = serializers.SlugRelatedField(slug_field="name", queryset=Provider.objects.all())
    languages = serializers.ListField(child=serializers.CharField(max_length=20), required=False)

    class Meta:
        model = LanguageModel
        fields = MODEL_FIELDS


class ProviderSerializer(serializers.ModelSerializer[Provider]):
    has_key = serializers.SerializerMethodField()

    class Meta:
        model = Provider
        fields = (
            "id",
            *(name for name in PROVIDER_FIELDS if name != "key"),
            *("has_key", "is_fake", "checked_at", "open_until", "open_reason", "created_at"),
        )

    def get_has_key(self, provider: Provider) -> bool:
        return bool(provider.encrypted_key)


class ProviderChange(Change):
    key = serializers.CharField(
        max_length=500, required=False, allow_blank=True, help_text="Stored encrypted and never shown."
    )

    class Meta:
        model = Provider
        fields = PROVIDER_FIELDS


class ModelFilter(Filter):
    q = serializers.CharField(max_length=100, required=False, help_text="A part of the name.")
    status = serializers.ChoiceField(choices=LanguageModel.Status.values, required=False)
    provider = serializers.CharField(max_length=80, required=False, help_text="The provider's name.")
    language = serializers.CharField(max_length=20, required=False, help_text="A code such as fr.")


class TrialSerializer(serializers.Serializer[Any]):
    """`failure` is empty where the model answered."""

    text = serializers.CharField()
    failure = serializers.CharField()
    detail = serializers.CharField()
    total_ms = serializers.IntegerField()


class ModelFiguresSerializer(serializers.Serializer[ModelFigures]):
    """Calls of the last 24 hours; times in milliseconds, null where nothing was answered."""

    model = serializers.CharField(source="model.name")
    provider = serializers.CharField(source="model.provider.name")
    calls = serializers.IntegerField()
    failed = serializers.IntegerField()
    failures = serializers.DictField(child=serializers.IntegerField(), help_text="By kind.")
    failed_percent = serializers.FloatField(
        source="share", allow_null=True, help_text="Null where there are too few calls to say."
    )
    first_text_ms_median = serializers.FloatField(source="first_p50", allow_null=True)
    first_text_ms_p95 = serializers.FloatField(source="first_p95", allow_null=True)
    total_ms_median = serializers.FloatField(source="total_p50", allow_null=True)
    total_ms_p95 = serializers.FloatField(source="total_p95", allow_null=True)


class CheckSerializer(serializers.ModelSerializer[Check]):
    class Meta:
        model = Check
        fields = ("made_at", "failure", "total_ms")


class ProviderFiguresSerializer(serializers.Serializer[ProviderFigures]):
    provider = serializers.CharField(source="provider.name")
    state = serializers.ChoiceField(choices=["off", "in use", "rests", "on trial"])
    rests_until = serializers.DateTimeField(source="provider.open_until", allow_null=True)
    reason = serializers.CharField(source="provider.open_reason")
    requests_last_minute = serializers.IntegerField(source="requests")
    tokens_last_minute = serializers.IntegerField(source="tokens")
    money_last_day = serializers.DictField(
        source="money",
        child=serializers.DecimalField(max_digits=16, decimal_places=6),
        help_text="By currency.",
    )
    checks = CheckSerializer(many=True)


class HealthSerializer(serializers.Serializer[Any]):
    providers = ProviderFiguresSerializer(many=True)
    models = ModelFiguresSerializer(many=True)


class DocumentSerializer(serializers.Serializer[Any]):
    document = serializers.CharField(
        max_length=1_000_000, trim_whitespace=False, help_text="The text of the file, YAML or JSON."
    )


class StoredSerializer(serializers.Serializer[Any]):
    """How many were added or changed."""

    providers = serializers.IntegerField()
    models = serializers.IntegerField()


class PoolSerializer(serializers.Serializer[Any]):
    models = serializers.ListField(child=serializers.CharField(), help_text="Names, as in the registry.")
    needed = serializers.IntegerField(read_only=True, help_text="Side by side at an opening.")
    drawable = serializers.IntegerField(read_only=True, help_text="That can be drawn at this moment.")
