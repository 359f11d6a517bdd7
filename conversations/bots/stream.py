"""Following a turn's text as a browser's EventSource does: it comes back after every interruption."""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx2

from conversations.bots.browser import Unexpected

PATIENCE = 240.0  # seconds for all answers of a turn
SILENCE = httpx2.Timeout(60, connect=15, read=45)
PAUSE = 1.0


@dataclass
class Received:
    """The text of each slot so far; `position` is the id of the last event."""

    texts: dict[str, str] = field(default_factory=dict)
    position: str = ""
    events: int = 0
    is_complete: bool = False

    def take(self, news: dict[str, object]) -> None:
        again = news.get("again")
        for slot in again if isinstance(again, list) else []:
            self.texts[slot] = ""
        for slot, text in news.items():
            if len(slot) == 1:
                self.texts[slot] = self.texts.get(slot, "") + str(text)
        self.events += 1


@dataclass
class Follower:
    """`leaves_after`: events after which the connection is dropped once (None: never)."""

    client: httpx2.AsyncClient
    url: str
    received: Received
    leaves_after: int | None = None
    on_text: Callable[[], None] = lambda: None
    interruptions: int = 0

    async def follow(self, stays_away: bool = False) -> None:
        """Return once every answer is complete, or, with `stays_away`, after the dropped connection.

        Raises Unexpected when the stream is refused or does not come to an end.
        """
        end = time.monotonic() + PATIENCE
        while True:
            try:
                await self._connect()
            except httpx2.TransportError:
                self.interruptions += 1
            if self.received.is_complete or (stays_away and self._has_left):
                return
            if time.monotonic() > end:
                raise Unexpected("answers never completed")
            await asyncio.sleep(PAUSE)

    @property
    def _has_left(self) -> bool:
        return self.leaves_after is not None and self.received.events >= self.leaves_after

    async def _connect(self) -> None:
        known = {"Last-Event-ID": self.received.position} if self.received.position else {}
        may_leave = not self._has_left
        async with self.client.sse(self.url, headers=known, timeout=SILENCE) as source:
            if source.response.status_code != 200:
                raise Unexpected(f"status {source.response.status_code} at events")
            async for event in source:
                self.received.position = event.id or self.received.position
                if event.event == "done":
                    self.received.is_complete = True
                    return
                self._take(event.data)
                if may_leave and self._has_left:
                    return

    def _take(self, text: str) -> None:
        if not text:  # only says how long to wait before coming back
            return
        self.received.take(json.loads(text))
        if any(self.received.texts.values()):
            self.on_text()
