"""Dissections over the API: running one over an annotated batch, and what came out."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiTypes, extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from analysis.dissecting import jobs
from analysis.dissecting.reading import NotDissectable
from analysis.dissection_forms import CODED, WHOSE, DissectionForm
from analysis.models import Dissection
from analysis.tasks import enqueue_dissection
from annotations.api.batch_of import Annotating, Sent, at_a_pace, checked
from surveys.access import Right
from surveys.api.pages import NewestFirst
from surveys.api.problems import NotNow


class DissectionSerializer(serializers.ModelSerializer[Dissection]):
    batch = serializers.CharField(source="batch.slug")
    options = serializers.DictField(help_text="Whose annotations, and how it is fitted, its seed among them.")

    class Meta:
        model = Dissection
        fields = (
            *("code", "batch", "state", "options", "pairs", "fitting", "failure"),
            *("requested_at", "finished_at"),
        )


class NewDissection(Sent):
    """What is not given is as on the page."""

    batch = serializers.CharField(help_text="Its name; of pairs, by a rubric with the 29 properties.")
    whose = serializers.ChoiceField(choices=[str(one) for one in WHOSE], default="best")
    question = serializers.CharField(
        default="", allow_blank=True, help_text="People who voted, apart by their answer to this question."
    )
    minimum = serializers.IntegerField(default=100, help_text="Least number of pairs of a judge in a group.")
    coding = serializers.ChoiceField(choices=list(CODED), default="sign")
    intercept = serializers.BooleanField(default=False, help_text="Also fit a liking for the first response.")
    seed = serializers.IntegerField(default=0)


class OfDissections(Annotating):
    serializer_class: type[serializers.BaseSerializer[Any]] = DissectionSerializer
    queryset = Dissection.objects.none()

    def rows(self) -> QuerySet[Dissection]:
        return self.study.dissections.select_related("batch")


class Dissections(OfDissections, ListAPIView[Dissection]):
    """The runs so far, newest first."""

    pagination_class = NewestFirst

    def get_queryset(self) -> QuerySet[Dissection]:
        return self.rows().defer("document")

    @extend_schema(request=NewDissection, responses={201: DissectionSerializer})
    def post(self, request: Request, **kwargs: Any) -> Response:
        """Have a worker dissect a batch; ask for the run until its state is done or failed."""
        given = NewDissection.given(request)
        at_a_pace(request, "dissect", 30)
        batch = self.study.batches.filter(slug=given["batch"]).first()
        form = DissectionForm(self.study, given | {"batch": batch and batch.pk})
        checked(form)
        try:
            row = jobs.request(form.cleaned_data["batch"], form.options(), self.by)
        except NotDissectable as error:
            raise NotNow(str(error)) from error
        enqueue_dissection(row)
        return Response(DissectionSerializer(row).data, status=201)


class OneDissection(OfDissections, RetrieveAPIView[Dissection]):
    """How a run stands."""

    def get_object(self) -> Dissection:
        return get_object_or_404(self.rows(), code=self.kwargs["code"])


class DissectionResult(OfDissections):
    """Everything that a finished run found, as `manage.py dissect --json` writes it."""

    right = Right.EXPORT

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, **kwargs: Any) -> Response:
        row = get_object_or_404(self.rows(), code=self.kwargs["code"])
        if row.state != Dissection.State.DONE:
            raise NotNow(_("The run is in the state “%s”.") % row.state)
        return Response(jobs.whole(row))
