"""How a web process runs requests: each in one of a few threads, and only streams on the event loop."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.core.handlers.base import BaseHandler
from django.db import close_old_connections
from django.http.response import HttpResponseBase

from prism.lib.places import MOST_AWAY, Places, sit
from prism.lib.turns import kind_of


class ThreadHandler(ASGIHandler):
    """Serves ASGI with Django's synchronous chain of middleware and views.

    Django's asynchronous chain starts a thread for every request and passes middleware and view to and fro
    between it and the event loop, which takes longer than a short view. Every view is synchronous; one that
    streams answers with an asynchronous iterator, which the event loop follows after the view has returned.
    `threads` requests work at the same time; those that wait for another machine do not count (places.py),
    and short ones come before long ones (turns.py).
    """

    def __init__(self, threads: int) -> None:
        super().__init__()
        self.chain = BaseHandler()
        self.chain.load_middleware()
        self.threads = ThreadPoolExecutor(threads + MOST_AWAY, "request")
        self.places = Places(threads)

    async def get_response_async(self, request: Any) -> Any:
        kind = kind_of(request.method, request.path)
        place = await self.places.take(kind)
        context = copy_context()
        context.run(sit, place)
        work = self.threads.submit(context.run, self._respond, request, kind)
        # With the thread and not with the browser, which may leave before.
        work.add_done_callback(lambda _: place.give_back())
        return await asyncio.wrap_future(work)

    def _respond(self, request: ASGIRequest, kind: str) -> HttpResponseBase:
        begun = time.thread_time()
        try:
            return self.chain.get_response(request)
        finally:
            self.places.free.costs.learn(kind, time.thread_time() - begun)
            close_old_connections()  # in the thread they belong to
