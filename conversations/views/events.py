"""The stream of a turn's text to one browser, as server-sent events."""

from django.db import connection
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from conversations import finding
from conversations.live.feed import REFRESH_SECONDS, Row, follow
from conversations.live.wire import read_cursor
from conversations.views import tickets
from surveys.views.visit import find_visit

TICKET_AGE = REFRESH_SECONDS - 1.0  # as which its texts count: they are looked up a second later


@require_safe
def events(request: HttpRequest, slug: str, code: str, turn: int) -> HttpResponseBase:
    """Text of all slots as it comes. Resumes behind `Last-Event-ID`, or `?after=` at the first connection.

    A first connection with a ticket asks nothing of the database.
    """
    known = request.headers.get("Last-Event-ID")
    ticket = None if known else tickets.read(request, slug, code, turn)
    if ticket:
        text = follow(ticket.turn, {}, ticket.rows, ticket.device, ticket.pacing, age=TICKET_AGE)
    else:
        device, pacing, at, rows = find_texts(request, slug, code, turn)
        if not rows:
            return HttpResponse(status=404)
        seen = known or request.GET.get("after", "")
        text = follow(at, read_cursor(seen), rows, device, pacing)
    response = StreamingHttpResponse(text, content_type="text/event-stream")
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"
    return response


def find_texts(request: HttpRequest, slug: str, code: str, number: int) -> tuple[int, str, int, list[Row]]:
    """The device that asks, how text is paced, the turn's id, and its texts where it may read them."""
    nothing: tuple[int, str, int, list[Row]] = (0, "", 0, [])
    try:
        visit = find_visit(request, slug)
        talk = finding.find(visit.device, code) if visit else None
        if visit is None or talk is None:
            return nothing
        return (visit.device.pk, talk.protocol.parsed().pacing, *finding.texts_of_turn(talk, number))
    finally:
        connection.close()  # before the stream begins, which would hold it
