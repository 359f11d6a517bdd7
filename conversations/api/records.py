"""Conversations over the API, for reading: whole ones, turns, and what people said of answers."""

from typing import Any

from django.db.models import Count, Prefetch, Q, QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView, ListAPIView, RetrieveAPIView

from conversations.api import record_filters as filters
from conversations.api import record_serializers as shapes
from conversations.api.texts import WithTexts
from conversations.models import (
    Conversation,
    Draw,
    LanguageModel,
    Rating,
    Reaction,
    Report,
    Response,
    Turn,
    Vote,
)
from conversations.models.imported import ALL
from surveys.access import Right
from surveys.api.pages import OldestFirst
from surveys.models import Decision
from surveys.models.token import Scope
from surveys.quality.deciding import stands


class Named(GenericAPIView[Any]):
    """A view that shows draws, which hold the ids of models."""

    def get_serializer_context(self) -> dict[str, Any]:
        is_described = getattr(self, "swagger_fake_view", False)  # for the description there is no database
        names = {} if is_described else dict(LanguageModel.objects.values_list("pk", "name"))
        return {**super().get_serializer_context(), "names": names}


def shown(found: QuerySet[Conversation]) -> QuerySet[Conversation]:
    is_excluded = stands(Decision.Value.EXCLUDE, "enrolment")
    counted = found.annotate(number_of_turns=Count("turns"), is_excluded=is_excluded)
    return counted.select_related("enrolment", "protocol", "imported__dataset")


def whole(turns: QuerySet[Turn]) -> QuerySet[Turn]:
    """Turns with all that was drawn, answered and said, in a fixed number of queries."""
    answers = Response.objects.select_related("model", "rating").order_by("slot", "pk")
    reactions = Prefetch("reactions", Reaction.objects.order_by("pk"))
    judged = ("choice__response", "vote__model_a", "vote__model_b", "vote__signals", "text_check")
    return turns.select_related(*judged).prefetch_related(
        Prefetch("draws", Draw.objects.order_by("pk")),
        Prefetch("responses", answers.prefetch_related(reactions)),
    )


@extend_schema(parameters=[filters.ConversationFilter])
class Conversations(WithTexts, ListAPIView[Conversation]):
    """The conversations of a study, in the order in which they began."""

    scope = Scope.CONVERSATIONS
    serializer_class = shapes.ConversationSerializer
    pagination_class = OldestFirst
    filters = filters.ConversationFilter
    queryset = Conversation.objects.none()
    lookups = {
        **{name: name for name in ("type", "state", "mode")},
        "protocol": "protocol__version",
        "started_after": "started_at__gt",
        "started_before": "started_at__lt",
    }

    def get_queryset(self) -> QuerySet[Conversation]:
        asked = self.asked
        found = filters.conversations(self.study, asked)
        found = found.filter(**narrowed(asked, self.lookups))
        if "changed_after" in asked:
            found = found.filter(filters.has_changed(asked["changed_after"]))
        return shown(found)


def narrowed(asked: dict[str, Any], lookups: dict[str, str]) -> dict[str, Any]:
    return {lookup: asked[name] for name, lookup in lookups.items() if asked.get(name) is not None}


@extend_schema(parameters=[filters.TextFilter])
class OneConversation(Named, WithTexts, RetrieveAPIView[Conversation]):
    """One conversation with its turns, draws, answers, ratings, votes, reactions and feedback."""

    scope = Scope.CONVERSATIONS
    serializer_class = shapes.WholeConversationSerializer
    filters = filters.TextFilter
    queryset = Conversation.objects.none()

    def get_object(self) -> Conversation:
        everybody = {"test": "with", "excluded": "with", "source": ALL, "conversation": self.kwargs["code"]}
        found = shown(filters.conversations(self.study, everybody)).select_related("feedback", "opening")
        turns = Prefetch("turns", whole(Turn.objects.order_by("number")))
        talk = found.prefetch_related(turns).first()
        if talk is None:
            raise Http404
        return talk


class Records(WithTexts, ListAPIView[Any]):
    """A list of what belongs to conversations of a study."""

    scope = Scope.CONVERSATIONS
    pagination_class = OldestFirst
    filters = filters.RecordFilter
    queryset = Turn.objects.none()  # for the description; `found` are the rows
    path = "conversation"  # from a row to its conversation
    lookups: dict[str, str] = {}
    found: QuerySet[Any]

    def get_queryset(self) -> QuerySet[Any]:
        held = filters.conversations(self.study, self.asked)
        lookups = {"after": "at__gt", "before": "at__lt", **self.lookups}
        return self.rows().filter(**{f"{self.path}__in": held.values("pk")}, **narrowed(self.asked, lookups))

    def rows(self) -> QuerySet[Any]:
        return self.found.all().select_related(f"{self.path}__enrolment")


@extend_schema(parameters=[filters.TurnFilter])
class Turns(Named, Records):
    """Messages, each with its draws, all answers to it and what was said of them."""

    serializer_class = shapes.TurnSerializer
    filters = filters.TurnFilter
    found = Turn.objects.all()

    def rows(self) -> QuerySet[Turn]:
        found = whole(super().rows())
        if "changed_after" not in self.asked:
            return found
        return found.filter(pk__in=filters.changed_turns(self.asked["changed_after"]).values("pk"))


@extend_schema(parameters=[filters.JudgedFilter])
class Ratings(Records):
    """Ratings of answers, in the order in which they were given."""

    serializer_class = shapes.RatingSerializer
    filters = filters.JudgedFilter
    path = "response__turn__conversation"
    lookups = {"model": "response__model__name"}
    found = Rating.objects.select_related("response__model", "response__turn__choice")


@extend_schema(parameters=[filters.VoteFilter])
class Votes(Records):
    """Votes between two answers, in the order in which they were given."""

    serializer_class = shapes.VoteSerializer
    filters = filters.VoteFilter
    path = "turn__conversation"
    lookups = {name: name for name in ("choice", "mode", "language", "blind")}
    found = Vote.objects.select_related("model_a", "model_b", "signals")

    def rows(self) -> QuerySet[Vote]:
        name = self.asked.get("model")
        found = super().rows()
        return found.filter(Q(model_a__name=name) | Q(model_b__name=name)) if name else found


@extend_schema(parameters=[filters.JudgedFilter])
class Reactions(Records):
    """Reactions to single answers; the newest of an answer counts."""

    serializer_class = shapes.ReactionSerializer
    filters = filters.JudgedFilter
    path = "response__turn__conversation"
    lookups = {"model": "response__model__name"}
    found = Reaction.objects.select_related("response__model")


@extend_schema(parameters=[filters.ReportFilter])
class Reports(Records):
    """What people asked the team to look at, as the page of reports shows it."""

    right = text_right = Right.RUN
    serializer_class = shapes.ReportSerializer
    filters = filters.ReportFilter
    lookups = {"kind": "kind"}
    found = Report.objects.all()
