"""The worker's side of live text: deltas to Redis many times a second, the whole to PostgreSQL about once.

Runs on the worker's loop. Nothing here holds a database connection between checkpoints.
"""

import asyncio
import logging
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field

import redis.asyncio as redis
from django.conf import settings
from django.db import connection, transaction
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from .thoughts import Piece
from .wire import STREAM_SECONDS, Entry, pack, stream_key

logger = logging.getLogger(__name__)
FLUSH_SECONDS = 0.1
FIRST_SECONDS = 0.02  # for so long first words may wait for those of others
CHECKPOINT_SECONDS = 1.0

LOCK = "SELECT id FROM conversations_response WHERE id = ANY(%s) ORDER BY id FOR UPDATE"
CHECKPOINT = """
UPDATE conversations_response AS r SET text = v.text, reasoning = v.reasoning, lease_at = clock_timestamp()
FROM unnest(%s::bigint[], %s::int[], %s::text[], %s::text[]) AS v(id, attempt, text, reasoning)
WHERE r.id = v.id AND r.attempt = v.attempt AND r.state = 'streaming' RETURNING r.id
"""


@dataclass(eq=False)
class LiveText:
    """The text of one attempt while it arrives."""

    response: int
    turn: int
    slot: str
    run: int
    attempt: int
    text: str = ""
    reasoning: str = ""
    sent: int = 0
    told: str = ""
    state: str = "streaming"
    is_superseded: bool = False
    cancel: "asyncio.Task[object] | None" = field(default=None, repr=False)

    def news(self) -> tuple[str, int, int, str, str] | None:
        if self.is_superseded or (self.sent >= len(self.text) and self.told == self.state):
            return None
        return (self.slot, self.run, self.sent, self.text[self.sent :], self.state)


class Publisher:
    """Sends what is new in all live texts of this process: one Redis entry a turn and flush."""

    def __init__(self) -> None:
        self.live: set[LiveText] = set()
        self.begun: list[LiveText] = []  # whose first words are to be sent
        self.wake = asyncio.Event()
        self.sending = asyncio.Lock()
        # No retry inside the client: an outage must be seen here, so that whole texts are sent again.
        self.redis = redis.Redis.from_url(settings.REDIS_URL, retry=Retry(NoBackoff(), 0))
        self.tasks = [
            asyncio.create_task(self._flush_forever()),
            asyncio.create_task(self._checkpoint_forever()),
        ]

    def add(self, live: LiveText) -> None:
        self.live.add(live)

    def piece(self, live: LiveText, piece: Piece) -> None:
        is_first = not live.text and bool(piece.text)
        live.text += piece.text
        live.reasoning += piece.reasoning
        if is_first:
            self.begun.append(live)
            self.wake.set()

    async def close(self, live: LiveText, state: str) -> None:
        """Tell readers that the text is over; whatever is unsent goes with it."""
        live.state = state
        await self._flush()
        self.live.discard(live)

    def forget(self, live: LiveText) -> None:
        """Neither send nor store it any more."""
        self.live.discard(live)

    async def erase(self, live: LiveText) -> None:
        """Neither send nor store it any more, and drop what was sent since its participant was erased."""
        self.live.discard(live)
        async with self.sending:  # nothing of it is on its way now, and nothing follows
            try:
                await self.redis.delete(stream_key(live.turn))
            except (redis.RedisError, OSError) as error:
                logger.warning("the stream of an erased text expires by itself: %s", type(error).__name__)

    async def _flush_forever(self) -> None:
        """All news every FLUSH_SECONDS; first words between, so that nobody waits for the rest of a crowd."""
        while True:
            await self._flush()
            with suppress(TimeoutError):
                async with asyncio.timeout(FLUSH_SECONDS):
                    while True:
                        await self.wake.wait()
                        self.wake.clear()
                        await asyncio.shield(self._flush_begun())
                        await asyncio.sleep(FIRST_SECONDS)

    async def _flush(self) -> None:
        async with self.sending:  # pieces of a text must reach the stream in order
            await self._send_news(self.live)

    async def _flush_begun(self) -> None:
        async with self.sending:
            begun, self.begun = self.begun, []
            await self._send_news(live for live in begun if live in self.live)

    async def _send_news(self, lives: Iterable[LiveText]) -> None:
        turns: dict[int, Entry] = {}
        for live in lives:
            part = live.news()
            if part:
                turns.setdefault(live.turn, []).append(part)
                live.sent, live.told = len(live.text), live.state
        if turns:
            await self._send(turns)

    async def _send(self, turns: dict[int, Entry]) -> None:
        try:
            pipe = self.redis.pipeline(transaction=False)
            for turn, entry in turns.items():
                pipe.xadd(stream_key(turn), pack(entry))
                if any(offset == 0 or state != "streaming" for _, _, offset, _, state in entry):
                    # At the beginning and at the end of a text, and when all is sent again.
                    pipe.expire(stream_key(turn), STREAM_SECONDS)
            await pipe.execute()
        except (redis.RedisError, OSError) as error:
            logger.warning(
                "Redis is away (%s); whole texts are sent again when it is back", type(error).__name__
            )
            for live in self.live:
                live.sent, live.told = 0, ""
            await asyncio.sleep(0.2)

    async def _checkpoint_forever(self) -> None:
        while True:
            await asyncio.sleep(CHECKPOINT_SECONDS)
            alive = list(self.live)
            if not alive:
                continue
            try:
                kept = await asyncio.to_thread(checkpoint, alive)
            except Exception as error:
                logger.warning("checkpoint failed: %s", type(error).__name__)
                continue
            for live in alive:
                if live.response not in kept and live in self.live:
                    live.is_superseded = True
                    if live.cancel:
                        live.cancel.cancel()


def checkpoint(alive: list[LiveText]) -> set[int]:
    """Store the texts and renew the leases; returns the responses that are still this worker's."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(LOCK, [[t.response for t in alive]])
            cursor.execute(
                CHECKPOINT,
                [
                    [t.response for t in alive],
                    [t.attempt for t in alive],
                    [t.text for t in alive],
                    [t.reasoning for t in alive],
                ],
            )
            return {row[0] for row in cursor.fetchall()}
    finally:
        connection.close()


_publisher: Publisher | None = None


def publisher() -> Publisher:
    """The process's publisher; call on the loop only."""
    global _publisher
    if _publisher is None:
        _publisher = Publisher()
    return _publisher
