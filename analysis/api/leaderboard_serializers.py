"""What the API shows of the leaderboard, and the filters that it takes."""

from dataclasses import fields
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.request import Request

from analysis.leaderboard.choices import EXCLUDABLE, INCLUDABLE, LONGEST, NAMES, Choice, read_choice
from analysis.models import LeaderboardDay
from surveys.api.filters import Filter

MEANINGS = {
    "source": "Empty for votes given here, the key of an imported dataset, or all.",
    "study": "The slug of an arena.",
    "written_in": "Language of the first message.",
    "language": "Language of the page.",
    "period": "30, 90 or 365 days back from the newest vote, or a month such as 2026-11.",
    "turns": "first (of each conversation) or all.",
    "ties": "davidson or half.",
    "least": "Models with fewer votes are marked; no number changes.",
}


class ChoiceFilter(Filter):
    """The filters of the page, in its words; what is not given means the page's default."""

    def get_fields(self) -> dict[str, Any]:
        found: dict[str, Any] = {
            one.name: serializers.CharField(
                max_length=LONGEST, required=False, allow_blank=True, help_text=MEANINGS.get(one.name, "")
            )
            for one in fields(Choice)
            if one.name not in NAMES
        }
        found["with"] = serializers.MultipleChoiceField(
            choices=INCLUDABLE, required=False, help_text="Votes that are left out unless asked for."
        )
        found["without"] = serializers.MultipleChoiceField(
            choices=EXCLUDABLE, required=False, help_text="Votes that count unless left out."
        )
        return found

    @classmethod
    def choice(cls, request: Request) -> Choice:
        """Raises ValidationError for a value that the page would take for its default."""
        cls.asked(request)
        given = request.query_params
        choice = read_choice(given, given.getlist("with"), given.getlist("without"))
        names = [one.name for one in fields(Choice) if one.name in given]
        wrong = [name for name in names if str(getattr(choice, name)) != given[name]]
        if wrong:
            raise serializers.ValidationError({name: [_("has no such value.")] for name in wrong})
        return choice


class AdjustedSerializer(serializers.Serializer[Any]):
    score = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()
    rank_low = serializers.IntegerField()
    rank_high = serializers.IntegerField()


class RowSerializer(AdjustedSerializer):
    """A model with 95 % intervals of score and rank; `adjusted`: with the looks of answers held equal."""

    item = serializers.CharField(help_text="The model's name.")
    n = serializers.IntegerField(help_text="Votes in which it stood.")
    voters = serializers.IntegerField()
    effective_n = serializers.FloatField(help_text="As many votes of a person each would tell as much.")
    component = serializers.IntegerField(help_text="Models of different components do not compare.")
    held = serializers.BooleanField(help_text="No finite estimate exists; a weak prior holds it.")
    both_bad = serializers.FloatField(help_text="Share of its votes in which both answers were bad.")
    too_few_votes = serializers.BooleanField()
    adjusted = AdjustedSerializer()


class CoefficientSerializer(serializers.Serializer[Any]):
    """By how many percent the odds of winning grow with a feature; null where it never differed."""

    feature = serializers.CharField()
    odds = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)


class OriginSerializer(serializers.Serializer[Any]):
    """From which rows, with which seed and by which code everything was computed."""

    made_at = serializers.DateTimeField()
    rows = serializers.IntegerField()
    rows_sha256 = serializers.CharField()
    seed = serializers.IntegerField()
    code_version = serializers.CharField()
    software = serializers.DictField(child=serializers.CharField(), help_text="Versions.")


class ScoresSerializer(serializers.Serializer[Any]):
    filters = serializers.CharField(help_text="As a query; empty for the page's default.")
    minimum_votes = serializers.IntegerField()
    origin = OriginSerializer()
    votes = serializers.IntegerField(help_text="That are counted.")
    all_votes = serializers.IntegerField()
    left_out = serializers.DictField(child=serializers.IntegerField(), help_text="By reason.")
    ties = serializers.CharField()
    rows = RowSerializer(many=True, help_text="The strongest first, in each component.")
    style = CoefficientSerializer(many=True, required=False)  # type: ignore[assignment]
    latency = CoefficientSerializer(many=True, required=False)


class MatrixSerializer(serializers.Serializer[Any]):
    filters = serializers.CharField()
    origin = OriginSerializer()
    models = serializers.ListField(child=serializers.CharField())
    wins = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField()), help_text="Of the row over the column."
    )
    draws = serializers.ListField(child=serializers.ListField(child=serializers.IntegerField()))


class ScoresOfDaySerializer(serializers.ModelSerializer[LeaderboardDay]):
    """The scores of a day with the page's default filters, and from which rows."""

    rows = serializers.IntegerField(source="leaderboard.rows_total")
    rows_sha256 = serializers.CharField(source="leaderboard.rows_sha256")
    seed = serializers.IntegerField(source="leaderboard.seed")
    code_version = serializers.CharField(source="leaderboard.code_version")
    scores = serializers.ListField(child=serializers.DictField())

    class Meta:
        model = LeaderboardDay
        fields = ("day", "rows", "rows_sha256", "seed", "code_version", "scores")


class MethodSerializer(serializers.Serializer[Any]):
    origin = OriginSerializer()
    page = serializers.CharField(help_text="The method in words.")
    votes = serializers.CharField(help_text="All rows as CSV; their SHA-256 is the one above.")
    few_votes = serializers.IntegerField(help_text="Models with fewer are listed apart by default.")
