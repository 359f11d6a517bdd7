"""The stream of a turn's text: at once, all slots together, resumed anywhere, closed to strangers."""

import asyncio
import threading
from collections import defaultdict
from contextlib import aclosing, suppress
from typing import Any

import pytest
import redis
from django.conf import settings as configured
from django.core.handlers.asgi import ASGIHandler
from django.db import connection
from django.test import AsyncClient, Client

from conversations.fakellm.server import running
from conversations.live import feed, wire
from conversations.models import Conversation, Turn
from tests.conversations.listening import hear
from tests.conversations.talking import (
    a_turn,
    address,
    answer,
    begin,
    come_in,
    let_models_answer,
    make_talk_study,
    say,
)

pytestmark = pytest.mark.django_db(transaction=True)
WHOLE = {slot: f"The answer in slot {slot}. 😀 é" for slot in "ABCD"}


def a_talk() -> tuple[Client, Conversation, Turn]:
    study = make_talk_study()
    client = come_in(study)
    talk = begin(client, study)
    return client, talk, say(client, talk)


def finished(turn: Turn) -> None:
    answer(turn, WHOLE["A"].replace("slot A", "slot {slot}"))


def write(turn: Turn, **texts: str) -> None:
    """The models are speaking: PostgreSQL has these texts as the worker's last checkpoint."""
    for slot, text in texts.items():
        turn.responses.filter(slot=slot).update(state="streaming", attempt=1, text=text)


def send(turn: Turn, *entry: tuple[str, int, int, str, str]) -> None:
    """What a worker adds to the turn's stream."""
    with redis.Redis.from_url(configured.REDIS_URL) as client:
        client.xadd(wire.stream_key(turn.pk), wire.pack(list(entry)))


def place(texts: dict[str, str]) -> str:
    """The event id of a browser that has these texts."""
    return wire.write_cursor(wire.cursor_of(texts))


def test_the_first_event_carries_at_once_what_is_there_of_every_slot():
    client, talk, turn = a_talk()
    write(turn, **{slot: f"Begun {slot}" for slot in "ABCD"})
    heard = hear(client, address(talk, "events", 0), enough=lambda heard: heard.ids)
    assert heard.parts[0] == "retry: 1000\n\n"
    assert len(heard.parts) == 2
    assert heard.texts == {slot: f"Begun {slot}" for slot in "ABCD"}
    assert heard.ids == [place(heard.texts)]


def test_finished_answers_arrive_whole_with_their_ends_and_the_stream_closes():
    client, talk, turn = a_talk()
    finished(turn)
    turn.responses.filter(slot="B").update(state="failed", failure="cut")
    heard = hear(client, address(talk, "events", 0))
    assert heard.texts == WHOLE
    assert heard.over == {"A": "done", "B": "stopped", "C": "done", "D": "done"}
    assert heard.is_done
    assert heard.parts[-1].startswith("id: ")
    assert "event: done" in heard.parts[-1]


def test_text_flows_from_redis_before_postgresql_has_it():
    client, talk, turn = a_talk()
    write(turn, A="Hel")
    send(turn, ("A", 1, 3, "lo wo", "streaming"), ("B", 1, 0, "At the same time", "streaming"))
    heard = hear(client, address(talk, "events", 0), enough=lambda heard: heard.texts["A"] == "Hello wo")
    assert heard.texts["B"] == "At the same time"


def test_an_entry_that_was_lost_is_healed_from_postgresql():
    client, talk, turn = a_talk()
    write(turn, A="")

    send(turn, ("A", 1, 8, "three", "streaming"), ("B", 1, 0, "x", "streaming"))
    write_later = threading.Timer(0.2, lambda: (write(turn, A="One two three"), connection.close()))
    write_later.start()
    heard = hear(
        client, address(talk, "events", 0), enough=lambda heard: heard.texts["A"] and heard.texts["B"]
    )
    write_later.join()
    assert heard.texts == {"A": "One two three", "B": "x"}


def test_an_entry_that_cannot_be_read_stops_nobody():
    client, talk, turn = a_talk()
    write(turn, A="")
    with redis.Redis.from_url(configured.REDIS_URL) as broker:
        for fields in ({"d": "no json"}, {"x": "y"}, {"d": "[[1]]"}, {"d": "5"}):
            broker.xadd(wire.stream_key(turn.pk), fields)
    send(turn, ("A", 1, 0, "After the noise", "streaming"))
    heard = hear(client, address(talk, "events", 0), enough=lambda heard: heard.texts["A"])
    assert heard.texts["A"] == "After the noise"


