"""The arena in a frame of another site: who may frame it, and cookies that hold in such a frame.

A frame is first opened with `?embed=1`. From then on a cookie that lives only in that frame says so; its
pages are compact, their cookies are partitioned, and they tell the framing page how high they are.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from accounts.models import User
from conversations.arena.addresses import slug_at
from conversations.models import Embedding
from prism.lib.headers import POLICY
from prism.lib.partitioned import partition
from surveys import audit
from surveys.models import Study

MARK = settings.DEVICE_COOKIE_PREFIX.replace("device-", "frame")
PAGES = ("/arena/", "/studies/", "/i18n/")  # of participants; no other page is ever shown in a frame
MOST_ORIGINS = 20


class OriginRefused(ValueError):
    """The text names no site; the message says why."""


def read_origin(text: str) -> str:
    """A site as browsers name it, `https://host[:port]`. Raises OriginRefused."""
    try:
        parts = urlsplit(text.strip().lower())
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise OriginRefused(_("“%s” is no address of a site.") % text) from error
    if parts.username or parts.path.strip("/") or parts.query or parts.fragment or not _is_host(host):
        raise OriginRefused(_("“%s” is no address of a site: write https:// and its name alone.") % text)
    is_here = host in {"localhost", "127.0.0.1"}  # for trying it out
    if parts.scheme != "https" and not (parts.scheme == "http" and is_here):
        raise OriginRefused(_("“%s” does not begin with https://.") % text)
    usual = {"https": 443, "http": 80}[parts.scheme]
    return f"{parts.scheme}://{host}" + (f":{port}" if port not in (None, usual) else "")


def _is_host(host: str) -> bool:
    # No asterisk: a frame names its sites one by one. What is no letter is written as browsers send it.
    return bool(host) and all(c.isascii() and (c.isalnum() or c in ".-") for c in host)


def origins_of(slug: str) -> list[str]:
    """The sites that may frame the arena of the study with this slug."""
    found = Embedding.objects.filter(study__slug=slug).values_list("origins", flat=True).first()
    return list(found or [])


def store(study: Study, origins: list[str], by: User) -> None:
    """Let these sites, and no others, frame the arena from now on."""
    Embedding.objects.update_or_create(study=study, defaults={"origins": origins})
    audit.record(by, "arena.embedding", study=study, origins=origins)


def is_framed(request: HttpRequest) -> bool:
    """Whether a page for a frame is asked for; with `?embed=1` also where somebody only looks at it."""
    if not request.path.startswith(PAGES):
        return False
    return request.GET.get("embed") == "1" or (MARK in request.COOKIES and _is_in_frame(request))


def _is_in_frame(request: HttpRequest) -> bool:
    """Browsers say so of the document itself; what a script fetches has the mark alone."""
    return request.headers.get("Sec-Fetch-Dest") != "document"


class Frames:
    """Middleware around all that sets cookies: what is shown in a frame, and to whom. Others get no frame."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request.__dict__["is_framed"] = is_framed(request)
        response = self.get_response(request)
        if origins := request.__dict__.get("framing"):
            _open_to(response, origins)
            if _is_in_frame(request):
                response.set_cookie(MARK, "1")
        if request.__dict__["is_framed"] and (origins or MARK in request.COOKIES) and _is_in_frame(request):
            partition(response)
        return response

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        """Note who may frame the page that is being made, where it is asked for in a frame at all."""
        if request.__dict__["is_framed"] and not request.path.startswith("/i18n/"):
            request.__dict__["framing"] = origins_of(slug_at(request, kwargs.get("slug", "")))


def _open_to(response: HttpResponseBase, origins: list[str]) -> None:
    """Only Content-Security-Policy can name several sites; the older header could but refuse them all."""
    allowed = f"frame-ancestors 'self' {' '.join(origins)}"
    response.headers["Content-Security-Policy"] = POLICY.replace("frame-ancestors 'none'", allowed)
    del response.headers["X-Frame-Options"]
