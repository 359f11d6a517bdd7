"""A device follows a few streams at a time: the oldest makes room, and a reload is never refused."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from contextlib import aclosing
from typing import Any

import pytest
import redis
import redis.asyncio
from django.conf import settings as configured
from django.test import AsyncClient, Client

from conversations.live import open_streams
from conversations.live.open_streams import CLOSE, KEEP, LEASE_SECONDS, MOST, OPEN, OpenStreams, Stream
from conversations.models import Conversation, Turn
from tests.conversations.talking import address, answer, begin, come_in, device_of, make_talk_study, say

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def limits(settings, monkeypatch):
    settings.RATE_LIMITS_ON = True
    monkeypatch.setattr(open_streams, "KEEP_SECONDS", 0.1)


def a_talk() -> tuple[Client, Conversation, Turn]:
    study = make_talk_study()
    client = come_in(study)
    talk = begin(client, study)
    turn = say(client, talk)
    turn.responses.filter(slot="A").update(state="streaming", attempt=1, text="Begun")
    return client, talk, turn


class Window:
    """A window of a browser that follows the turn until it is closed."""

    def __init__(self, client: Client, talk: Conversation) -> None:
        self.heard, self.url = "", address(talk, "events", 0)
        self.browser = AsyncClient()
        self.browser.cookies = client.cookies
        self.task = asyncio.create_task(self._follow())

    async def _follow(self) -> None:
        response = await self.browser.get(self.url)
        assert response.status_code == 200
        async with aclosing(response.streaming_content) as parts:
            async for part in parts:
                self.heard += part.decode()

    async def until(self, words: str) -> None:
        async with asyncio.timeout(20):
            while words not in self.heard:
                await asyncio.sleep(0.02)

    async def close(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    @property
    def is_crowded(self) -> bool:
        return "event: crowded" in self.heard


def run(work: Callable[..., Coroutine[Any, Any, Any]], *arguments: Any) -> Any:
    async def all_of_it() -> Any:
        async with asyncio.timeout(60):
            return await work(*arguments)

    return asyncio.run(all_of_it())


async def opened(client: Client, talk: Conversation, number: int) -> list[Window]:
    """Windows opened one after the other."""
    windows = []
    for _ in range(number):
        windows.append(Window(client, talk))
        await windows[-1].until("Begun")
    return windows


async def close(*windows: Window) -> None:
    for window in windows:
        await window.close()


def test_the_oldest_stream_makes_room_for_the_newest():
    client, talk, _ = a_talk()

    async def look() -> list[bool]:
        windows = await opened(client, talk, MOST)
        assert not any(window.is_crowded for window in windows)
        more = await opened(client, talk, 2)
        await windows[0].until("event: crowded")
        await windows[1].until("event: crowded")
        await asyncio.gather(windows[0].task, windows[1].task)  # both streams have ended
        found = [window.is_crowded for window in [*windows, *more]]
        await close(*windows, *more)
        return found

    assert run(look) == [True, True] + [False] * MOST


def test_what_arrived_is_told_before_the_end():
    client, talk, turn = a_talk()

    async def look() -> str:
        windows = await opened(client, talk, MOST + 1)
        await windows[0].until("event: crowded")
        await close(*windows)
        return windows[0].heard

    told = run(look)
    assert told.index("Begun") < told.index("event: crowded")
    assert "event: done" not in told
    answer(turn)


def test_whoever_reloads_again_and_again_is_always_let_in():
    client, talk, _ = a_talk()

    async def reload() -> bool:
        for _ in range(5 * MOST):
            window = Window(client, talk)
            await window.until("Begun")
            await window.close()
            assert not window.is_crowded
        return True

    assert run(reload)


def test_a_reload_is_let_in_while_the_streams_before_it_still_seem_open():
    """A proxy may keep connections for a while after the browser left."""
    client, talk, _ = a_talk()

    async def look() -> list[bool]:
        windows = await opened(client, talk, 3 * MOST)
        await asyncio.sleep(0.3)
        found = [window.is_crowded for window in windows]
        await close(*windows)
        return found

    assert run(look) == [True] * (2 * MOST) + [False] * MOST


def test_a_window_that_was_closed_counts_no_more():
    client, talk, _ = a_talk()

    async def look() -> bool:
        first, *others = windows = await opened(client, talk, MOST)
        await close(*others)
        await asyncio.sleep(0.3)
        more = await opened(client, talk, MOST - 1)
        await asyncio.sleep(0.3)
        is_crowded = first.is_crowded
        await close(*windows, *more)
        return is_crowded

    assert run(look) is False


def test_another_device_and_another_person_have_streams_of_their_own():
    client, talk, _ = a_talk()
    other_client, other_talk, _ = a_talk()

    async def look() -> list[bool]:
        windows = await opened(client, talk, MOST)
        others = await opened(other_client, other_talk, MOST)
        await asyncio.sleep(0.3)
        found = [window.is_crowded for window in [*windows, *others]]
        await close(*windows, *others)
        return found

    assert run(look) == [False] * (2 * MOST)


# Several web processes


async def elsewhere(device: int, number: int) -> tuple[OpenStreams, list[Stream]]:
    """Streams of the device at another web process."""
    process = OpenStreams(redis.asyncio.Redis.from_url(configured.REDIS_URL))
    streams = [Stream(device, lambda: None) for _ in range(number)]
    for stream in streams:
        await process.open(stream)
    return process, streams


def test_streams_of_all_web_processes_count_together():
    client, talk, _ = a_talk()
    device = device_of(client, talk.study).pk

    async def look() -> tuple[list[bool], list[bool]]:
        windows = await opened(client, talk, 3)
        process, theirs = await elsewhere(device, MOST - 2)
        await windows[0].until("event: crowded")
        more = await opened(client, talk, 2)
        await windows[2].until("event: crowded")
        more += await opened(client, talk, 1)
        async with asyncio.timeout(10):
            while not theirs[0].has_to_go:
                await asyncio.sleep(0.05)
        found = [w.is_crowded for w in [*windows, *more]], [s.has_to_go for s in theirs]
        for stream in theirs:
            process.close(stream)
        await close(*windows, *more)
        return found

    ours, theirs = run(look)
    assert ours == [True] * 3 + [False] * 3
    assert theirs == [True] + [False] * (MOST - 3)


def test_streams_of_a_process_that_died_give_way_first(monkeypatch):
    client, talk, _ = a_talk()
    device = device_of(client, talk.study).pk
    with redis.Redis.from_url(configured.REDIS_URL) as store:
        opened_, heard, _ = Stream(device, lambda: None).keys
        dead = {f"dead{number}": time.time() - 60 for number in range(MOST - 1)}
        store.zadd(opened_, {name: time.time() + 5 for name in dead})  # the newest, were they alive
        store.zadd(heard, dead)

    async def look() -> list[bool]:
        windows = await opened(client, talk, MOST)
        await asyncio.sleep(0.3)
        found = [window.is_crowded for window in windows]
        await close(*windows)
        return found

    assert run(look) == [False] * MOST


def test_when_redis_forgets_everything_streams_go_on_and_count_again():
    client, talk, _ = a_talk()

    async def look() -> list[bool]:
        windows = await opened(client, talk, MOST)
        async with redis.asyncio.Redis.from_url(configured.REDIS_URL) as store:
            await store.flushdb()
        await asyncio.sleep(0.5)
        assert not any(window.is_crowded for window in windows)
        windows += await opened(client, talk, 1)
        await asyncio.sleep(0.5)
        found = [window.is_crowded for window in windows]
        await close(*windows)
        return found

    assert sum(run(look)) == 1


def test_without_redis_everybody_is_let_in(settings):
    client, talk, _ = a_talk()
    settings.REDIS_URL = "redis://127.0.0.1:1/0"

    async def look() -> list[bool]:
        windows = await opened(client, talk, MOST + 2)
        found = [window.is_crowded for window in windows]
        await close(*windows)
        return found

    assert run(look) == [False] * (MOST + 2)


async def until_nothing_is_left() -> None:
    """Long before a lease would run out."""
    async with redis.asyncio.Redis.from_url(configured.REDIS_URL) as store, asyncio.timeout(LEASE_SECONDS):
        while await store.keys("prism:streams:*"):
            await asyncio.sleep(0.05)


def test_nothing_is_left_of_streams_that_are_over():
    client, talk, _ = a_talk()

    async def look() -> None:
        windows = await opened(client, talk, MOST + 1)
        await close(*windows)
        await until_nothing_is_left()

    run(look)


class Late(OpenStreams):
    """A script of this kind reaches Redis only once the stream has been closed."""

    def __init__(self, client: "redis.asyncio.Redis", script: str) -> None:
        super().__init__(client)
        self.script, self.begun, self.go_on = script, asyncio.Event(), asyncio.Event()

    async def _ask(self, streams: list[Stream], script: str, *arguments: int) -> list[Any]:
        if script == self.script:
            self.begun.set()
            await self.go_on.wait()
        answers = await super()._ask(streams, script, *arguments)
        if script == CLOSE:
            self.go_on.set()
        return answers


@pytest.mark.parametrize("script", [OPEN, KEEP], ids=["opening", "keeping"])
def test_a_stream_that_is_closed_while_redis_is_told_of_it_is_over(script: str):
    async def look() -> None:
        process = Late(redis.asyncio.Redis.from_url(configured.REDIS_URL), script)
        stream = Stream(1, lambda: None)
        opening = asyncio.create_task(process.open(stream))
        await process.begun.wait()
        opening.cancel()  # the browser leaves
        process.close(stream)
        asyncio.get_running_loop().call_later(0.2, process.go_on.set)
        await asyncio.gather(*process.closing)
        if process.keeper is not None:
            await process.keeper
        await until_nothing_is_left()

    run(look)
