"""Who annotates in a study, by their codes: what they know, and what they did."""

from collections import defaultdict
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from annotations import excluding, profiles
from annotations.api import task_serializers as shapes
from annotations.api.batch_of import Annotating, OfBatch, at_a_pace, checked
from annotations.assigning import suits
from annotations.codes import coder
from annotations.coordinate.annotators import ProfileForm
from annotations.models import AnnotatorProfile
from surveys.access import Right
from surveys.api.pages import OldestFirst
from surveys.models import Membership


class OfAnnotators(Annotating):
    """Members who may annotate, by codes: names stand on the pages alone."""

    right = Right.RUN
    serializer_class = shapes.AnnotatorSerializer
    pagination_class = OldestFirst
    queryset = Membership.objects.none()
    nothing = {"submitted": 0}

    def get_queryset(self) -> QuerySet[Membership]:
        return profiles.members(self.study)

    def done(self) -> dict[int, dict[str, int]]:
        """What each did, by the person's key."""
        return {user: {"submitted": number} for user, number in profiles.submitted(self.study).items()}

    def described(self, members: list[Membership]) -> list[dict[str, Any]]:
        code, known, did = coder(self.study), self.known(), self.done()
        return [
            {
                "annotator": code(member.user_id),
                "tags": known[member.user_id].tags,
                "languages": known[member.user_id].languages,
                "is_excluded": known[member.user_id].excluded_at is not None,
                **did.get(member.user_id, self.nothing),
            }
            for member in members
        ]

    def known(self) -> defaultdict[int, AnnotatorProfile]:
        """What they know, by the person's key."""
        rows = AnnotatorProfile.objects.filter(study=self.study)
        return defaultdict(AnnotatorProfile, {row.user_id: row for row in rows})


class Annotators(OfAnnotators, ListAPIView[Any]):
    """The members who may annotate, with their expertise and languages."""

    def paginate_queryset(self, queryset: Any) -> list[Any]:
        return self.described(super().paginate_queryset(queryset) or [])


class OneAnnotator(OfAnnotators):
    """One of them by code."""

    def member(self) -> Membership:
        code = coder(self.study)
        found = [one for one in self.get_queryset() if code(one.user_id) == self.kwargs["annotator"]]
        if not found:
            raise Http404
        return found[0]

    def get(self, request: Request, **kwargs: Any) -> Response:
        return Response(self.described([self.member()])[0])

    @extend_schema(request=shapes.Annotator)
    def patch(self, request: Request, **kwargs: Any) -> Response:
        """Say what they know, by which batches are offered, and whether what they said counts."""
        given = shapes.Annotator.given(request)
        at_a_pace(request, "annotator-profile", 600)
        member = self.member()
        (now,) = self.described([member])
        wanted = {name: ", ".join(given.get(name, now[name])) for name in ("tags", "languages")}
        form = ProfileForm(wanted)
        checked(form)
        self.exclude(member, given.get("excluded_for"))
        if given.keys() - {"excluded_for"}:
            profiles.describe(member, self.by, **form.cleaned_data)
        return Response(self.described([member])[0])

    def exclude(self, member: Membership, reason: str | None) -> None:
        """Nothing without a reason given; a blank one lets their annotations count again."""
        try:
            if reason:
                excluding.exclude(member, self.by, reason)
            elif reason is not None:
                excluding.count_again(member, self.by)
        except excluding.NotExcluded as error:
            raise serializers.ValidationError({"excluded_for": [str(error)]}) from None


class BatchAnnotators(OfAnnotators, OfBatch, ListAPIView[Any]):
    """The same for a batch: whom it suits, and what they did of it."""

    serializer_class = shapes.BatchAnnotatorSerializer
    nothing = {"open": 0, "submitted": 0, "skipped": 0}

    def done(self) -> dict[int, dict[str, int]]:
        return profiles.counts(self.batch)

    def paginate_queryset(self, queryset: Any) -> list[Any]:
        members = super().paginate_queryset(queryset.filter(user__is_active=True)) or []
        known = self.known()
        return [
            row | {"is_suited": suits(self.batch, known[member.user_id])}
            for row, member in zip(self.described(members), members, strict=True)
        ]
