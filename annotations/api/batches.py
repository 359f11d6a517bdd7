"""Batches over the API: making, opening and closing them, their rules, and how far they are."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.parsers import JSONParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from annotations.api import batch_serializers as shapes
from annotations.api.batch_of import Annotating, OfBatch, at_a_pace, checked
from annotations.batches import making
from annotations.batches.figures import Progress, progress
from annotations.batches.from_file import Fault
from annotations.batches.sources import size
from annotations.batches.tables import UnusableFile
from annotations.coordinate import suggestions
from annotations.coordinate.batch import ACTS, stored_rules
from annotations.coordinate.batch_forms import NewBatchForm, RulesForm
from annotations.coordinate.suggestions import SuggestionsForm
from annotations.models import Batch
from annotations.rubric_versions import newest_versions
from annotations.tasks import enqueue_filling
from surveys.access import Right
from surveys.api.pages import NewestFirst
from surveys.api.problems import NotNow

LISTS = ("languages", "tags")


def counted(batches: list[Batch]) -> list[Batch]:
    """The batches with their figures."""
    figures = progress(Batch.objects.filter(pk__in=[batch.pk for batch in batches]))
    for batch in batches:
        batch.progress = figures.get(batch.pk, Progress())  # type: ignore[attr-defined]
    return batches


def whole(batch: Batch) -> dict[str, Any]:
    (found,) = counted([Batch.objects.get(pk=batch.pk)])
    return dict(shapes.WholeBatchSerializer(found).data)


class Making(Annotating):
    """What the form of the page takes, as JSON or, with a file, as multipart."""

    parser_classes = (JSONParser, MultiPartParser)

    def form(self, request: Request) -> NewBatchForm:
        """Raises ValidationError."""
        given = shapes.NewBatch.given(request)
        at_a_pace(request, "new_batch", 240)
        form = NewBatchForm(
            {"minutes_to_expiry": 60, "most_per_annotator": 0, "gold_percent": 0, **as_typed(given)},
            {"file": given["file"]} if "file" in given else None,
            study=self.study,
            by=self.by,
            versions=newest_versions(self.study),
        )
        checked(form)
        return form


def as_typed(given: dict[str, Any]) -> dict[str, Any]:
    """As the form of the page has it: words with commas between them."""
    return {name: ", ".join(value) if name in LISTS else value for name, value in given.items()}


class Batches(Making, ListAPIView[Batch]):
    """The batches of a study, newest first."""

    serializer_class = shapes.BatchSerializer
    pagination_class = NewestFirst

    def get_queryset(self) -> QuerySet[Batch]:
        return self.study.batches.all()

    def paginate_queryset(self, queryset: Any) -> list[Any]:
        return counted(list(super().paginate_queryset(queryset) or []))

    @extend_schema(
        request={"application/json": shapes.NewBatch, "multipart/form-data": shapes.NewBatch},
        responses={201: shapes.WholeBatchSerializer},
    )
    def post(self, request: Request, **kwargs: Any) -> Response:
        """Make a batch, as a draft. A worker puts its tasks in; `filling` is empty once they are there."""
        form = self.form(request)
        batch = form.batch()
        try:
            making.make(batch, self.by)
        except making.NotPossible as error:
            raise serializers.ValidationError({"title": [str(error)]}) from error
        enqueue_filling(batch)
        return Response(whole(batch), status=201)


class BatchSize(Making):
    """How many tasks a batch would have, made so; nothing is stored."""

    serializer_class = shapes.SizeSerializer

    @extend_schema(request={"application/json": shapes.NewBatch, "multipart/form-data": shapes.NewBatch})
    def post(self, request: Request, **kwargs: Any) -> Response:
        form = self.form(request)
        try:
            found = size(form.batch())
        except (UnusableFile, Fault) as error:
            raise serializers.ValidationError({"file": [str(error)]}) from error
        unread = sorted(form.looked.unread)
        return Response({"tasks": found.tasks, "models": found.models, "unread": unread})


class OneBatch(OfBatch):
    """A batch with its guidelines, how it was made, and how far it is."""

    serializer_class = shapes.WholeBatchSerializer

    def get(self, request: Request, **kwargs: Any) -> Response:
        return Response(whole(self.batch))

    @extend_schema(request=shapes.Rules)
    def patch(self, request: Request, **kwargs: Any) -> Response:
        """Other guidelines, expertise or limits; they hold from the next task on."""
        given = shapes.Rules.given(request)
        at_a_pace(request, "batch_rules", 240)
        form = RulesForm(stored_rules(self.batch) | as_typed(given))
        checked(form)
        making.change(self.batch, form.rules(), self.by)
        return Response(whole(self.batch))

    @extend_schema(responses={204: None})
    def delete(self, request: Request, **kwargs: Any) -> Response:
        """Delete a draft that nobody annotated."""
        acted(self, "delete")
        return Response(status=204)


def acted(view: OfBatch, what: str) -> None:
    """As the button of the page does. Raises NotNow."""
    at_a_pace(view.request, "batch_act", 600)
    try:
        ACTS[what](view.batch, view.by)
    except making.NotPossible as error:
        raise NotNow(str(error)) from error


class ActOnBatch(OfBatch):
    serializer_class = shapes.WholeBatchSerializer
    what = ""

    @extend_schema(request=None)
    def post(self, request: Request, **kwargs: Any) -> Response:
        acted(self, self.what)
        return Response(whole(self.batch))


class OpenBatch(ActOnBatch):
    """Let annotators begin, or go on after it was closed."""

    what = "open"


class CloseBatch(ActOnBatch):
    """Pause or end it: nobody is given a task any more; what is open may still be submitted."""

    what = "close"


class MaskBatch(ActOnBatch):
    """Have a worker mask personal data in imported records, which can be opened only then."""

    what = "mask"


class SuggestIn(OfBatch):
    """Whether annotators of the batch are shown what a judge said."""

    right = Right.RUN
    serializer_class = shapes.SuggestedSerializer

    def get(self, request: Request, **kwargs: Any) -> Response:
        return Response(shapes.SuggestedSerializer(self.batch).data)

    @extend_schema(request=shapes.Suggested)
    def put(self, request: Request, **kwargs: Any) -> Response:
        """It holds for tasks that nobody has looked at yet."""
        given = shapes.Suggested.given(request)
        at_a_pace(request, "batch_suggestions", 240)
        form = SuggestionsForm(given, runs=suggestions.runs_of(self.batch))
        checked(form)
        suggestions.store(self.batch, form.cleaned_data, self.by)
        self.batch.refresh_from_db()
        return Response(shapes.SuggestedSerializer(self.batch).data)


class FillBatchAgain(ActOnBatch):
    """Have a worker try once more to put the tasks in, where it failed."""

    what = "again"
