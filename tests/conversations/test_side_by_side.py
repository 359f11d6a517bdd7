"""The answers of a turn come to a worker in one message, and go their own ways there."""

import base64
import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import redis
from django.conf import settings
from django.db import connection

from conversations.fakellm.server import running
from conversations.live import answering, claiming, publishing, together
from conversations.live.together import Together
from conversations.models import Response
from conversations.tasks import answer
from tests.conversations.scripted import Reply, scripted
from tests.conversations.talking import SERVED, a_response, a_turn, at_once, states


@pytest.fixture(scope="module")
def fake():
    with running() as url:
        yield url


def messages() -> list[list[Any]]:
    """The arguments of each task that waits for a live worker."""
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        waiting = [json.loads(one) for one in client.lrange("live", 0, -1)]
    return [json.loads(base64.b64decode(one["body"]))[0] for one in waiting]


def in_order(turn: Any) -> list[int]:
    return list(turn.responses.order_by("pk").values_list("pk", flat=True))


def wait_until(holds: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)


def connections_in_use() -> int:
    stats = connection.pool.get_stats()
    return int(stats["pool_size"] - stats["pool_available"])


@SERVED
def test_a_turn_is_one_message_and_all_its_answers_come_of_it(fake):
    _, _, turn = a_turn(fake, "aurora-7b", "cirrus-mini", "ember-pro")
    assert messages() == [in_order(turn)]
    answer(*messages()[0])
    assert states(turn) == [(slot, "done", False) for slot in "ABC"]


@SERVED
def test_a_message_with_one_id_is_understood_as_ever(fake):
    response = a_response(fake, "aurora-7b")
    answer(response.pk)
    response.refresh_from_db()
    assert response.state == "done"


@SERVED
@pytest.mark.parametrize("number", [0, 1])
def test_of_two_answers_of_which_another_worker_has_one_the_other_is_given(fake, number):
    _, _, turn = a_turn(fake, "aurora-7b", "cirrus-mini")
    both = in_order(turn)
    assert claiming.take(both[number])
    answer(*both)
    taken, free = (Response.objects.get(pk=both[i]) for i in (number, 1 - number))
    assert (taken.state, taken.attempt, taken.text) == ("streaming", 1, "")
    assert (free.state, free.attempt) == ("done", 1)


@SERVED
def test_six_workers_with_the_same_message_ask_each_model_once(fake):
    _, _, turn = a_turn(fake, "aurora-7b", "cirrus-mini")
    both = in_order(turn)
    assert at_once(*[lambda: answer(*both)] * 6) == [None] * 6
    assert [response.attempts.count() for response in turn.responses.all()] == [1, 1]
    assert states(turn) == [("A", "done", False), ("B", "done", False)]


@SERVED
@pytest.mark.parametrize("number", [0, 1])
def test_a_slow_answer_holds_up_no_other_and_the_task_is_over_with_the_last(number):
    gate, attempts = threading.Event(), []

    def reply(one: Reply) -> None:
        attempts.append(one.headers["X-Prism-Attempt"])
        one.start()
        one.chunk("Yes.")
        if one.headers["X-Prism-Attempt"].startswith(f"{both[number]}."):
            gate.wait(20)
        one.end()

    with scripted(reply) as url:
        _, _, turn = a_turn(url, "any", "other")
        both = in_order(turn)
        work = threading.Thread(target=at_once, args=[lambda: answer(*both)])
        work.start()
        wait_until(lambda: Response.objects.get(pk=both[1 - number]).state == "done")
        assert Response.objects.get(pk=both[number]).state == "streaming"
        assert work.is_alive(), "a worker that is asked to end waits for its tasks alone"
        gate.set()
        work.join(20)
    assert {state for _, state, _ in states(turn)} == {"done"}
    assert len(attempts) == 2


