"""Rubrics over the API: those that a study may use, checking a text, and storing the next version."""

from typing import Any

from django.db.models import Count, F, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from annotations import rubric_editing
from annotations.api.batch_of import Annotating, Sent, at_a_pace
from annotations.coordinate.rubric_forms import BeginForm
from annotations.models import Rubric, RubricVersion
from annotations.rubric_documents import RubricError
from annotations.rubric_versions import newest_versions, sync
from conversations.api.documents import faulty, places
from conversations.api.protocols import ProblemSerializer
from surveys.access import Right
from surveys.api.pages import OldestFirst
from surveys.api.problems import NotNow
from surveys.editing import MAXIMUM_TEXT, EditingError, StaleEdit
from surveys.models.token import Scope


class RubricSerializer(serializers.ModelSerializer[RubricVersion]):
    """A version of a rubric. Batches are made with its `id`."""

    rubric = serializers.CharField(source="rubric.slug", help_text="The rubric's name in addresses.")
    is_shipped = serializers.BooleanField(source="rubric.is_shipped", help_text="Every study may use it.")
    version = serializers.IntegerField(source="number")
    title = serializers.SerializerMethodField()
    suits = serializers.SerializerMethodField(help_text="Kinds of tasks: single, pair.")
    properties = serializers.SerializerMethodField(help_text="Their slugs, by their places.")
    facts = serializers.SerializerMethodField(help_text="Slugs of what is asked of the query alone.")
    batches = serializers.IntegerField(
        source="number_of_batches", help_text="Of this study, that use this version."
    )

    class Meta:
        model = RubricVersion
        fields = (
            *("id", "rubric", "is_shipped", "version", "title", "suits", "properties", "facts"),
            *("sha256", "created_at", "batches"),
        )

    def get_title(self, version: RubricVersion) -> str:
        return version.parsed().title

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_suits(self, version: RubricVersion) -> list[str]:
        return list(version.parsed().suits)

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_properties(self, version: RubricVersion) -> list[str]:
        return [asked.slug for asked in version.parsed().properties]

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_facts(self, version: RubricVersion) -> list[str]:
        return [fact.slug for fact in version.parsed().facts]


class WholeRubricSerializer(RubricSerializer):
    document = serializers.CharField(source="text", help_text="As it was typed, YAML or JSON text.")

    class Meta(RubricSerializer.Meta):
        fields = (*RubricSerializer.Meta.fields, "document")  # type: ignore[assignment]


def text_field() -> serializers.CharField:
    return serializers.CharField(
        max_length=MAXIMUM_TEXT, trim_whitespace=False, help_text="The rubric, YAML or JSON text."
    )


class RubricText(Sent):
    document = text_field()


class NewRubric(RubricText):
    rubric = serializers.CharField(
        max_length=60, help_text="Its name in addresses: small letters, digits and hyphens."
    )


class NextRubric(RubricText):
    after = serializers.IntegerField(
        required=False, min_value=0, help_text="Refuse unless this version is the newest."
    )


class RubricVerdictSerializer(serializers.Serializer[Any]):
    is_valid = serializers.BooleanField()  # type: ignore[assignment]
    title = serializers.CharField(help_text="Of the rubric, or empty.")
    problems = ProblemSerializer(many=True)


class OfRubrics(Annotating):
    queryset = RubricVersion.objects.none()

    def versions(self) -> QuerySet[RubricVersion]:
        """All that the study may use, with how many of its batches use each."""
        used = self.study.batches.order_by().values("rubric_version").annotate(number=Count("pk"))
        of = Rubric.objects.of(self.study)
        found = RubricVersion.objects.filter(rubric__in=of).select_related("rubric")
        here = used.filter(rubric_version=OuterRef("pk")).values("number")
        return found.annotate(number_of_batches=Coalesce(Subquery(here), Value(0)))

    def answer(self, version: RubricVersion, status: int) -> Response:
        found = WholeRubricSerializer(self.versions().get(pk=version.pk))
        return Response(found.data, status=status)


