"""The public leaderboard: scores with intervals, filters, win matrix, method, and everything as files."""

from typing import Any

from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from analysis.leaderboard import keeping, shown
from analysis.leaderboard.choices import INCLUDABLE, PERIODS, Choice, read_choice
from analysis.models import Leaderboard
from prism.lib.ratelimit import allow

MOST_TABLES, MINUTE = 60, 60  # that one address may have made anew; those that exist are free
HISTORY = 10


class Busy(Exception):
    """The table cannot be made now."""


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return _page(request, "leaderboard/home.html")


@require_safe
def matrix(request: HttpRequest) -> HttpResponse:
    return _page(request, "leaderboard/matrix.html")


@require_safe
def method(request: HttpRequest) -> HttpResponse:
    return render(request, "leaderboard/method.html", {"board": keeping.newest(), "few": shown.FEW_VOTES})


@require_safe
def as_json(request: HttpRequest) -> HttpResponse:
    """The whole document of a choice, with what it was made from."""
    board, choice = _asked(request)
    try:
        document = _document(request, board, choice)
    except Busy:
        return _busy(request)
    return JsonResponse({"choice": choice.query, **_origin(board), **document})


@require_safe
def as_csv(request: HttpRequest) -> HttpResponse:
    board, choice = _asked(request)
    try:
        document = _document(request, board, choice)
    except Busy:
        return _busy(request)
    response = HttpResponse(shown.as_csv(document), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="leaderboard.csv"'
    return response


@require_safe
def votes(request: HttpRequest) -> HttpResponseBase:
    """The rows from which everything here is computed."""
    board, _choice = _asked(request)
    try:
        file = keeping.rows_file(board).open("rb")
    except OSError:
        return _busy(request)
    return FileResponse(file, as_attachment=True, filename=f"votes-{board.rows_sha256[:12]}.csv")


def _page(request: HttpRequest, template: str) -> HttpResponse:
    board = keeping.newest()
    if board is None:
        return render(request, "leaderboard/home.html", {"board": None})
    choice = read_choice(request.GET, request.GET.getlist("with"))
    try:
        document = _document(request, board, choice)
    except Busy:
        return _busy(request)
    return render(request, template, _context(board, choice, document))


def _asked(request: HttpRequest) -> tuple[Leaderboard, Choice]:
    board = keeping.newest()
    if board is None:
        raise Http404
    return board, read_choice(request.GET, request.GET.getlist("with"))


def _document(request: HttpRequest, board: Leaderboard, choice: Choice) -> dict[str, Any]:
    """Raises Busy where it would have to be made and cannot be, or by somebody who had too many made."""
    known = board.tables.filter(choice=choice.query).first()
    if known:
        found: dict[str, Any] = known.document
        return found
    if not allow(f"leaderboard tables:{request.META.get('REMOTE_ADDR', '')}", MOST_TABLES, MINUTE):
        raise Busy
    try:
        made: dict[str, Any] = keeping.table(board, choice).document
    except OSError as error:
        raise Busy from error
    return made


def _busy(request: HttpRequest) -> HttpResponse:
    context = {
        "title": _("This table is being made anew"),
        "text": _("Votes came or went a moment ago. The leaderboard is computed again within ten minutes."),
    }
    response = render(request, "prism/message.html", context, status=503)
    response["Retry-After"] = str(10 * MINUTE)
    return response


def _origin(board: Leaderboard) -> dict[str, Any]:
    return {
        "made_at": board.made_at.isoformat(),
        "rows": board.rows_total,
        "rows_sha256": board.rows_sha256,
        "seed": board.seed,
        "code_version": board.code_version,
    }


def _context(board: Leaderboard, choice: Choice, document: dict[str, Any]) -> dict[str, Any]:
    return {
        "board": board,
        "choice": choice,
        "document": document,
        "groups": shown.standings(document),
        "left_out": shown.left_out(document),
        "styles": shown.styles(document),
        "matrix": shown.matrix_lines(document),
        "filters": _filters(board, choice),
        "includable": [
            {"reason": reason, "label": shown.REASON_WORDS[reason], "checked": reason in choice.including}
            for reason in INCLUDABLE
        ],
        "states": Leaderboard.objects.all()[:HISTORY],
        "few": shown.FEW_VOTES,
    }


def _filters(board: Leaderboard, choice: Choice) -> list[dict[str, Any]]:
    """The choices that a reader has; a column with one value alone gives none."""
    try:
        frame = keeping.frame(board)
        values = {name: frame.values(name) for name in ("language", "topic", "mode")}
    except OSError:
        values = {}
    labels = {"language": _("Language of the page"), "topic": _("Topic"), "mode": _("How the pair was drawn")}
    found = [
        {
            "name": name,
            "label": labels[name],
            "options": [("", _("all")), *((one, shown.MODE_WORDS.get(one, one)) for one in known)],
            "value": getattr(choice, name),
        }
        for name, known in values.items()
        if len(known) > 1
    ]
    periods = [(0, _("all"))] + [(days, _("last %(n)s days") % {"n": days}) for days in PERIODS if days]
    turns = [("first", _("first vote of each conversation")), ("all", _("all votes"))]
    ties = [("davidson", _("a probability of their own (Davidson)")), ("half", _("half a win for both"))]
    return [
        *found,
        {"name": "days", "label": _("Period"), "options": periods, "value": choice.days},
        {"name": "turns", "label": _("Votes"), "options": turns, "value": choice.turns},
        {"name": "ties", "label": _("Ties count as"), "options": ties, "value": choice.ties},
    ]
