"""Texts as they were typed, before something in them was masked: with a right, a reason and a trace."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import Throttled
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from conversations.api.record_serializers import SpansField
from conversations.models import RawText
from conversations.privacy.opening import open_text, raw_texts
from prism.lib.crypto import UnreadableSecret
from prism.lib.ratelimit import allow
from surveys.access import Right, person
from surveys.api.pages import NewestFirst
from surveys.api.problems import NotNow
from surveys.api.views import OfStudy
from surveys.models.token import Scope

MOST, HOUR = 60, 3600  # as on the page


class RawTextSerializer(serializers.ModelSerializer[RawText]):
    conversation = serializers.CharField(source="check_of.conversation.code")
    participant = serializers.CharField(source="check_of.conversation.enrolment.code")
    turn = serializers.IntegerField(source="check_of.turn.number", allow_null=True)
    place = serializers.CharField(source="check_of.place")
    outcome = serializers.CharField(source="check_of.outcome")
    kinds = serializers.DictField(source="check_of.kinds", child=serializers.IntegerField())
    spans = SpansField(source="check_of.spans")
    at = serializers.DateTimeField(source="check_of.at")

    class Meta:
        model = RawText
        fields = ("id", "conversation", "participant", "turn", "place", "outcome", "kinds", "spans", "at")


class Reason(serializers.Serializer[Any]):
    reason = serializers.CharField(min_length=10, max_length=500, help_text="Goes into the audit.")


class PlaceSerializer(serializers.Serializer[Any]):
    words = serializers.CharField()
    kind = serializers.CharField()
    rule = serializers.CharField()


class OpenedSerializer(serializers.Serializer[Any]):
    text = serializers.CharField()
    places = PlaceSerializer(many=True)


class OfRawTexts(OfStudy):
    scope = Scope.TEXTS
    right = write_right = Right.REIDENTIFY
    queryset = RawText.objects.none()


class RawTexts(OfRawTexts, ListAPIView[RawText]):
    """Which raw texts there are: codes, times and kinds, no text."""

    serializer_class = RawTextSerializer
    pagination_class = NewestFirst

    def get_queryset(self) -> QuerySet[RawText]:
        return raw_texts(self.study)


class OpenRawText(OfRawTexts):
    """Open a raw text; the reason and your name are written into the audit before it is given."""

    serializer_class = OpenedSerializer

    @extend_schema(request=Reason)
    def post(self, request: Request, **kwargs: Any) -> Response:
        given = Reason(data=request.data)
        given.is_valid(raise_exception=True)
        by = person(request._request)
        if not allow(f"raw text:user:{by.pk}", MOST, HOUR):
            raise Throttled(HOUR)
        raw = get_object_or_404(raw_texts(self.study), pk=kwargs["id"])
        try:
            opened = open_text(raw, by, given.validated_data["reason"])
        except UnreadableSecret as error:
            raise NotNow("No key of this installation opens it.") from error
        places = [dict(zip(("words", "kind", "rule"), place, strict=True)) for place in opened.places]
        return Response({"text": opened.text, "places": places})
