"""The cookies that say which device a browser is: one for each study it takes part in.

A cookie holds the device's random key and nothing else. It stands apart from Django's session, because every
page of a participant would otherwise read, check and unpack a row that tells no more than this key.
"""

import re
from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse

AGE = timedelta(days=30)
MOST = 50  # cookies looked at in one request
_KEY = re.compile(r"[-\w]{1,40}", re.ASCII)
_NEW = "_new_device_keys"


def key_of(request: HttpRequest, study: int) -> str:
    """The key of this browser's device in the study with this id; empty when it has none."""
    name = settings.DEVICE_COOKIE_PREFIX + str(study)
    return _new(request).get(study) or _readable(request.COOKIES.get(name, ""))


def keys_of(request: HttpRequest) -> list[str]:
    """The keys of this browser's devices in all studies, those of this very request first."""
    prefix = settings.DEVICE_COOKIE_PREFIX
    old = [_readable(key) for name, key in request.COOKIES.items() if name.startswith(prefix)]
    return [*_new(request).values(), *filter(None, old[:MOST])]


def keep_key(request: HttpRequest, study: int, key: str) -> None:
    """Let the answer to this request set the cookie; the rest of the request knows the key already."""
    _new(request)[study] = key


def _readable(cookie: str) -> str:
    """The key in a cookie; empty for what we never wrote, which the database may take for no text at all."""
    return cookie if _KEY.fullmatch(cookie) else ""


def _new(request: HttpRequest) -> dict[int, str]:
    found: dict[int, str] = request.__dict__.setdefault(_NEW, {})
    return found


class DeviceCookies:
    """Middleware: sets the cookies of the devices that a request opened."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        for study, key in _new(request).items():
            response.set_cookie(
                settings.DEVICE_COOKIE_PREFIX + str(study),
                key,
                max_age=AGE,
                path="/",
                secure=settings.SESSION_COOKIE_SECURE,
                httponly=True,
                samesite="Lax",
            )
        return response
