"""How a web process runs requests: each in one of a few threads, and only streams on the event loop."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.core.handlers.base import BaseHandler
from django.db import close_old_connections
from django.http.response import HttpResponseBase


class ThreadHandler(ASGIHandler):
    """Serves ASGI with Django's synchronous chain of middleware and views.

    Django's asynchronous chain starts a thread for every request and passes middleware and view to and fro
    between it and the event loop, which takes longer than a short view. Every view is synchronous; one that
    streams answers with an asynchronous iterator, which the event loop follows after the view has returned.
    """

    def __init__(self, threads: int) -> None:
        super().__init__()
        self.chain = BaseHandler()
        self.chain.load_middleware()
        self.threads = ThreadPoolExecutor(threads, "request")

    async def get_response_async(self, request: Any) -> Any:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.threads, copy_context().run, self._respond, request)

    def _respond(self, request: ASGIRequest) -> HttpResponseBase:
        try:
            return self.chain.get_response(request)
        finally:
            close_old_connections()  # in the thread they belong to
