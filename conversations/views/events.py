"""The stream of a turn's text to one browser, as server-sent events."""

from django.db import connection
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from conversations.live.feed import follow, row_of
from conversations.live.wire import read_cursor
from conversations.models import Conversation, Response
from surveys.views.visit import find_visit


@require_safe
def events(request: HttpRequest, slug: str, code: str, turn: int) -> HttpResponseBase:
    """Text of all slots as it comes. Resumes behind `Last-Event-ID`, or `?after=` at the first connection."""
    device, pacing, shown = find_responses(request, slug, code, turn)
    if not shown:
        return HttpResponse(status=404)
    seen = request.headers.get("Last-Event-ID") or request.GET.get("after", "")
    rows = [row_of(response) for response in shown]
    text = follow(shown[0].turn_id, read_cursor(seen), rows, device, pacing)
    response = StreamingHttpResponse(text, content_type="text/event-stream")
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"
    return response


def find_responses(
    request: HttpRequest, slug: str, code: str, number: int
) -> tuple[int, str, list[Response]]:
    """The device that asks, how text is paced, and the turn's shown responses where it may read them."""
    try:
        visit = find_visit(request, slug)
        if visit is None:
            return 0, "", []
        talks = Conversation.objects.readable_by(visit.device).coded(code)
        talk = talks.select_related("protocol").first()
        if talk is None:
            return 0, "", []
        shown = Response.objects.shown().filter(turn__conversation=talk, turn__number=number)
        return visit.device.pk, talk.protocol.parsed().pacing, list(shown)
    finally:
        connection.close()  # before the stream begins, which would hold it
