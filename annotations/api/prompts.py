"""Prompts of judges over the API: the sets that judges use, one as it is, a check, the next version."""

from typing import Any

from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from annotations.api.batch_of import Annotating, Sent, at_a_pace
from annotations.api.judges import offered_to
from annotations.judging import writing
from annotations.judging.prompts import LONGEST, PromptsError, parse
from annotations.models import PromptSet
from surveys.access import Right
from surveys.api.pages import OldestFirst
from surveys.api.problems import NotNow
from surveys.models.token import Scope


class PromptSetSerializer(serializers.ModelSerializer[PromptSet]):
    prompts = serializers.CharField(source="key", help_text="By which a judge names them.")
    version = serializers.IntegerField(source="number")
    is_shipped = serializers.SerializerMethodField(help_text="Every study may use it; nobody writes it.")
    title = serializers.SerializerMethodField()
    steps = serializers.SerializerMethodField(help_text="What each step asks for, in their order.")

    class Meta:
        model = PromptSet
        fields = ("id", "prompts", "version", "is_shipped", "title", "steps", "sha256", "created_at")

    def get_is_shipped(self, version: PromptSet) -> bool:
        return version.study_id is None

    def get_title(self, version: PromptSet) -> str:
        return version.parsed().title

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_steps(self, version: PromptSet) -> list[str]:
        return [str(step.asks) for step in version.parsed().steps]


class WholePromptSetSerializer(PromptSetSerializer):
    document = serializers.CharField(source="text", help_text="As it was typed, YAML.")

    class Meta(PromptSetSerializer.Meta):
        fields = (*PromptSetSerializer.Meta.fields, "document")  # type: ignore[assignment]


class PromptsText(Sent):
    document = serializers.CharField(max_length=LONGEST, trim_whitespace=False, help_text="The set, YAML.")


class NextPrompts(PromptsText):
    after = serializers.IntegerField(
        required=False,
        min_value=0,
        help_text="Refuse unless this version is the newest of the key in the text; 0: there is none.",
    )


class PromptsVerdictSerializer(serializers.Serializer[Any]):
    is_valid = serializers.BooleanField()  # type: ignore[assignment]
    title = serializers.CharField(help_text="Of the set, or empty.")
    problems = serializers.ListField(child=serializers.CharField())


class OfPrompts(Annotating):
    serializer_class: type[serializers.BaseSerializer[Any]] = PromptSetSerializer


class Prompts(OfPrompts, ListAPIView[PromptSet]):
    """The sets of prompts that a new judge can use: every version of the study's own, and those shipped."""

    pagination_class = OldestFirst

    def get_queryset(self) -> QuerySet[PromptSet]:
        return offered_to(self.study)

    @extend_schema(
        request=NextPrompts, responses={200: WholePromptSetSerializer, 201: WholePromptSetSerializer}
    )
    def post(self, request: Request, **kwargs: Any) -> Response:
        """Store the next version of the set whose key stands in the text; one stored already is itself (200).

        Judges keep the version that they were made with.
        """
        given = NextPrompts.given(request)
        at_a_pace(request, "prompts", 600)
        try:
            newest = writing.base_of(self.study, given["document"])
            stored = writing.store(self.study, given["document"], given.get("after", newest), self.by)
        except PromptsError as error:
            raise serializers.ValidationError({"document": list(error.faults)}) from error
        except writing.Meanwhile as error:
            raise NotNow(str(error)) from error
        status = 201 if stored.number > newest else 200
        return Response(WholePromptSetSerializer(stored).data, status=status)


class CheckPrompts(OfPrompts):
    """Whether a text is a set of prompts, and if not, why; nothing is stored."""

    write_scope = Scope.ANNOTATIONS
    write_right = Right.VIEW
    serializer_class = PromptsVerdictSerializer

    @extend_schema(request=PromptsText)
    def post(self, request: Request, **kwargs: Any) -> Response:
        try:
            found = parse(PromptsText.given(request)["document"])
        except PromptsError as error:
            return Response({"is_valid": False, "title": "", "problems": list(error.faults)})
        return Response({"is_valid": True, "title": found.title, "problems": []})


class OnePromptSet(OfPrompts):
    """One version with its document: of the study's own, or shipped."""

    serializer_class = WholePromptSetSerializer

    def get(self, request: Request, **kwargs: Any) -> Response:
        rows = PromptSet.objects.filter(Q(study=self.study) | Q(study=None))
        return Response(WholePromptSetSerializer(get_object_or_404(rows, pk=self.kwargs["id"])).data)