@SERVED
@pytest.mark.parametrize("number", [0, 1])
def test_an_answer_that_waits_to_be_tried_again_holds_up_no_other(number):
    other_is_done = []

    def reply(one: Reply) -> None:
        attempt = one.headers["X-Prism-Attempt"]
        if attempt == f"{both[number]}.1":
            one.start(429, retry_after="0.5")
            return
        if attempt == f"{both[number]}.2":
            other_is_done.append(Response.objects.get(pk=both[1 - number]).state)
            connection.close()
        one.start()
        one.chunk("Yes.")
        one.end()

    with scripted(reply) as url:
        _, _, turn = a_turn(url, "any", "other")
        both = in_order(turn)
        answer(*both)
    assert other_is_done == ["done"]
    assert [Response.objects.get(pk=both[i]).attempt for i in (number, 1 - number)] == [2, 1]
    assert {state for _, state, _ in states(turn)} == {"done"}


def break_off(monkeypatch: pytest.MonkeyPatch, *responses: int) -> None:
    """Our own code fails over the end of these answers."""
    whole = answering._conclude

    def broken(end: Any, live: Any) -> float | None:
        if end.response.pk in responses:
            raise ValueError(f"no end for {end.response.pk}")
        return whole(end, live)

    monkeypatch.setattr(answering, "_conclude", broken)


@SERVED
@pytest.mark.parametrize("number", [0, 1])
def test_one_that_breaks_off_is_told_and_does_not_stop_the_other(fake, monkeypatch, number):
    _, _, turn = a_turn(fake, "aurora-7b", "cirrus-mini")
    both = in_order(turn)
    break_off(monkeypatch, both[number])
    with pytest.raises(ValueError, match=f"no end for {both[number]}"):
        answer(*both)
    broken, whole = (Response.objects.get(pk=both[i]) for i in (number, 1 - number))
    assert (broken.state, whole.state) == ("streaming", "done")
    assert publishing.publisher().live == set(), "its lease would never run out"


@SERVED
def test_of_several_that_break_off_each_is_told(fake, monkeypatch):
    _, _, turn = a_turn(fake, "aurora-7b", "cirrus-mini")
    both = in_order(turn)
    break_off(monkeypatch, *both)
    with pytest.raises(ExceptionGroup) as told:
        answer(*both)
    assert [str(error) for error in told.value.exceptions] == [f"no end for {pk}" for pk in both]


@SERVED
def test_the_answers_of_a_turn_are_taken_in_one_transaction_and_hold_no_connection_afterwards(
    fake, monkeypatch
):
    batches, take_all = [], claiming.take_waiting
    monkeypatch.setattr(claiming, "take_waiting", lambda ids, w: batches.append(set(ids)) or take_all(ids, w))
    _, _, turn = a_turn(fake, "aurora-7b", "cirrus-mini", "ember-pro")
    connection.close()
    answer(*in_order(turn))
    wait_until(lambda: connections_in_use() == 0, 5)  # a checkpoint may have one for a moment
    assert batches == [set(in_order(turn))]


def test_what_a_thread_asks_for_together_stays_together_in_batches_of_bounded_size(monkeypatch):
    monkeypatch.setattr(together, "MOST", 3)
    gate, batches = threading.Event(), []

    def double(keys: list[int]) -> dict[int, int]:
        gate.wait(20)
        batches.append(set(keys))
        return {key: 2 * key for key in keys if key != 5}

    ask = Together(double)
    with ThreadPoolExecutor(6) as threads:
        found = [threads.submit(ask, 2 * i, 2 * i + 1) for i in range(6)]
        wait_until(lambda: len(ask.waiting) >= 4)
        gate.set()
    assert [one.result() for one in found] == [
        {2 * i: 4 * i, 2 * i + 1: 4 * i + 2} if i != 2 else {4: 8} for i in range(6)
    ]
    assert all(len(batch) <= 4 for batch in batches)
    assert all({2 * i, 2 * i + 1} <= batch for batch in batches for i in range(6) if 2 * i in batch)
