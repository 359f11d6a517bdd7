"""Studies over the API: the same access rule as the pages, participants as counts only."""

from typing import Any

from django.db.models import Count
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from surveys.access import Right, may, person, study_for
from surveys.models import Study


class StudySerializer(serializers.ModelSerializer[Study]):
    outcomes = serializers.SerializerMethodField()

    class Meta:
        model = Study
        fields = ("slug", "title", "kind", "state", "created_at", "outcomes")

    def get_outcomes(self, study: Study) -> dict[str, int]:
        """Participants by outcome without test data; those still on their way are `in_progress`."""
        counts = study.enrolments.counted().values_list("outcome").annotate(Count("id")).order_by("outcome")
        return {outcome or "in_progress": number for outcome, number in counts}


class StudyList(APIView):
    """The studies whose live picture the person may see."""

    def get(self, request: Request) -> Response:
        studies = Study.objects.visible_to(person(request._request)).distinct()
        seen = [study for study in studies if may(request.user, Right.VIEW, study)]
        return Response({"results": StudySerializer(seen, many=True).data})


class StudyDetail(APIView):
    def get(self, request: Request, slug: str, **kwargs: Any) -> Response:
        return Response(StudySerializer(study_for(request._request, slug, Right.VIEW)).data)
