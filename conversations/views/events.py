"""The stream of a turn's text to one browser, as server-sent events."""

from asgiref.sync import sync_to_async
from django.db import connection
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from conversations.live.feed import follow
from conversations.live.wire import read_cursor
from conversations.models import Conversation, Turn
from surveys.views.visit import find_visit


@require_safe
async def events(request: HttpRequest, slug: str, code: str, turn: int) -> HttpResponseBase:
    """Text of all slots as it comes. Resumes behind `Last-Event-ID`, or `?after=` at the first connection."""
    found = await sync_to_async(find_turn)(request, slug, code, turn)
    if found is None:
        return HttpResponse(status=404)
    seen = request.headers.get("Last-Event-ID") or request.GET.get("after", "")
    response = StreamingHttpResponse(follow(found.pk, read_cursor(seen)), content_type="text/event-stream")
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"
    return response


def find_turn(request: HttpRequest, slug: str, code: str, number: int) -> Turn | None:
    """The turn, for a device that may read it; gives its connection back before the stream begins."""
    try:
        visit = find_visit(request, slug)
        if visit is None:
            return None
        talks = Conversation.objects.readable_by(visit.device).coded(code)
        return Turn.objects.filter(conversation__in=talks, number=number).first()
    finally:
        connection.close()
