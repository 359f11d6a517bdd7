"""How a web process runs requests: each in one of a few threads, and only streams on the event loop."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from contextvars import copy_context
from typing import Any

from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, ASGIRequest, get_script_prefix
from django.core.handlers.base import BaseHandler
from django.core.signals import request_started
from django.db import close_old_connections
from django.http.response import HttpResponseBase
from django.urls import set_script_prefix

from prism.lib.places import MOST_AWAY, Places, sit
from prism.lib.turns import kind_of


class ThreadHandler(ASGIHandler):
    """Serves ASGI with Django's synchronous chain of middleware and views.

    Django's asynchronous chain starts a thread for every request and passes middleware and view to and fro
    between it and the event loop, which takes longer than a short view. Every view is synchronous; one that
    streams answers with an asynchronous iterator, which the event loop follows after the view has returned.
    `threads` requests work at the same time, beside them as many long ones; those that wait for another
    machine do not count (places.py), and short ones come before long ones (turns.py).
    """

    def __init__(self, threads: int) -> None:
        super().__init__()
        self.chain = BaseHandler()
        self.chain.load_middleware()
        self.threads = ThreadPoolExecutor(2 * threads + MOST_AWAY, "request")
        self.places = Places(threads)

    async def handle(self, scope: Any, receive: Any, send: Any) -> None:
        """As Django's, whose signals of a request's beginning and end start a thread of their own for each.

        Here they are sent in the thread of the view, where the connections are that they look after.
        """
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        with closing(body):
            set_script_prefix(get_script_prefix(scope))
            request, refusal = self.create_request(scope, body)
            if request is not None:
                await self._serve(request, receive, send)
            elif refusal is not None:
                await self.send_response(refusal, send)

    async def _serve(self, request: ASGIRequest, receive: Any, send: Any) -> None:
        """Until the browser has everything or is gone."""
        gone = asyncio.create_task(self.listen_for_disconnect(receive))
        work = asyncio.create_task(self._answer(request, send))
        try:
            await asyncio.wait([gone, work], return_when=asyncio.FIRST_COMPLETED)
        finally:
            gone.cancel()
            work.cancel()
            await asyncio.gather(gone, work, return_exceptions=True)
        if not work.cancelled():
            work.result()

    async def _answer(self, request: ASGIRequest, send: Any) -> None:
        response = await self.run_get_response(request)
        try:
            with suppress(asyncio.CancelledError):  # the browser left
                await self.send_response(response, send)
        finally:
            if response.streaming:
                await asyncio.get_running_loop().run_in_executor(self.threads, response.close)

    async def get_response_async(self, request: Any) -> Any:
        kind = kind_of(request.method, request.path)
        place = await self.places.take(kind)
        context = copy_context()
        context.run(sit, place)
        work = self.threads.submit(context.run, self._respond, request, kind)
        # With the thread and not with the browser, which may leave before.
        work.add_done_callback(lambda _: place.end())
        return await asyncio.wrap_future(work)

    def _respond(self, request: ASGIRequest, kind: str) -> HttpResponseBase:
        begun = time.thread_time()
        request_started.send(sender=type(self), scope=request.scope)
        try:
            response = self.chain.get_response(request)
            if not response.streaming:
                response.close()  # its content stays
            return response
        finally:
            self.places.free.costs.learn(kind, time.thread_time() - begun)
            close_old_connections()  # in the thread they belong to
