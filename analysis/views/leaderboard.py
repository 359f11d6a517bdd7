"""The public leaderboard: scores with intervals, pairs, price and energy, history, method, and files."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    JsonResponse,
    StreamingHttpResponse,
)
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from analysis.leaderboard import asking, facts, history, keeping, shown
from analysis.leaderboard.choices import FEW_VOTES, Choice, read_choice
from analysis.leaderboard.forms import filters
from analysis.models import Leaderboard
from conversations import energy
from conversations.arena.portal_hosts import portal_of

MINUTE = 60
SOON = 3  # seconds until a worker may be done

Context = dict[str, Any]


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return _page(request, "leaderboard/home.html", shown.scores)


@require_safe
def matrix(request: HttpRequest) -> HttpResponse:
    return _page(request, "leaderboard/matrix.html", lambda document, _choice: shown.pairs(document))


@require_safe
def against(request: HttpRequest) -> HttpResponse:
    """Scores beside what models cost, use and are."""
    return _page(
        request, "leaderboard/against.html", lambda document, choice: facts.beside(document, choice.least)
    )


@require_safe
def past(request: HttpRequest) -> HttpResponse:
    return render(request, "leaderboard/history.html", history.page(request.GET.getlist("model")))


@require_safe
def method(request: HttpRequest) -> HttpResponse:
    context = {"board": keeping.newest(), "few": FEW_VOTES, "energy": energy.method()}
    return render(request, "leaderboard/method.html", context)


@require_safe
def as_json(request: HttpRequest) -> HttpResponseBase:
    """The whole document of a choice, with what it was made from."""
    return _file(request, lambda *found: JsonResponse(shown.as_json(*found)))


@require_safe
def as_csv(request: HttpRequest) -> HttpResponseBase:
    return _file(
        request, lambda *found: _csv(shown.as_csv(*found), f"leaderboard-{found[0].rows_sha256[:12]}")
    )


@require_safe
def past_csv(request: HttpRequest) -> StreamingHttpResponse:
    return _csv(history.as_csv(), "leaderboard-history")


@require_safe
def votes(request: HttpRequest) -> HttpResponseBase:
    """The rows from which everything here is computed."""
    board, _choice = _asked(request)
    try:
        file = keeping.rows_file(board).open("rb")
    except OSError:
        return _busy(request)
    return FileResponse(file, as_attachment=True, filename=f"votes-{board.rows_sha256[:12]}.csv")


def _page(
    request: HttpRequest, template: str, parts: Callable[[dict[str, Any], Choice], Context]
) -> HttpResponse:
    board = keeping.newest()
    if board is None:
        return render(request, "leaderboard/home.html", {"board": None})
    choice = _choice(request)
    try:
        document = asking.document(board, choice, request.META.get("REMOTE_ADDR", ""))
    except keeping.Busy:
        return _busy(request)
    except asking.Waiting:
        return _soon(render(request, "leaderboard/waiting.html", {"choice": choice}, status=202))
    context = {"board": board, "choice": choice, "document": document, "form": filters(board, choice)}
    left_out = {"left_out": shown.left_out(document)}
    return render(request, template, context | left_out | parts(document, choice))


def _file(
    request: HttpRequest, write: Callable[[Leaderboard, Choice, dict[str, Any]], HttpResponseBase]
) -> HttpResponseBase:
    board, choice = _asked(request)
    try:
        document = asking.document(board, choice, request.META.get("REMOTE_ADDR", ""))
    except keeping.Busy:
        return _busy(request)
    except asking.Waiting:
        return _soon(JsonResponse({"detail": _("This table is being computed")}, status=202))
    return write(board, choice, document)


def _asked(request: HttpRequest) -> tuple[Leaderboard, Choice]:
    board = keeping.newest()
    if board is None:
        raise Http404
    return board, _choice(request)


def _choice(request: HttpRequest) -> Choice:
    """What the reader asks for; under a portal its own arena, unless they ask for another or for all."""
    choice = read_choice(request.GET, request.GET.getlist("with"), request.GET.getlist("without"))
    portal = portal_of(request)
    return replace(choice, study=portal.study.slug) if portal and "study" not in request.GET else choice


def _csv(lines: Any, name: str) -> StreamingHttpResponse:
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def _soon(response: HttpResponse) -> HttpResponse:
    response["Retry-After"] = str(SOON)
    return response


def _busy(request: HttpRequest) -> HttpResponse:
    context = {
        "title": _("This table is being made anew"),
        "text": _("Votes came or went a moment ago. The leaderboard is computed again within ten minutes."),
    }
    response = render(request, "prism/message.html", context, status=503)
    response["Retry-After"] = str(10 * MINUTE)
    return response
