"""The files of a portal's look. Their addresses change with them, so that browsers may keep them."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from conversations.arena import portals
from conversations.models import Portal

KEEP = "public, max-age=31536000, immutable"


@require_safe
def stylesheet(request: HttpRequest, pk: int, look: str) -> HttpResponse:
    """Anybody may have it, as they may have the page it belongs to."""
    portal = get_object_or_404(Portal.objects.without_logo(), pk=pk)
    return _kept(portals.stylesheet(portal).encode(), "text/css; charset=utf-8")


@require_safe
def logo(request: HttpRequest, pk: int, look: str) -> HttpResponse:
    portal = get_object_or_404(Portal, pk=pk)
    if not portal.logo:
        raise Http404
    return _kept(bytes(portal.logo), "image/png")


def _kept(content: bytes, kind: str) -> HttpResponse:
    response = HttpResponse(content, content_type=kind)
    response["Cache-Control"] = KEEP
    return response
