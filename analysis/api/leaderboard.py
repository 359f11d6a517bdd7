"""The public leaderboard over the API: the documents that its pages show, open to all."""

from abc import ABC, abstractmethod
from typing import Any

from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analysis.api import leaderboard_serializers as shapes
from analysis.leaderboard import asking, keeping, shown
from analysis.leaderboard.choices import FEW_VOTES, Choice
from analysis.models import Leaderboard, LeaderboardDay
from surveys.api.pages import LatestDayFirst
from surveys.api.problems import said

SOON, LATER = 3, 600  # seconds until a table that a worker makes may be there, and one whose rows are gone


class Public(APIView):
    """Open to all, as the pages are; each address has its own rate."""

    permission_classes = (AllowAny,)

    @property
    def plain(self) -> HttpRequest:
        return self.request._request

    def board(self) -> Leaderboard:
        found = keeping.newest()
        if found is None:
            raise Http404
        return found


class Tables(Public, ABC):
    """A part of the document of a choice of filters."""

    @abstractmethod
    def part(self, board: Leaderboard, choice: Choice, document: dict[str, Any]) -> dict[str, Any]:
        """What is asked for, of the whole document."""

    def answer(self, request: Request) -> Response:
        board, choice = self.board(), shapes.ChoiceFilter.choice(request)
        try:
            document = asking.document(board, choice, request.META.get("REMOTE_ADDR", ""))
        except asking.Waiting:
            text = _("This table is being computed. Ask again in some seconds.")
            return Response({"detail": text}, status=202, headers={"Retry-After": str(SOON)})
        except keeping.Busy:
            text = _("Votes came or went a moment ago. The leaderboard is computed again within ten minutes.")
            return said(503, text, {"Retry-After": str(LATER)})
        found = {"filters": choice.query, "origin": shown.origin(board)}
        return Response(found | self.part(board, choice, document))


class Scores(Tables):
    """Scores and ranks with their intervals, raw and with equal looks of the answers."""

    @extend_schema(parameters=[shapes.ChoiceFilter], responses=shapes.ScoresSerializer)
    def get(self, request: Request) -> Response:
        return self.answer(request)

    def part(self, board: Leaderboard, choice: Choice, document: dict[str, Any]) -> dict[str, Any]:
        apart = {"matrix", *shown.origin(board)} - {"rows"}
        whole = shown.as_json(board, choice, document)
        return {name: value for name, value in whole.items() if name not in apart}


class Matrix(Tables):
    """How often each model beat each other, and how often the two were tied."""

    @extend_schema(parameters=[shapes.ChoiceFilter], responses=shapes.MatrixSerializer)
    def get(self, request: Request) -> Response:
        return self.answer(request)

    def part(self, board: Leaderboard, choice: Choice, document: dict[str, Any]) -> dict[str, Any]:
        return document.get("matrix") or {"models": [], "wins": [], "draws": []}


class History(Public, ListAPIView[LeaderboardDay]):
    """The scores of each day that was kept, the latest first."""

    serializer_class = shapes.ScoresOfDaySerializer
    pagination_class = LatestDayFirst
    queryset = LeaderboardDay.objects.select_related("leaderboard")


class Method(Public):
    """From what the leaderboard was computed, and where the method and the rows stand."""

    @extend_schema(responses=shapes.MethodSerializer)
    def get(self, request: Request) -> Response:
        names = {"page": "leaderboard:method", "votes": "leaderboard:votes"}
        links = {key: self.plain.build_absolute_uri(reverse(name)) for key, name in names.items()}
        return Response({"origin": shown.origin(self.board()), **links, "few_votes": FEW_VOTES})
