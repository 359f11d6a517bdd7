"""Studies over the API, for reading. Each view names the scope that a token needs for it."""

from functools import cached_property
from typing import Any

from django.db.models import BooleanField, Exists, OuterRef, Q, QuerySet, Value
from django.db.models.expressions import ExpressionWrapper
from django.db.models.functions import TruncDate
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView, ListAPIView, RetrieveAPIView
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from surveys.access import SINGLE_PEOPLE, Right, enrolment_for, held, person, studies_with, study_for
from surveys.api.pages import LatestDayFirst, NewestFirst, OldestFirst
from surveys.api.serializers import (
    IN_PROGRESS,
    DaySerializer,
    EnrolmentFilter,
    EnrolmentSerializer,
    OutcomesSerializer,
    QuestionnaireDocumentSerializer,
    QuestionnaireSerializer,
    QuotaCellSerializer,
    QuotasSerializer,
    StudySerializer,
    outcome_counts,
)
from surveys.models import (
    Cell,
    Decision,
    Enrolment,
    PageSubmission,
    Questionnaire,
    Quota,
    StoredVersion,
    Study,
)
from surveys.models.token import Scope
from surveys.quality.deciding import stands
from surveys.quotas.picture import TablePicture, picture


class OfStudy(GenericAPIView[Any]):
    """A view under /studies/<slug>/. Strangers find nothing there; who lacks the right is refused."""

    right, write_right = Right.VIEW, Right.RUN

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Nobody learns from a refused body what only who has the right may know."""
        super().initial(request, *args, **kwargs)
        _ = self.study

    @cached_property
    def study(self) -> Study:
        is_safe = self.request.method in SAFE_METHODS
        right = self.right if is_safe else self.write_right
        return study_for(self.request._request, self.kwargs["slug"], right)


class Studies(ListAPIView[Study]):
    """The studies whose live picture you may see."""

    scope = Scope.STUDIES
    serializer_class = StudySerializer
    pagination_class = NewestFirst
    queryset = Study.objects.none()

    def get_queryset(self) -> QuerySet[Study]:
        studies = studies_with(person(self.request._request), Right.VIEW)
        return studies.annotate(**outcome_counts("enrolments__", "number_"))


class OneStudy(OfStudy, RetrieveAPIView[Study]):
    """One study."""

    scope = Scope.STUDIES
    serializer_class = StudySerializer
    queryset = Study.objects.none()

    def get_object(self) -> Study:
        counted = Study.objects.annotate(**outcome_counts("enrolments__", "number_"))
        return counted.get(pk=self.study.pk)


class Questionnaires(OfStudy, ListAPIView[Questionnaire]):
    """The versions that the study uses, that were answered in it, or that its people stored."""

    scope = Scope.QUESTIONNAIRES
    serializer_class = QuestionnaireSerializer
    pagination_class = OldestFirst
    queryset = Questionnaire.objects.none()

    def get_queryset(self) -> QuerySet[Questionnaire]:
        return versions_of(self.study)


class OneQuestionnaire(OfStudy, RetrieveAPIView[Questionnaire]):
    """One version with its document (YAML or JSON text)."""

    scope = Scope.QUESTIONNAIRES
    serializer_class = QuestionnaireDocumentSerializer
    queryset = Questionnaire.objects.none()

    def get_object(self) -> Questionnaire:
        wanted = {"key": self.kwargs["key"], "version": self.kwargs["version"]}
        found = versions_of(self.study).filter(**wanted).first()
        if found is None:
            raise Http404
        return found


def versions_of(study: Study) -> QuerySet[Questionnaire]:
    """What this study uses, used or stored: another study's versions of the same key are its own affair."""
    answered = PageSubmission.objects.filter(enrolment__study=study, questionnaire=OuterRef("pk"))
    stored = StoredVersion.objects.filter(study=study, questionnaire=OuterRef("pk"))
    is_current = ExpressionWrapper(Q(pk=study.questionnaire_id), output_field=BooleanField())
    used = Questionnaire.objects.filter(Q(pk=study.questionnaire_id) | Exists(answered) | Exists(stored))
    return used.annotate(is_current=is_current if study.questionnaire_id else Value(False))


