"""Connections to a provider: used again at once, and given up before the provider does so."""

import asyncio
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from conversations.live import provider
from prism.lib.addresses import Reach


def test_a_connection_that_rested_is_not_used_again(monkeypatch):
    monkeypatch.setattr(provider, "KEPT_SECONDS", 0.2)
    monkeypatch.setattr(provider, "_clients", {})
    came_from: list[Any] = []

    async def models(request: web.Request) -> web.Response:
        came_from.append(request.transport and request.transport.get_extra_info("peername"))
        return web.json_response({"object": "list", "data": []})

    async def ask_at_once_and_after_a_rest() -> None:
        app = web.Application()
        app.router.add_get("/v1/models", models)
        async with TestServer(app) as server:
            client = provider.client_for(str(server.make_url("/v1")), "key", Reach(True, True))
            for rest in (0.0, 0.0, 0.5):
                await asyncio.sleep(rest)
                await client.models.list()
            await client.close()

    asyncio.run(ask_at_once_and_after_a_rest())
    first, again, rested = came_from
    assert first == again
    assert rested != first


def test_it_is_given_up_before_the_servers_that_wait_the_shortest_do():
    assert provider.KEPT_SECONDS < 5
