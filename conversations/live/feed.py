"""The web's side of live text: one reader of Redis per process serves every browser that follows a turn.

A feed is built from PostgreSQL and the turn's Redis stream, so any web process can take over any browser.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, cast

import redis.asyncio as redis
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import connection

from conversations.models.response import run_number
from conversations.protocols import STREAM
from prism.lib import statements

from .open_streams import OpenStreams, Stream
from .pacing import Pace, Slots
from .wire import Cursor, Entry, SlotText, endings, event, news, stream_key, unpack

logger = logging.getLogger(__name__)
TICK_SECONDS = 0.05
GAP_SECONDS = 0.1
PACED_SECONDS = 0.15
HEARTBEAT_SECONDS = 10.0
REFRESH_SECONDS, GAP_REFRESH_SECONDS = 2.0, 0.3
TOGETHER_SECONDS = 0.25
Row = tuple[str, int, str, str]
_ROWS = """
    SELECT turn_id, slot, depth, attempt, text, state FROM conversations_response
    WHERE turn_id = ANY(%s) AND NOT is_replaced
"""


@dataclass(eq=False)
class Feed:
    """What this process knows of a turn, shared by all browsers that follow it."""

    turn: int
    pace: Pace = field(default_factory=lambda: Pace(STREAM))
    slots: dict[str, SlotText] = field(default_factory=dict)
    last_id: bytes = b"0-0"
    readers: int = 0
    checked_at: float = 0.0
    has_gap: bool = False
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def take_fields(self, fields: dict[bytes, bytes]) -> None:
        """An entry as Redis has it; one that cannot be read is as good as lost."""
        try:
            self.take_entry(unpack(fields))
        except (ValueError, LookupError, TypeError):
            self.has_gap = True

    def take_entry(self, entry: Entry) -> None:
        for slot, run, offset, text, state in entry:
            known = self.slots.setdefault(slot, SlotText())
            self.has_gap = not known.add(run, offset, text, state) or self.has_gap
        self.tell()

    def take_rows(self, rows: list[Row], age: float = 0.0) -> None:
        """What PostgreSQL has; behind Redis while text arrives, ahead of it when an entry was lost.

        `age`: how many seconds ago it had them.
        """
        for slot, run, text, state in rows:
            self.slots.setdefault(slot, SlotText()).add(run, 0, text, state)
        self.has_gap = False
        self.checked_at = time.monotonic() - age
        self.tell()

    def give_up(self) -> None:
        """The turn was deleted, so nothing more will come of it."""
        for slot in self.slots.values():
            if not slot.is_over:
                slot.state = "stopped"
        self.tell()

    def shown(self) -> Slots:
        """What browsers may see by now."""
        return self.pace.shown(self.slots, time.monotonic())

    def tell(self) -> None:
        self.changed.set()
        self.changed = asyncio.Event()

    @property
    def is_over(self) -> bool:
        return bool(self.slots) and all(slot.is_over for slot in self.slots.values())


class Hub:
    """Follows the streams of all watched turns, with one Redis connection and one query at a time."""

    def __init__(self) -> None:
        self.feeds: dict[int, Feed] = {}
        self.redis = redis.Redis.from_url(settings.REDIS_URL)
        self.reader: asyncio.Task[None] | None = None
        self.streams = OpenStreams(self.redis)

    def join(self, turn: int, rows: list[Row], pacing: str, age: float = 0.0) -> Feed:
        feed = self.feeds.get(turn)
        if feed is None:
            feed = self.feeds[turn] = Feed(turn, Pace(pacing))
            # PostgreSQL first: what Redis has is newer, and pieces go on from a text that is there.
            feed.take_rows(rows, age)
        feed.readers += 1
        if self.reader is None or self.reader.done():
            self.reader = asyncio.create_task(self._read_forever())
        return feed

    def leave(self, feed: Feed) -> None:
        feed.readers -= 1
        if not feed.readers:
            self.feeds.pop(feed.turn, None)

    async def _read_forever(self) -> None:
        task = asyncio.current_task()
        # A cancellation that arrives just as the query's thread is done is swallowed on its way to here.
        while self.feeds and task and not task.cancelling():
            try:
                await self._read()
            except (redis.RedisError, OSError) as error:
                logger.warning("Redis is away (%s); reading from the database", type(error).__name__)
                await asyncio.sleep(0.5)
            try:
                await self._refresh(self._stale())
            except Exception as error:
                logger.warning("feeds could not be refreshed: %s", type(error).__name__)
            await asyncio.sleep(TICK_SECONDS)

    async def _read(self) -> None:
        streams = {stream_key(feed.turn): feed for feed in self.feeds.values() if not feed.is_over}
        if not streams:
            return
        positions = {key: feed.last_id for key, feed in streams.items()}
        found: Any = await self.redis.xread(cast(Any, positions))
        for key, entries in found or []:
            feed = streams[key.decode()]
            for entry_id, fields in entries:
                feed.last_id = entry_id
                feed.take_fields(fields)

    def _stale(self) -> list[Feed]:
        """Those that PostgreSQL is to be asked about; with one that is due go those that soon would be."""
        now = time.monotonic()
        left = {
            feed: feed.checked_at + (GAP_REFRESH_SECONDS if feed.has_gap else REFRESH_SECONDS) - now
            for feed in self.feeds.values()
            if not feed.is_over
        }
        is_due = any(seconds < 0 for seconds in left.values())
        return [feed for feed, seconds in left.items() if is_due and seconds < TOGETHER_SECONDS]

    async def _refresh(self, feeds: list[Feed]) -> None:
        if not feeds:
            return
        rows = await sync_to_async(rows_of, thread_sensitive=False)([feed.turn for feed in feeds])
        for feed in feeds:
            if feed.turn in rows:
                feed.take_rows(rows[feed.turn])
            else:
                feed.give_up()


def rows_of(turns: list[int]) -> dict[int, list[Row]]:
    """Slot, run, text and state of the shown responses of each turn."""
    try:
        found: dict[int, list[Row]] = {}
        for turn, slot, depth, attempt, text, state in statements.rows(_ROWS, [turns]):
            found.setdefault(turn, []).append((slot, run_number(depth, attempt), text, state))
        return found
    finally:
        connection.close()  # a stream of events must not hold a connection


_hubs: dict[asyncio.AbstractEventLoop, Hub] = {}


def hub() -> Hub:
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs.clear()
        _hubs[loop] = Hub()
    return _hubs[loop]


async def follow(
    turn: int, cursor: Cursor, rows: list[Row], device: int, pacing: str = STREAM, age: float = 0.0
) -> AsyncIterator[str]:
    """Server-sent events of a turn for one browser that already has `cursor`, until every slot is over.

    `rows` is what PostgreSQL had `age` seconds ago; older ones are looked up again the sooner.
    One event carries what is new in all slots; they are at least GAP_SECONDS apart, a slot's first words at
    once; with a pacing they come every PACED_SECONDS.
    A stream that has to make room for newer ones of its device ends with the event `crowded`.
    """
    feed = hub().join(turn, rows, pacing, age)
    feed.pace.resume(feed.slots, cursor)
    told: set[str] = set()
    heard_at = time.monotonic()
    stream = Stream(device, feed.tell)
    try:
        yield "retry: 1000\n\n"
        await hub().streams.open(stream)
        while True:
            # Taken together, before anything is awaited: while an event is sent, more may arrive.
            changed, slots = feed.changed, feed.shown()
            is_last = feed.is_over and all(slot.is_over for slot in slots.values())
            data, after = news(slots, cursor)
            over = endings(slots, told)
            if over:
                data["over"] = over
                told.update(over)
            if data:
                cursor, heard_at = after, time.monotonic()
                yield event(data, cursor)
            elif time.monotonic() - heard_at >= HEARTBEAT_SECONDS:
                heard_at = time.monotonic()
                yield ": still here\n\n"
            if is_last:
                yield event({}, cursor, name="done")
                return
            if stream.has_to_go:
                yield event({}, cursor, name="crowded")
                return
            if pacing != STREAM:
                # By the clock alone: events that hurried while text arrives would tell that a model writes.
                await asyncio.sleep(PACED_SECONDS)
                continue
            if data:
                await _pause(feed, [slot for slot, shown in slots.items() if not shown.text])
            silent = heard_at + HEARTBEAT_SECONDS - time.monotonic()
            with suppress(TimeoutError):
                async with asyncio.timeout(max(silent, 0)):
                    await changed.wait()
    finally:
        hub().leave(feed)
        hub().streams.close(stream)


async def _pause(feed: Feed, silent: list[str]) -> None:
    """The time between two events; it ends when one of the slots that were `silent` begins to speak."""
    if not silent:
        await asyncio.sleep(GAP_SECONDS)
        return
    with suppress(TimeoutError):
        async with asyncio.timeout(GAP_SECONDS):
            while not any(feed.slots[slot].text for slot in silent):
                await feed.changed.wait()
