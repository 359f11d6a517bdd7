"""A browser that follows the answers of a turn as they are written."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from django.test import AsyncClient, Client


@dataclass
class Heard:
    """What a browser heard: every part of the body, and what it makes of them."""

    parts: list[str] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=lambda: defaultdict(str))
    over: dict[str, str] = field(default_factory=dict)
    ids: list[str] = field(default_factory=list)
    news: list[dict[str, Any]] = field(default_factory=list)
    headers: str = ""
    is_done: bool = False

    def take(self, part: str) -> None:
        self.parts.append(part)
        lines = dict(line.split(": ", 1) for line in part.strip().splitlines() if not line.startswith(":"))
        if "data" not in lines:
            return
        self.ids.append(lines["id"])
        self.is_done = lines.get("event") == "done"
        told = json.loads(lines["data"])
        self.news.append(told)
        for slot in told.get("again", []):
            self.texts[slot] = ""
        for slot in set(told) & set("ABCDEFGH"):
            self.texts[slot] += told[slot]
        self.over |= told.get("over", {})

    @property
    def size(self) -> int:
        return sum(len(part.encode()) for part in self.parts)


Enough = Callable[[Heard], object]


def never(heard: Heard) -> bool:
    return False


async def listen(client: Client, url: str, last_id: str = "", enough: Enough = never) -> Heard:
    """Follow until the stream ends or `enough` is heard."""
    browser = AsyncClient()
    browser.cookies = client.cookies
    headers = {"last-event-id": last_id} if last_id else {}
    response = await browser.get(url, headers=headers)
    assert response.status_code == 200
    assert response["Content-Type"] == "text/event-stream"
    heard = Heard(headers=str(response.headers))
    async with aclosing(response.streaming_content) as parts:
        async for part in parts:
            heard.take(part.decode())
            if enough(heard):
                break
    return heard


def hear(client: Client, url: str, last_id: str = "", enough: Enough = never) -> Heard:
    async def within_reason() -> Heard:
        async with asyncio.timeout(60):
            return await listen(client, url, last_id, enough)

    return asyncio.run(within_reason())
