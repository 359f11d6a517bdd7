"""Scenarios over the API: the study's list of groups, suggestions, and what a person corrects."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotations.api.batch_of import Annotating, OfBatch, Sent, at_a_pace
from annotations.coordinate.scenarios import counts
from annotations.models import ScenarioClassifier
from annotations.scenarios import suggesting
from annotations.scenarios.groups import GroupsError
from annotations.tasks import enqueue_suggestions
from surveys import audit
from surveys.coordinate.pages import LONGEST_TEXT
from surveys.models.token import Scope

MOST = 500


class ClassifierSerializer(serializers.ModelSerializer[ScenarioClassifier]):
    class Meta:
        model = ScenarioClassifier
        fields = ("rows", "held_out", "accuracy", "majority", "seed", "trained_at")


class GroupsSerializer(serializers.Serializer[Any]):
    document = serializers.CharField(help_text="Classes and groups, YAML text.")
    groups = serializers.ListField(child=serializers.CharField(), help_text="Their names.")
    classifier = ClassifierSerializer(
        allow_null=True, help_text="What the study trained, and how good it is."
    )


class NewGroups(Sent):
    document = serializers.CharField(max_length=LONGEST_TEXT, trim_whitespace=False)


class MovedSerializer(serializers.Serializer[Any]):
    moved = serializers.IntegerField(help_text="Tasks that are in another group now.")


class CountsSerializer(serializers.Serializer[Any]):
    tasks = serializers.IntegerField()
    without = serializers.IntegerField(help_text="In no group.")
    groups = serializers.DictField(child=serializers.IntegerField())


class Corrected(Sent):
    groups = serializers.DictField(
        child=serializers.CharField(), help_text="By the number of a task the group that it belongs to."
    )

    def validate_groups(self, groups: dict[str, str]) -> dict[int, str]:
        wrong = [number for number in groups if not (number.isdecimal() and len(number) < 10)]
        if wrong or len(groups) > MOST:
            raise serializers.ValidationError(_("must name at most %d tasks by their numbers.") % MOST)
        return {int(number): group for number, group in groups.items()}


class ScenarioGroups(Annotating):
    """The study's list of classes of requests and of their groups, or the one that is shipped."""

    serializer_class = GroupsSerializer

    def get(self, request: Request, **kwargs: Any) -> Response:
        found = {
            "document": suggesting.text_of(self.study),
            "groups": suggesting.groups_of(self.study).names,
            "classifier": ScenarioClassifier.objects.defer("weights").filter(study=self.study).first(),
        }
        return Response(GroupsSerializer(found).data)

    @extend_schema(request=NewGroups, responses=MovedSerializer)
    def put(self, request: Request, **kwargs: Any) -> Response:
        """Store a list of the study's own; tasks of known classes move along."""
        text = NewGroups.given(request)["document"]
        at_a_pace(request, "scenario_groups", 60)
        try:
            return Response({"moved": suggesting.change_groups(self.study, text, self.by)})
        except GroupsError as error:
            raise serializers.ValidationError({"document": [str(error)]}) from error


class BatchScenarios(OfBatch):
    """How many tasks of a batch each group has; the list of tasks says of each which, and who said so."""

    serializer_class = CountsSerializer

    def get(self, request: Request, **kwargs: Any) -> Response:
        found = counts(self.batch.tasks.all())
        return Response(CountsSerializer(found | {"groups": dict(found["groups"])}).data)

    @extend_schema(request=Corrected, responses=MovedSerializer)
    def patch(self, request: Request, **kwargs: Any) -> Response:
        """Put tasks into the groups that a person chose; no suggestion replaces that."""
        wanted = Corrected.given(request)["groups"]
        at_a_pace(request, "correct_scenarios", 600)
        unknown = sorted(set(wanted.values()) - set(suggesting.groups_of(self.study).classes))
        if unknown:
            raise serializers.ValidationError({"groups": [_("There is no group %s.") % ", ".join(unknown)]})
        return Response({"moved": suggesting.correct(self.batch, wanted, self.by)})


class Suggest(OfBatch):
    """Let a worker look at every task that nobody decided about."""

    scope = write_scope = Scope.ANNOTATIONS_WRITE
    serializer_class = CountsSerializer

    @extend_schema(request=None, responses={202: None})
    def post(self, request: Request, **kwargs: Any) -> Response:
        at_a_pace(request, "suggest_scenarios", 60)
        audit.record(self.by, "scenarios.suggested", study=self.study, subject=self.batch.slug)
        enqueue_suggestions(self.batch)
        return Response(status=202)
