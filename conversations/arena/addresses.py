"""Where the pages of an arena are: the default one at /arena/, every other under its study's name."""

from typing import Any

from django.http import Http404, HttpRequest
from django.urls import reverse

from conversations.arena.portal_hosts import portal_of
from surveys.models import Study

SLUG = "arena"


def address(study: Study, name: str, *args: Any) -> str:
    """The page called `name` of the study's arena. It holds under every host that shows this arena."""
    return address_at(study.slug, name, *args)


def address_at(slug: str, name: str, *args: Any) -> str:
    return reverse(f"arena:{name}", args=[*([] if slug == SLUG else [slug]), *args])


def slug_at(request: HttpRequest, slug: str) -> str:
    """Which study is meant: the one in the address, else the portal's, else the default.

    Raises Http404 where a portal is asked for another study than its own.
    """
    portal = portal_of(request)
    here = portal.study.slug if portal else SLUG
    if portal and slug not in ("", here):
        raise Http404
    return slug or here