@extend_schema(parameters=[EnrolmentFilter])
class Enrolments(OfStudy, ListAPIView[Enrolment]):
    """The participants of the study by code, in the order in which they arrived."""

    scope = Scope.ENROLMENTS
    serializer_class = EnrolmentSerializer
    pagination_class = OldestFirst
    queryset = Enrolment.objects.none()

    def get_queryset(self) -> QuerySet[Enrolment]:
        study = self.study
        rows = study.enrolments.annotate(is_excluded=stands(Decision.Value.EXCLUDE))
        return _narrowed(rows, EnrolmentFilter.asked(self.request))


def _narrowed(rows: QuerySet[Enrolment], wanted: dict[str, Any]) -> QuerySet[Enrolment]:
    rows = rows.filter(is_imported=False)
    if wanted.get("test") != "with":
        rows = rows.filter(is_test=wanted.get("test") == "only")
    if wanted.get("excluded") != "with":
        is_excluded = stands(Decision.Value.EXCLUDE)
        rows = rows.filter(is_excluded if wanted.get("excluded") == "only" else ~is_excluded)
    if "outcome" in wanted:
        rows = rows.filter(outcome="" if wanted["outcome"] == IN_PROGRESS else wanted["outcome"])
    if "stage" in wanted:
        rows = rows.filter(stage=wanted["stage"])
    if "arrived_after" in wanted:
        rows = rows.filter(arrived_at__gt=wanted["arrived_after"])
    if "seen_after" in wanted:
        rows = rows.filter(seen_at__gt=wanted["seen_after"])
    return rows


class OneEnrolment(OfStudy, RetrieveAPIView[Enrolment]):
    """One participant by code."""

    scope = Scope.ENROLMENTS
    serializer_class = EnrolmentSerializer
    queryset = Enrolment.objects.none()

    def get_object(self) -> Enrolment:
        found = enrolment_for(self.study, self.kwargs["code"])
        return Enrolment.objects.annotate(is_excluded=stands(Decision.Value.EXCLUDE)).get(pk=found.pk)


class OfQuotas(OfStudy):
    """What the quota page shows. Small cells are withheld from who may not see single people."""

    scope = Scope.QUOTAS

    def tables(self) -> list[TablePicture]:
        rights = held(self.request.user, self.study)
        return picture(self.study, withhold_small=not rights & SINGLE_PEOPLE)


class Quotas(OfQuotas):
    """The study's quotas in force, each table with its totals and its distance to the census."""

    serializer_class = QuotasSerializer
    queryset = Cell.objects.none()

    def get(self, request: Request, **kwargs: Any) -> Response:
        quota = Quota.objects.filter(pk=self.study.quota_id or 0).first()
        found = {"version": quota.version if quota else None, "tables": self.tables()}
        return Response(QuotasSerializer(found).data)


class QuotaCells(OfQuotas, ListAPIView[Any]):
    """Every cell of the quotas in force with its target and its places, table by table."""

    serializer_class = QuotaCellSerializer
    pagination_class = OldestFirst
    queryset = Cell.objects.none()

    def get_queryset(self) -> QuerySet[Cell]:
        return Cell.objects.filter(quota=self.study.quota_id or 0).order_by("pk")

    def paginate_queryset(self, queryset: Any) -> list[Any]:
        page = super().paginate_queryset(queryset) or []
        shown = {
            cell.pk: {"table": table.table.key, "cell": cell}
            for table in self.tables()
            for cell in [*table.cells, *([table.outside] if table.outside else [])]
        }
        return [shown[cell.pk] for cell in page if cell.pk in shown]


class Outcomes(OfStudy):
    """How many participants are in progress and how many reached each outcome."""

    scope = Scope.STUDIES
    serializer_class = OutcomesSerializer
    queryset = Enrolment.objects.none()

    def get(self, request: Request, **kwargs: Any) -> Response:
        counts = self.study.enrolments.aggregate(**outcome_counts())
        return Response(OutcomesSerializer(counts).data)


class OutcomesByDay(OfStudy, ListAPIView[Any]):
    """The outcomes of each day on which somebody reached one, latest first."""

    scope = Scope.STUDIES
    serializer_class = DaySerializer
    pagination_class = LatestDayFirst
    queryset = Enrolment.objects.none()

    def get_queryset(self) -> QuerySet[Any]:
        ended = self.study.enrolments.counted().exclude(outcome_at=None)
        counts = {name: count for name, count in outcome_counts().items() if name != IN_PROGRESS}
        return ended.annotate(day=TruncDate("outcome_at")).values("day").annotate(**counts)


@extend_schema(exclude=True)
class Nothing(APIView):
    """Any other address: the API's own 404, for a program that cannot read a page."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise Http404
