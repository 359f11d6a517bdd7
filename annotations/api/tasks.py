"""Tasks and annotations over the API, for reading by those who look after a study."""

from functools import cached_property
from typing import Any

from django.db.models import Q, QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView, RetrieveAPIView

from annotations.api import task_serializers as shapes
from annotations.api.batch_of import OfBatch
from annotations.codes import coder, people_by_code
from annotations.coordinate.batch import STATES
from annotations.models import Annotation, Task
from conversations.api.record_filters import TextFilter
from conversations.api.records import narrowed
from conversations.api.texts import WithTexts
from surveys.access import Right
from surveys.api.pages import OldestFirst
from surveys.models import Enrolment

WITHDRAWN = Enrolment.Outcome.WITHDRAWN
# Whoever wrote the query and took it back is in no list, as in exports.
TAKEN_BACK = Q(turn__conversation__enrolment__outcome=WITHDRAWN)


class ByNumber(OldestFirst):
    """As the batch has them; its index leads there at once."""

    ordering = "number"


class OfTasks(WithTexts, OfBatch):
    serializer_class = shapes.TaskSerializer
    queryset = Task.objects.none()

    def tasks(self) -> QuerySet[Task]:
        return self.batch.tasks.exclude(TAKEN_BACK).prefetch_related("sides")


@extend_schema(parameters=[shapes.TaskFilter])
class Tasks(OfTasks, ListAPIView[Task]):
    """The tasks of a batch, in the order in which they were put in; no name of a model."""

    pagination_class = ByNumber
    filters = shapes.TaskFilter

    def get_queryset(self) -> QuerySet[Task]:
        names = ("language", "scenario_group", "scenario_source")
        tasks = self.tasks().filter(**narrowed(self.asked, {name: name for name in names}))
        return tasks.filter(STATES[self.asked.get("state", "")][1])


@extend_schema(parameters=[TextFilter])
class OneTask(OfTasks, RetrieveAPIView[Task]):
    """One task by its number."""

    filters = TextFilter

    def get_object(self) -> Task:
        found = self.tasks().filter(number=self.kwargs["number"]).first()
        if found is None:
            raise Http404
        return found


@extend_schema(parameters=[shapes.AnnotationFilter])
class Annotations(WithTexts, OfBatch, ListAPIView[Annotation]):
    """What people, judges and files said of the tasks of a batch, in the order in which it came."""

    right = Right.EXPORT
    serializer_class = shapes.AnnotationSerializer
    pagination_class = OldestFirst
    filters = shapes.AnnotationFilter
    queryset = Annotation.objects.none()
    lookups = {"origin": "origin", "task": "task__number", "flag": "flag", "after": "submitted_at__gt"}

    def get_queryset(self) -> QuerySet[Annotation]:
        found = Annotation.objects.filter(task__batch=self.batch, **narrowed(self.asked, self.lookups))
        found = found.exclude(assignment__enrolment__outcome=WITHDRAWN).exclude(assignment__is_test=True)
        found = found.exclude(task__turn__conversation__enrolment__outcome=WITHDRAWN)
        if "revisions" not in self.asked:
            found = found.current()
        if self.asked.get("training") != "with":
            found = found.filter(task__is_training=self.asked.get("training") == "only")
        if "annotator" in self.asked:
            found = found.filter(self.given_by)
        return found.select_related("task", "assignment__enrolment").prefetch_related(
            "values", "items", "errors"
        )

    @cached_property
    def given_by(self) -> Q:
        name = self.asked["annotator"]
        key = people_by_code(self.study).get(name)
        person = Q(assignment__annotator=key) if key else Q(pk__in=())
        participants = Q(assignment__enrolment__in=self.study.enrolments.coded(name))
        return person | participants | Q(assignment=None, source=name)

    def get_serializer_context(self) -> dict[str, Any]:
        context = super().get_serializer_context()
        if "texts" not in context:  # for the description there is no database
            return context
        document = self.batch.rubric_version.parsed()
        return context | {"rubric": document, "code": coder(self.study)}
