"""At most a few event streams for each device, whichever web processes serve them.

The oldest makes room for the newest, so whoever reloads a page is never locked out. Where one process serves
both, the oldest ends at once, else within KEEP_SECONDS. Without Redis every stream is let in.
"""

import asyncio
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import redis.asyncio as redis
from django.conf import settings

logger = logging.getLogger(__name__)
MOST = 6
KEEP_SECONDS = 3.0
LEASE_SECONDS = 15  # a stream whose process says nothing of it for so long is over
ANSWER_SECONDS = 1.0

# KEYS: when each stream was opened, when each was last heard of, those that had to go. ARGV: its id, …
OPEN = """
local time = redis.call("TIME")
local now = time[1] + time[2] / 1000000
for _, id in ipairs(redis.call("ZRANGEBYSCORE", KEYS[2], "-inf", now - ARGV[3])) do
  redis.call("ZREM", KEYS[1], id)
  redis.call("ZREM", KEYS[2], id)
end
local surplus = redis.call("ZCARD", KEYS[1]) + 1 - ARGV[2]
local gone = surplus > 0 and redis.call("ZRANGE", KEYS[1], 0, surplus - 1) or {}
for _, id in ipairs(gone) do
  redis.call("ZREM", KEYS[1], id)
  redis.call("ZREM", KEYS[2], id)
  redis.call("SADD", KEYS[3], id)
end
redis.call("ZADD", KEYS[1], now, ARGV[1])
redis.call("ZADD", KEYS[2], now, ARGV[1])
for _, key in ipairs(KEYS) do redis.call("EXPIRE", key, ARGV[3] * 4) end
return gone
"""
# Whether a stream may go on; one that Redis forgot in a restart is written down anew.
KEEP = """
if redis.call("SISMEMBER", KEYS[3], ARGV[1]) == 1 then return 0 end
local time = redis.call("TIME")
local now = time[1] + time[2] / 1000000
redis.call("ZADD", KEYS[1], "NX", now, ARGV[1])
redis.call("ZADD", KEYS[2], now, ARGV[1])
for _, key in ipairs(KEYS) do redis.call("EXPIRE", key, ARGV[2] * 4) end
return 1
"""
CLOSE = """
redis.call("ZREM", KEYS[1], ARGV[1])
redis.call("ZREM", KEYS[2], ARGV[1])
redis.call("SREM", KEYS[3], ARGV[1])
"""


@dataclass(eq=False)
class Stream:
    """One browser's connection; `tell` wakes whoever serves it when it has to go."""

    device: int
    tell: Callable[[], None]
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    has_to_go: bool = False
    opening: asyncio.Task[list[Any]] | None = None

    @property
    def keys(self) -> list[str]:
        return [f"prism:streams:{self.device}:{part}" for part in ("opened", "heard", "gone")]

    def go(self) -> None:
        self.has_to_go = True
        self.tell()


class OpenStreams:
    """The streams that this process serves."""

    def __init__(self, client: "redis.Redis") -> None:
        self.redis = client
        self.here: dict[str, Stream] = {}
        self.keeper: asyncio.Task[None] | None = None
        self.closing: set[asyncio.Task[Any]] = set()

    async def open(self, stream: Stream) -> None:
        """Write a stream down; older ones of its device beyond MOST have to go. Close it in any case."""
        self.here[stream.id] = stream
        if not settings.RATE_LIMITS_ON:
            return
        # Goes on where the browser leaves meanwhile: what is closed must have been written down before.
        stream.opening = asyncio.create_task(self._ask([stream], OPEN, MOST, LEASE_SECONDS))
        for gone in await asyncio.shield(stream.opening):
            for name in gone:
                if name.decode() in self.here:
                    self.here[name.decode()].go()
        if self.keeper is None or self.keeper.done():
            self.keeper = asyncio.create_task(self._keep_forever())

    def close(self, stream: Stream) -> None:
        """The browser left or has everything; told without waiting, for the connection may be gone."""
        self.here.pop(stream.id, None)
        if settings.RATE_LIMITS_ON:
            task = asyncio.create_task(self._close(stream))
            self.closing.add(task)
            task.add_done_callback(self.closing.discard)

    async def _close(self, stream: Stream) -> None:
        if stream.opening is not None:
            await asyncio.wait([stream.opening])
        await self._ask([stream], CLOSE)

    async def _keep_forever(self) -> None:
        while self.here:
            await asyncio.sleep(KEEP_SECONDS)
            streams = list(self.here.values())
            answers = await self._ask(streams, KEEP, LEASE_SECONDS) if streams else []
            for stream, may_stay in zip(streams, answers, strict=False):
                if may_stay == 0:
                    stream.go()
            # Redis may have been told of their life after their end, by another connection.
            if over := [stream for stream in streams if stream.id not in self.here]:
                await self._ask(over, CLOSE)

    async def _ask(self, streams: list[Stream], script: str, *arguments: int) -> list[Any]:
        """What Redis answers for each of the streams; nothing where it does not."""
        pipe = self.redis.pipeline(transaction=False)
        for stream in streams:
            pipe.eval(script, 3, *stream.keys, stream.id, *arguments)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await pipe.execute()
        except (redis.RedisError, OSError, TimeoutError) as error:
            logger.warning("streams are not counted, Redis does not answer: %s", type(error).__name__)
            return []
