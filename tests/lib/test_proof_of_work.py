"""The puzzle that a browser solves where something looks like a machine."""

import base64
import json
from datetime import datetime, timedelta
from random import randrange
from typing import Any

import altcha
import pytest
from django.test import Client

from prism.lib import proof_of_work
from prism.lib.proof_of_work import Puzzle, is_solved, puzzle
from surveys.models import Enrolment
from tests.conversations.comparing import HOME, enter, open_arena


@pytest.fixture(autouse=True)
def limits(settings) -> None:
    settings.RATE_LIMITS_ON = True


def solved(made: Puzzle, **changes: Any) -> str:
    found = altcha.solve_challenge_v1(made.challenge, made.salt, made.algorithm, made.most)
    assert found is not None
    fields = {
        "algorithm": made.algorithm,
        "challenge": made.challenge,
        "number": found.number,
        "salt": made.salt,
        "signature": made.signature,
    }
    return base64.b64encode(json.dumps({**fields, **changes}).encode()).decode()


def test_a_solution_lets_in_once():
    solution = solved(puzzle())
    assert is_solved(solution)
    assert not is_solved(solution)


@pytest.mark.parametrize(
    "changes", [{"number": -1}, {"signature": "0" * 64}, {"salt": "ab?expires=99999999999&"}]
)
def test_what_was_changed_is_no_solution(changes):
    assert not is_solved(solved(puzzle(), **changes))


@pytest.mark.parametrize("payload", ["", "x", "e30=", "é", "A" * 3000])
def test_nonsense_is_no_solution(payload):
    assert not is_solved(payload)


def test_an_old_puzzle_is_no_use(monkeypatch):
    class Past(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> "Past":
            return cls.fromtimestamp((datetime.now() - timedelta(hours=1)).timestamp())

    monkeypatch.setattr(proof_of_work, "datetime", Past)
    old = puzzle()
    assert not is_solved(solved(old))


@pytest.mark.django_db
def test_a_crowd_behind_one_address_is_let_in_for_a_little_work(monkeypatch):
    monkeypatch.setattr("conversations.views.arena.doors.MANY_ENTRIES", 2)
    open_arena()
    address = f"2001:db8::{randrange(2**16):x}"  # a limit counts beyond one run of this test
    for _ in range(2):
        enter(Client(REMOTE_ADDR=address))
    third = Client(REMOTE_ADDR=address)
    third.get(HOME)
    answered = third.post("/arena/begin/", {"consent": "on", "door_key": "third"})
    assert answered.status_code == 429
    assert Enrolment.objects.count() == 2
    solution = solved(answered.context["puzzle"])
    sent = {"consent": "on", "door_key": "third", "proof": solution}
    assert third.post("/arena/begin/", sent).status_code == 302
    assert Enrolment.objects.count() == 3
    other = Client(REMOTE_ADDR=address)
    assert other.post("/arena/begin/", {**sent, "door_key": "fourth"}).status_code == 429
    assert enter(Client(REMOTE_ADDR=f"{address}:1"))
