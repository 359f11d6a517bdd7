"""Adjudication over the API, in the name of the token's owner: a blind first look, then the ruling.

Before your first look nothing tells what annotators said.
"""

from typing import Any

from django.db.models import Exists, F, QuerySet
from django.forms import model_to_dict
from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from annotations import agreement_reports
from annotations.adjudication import queue, rulings, side_by_side
from annotations.adjudication.rulings import Cell
from annotations.api import adjudication_serializers as shapes
from annotations.api.batch_of import OfBatch, at_a_pace, checked
from annotations.codes import coder
from annotations.coordinate.adjudication_forms import NOT_ASKED, ContestRuleForm, LookForm, RulingForm
from annotations.models import AgreementReport, Contest, Ruling
from surveys.access import Right
from surveys.api.pages import OldestFirst
from surveys.api.problems import NotNow
from surveys.models.token import Scope


class ContestedBy(OfBatch):
    """The rule by which values of a batch are contested."""

    right = Right.ADJUDICATE
    serializer_class = shapes.ContestRuleSerializer

    def get(self, request: Request, **kwargs: Any) -> Response:
        return Response(agreement_reports.rule_of(self.batch).terms)

    @extend_schema(request=shapes.ContestRuleSerializer(partial=True))
    def patch(self, request: Request, **kwargs: Any) -> Response:
        """Let another rule hold. What was ruled on stays ruled on."""
        given = shapes.ContestRuleSerializer.given(request, partial=True)
        at_a_pace(request, "contest_rule", 60)
        rule = agreement_reports.rule_of(self.batch)
        form = ContestRuleForm(model_to_dict(rule) | given, instance=rule)
        checked(form)
        agreement_reports.store_rule(form.save(commit=False), self.by)
        return Response(agreement_reports.rule_of(self.batch).terms)


class Adjudicating(OfBatch):
    scope = write_scope = Scope.ANNOTATE
    right = write_right = Right.ADJUDICATE


class ByTask(OldestFirst):
    """By their places: with every report the rows are made anew."""

    ordering = ("number", "side", "position")  # type: ignore[assignment]


@extend_schema(parameters=[shapes.ContestFilter])
class Contests(Adjudicating, ListAPIView[Contest]):
    """The contested values of a batch that wait for a ruling, by task, side and place in the rubric."""

    serializer_class = shapes.ContestSerializer
    pagination_class = ByTask
    queryset = Contest.objects.none()

    def get_queryset(self) -> QuerySet[Contest]:
        asked = shapes.ContestFilter.asked(self.request)
        agreement_reports.shown(self.batch, AgreementReport.Of.PEOPLE)  # finds them anew, as the page does
        rows = queue.contests(self.batch) if asked.get("ruled") else queue.open_contests(self.batch)
        holding = Ruling.objects.filter(**queue.SAME, is_current=True)
        own = Exists(queue.annotated_by(self.by))
        rows = rows.annotate(number=F("task__number"), is_ruled=Exists(holding), is_own=own)
        return rows.select_related("task")

    def get_serializer_context(self) -> dict[str, Any]:
        is_described = getattr(self, "swagger_fake_view", False)
        fields = () if is_described else self.batch.rubric_version.parsed().fields
        return {**super().get_serializer_context(), "fields": fields}


@extend_schema(parameters=[shapes.RulingFilter])
class Rulings(Adjudicating, ListAPIView[Ruling]):
    """The rulings of a batch in the order in which they were made; those that hold."""

    serializer_class = shapes.RulingSerializer
    pagination_class = OldestFirst
    queryset = Ruling.objects.none()

    def get_queryset(self) -> QuerySet[Ruling]:
        asked = shapes.RulingFilter.asked(self.request)
        found = rulings.current_rulings(self.batch)
        if asked.get("replaced"):
            found = Ruling.objects.filter(task__batch=self.batch)
        return found.filter(task__erased_at=None).select_related("task")

    def get_serializer_context(self) -> dict[str, Any]:
        context = {**super().get_serializer_context()}
        if getattr(self, "swagger_fake_view", False):
            return context
        fields = self.batch.rubric_version.parsed().fields
        return context | {"fields": fields, "code": coder(self.study)}


class OfCell(Adjudicating):
    """A contested value: task, side (0 is asked once) and the slug of a property or fact."""

    serializer_class = shapes.CellSerializer

    def cell(self) -> Cell:
        """Raises Http404 where it was never contested, NotNow in a task that the person annotated."""
        place = (self.kwargs[name] for name in ("number", "side", "field"))
        cell = rulings.cell_of(self.batch, *place)
        if cell is None:
            raise Http404
        if queue.is_own(cell.task, self.by):
            raise NotNow(_("You annotated this task: somebody else has to rule on it."))
        return cell

    def told(self, cell: Cell) -> Response:
        """What the page shows of it; of the annotators' values nothing before the first look."""
        look = rulings.look_of(cell, self.by)
        contest = Contest.objects.filter(**cell.key).first()
        past = list(rulings.history(cell)) if look else []
        found = {
            "cell": cell,
            "kind": contest.kind if contest else "",
            "look": look,
            "said": side_by_side.said(cell) if look else None,
            "opinion": (contest.second_opinion if contest else {}) if look else None,
            "rulings": past if look else None,
            "replaces": next((one.pk for one in past if one.is_current), None),
        }
        context = {"fields": cell.task.batch.rubric_version.parsed().fields, "code": coder(self.study)}
        return Response(shapes.CellSerializer(found, context=context).data)


class OneContest(OfCell):
    """A contested value with its texts; after your first look also what annotators and rulings say."""

    def get(self, request: Request, **kwargs: Any) -> Response:
        return self.told(self.cell())


class Look(OfCell):
    """Say what you think yourself. It is stored, cannot be changed, and opens what annotators said."""

    @extend_schema(request=shapes.GivenLook)
    def post(self, request: Request, **kwargs: Any) -> Response:
        given = shapes.GivenLook.given(request)
        at_a_pace(request, "adjudicate", 1200)
        cell = self.cell()
        form = LookForm(cell, {"value": typed(given["value"])})
        checked(form)
        rulings.look(cell, self.by, form.score)
        return self.told(cell)


class Rule(OfCell):
    """Rule on it, with a reason and what of the rubric it rests on, in place of the ruling that you saw."""

    @extend_schema(request=shapes.GivenRuling, responses={201: shapes.CellSerializer})
    def post(self, request: Request, **kwargs: Any) -> Response:
        given = shapes.GivenRuling.given(request)
        at_a_pace(request, "adjudicate", 1200)
        cell = self.cell()
        items = "\n".join(given.pop("items", ()))
        form = RulingForm(cell, given | {"value": typed(given["value"]), "items": items})
        checked(form)
        try:
            rulings.rule(cell, self.by, form.decision, form.cleaned_data["replaces"])
        except rulings.NotLooked as error:
            raise NotNow(_("Say first what you think yourself: send a look.")) from error
        except rulings.Overtaken as error:
            raise NotNow(_("Another ruling holds than the one that you name. Look at it first.")) from error
        answer = self.told(cell)
        answer.status_code = 201
        return answer


def typed(value: int | None) -> str:
    """As the form of the page has it."""
    return NOT_ASKED if value is None else str(value)
