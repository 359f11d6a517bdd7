"""A web process has places for so many requests at a time; who only waits gives its place away.

A request that waits for another machine (moderation, say) needs no processor. While it waits, the next one
has its place; else a slow machine that sixteen people wait for would keep everybody else from every page.

Few places keep pages quick: those at work share one processor, so each takes as many times as long. One that
works for LONG_SECONDS mostly waits for the database, and lets the next one in too.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from threading import BoundedSemaphore, Lock

from django.db import connection

from prism.lib.turns import Turns

MOST_AWAY = 200  # requests that wait elsewhere; those beyond keep their places
PATIENCE = 10.0  # seconds for a place after the wait; without one it goes on all the same
LONG_SECONDS = 0.4


class Places:
    """`number` places of one event loop, whose requests run in threads, and as many again for long ones."""

    def __init__(self, number: int) -> None:
        self.free = Turns(number)
        self.for_long_ones = number
        self.away = BoundedSemaphore(MOST_AWAY)

    async def take(self, kind: str) -> "Place":
        """`kind`: of requests that cost alike, as turns.py names it."""
        await self.free.acquire(kind)
        return Place(self, asyncio.get_running_loop())


class Place:
    """Of one request, from its beginning to its end."""

    def __init__(self, places: Places, loop: asyncio.AbstractEventLoop) -> None:
        self.places = places
        self.loop = loop
        self.is_taken = True
        self.is_long = False
        self.lock = Lock()
        self.at_length = loop.call_later(LONG_SECONDS, self.make_room)

    def give_back(self) -> None:
        """From any thread."""
        with self.lock:
            was_taken, self.is_taken = self.is_taken, False
        if was_taken:
            with suppress(RuntimeError):  # the loop is closed: the process ends
                self.loop.call_soon_threadsafe(self.places.free.release)

    def make_room(self) -> None:
        """On the loop, when the request has worked for long; else a little later."""
        if self.is_taken and self.places.for_long_ones:
            self.places.for_long_ones -= 1
            self.is_long = True
            self.give_back()
        else:
            self.at_length = self.loop.call_later(LONG_SECONDS, self.make_room)

    def end(self) -> None:
        """From any thread, when the request is answered."""
        self.give_back()
        with suppress(RuntimeError):
            self.loop.call_soon_threadsafe(self._end_length)

    def _end_length(self) -> None:
        self.at_length.cancel()
        self.places.for_long_ones += self.is_long

    def leave(self) -> bool:
        """False where so many are away that this one stays."""
        is_away = self.places.away.acquire(blocking=False)
        if is_away:
            self.give_back()
        return is_away

    def come_back(self) -> None:
        self.places.away.release()
        with suppress(RuntimeError):
            place = asyncio.run_coroutine_threadsafe(self.places.free.acquire(), self.loop)
            try:
                place.result(PATIENCE)
                self.is_taken = True
            except TimeoutError:
                self.is_taken = not place.cancel()


_mine: ContextVar[Place | None] = ContextVar("place", default=None)


def sit(place: Place) -> None:
    """This context is that of the request that has the place."""
    _mine.set(place)


@contextmanager
def elsewhere() -> Iterator[None]:
    """Inside, this thread only waits for another machine; its connection to the database goes back too.

    Within a transaction it changes nothing.
    """
    place = _mine.get()
    if place is None or connection.in_atomic_block or not place.leave():
        yield
        return
    connection.close()
    try:
        yield
    finally:
        place.come_back()
