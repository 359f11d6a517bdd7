"""Agreement over the API: the report of a batch, annotators by letters, and having it made anew."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from annotations import agreement_reports
from annotations.agreement_reports import Standing
from annotations.api.batch_of import OfBatch, Sent, at_a_pace
from annotations.coordinate import agreement_figures as figures
from annotations.models import AgreementReport
from annotations.tasks import enqueue_report
from conversations.api.record_filters import chosen
from surveys import audit
from surveys.access import Right
from surveys.api.filters import Filter

OF = AgreementReport.Of


class AgreementFilter(Filter):
    of = chosen(*OF.values, help_text="Of people (if not given), or of judges and files.")
    excluded = chosen("with", help_text="With annotators who are excluded, left out unless asked for.")


class AsksAgreement(Sent):
    of = serializers.ChoiceField(choices=OF.values, default=OF.PEOPLE)
    excluded = serializers.ChoiceField(choices=["with"], required=False)


class LeftOutSerializer(serializers.Serializer[Any]):
    annotators = serializers.IntegerField()
    annotations = serializers.IntegerField()


class AgreementSerializer(serializers.Serializer[Any]):
    """`report` as the page's file: each property with its coefficients, annotators and pairs by letters."""

    of = serializers.ChoiceField(choices=OF.values)
    annotations = serializers.IntegerField(help_text="That count by now, without training.")
    with_excluded = serializers.BooleanField(help_text="Annotators who are excluded count.")
    excluded = LeftOutSerializer(help_text="Who is excluded, and their annotations, counted or not.")
    is_current = serializers.BooleanField(help_text="The report rests on all of them.")
    is_awaited = serializers.BooleanField(help_text="A worker is at a newer one.")
    made_at = serializers.DateTimeField(allow_null=True)
    report = serializers.DictField(allow_null=True, help_text="Null before the first was made.")


class Agreement(OfBatch):
    """How far annotators agree: the newest report. Of a small batch it is made anew where more came in."""

    serializer_class = AgreementSerializer
    write_right = Right.VIEW

    @extend_schema(parameters=[AgreementFilter])
    def get(self, request: Request, **kwargs: Any) -> Response:
        of, with_excluded = _which(AgreementFilter.asked(request))
        at_a_pace(request, "agreement_file", 120)
        standing = agreement_reports.shown(self.batch, of, with_excluded=with_excluded)
        if standing.is_made:
            audit.record(self.by, "agreement.downloaded", study=self.study, subject=self.batch.slug, of=of)
        return Response(told(standing, of, with_excluded))

    @extend_schema(request=AsksAgreement, responses={202: AgreementSerializer})
    def post(self, request: Request, **kwargs: Any) -> Response:
        """Have a worker make the report anew, unless one is at it."""
        of, with_excluded = _which(AsksAgreement.given(request))
        at_a_pace(request, "compute_agreement", 60)
        enqueue_report(self.batch, of, self.by, with_excluded=with_excluded)
        standing = agreement_reports.standing(self.batch, of, with_excluded=with_excluded)
        return Response(told(standing, of, with_excluded), status=202)


def _which(asked: dict[str, Any]) -> tuple[str, bool]:
    """Of whom, and whether with those who are excluded: among judges and files nobody is."""
    of = asked.get("of", OF.PEOPLE)
    return of, of == OF.PEOPLE and asked.get("excluded") == "with"


def told(standing: Standing, of: str, with_excluded: bool) -> dict[str, Any]:
    document = standing.report.document if standing.report else None
    return {
        "of": of,
        "annotations": standing.total,
        "with_excluded": with_excluded,
        "excluded": {
            "annotators": standing.left_out.annotators,
            "annotations": standing.left_out.annotations,
        },
        "is_current": standing.is_current,
        "is_awaited": standing.is_awaited,
        "made_at": standing.report.made_at if standing.report else None,
        "report": figures.public(document) if document else None,
    }
