"""Known answers over the API: how often each annotator, by code, gave them; for who runs the study."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotations import known_answers
from annotations.api.batch_of import OfBatch
from annotations.codes import coder
from annotations.excluding import excluded_names
from annotations.known_answers import Accuracy, Given
from surveys.access import Right
from surveys.models import Enrolment, Study


class AccuracySerializer(serializers.Serializer[Any]):
    tasks = serializers.IntegerField()
    answers = serializers.IntegerField()
    right = serializers.IntegerField()
    open = serializers.IntegerField(help_text="Of those that are not right: left open.")
    percent = serializers.FloatField()
    low = serializers.FloatField(help_text="Of Wilson's 95 % interval.")
    high = serializers.FloatField()


class OfAnnotatorSerializer(AccuracySerializer):
    annotator = serializers.CharField(help_text="Their code in the study.")
    is_excluded = serializers.BooleanField(help_text="Agreement leaves out what they said.")
    properties = serializers.DictField(child=AccuracySerializer(), help_text="By slug.")


class KnownAnswersSerializer(serializers.Serializer[Any]):
    tasks = serializers.IntegerField(help_text="With known answers, training not counted.")
    annotators = OfAnnotatorSerializer(many=True)
    properties = serializers.DictField(child=AccuracySerializer(), help_text="By slug, of all annotators.")


class KnownAnswers(OfBatch):
    """How often annotators gave the answers that are known."""

    right = Right.RUN
    serializer_class = KnownAnswersSerializer

    def get(self, request: Request, **kwargs: Any) -> Response:
        given = known_answers.given(self.batch)
        return Response(
            {
                "tasks": known_answers.tasks(self.batch).count(),
                "annotators": _of_annotators(given, self.study),
                "properties": _told(known_answers.by_property(given)),
            }
        )


def _of_annotators(given: list[Given], study: Study) -> list[dict[str, Any]]:
    answers: dict[str, list[Given]] = defaultdict(list)
    for one in given:
        answers[one.by].append(one)
    excluded, codes = excluded_names(study), _codes(answers, study)
    return [
        {
            "annotator": codes[by],
            "is_excluded": by in excluded,
            **_figures(known_answers.accuracy(rows)),
            "properties": _told(known_answers.by_property(rows)),
        }
        for by, rows in sorted(answers.items(), key=lambda one: codes[one[0]])
    ]


def _codes(names: Mapping[str, Any], study: Study) -> dict[str, str]:
    code = coder(study)
    people = Enrolment.objects.in_bulk([int(name[1:]) for name in names if name.startswith("e")])
    members = {name: code(int(name[1:])) for name in names if name.startswith("u")}
    return members | {f"e{pk}": enrolment.code for pk, enrolment in people.items()}


def _told(found: Mapping[str, Accuracy]) -> dict[str, dict[str, Any]]:
    return {slug: _figures(one) for slug, one in found.items()}


def _figures(one: Accuracy) -> dict[str, Any]:
    interval = one.interval
    assert interval is not None  # a group has at least one answer
    return {
        **{name: getattr(one, name) for name in ("tasks", "answers", "right", "open")},
        **{name: round(getattr(interval, name), 2) for name in ("percent", "low", "high")},
    }