class Rubrics(OfRubrics, ListAPIView[RubricVersion]):
    """The newest version of each rubric that the study may use: its own, and those that are shipped."""

    serializer_class = RubricSerializer
    pagination_class = OldestFirst

    def get_queryset(self) -> QuerySet[RubricVersion]:
        return self.versions().filter(pk__in=[version.pk for version in newest_versions(self.study)])

    @extend_schema(request=NewRubric, responses={201: WholeRubricSerializer})
    def post(self, request: Request, **kwargs: Any) -> Response:
        """Begin a rubric of the study's own."""
        given = NewRubric.given(request)
        at_a_pace(request, "begin_rubric", 60)
        try:
            rubric = rubric_editing.begin(self.study, self.by, name_of(given["rubric"]), given["document"])
        except RubricError as error:
            return faulty(error.problems)
        except EditingError as error:
            raise serializers.ValidationError({"rubric": [str(error)]}) from error
        version = rubric.newest()
        assert version is not None  # it begins with one
        return self.answer(version, 201)


def name_of(given: str) -> str:
    """A name by the rules of the page's form. Raises ValidationError."""
    form = BeginForm([], {"slug": given})
    if "slug" in form.errors:
        raise serializers.ValidationError({"rubric": [str(text) for text in form.errors["slug"]]})
    return str(form.cleaned_data["slug"])


class CheckRubric(OfRubrics):
    """Whether a text is a rubric, and if not, where and why; nothing is stored."""

    write_scope = Scope.ANNOTATIONS
    write_right = Right.VIEW
    serializer_class = RubricVerdictSerializer

    @extend_schema(request=RubricText)
    def post(self, request: Request, **kwargs: Any) -> Response:
        found = rubric_editing.check(RubricText.given(request)["document"])
        title = found.document.title if found.document else ""
        is_valid = found.document is not None
        return Response({"is_valid": is_valid, "title": title, "problems": places(found.problems)})


@extend_schema_view(get=extend_schema(operation_id="studies_rubrics_versions_list"))
class RubricVersions(OfRubrics, ListAPIView[RubricVersion]):
    """The versions of one rubric; where the study has one of a shipped rubric's name, of its own."""

    serializer_class = RubricSerializer
    pagination_class = OldestFirst

    def get_queryset(self) -> QuerySet[RubricVersion]:
        sync()
        named = Rubric.objects.of(self.study).filter(slug=self.kwargs["name"])
        rubric = named.order_by(F("study").asc(nulls_last=True)).first()
        if rubric is None:
            raise Http404
        return self.versions().filter(rubric=rubric)

    @extend_schema(
        operation_id="studies_rubrics_versions_create",
        request=NextRubric,
        responses={200: WholeRubricSerializer, 201: WholeRubricSerializer},
    )
    def post(self, request: Request, **kwargs: Any) -> Response:
        """Store the next version of the study's own rubric; the text of the newest stores nothing (200)."""
        given = NextRubric.given(request)
        at_a_pace(request, "store_rubric", 120)
        rubric = get_object_or_404(self.study.rubrics, slug=self.kwargs["name"])
        latest = base = rubric.newest()
        if "after" in given:
            base = rubric.versions.filter(number=given["after"]).first()
        try:
            stored = rubric_editing.store(rubric, self.by, given["document"], base, keeps_draft=True)
        except RubricError as error:
            return faulty(error.problems)
        except StaleEdit as error:
            raise NotNow(str(error)) from error
        return self.answer(stored, 200 if stored == latest else 201)


class OneRubricVersion(OfRubrics, RetrieveAPIView[RubricVersion]):
    """One version with its document."""

    serializer_class = WholeRubricSerializer

    def get_object(self) -> RubricVersion:
        return get_object_or_404(self.versions(), pk=self.kwargs["id"])
