"""Places of a web process: long requests let others in, as many as there are places and no more."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import wraps

import pytest

from prism.lib import places
from prism.lib.places import Place, Places

PLACES = 2


@pytest.fixture(autouse=True)
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "LONG_SECONDS", 0.01)


def on_a_loop(test: Callable[[], Coroutine[None, None, None]]) -> Callable[[], None]:
    @wraps(test)
    def inner() -> None:
        asyncio.run(test())

    return inner


async def taken(room: Places, number: int) -> list[Place]:
    return [await room.take("GET /") for _ in range(number)]


@on_a_loop
async def test_long_requests_let_as_many_in_again_and_no_more() -> None:
    room = Places(PLACES)
    inside = await taken(room, 2 * PLACES)
    waiting = asyncio.create_task(room.take("GET /"))
    # Whoever is let in next is long as well, and nobody makes room for a fifth.
    await asyncio.sleep(20 * places.LONG_SECONDS)
    assert not waiting.done()
    inside[0].end()
    await waiting


@on_a_loop
async def test_room_made_by_long_requests_comes_back_when_they_end() -> None:
    room = Places(PLACES)
    for place in await taken(room, 2 * PLACES):
        place.end()
    await asyncio.sleep(0)
    assert (room.free.free, room.for_long_ones) == (PLACES, PLACES)


@on_a_loop
async def test_a_request_that_is_away_is_not_long() -> None:
    room = Places(PLACES)
    place = await room.take("GET /")
    assert place.leave()
    await asyncio.sleep(5 * places.LONG_SECONDS)
    assert (room.free.free, room.for_long_ones) == (PLACES, PLACES)
    place.end()
    await asyncio.sleep(0)
    assert (room.free.free, room.for_long_ones) == (PLACES, PLACES)
