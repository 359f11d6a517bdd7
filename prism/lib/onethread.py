"""Keeping a request in one thread."""

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase


class OneThreadMiddleware:
    """Stands innermost and is synchronous only, so that Django runs all middleware before it in one thread.

    Under ASGI every middleware that could do both would otherwise hop between the event loop and a thread,
    twice a request. Asynchronous views (the streams of events) still run on the loop.
    """

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)
