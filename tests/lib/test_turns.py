"""Who comes next where more requests wait than a web process works on."""

import asyncio
import random

import pytest

from prism.lib import turns
from prism.lib.turns import Costs, Turns, kind_of


def test_requests_that_differ_by_codes_and_numbers_alone_are_of_one_kind():
    kinds = {kind_of("POST", f"/studies/demo/conversations/c{number}/say/") for number in range(3)}
    assert kinds == {"POST /studies/demo/conversations/*/say/"}
    assert kind_of("GET", "/") == "GET /"
    assert len(kind_of("GET", "/a" * 5000)) < 300


def test_a_first_slow_one_counts_little_and_a_quick_one_much():
    costs = Costs()
    costs.learn("GET /", 1.0)
    assert costs.expected("GET /") < 0.06
    for _ in range(4):
        costs.learn("GET /", 0.002)
    assert costs.expected("GET /") < 0.006
    assert costs.expected("POST /new/") > costs.expected("GET /new/")


def test_what_is_remembered_of_kinds_is_bounded():
    costs = Costs()
    for number in range(turns.MOST_KINDS + 50):
        costs.learn(f"GET {number}", 0.01)
    assert len(costs.seconds) == turns.MOST_KINDS
    assert "GET 0" not in costs.seconds


async def order_of(kinds: list[str], known: dict[str, float]) -> list[int]:
    """The order in which requests that came in one after another get the only turn there is."""
    queue, order = Turns(1), []
    for kind, cost in known.items():
        queue.costs.seconds[kind] = cost
    await queue.acquire()

    async def one(number: int, kind: str) -> None:
        await queue.acquire(kind)
        order.append(number)
        queue.release()

    waiting = []
    for number, kind in enumerate(kinds):
        waiting.append(asyncio.create_task(one(number, kind)))
        await asyncio.sleep(0)
    queue.release()
    await asyncio.gather(*waiting)
    assert queue.free == 1
    return order


def test_a_short_page_is_not_behind_the_messages_of_a_crowd():
    known = {"POST say": 0.03, "GET page": 0.003}
    assert asyncio.run(order_of(["POST say", "POST say", "GET page", "POST say"], known)) == [2, 0, 1, 3]


def test_nobody_waits_longer_than_the_most_patience(monkeypatch):
    monkeypatch.setattr(turns, "MOST_PATIENCE_SECONDS", 0.0)
    known = {"POST say": 0.03, "GET page": 0.003}
    assert asyncio.run(order_of(["POST say", "POST say", "GET page"], known)) == [0, 1, 2]


@pytest.mark.parametrize("after", ["before its turn", "as its turn came"])
def test_a_turn_that_nobody_wants_any_more_goes_to_the_next(after):
    async def play() -> int:
        queue = Turns(1)
        await queue.acquire()
        gone, next_one = (asyncio.create_task(queue.acquire("GET /")) for _ in range(2))
        await asyncio.sleep(0)
        if after == "before its turn":
            gone.cancel()
            await asyncio.sleep(0)
            queue.release()
        else:
            queue.release()
            gone.cancel()
        await asyncio.wait_for(next_one, 1)
        queue.release()
        return queue.free

    assert asyncio.run(play()) == 1


def test_everybody_gets_a_turn():
    dice = random.Random(1583)
    known = {"GET a": 0.001, "POST b": 0.02, "POST c": 0.3}
    for number in range(13):
        kinds = dice.choices(list(known), k=number)
        assert sorted(asyncio.run(order_of(kinds, known))) == list(range(number))