def test_a_slot_that_starts_again_is_said_to():
    client, talk, turn = a_talk()
    write(turn, A="First try", B="Steady")
    send(turn, ("A", 2, 0, "Second", "streaming"))
    had = place({"A": "First try", "B": "Ste"})
    heard = hear(client, address(talk, "events", 0), had, enough=lambda heard: heard.texts["A"] == "Second")
    assert any("A" in told.get("again", []) for told in heard.news)
    assert not any("B" in told.get("again", []) for told in heard.news)
    assert heard.texts["B"] == "ady"


# Live, from models to the browser


@pytest.fixture(scope="module")
def slow():
    with running(speed=1.0) as url:
        yield url


@pytest.fixture
def live(slow):
    """A turn whose four models speak while a browser listens: 60 chunks each in two seconds."""
    client, talk, turn = a_turn(slow, *["aurora-7b;chunks=60;rate=30;first=0.2"] * 4)
    work = threading.Thread(target=lambda: (let_models_answer(turn), connection.close()))
    work.start()
    heard = hear(client, address(talk, "events", 0))
    work.join(30)
    return client, talk, turn, heard


def test_what_was_heard_live_is_what_is_stored_and_costs_at_most_six_times_its_bytes(live):
    _, _, turn, heard = live
    stored = dict(turn.responses.values_list("slot", "text"))
    assert heard.texts == stored
    assert len(stored) == 4
    assert heard.is_done
    assert heard.size <= 6 * sum(len(text.encode()) for text in stored.values())
    assert any(len(set(told) & set("ABCD")) == 4 for told in heard.news)
    assert len(heard.ids) > 5


@pytest.mark.parametrize("is_stream_gone", [False, True], ids=["redis", "postgresql alone"])
def test_from_any_event_on_exactly_the_rest_arrives(live, is_stream_gone):
    client, talk, turn, heard = live
    stored = dict(turn.responses.values_list("slot", "text"))
    if is_stream_gone:
        with redis.Redis.from_url(configured.REDIS_URL) as broker:
            assert broker.delete(wire.stream_key(turn.pk)) == 1
    before: dict[str, str] = defaultdict(str)
    for last_id, told in zip(heard.ids, heard.news, strict=True):
        for slot in stored:
            before[slot] += told.get(slot, "")
        rest = hear(client, address(talk, "events", 0), last_id)
        assert {slot: before[slot] + rest.texts[slot] for slot in stored} == stored
        assert rest.is_done


def test_the_place_in_the_address_counts_where_the_browser_names_none(live):
    client, talk, turn, heard = live
    url = f"{address(talk, 'events', 0)}?after={heard.ids[-1]}"
    assert hear(client, url).texts == {}
    assert hear(client, url, last_id="A1.0-B1.0-C1.0-D1.0").texts == dict(
        turn.responses.values_list("slot", "text")
    )


@pytest.mark.parametrize("garbage", ["x", "A9.5", "A1.99999999", "9" * 5000, "A1.-3", "<script>"])
def test_a_garbage_place_at_worst_begins_again(garbage):
    client, talk, turn = a_talk()
    finished(turn)
    assert hear(client, address(talk, "events", 0), garbage).texts == WHOLE


# When something is away


def test_a_quiet_stream_says_that_it_is_there(monkeypatch):
    monkeypatch.setattr(feed, "HEARTBEAT_SECONDS", 0.05)
    client, talk, turn = a_talk()
    write(turn, A="Thinking")
    heard = hear(client, address(talk, "events", 0), enough=lambda heard: len(heard.parts) == 4)
    assert heard.parts[2:] == [": still here\n\n"] * 2


def test_without_redis_the_text_comes_from_postgresql(settings):
    client, talk, turn = a_talk()
    write(turn, A="Half")
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    finish = threading.Timer(0.3, lambda: (finished(turn), connection.close()))
    finish.start()
    turn.responses.filter(slot="A").update(text=WHOLE["A"][:4])
    heard = hear(client, address(talk, "events", 0))
    finish.join()
    assert heard.texts == WHOLE
    assert heard.is_done


