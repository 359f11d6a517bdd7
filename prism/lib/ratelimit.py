"""Limits on how often something may happen, counted in Redis over fixed windows.

A limit slows down guessing and accidents; it never stands between a person and their work when Redis is away,
so that an unreachable server means "allowed", and a line in the log.
"""

import logging
from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Literal

import redis
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from prism.lib.crypto import keyed_hash

By = Literal["ip", "user"]
View = Callable[..., HttpResponse]
log = logging.getLogger(__name__)

# Count and expiry in one step: a counter whose expiry was never set would lock somebody out for ever.
COUNT = """
local count = redis.call("INCR", KEYS[1])
if count == 1 then redis.call("EXPIRE", KEYS[1], ARGV[1]) end
return count
"""


@lru_cache(maxsize=4)
def _client(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1)


def allow(key: str, limit: int, seconds: int) -> bool:
    """Count one more event under `key`; False once more than `limit` happened within a window of `seconds`.

    Keys are stored as keyed hashes, so that they may hold an address or an e-mail.
    """
    if not settings.RATE_LIMITS_ON:
        return True
    try:
        count = _client(settings.REDIS_URL).eval(COUNT, 1, f"limit:{keyed_hash('limit', key)}", str(seconds))
    except redis.RedisError as error:
        log.warning("rate limit not checked, Redis does not answer: %s", type(error).__name__)
        return True
    return int(str(count)) <= limit


def limit_exceeded(
    request: HttpRequest, name: str, limit: int, seconds: int, by: By = "ip"
) -> HttpResponse | None:
    """Count this request under `name`; a page with status 429 when it is one too many, else None."""
    if allow(f"{name}:{by}:{_who(request, by)}", limit, seconds):
        return None
    return too_many(request, seconds)


def rate_limited(
    name: str, limit: int, seconds: int, by: By = "ip", methods: tuple[str, ...] = ("POST",)
) -> Callable[[View], View]:
    """Decorate a view: requests with one of `methods` beyond `limit` in `seconds` get a clear 429 page."""

    def decorate(view: View) -> View:
        @wraps(view)
        def limited(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
            refusal = limit_exceeded(request, name, limit, seconds, by) if request.method in methods else None
            return refusal or view(request, *args, **kwargs)

        return limited

    return decorate


def too_many(request: HttpRequest, seconds: int) -> HttpResponse:
    """The page that says what happened and when to try again."""
    minutes = max(1, round(seconds / 60))
    context = {
        "title": _("Too many tries in a short time"),
        "text": _("Nothing was done, and nothing is lost. Please try again in about %(minutes)d min.")
        % {"minutes": minutes},
    }
    response = render(request, "prism/message.html", context, status=429)
    response["Retry-After"] = str(seconds)
    return response


def _who(request: HttpRequest, by: By) -> str:
    user = getattr(request, "user", None)
    if by == "user" and user is not None and user.is_authenticated:
        return str(user.pk)
    return str(request.META.get("REMOTE_ADDR", ""))
