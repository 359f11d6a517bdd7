"""Annotating over the API, in the name of the token's owner: the next task, drafts, answers, giving back.

It shows what the pages show: responses in the order drawn for this person, and no name of a model.
"""

from functools import cached_property
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView, ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from annotations import assigning, at_work, standing, suggestions, training
from annotations.api import annotating_serializers as shapes
from annotations.api.answers import Answers, given_of
from annotations.api.batch_of import OfBatch, at_a_pace
from annotations.assigning import Annotator
from annotations.models import Annotation, Assignment, Batch
from annotations.told import NotTold
from surveys.access import Right, person
from surveys.api.pages import OldestFirst
from surveys.api.problems import NotNow
from surveys.models.token import Scope

State = Assignment.State


def gone() -> NotNow:
    return NotNow(
        _("This task is no longer yours: its time ran out, it was skipped, or its batch was closed.")
    )


class MyBatches(ListAPIView[Batch]):
    """The open batches that you may work on, and where you stand in each."""

    scope = Scope.ANNOTATE
    serializer_class = shapes.MyBatchSerializer
    pagination_class = OldestFirst
    queryset = Batch.objects.none()

    def get_queryset(self) -> QuerySet[Batch]:
        mine = standing.batches_of(person(self.request._request))
        found = Batch.objects.filter(pk__in=[batch.pk for batch in mine])
        return found.select_related("rubric_version", "study")

    def paginate_queryset(self, queryset: Any) -> list[Any]:
        user = person(self.request._request)
        return [standing.standing(batch, user) for batch in super().paginate_queryset(queryset) or []]


class InBatch(OfBatch):
    """A batch for who annotates in its study; it has to be open."""

    scope = write_scope = Scope.ANNOTATE
    right = write_right = Right.ANNOTATE
    serializer_class: type[serializers.BaseSerializer[Any]] = shapes.MyTaskSerializer

    @cached_property
    def open_batch(self) -> Batch:
        if not self.batch.is_open:
            raise NotNow(_("This batch is not open."))
        return self.batch


class Form(InBatch):
    """What the tasks of a batch ask, and the guidelines."""

    serializer_class = shapes.AsksSerializer

    def get(self, request: Request, **kwargs: Any) -> Response:
        batch = self.open_batch
        return Response(shapes.asks(batch.rubric_version.parsed(), batch))


class NextTask(InBatch):
    """Be given the task to do now: the one that you have open, or a new one; 204 where nothing is left."""

    @extend_schema(request=None, responses={200: shapes.MyTaskSerializer, 204: None})
    def post(self, request: Request, **kwargs: Any) -> Response:
        at_a_pace(request, "annotate-next", 1200)
        found = assigning.next_assignment(self.open_batch, Annotator(self.by))
        if found is None:
            return Response(status=204)
        return Response(told(at_work.task_of(self.by, found.pk)))


class OfTask(GenericAPIView[Any]):
    """A task in your hands, or one that you submitted."""

    scope = Scope.ANNOTATE
    serializer_class: type[serializers.BaseSerializer[Any]] = shapes.MyTaskSerializer
    queryset = Assignment.objects.none()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        _ = self.assignment

    @property
    def by(self) -> User:
        return person(self.request._request)

    @cached_property
    def assignment(self) -> Assignment:
        return at_work.task_of(self.by, self.kwargs["id"])

    def in_hand(self) -> Assignment:
        """Raises NotNow where it can be done or corrected no more."""
        if not at_work.can_be_done(self.assignment):
            raise gone()
        return self.assignment

    def form(self, request: Request) -> dict[str, str]:
        """What was sent as the form of the page. Raises ValidationError."""
        given = shapes.Said.given(request)
        return Answers(at_work.reading_of(self.assignment), given).form()


def told(assignment: Assignment) -> dict[str, Any]:
    """The task as its page shows it; its texts only while it can be done."""
    reading, task = at_work.reading_of(assignment), assignment.task
    suggestions.show(assignment)
    suggested = suggestions.form_shown(assignment, reading)
    texts = dict(task.sides.values_list("number", "text"))
    return dict(
        shapes.MyTaskSerializer(
            {
                "assignment": assignment,
                "task": task,
                "responses": {shown: texts.get(side, "") for shown, side in reading.sides.items()},
                "said": given_of(reading, at_work.kept(assignment)),
                "suggestion": given_of(reading, suggested) if suggested else None,
            }
        ).data
    )


class MyTask(OfTask):
    """The task with its texts, and what you said of it so far."""

    def get(self, request: Request, **kwargs: Any) -> Response:
        return Response(told(self.in_hand()))


class Draft(OfTask):
    """Keep what is chosen so far, in place of an earlier draft; it gives you more time."""

    @extend_schema(request=shapes.Said)
    def put(self, request: Request, **kwargs: Any) -> Response:
        at_a_pace(request, "annotate-draft", 6000)
        assignment = self.in_hand()
        if assignment.state == State.SUBMITTED:
            raise NotNow(_("You submitted this task. Submit it again to correct it."))
        if not at_work.keep(assignment, self.form(request)):
            raise gone()
        assignment.refresh_from_db(fields=["expires_at"])
        return Response(told(assignment))


class Submit(OfTask):
    """Submit what you say of the task; once more, for the same task, to correct it."""

    serializer_class = shapes.SubmittedSerializer

    @extend_schema(request=shapes.Said)
    def post(self, request: Request, **kwargs: Any) -> Response:
        at_a_pace(request, "annotate-submit", 1200)
        assignment = self.in_hand()
        try:
            made = at_work.hand_in(assignment, self.form(request))
        except NotTold as error:
            raise serializers.ValidationError({"non_field_errors": error.faults}) from error
        if made is None:
            raise gone()
        return Response(shapes.SubmittedSerializer(submitted(assignment, made)).data)


def submitted(assignment: Assignment, made: Annotation) -> dict[str, Any]:
    """With what is known of a training task, now that it was answered."""
    reading, gold = at_work.reading_of(assignment), assignment.task.gold or {}
    has_feedback = at_work.has_feedback(assignment)
    feedback = training.compare(reading, made, gold) if has_feedback else None
    return {"annotation": made, "feedback": feedback}


class Skip(OfTask):
    """Give the task back for somebody else, with the reason."""

    @extend_schema(request=shapes.SkipReason, responses={204: None})
    def post(self, request: Request, **kwargs: Any) -> Response:
        at_a_pace(request, "annotate-skip", 600)
        return self.end(State.SKIPPED, shapes.SkipReason.given(request)["reason"])

    def end(self, state: State, reason: str) -> Response:
        if not assigning.end(self.assignment, state, reason):
            raise gone()
        return Response(status=204)


class Release(Skip):
    """Give the task back for somebody else without having looked at it closely. You do not get it again."""

    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request, **kwargs: Any) -> Response:
        at_a_pace(request, "annotate-skip", 600)
        return self.end(State.RETURNED, "")