def test_when_every_browser_left_nothing_is_followed_any_more():
    client, talk, turn = a_talk()
    write(turn, A="Begun")

    async def come_and_go() -> list[int]:
        browsers = [Browser(client, address(talk, "events", 0)) for _ in range(3)]
        await asyncio.gather(*[browser.has_text.wait() for browser in browsers])
        counts = [feed.hub().feeds[turn.pk].readers]
        for browser in browsers:
            browser.leaves.set()
            await browser.served
            counts.append(feed.hub().feeds[turn.pk].readers if feed.hub().feeds else 0)
        return counts

    assert asyncio.run(come_and_go()) == [3, 2, 1, 0]


class Browser:
    """A connection to the application itself, which ends when the browser leaves."""

    def __init__(self, client: Client, path: str) -> None:
        self.has_text, self.leaves, self._has_asked = asyncio.Event(), asyncio.Event(), False
        cookies = client.cookies.output(header="", sep=";").strip()
        scope = {
            "type": "http",
            "method": "GET",
            "path": path,
            "query_string": b"",
            "headers": [(b"host", b"testserver"), (b"cookie", cookies.encode())],
        }
        self.served = asyncio.create_task(ASGIHandler()(scope, self._receive, self._send))

    async def _receive(self) -> dict[str, Any]:
        if self._has_asked:
            await self.leaves.wait()
            return {"type": "http.disconnect"}
        self._has_asked = True
        return {"type": "http.request", "body": b""}

    async def _send(self, message: dict[str, Any]) -> None:
        if b"Begun" in message.get("body", b""):
            self.has_text.set()


def test_forty_open_streams_hold_no_connection_to_the_database():
    client, talk, turn = a_talk()
    write(turn, A="Begun")
    url, opened, in_use = address(talk, "events", 0), [], []

    async def follow_together() -> None:
        gate = asyncio.Event()

        async def one() -> None:
            browser = AsyncClient()
            browser.cookies = client.cookies
            response = await browser.get(url)
            async with aclosing(response.streaming_content) as parts:
                async for part in parts:
                    if b"data" in part:
                        break
                opened.append(1)
                await gate.wait()

        async with asyncio.timeout(60), asyncio.TaskGroup() as group:
            for _ in range(40):
                group.create_task(one())
            while len(opened) < 40:
                await asyncio.sleep(0.05)
            in_use.extend(await asyncio.to_thread(connections_in_use))
            gate.set()

    connection.close()
    asyncio.run(follow_together())
    assert len(opened) == 40
    assert in_use == []


def connections_in_use() -> list[str]:
    """What the other connections to this database are doing, without those at rest in the pool."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT state FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid != pg_backend_pid() AND backend_type = 'client backend' AND state != 'idle'"
        )
        found = [row[0] for row in cursor.fetchall()]
        stats = connection.pool.get_stats() if connection.pool else {}
    connection.close()
    taken = stats["pool_size"] - stats["pool_available"]
    return found + ["taken"] * (taken - 1)


# Who may listen


def test_strangers_and_wrong_turns_are_not_found():
    client, talk, _ = a_talk()
    stranger = come_in(talk.study)

    async def ask(who: Client, turn: int) -> int:
        browser = AsyncClient()
        browser.cookies = who.cookies
        return (await browser.get(address(talk, "events", turn))).status_code

    assert asyncio.run(ask(stranger, 0)) == 404
    assert asyncio.run(ask(Client(), 0)) == 404
    assert asyncio.run(ask(client, 1)) == 404
    assert asyncio.run(ask(client, 10**30)) == 404


def test_the_stream_is_read_and_never_posted_to():
    client, talk, _ = a_talk()
    assert client.post(address(talk, "events", 0)).status_code == 405


def test_nobody_keeps_a_copy_of_the_stream():
    client, talk, turn = a_talk()
    finished(turn)
    response = client.get(address(talk, "events", 0))
    assert response["Cache-Control"] == "no-store"
    assert response["X-Accel-Buffering"] == "no"


def test_a_reader_that_is_told_to_stop_stops_although_a_step_took_no_notice():
    async def take_no_notice(feeds: list[feed.Feed]) -> None:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(60)

    async def stop_it() -> bool:
        hub = feed.Hub()
        hub._refresh = take_no_notice  # type: ignore[method-assign]
        hub.feeds[0] = feed.Feed(0)
        reader = asyncio.create_task(hub._read_forever())
        await asyncio.sleep(0.3)
        reader.cancel()
        done, _ = await asyncio.wait({reader}, timeout=5)
        hub.feeds.clear()
        return reader in done

    assert asyncio.run(stop_it())
