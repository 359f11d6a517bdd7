"""Hosts of portals: which requests come in by one, and what they may see there.

Django accepts the hosts of ALLOWED_HOSTS alone. A host that is an active portal's is accepted besides; any
other stays refused.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.http.request import split_domain_port
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils import translation

from conversations.models import Portal
from surveys import languages

SECONDS = 5.0  # how long another process may not know of a change
PUBLIC = ("/arena/", "/leaderboard/", "/i18n/", "/static/", "/health/")


@dataclass
class _Kept:
    until: float = 0.0
    portals: dict[str, Portal] = field(default_factory=dict)


_kept = _Kept()


def active(host: str) -> Portal | None:
    """The portal that is switched on under this host, as it was at most some seconds ago."""
    global _kept
    if monotonic() >= _kept.until:
        found = Portal.objects.filter(is_active=True).without_logo().select_related("study")
        _kept = _Kept(monotonic() + SECONDS, {portal.host: portal for portal in found})
    return _kept.portals.get(host)


def forget() -> None:
    """Look at the portals anew, for this process changed one."""
    global _kept
    _kept = _Kept()


def own_hosts() -> set[str]:
    """The hosts of Prism itself, which are never a portal's."""
    named = {host.lower().lstrip(".") for host in settings.ALLOWED_HOSTS}
    return named | {urlsplit(settings.PUBLIC_URL).hostname or ""}


def portal_of(request: HttpRequest) -> Portal | None:
    """The portal by which a request came in; None under Prism's own hosts."""
    found: Portal | None = request.__dict__.get("portal")
    return found


def show_as(request: HttpRequest, portal: Portal) -> None:
    """From here on pages look and speak as the portal does."""
    request.__dict__["portal"] = portal
    request.__dict__["offered_languages"] = tuple(portal.languages)


class PortalHosts:
    """Middleware, before all that asks for the host."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        raw = request.META.get("HTTP_HOST", "")
        host = split_domain_port(raw)[0].lower()
        portal = active(host) if host and host not in own_hosts() else None
        if portal:
            request.__dict__["get_host"] = lambda: raw  # it was looked up, so it is no stranger's word
            show_as(request, portal)
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        """A portal shows its own arena and what belongs to it; the workbench is not there."""
        portal = portal_of(request)
        if portal is None:
            return None
        _speak(request, portal)
        if request.path == "/":
            return redirect("arena:home")
        if not request.path.startswith((*PUBLIC, f"/studies/{portal.study.slug}/")):
            raise Http404
        return None


def _speak(request: HttpRequest, portal: Portal) -> None:
    language = languages.best(request, portal.languages) or portal.language
    translation.activate(language)
    request.LANGUAGE_CODE = language
