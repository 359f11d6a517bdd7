"""What happens when a call fails is data of the protocol: how often, after what, and how long is waited."""

import time
from datetime import timedelta

import pytest
from django.utils import timezone

from conversations.calling import KINDS, Calls
from conversations.fakellm.server import running
from conversations.live import answering, claiming, recovery
from conversations.models import Response
from conversations.protocols import ProtocolError, parse
from tests.conversations.talking import a_response, a_turn, let_models_answer, make_speakers, rules, states


@pytest.fixture(scope="module")
def fake():
    with running() as url:
        yield url


@pytest.mark.parametrize(
    ("kind", "asked", "attempt", "wait"),
    [
        ("rate_limited", 2.0, 1, 2.0),
        ("rate_limited", 5.1, 1, None),  # longer than we wait
        ("rate_limited", None, 1, None),  # it does not say when
        ("rate_limited", 2.0, 2, None),  # tried twice
        ("server_error", None, 1, None),  # not named
    ],
)
def test_as_shipped_a_model_is_asked_again_only_where_it_says_when(kind, asked, attempt, wait):
    assert Calls().wait(kind, asked, attempt) == wait


def test_other_failures_are_tried_again_where_the_protocol_names_them():
    calls = Calls(attempts=3, again_after=("server_error",), longest_wait=1.0)
    assert [calls.wait("server_error", None, attempt) for attempt in (1, 2, 3)] == [0.5, 0.5, None]
    assert calls.wait("rate_limited", 0.1, 1) is None


@pytest.mark.parametrize(
    ("calls", "place"),
    [
        ({"attempts": 0}, "attempts"),
        ({"attempts": 6}, "attempts"),
        ({"longest_wait": -1}, "longest_wait"),
        ({"again_after": ["rain"]}, "again_after"),
        ({"again_after": "silent"}, "again_after"),
        ({"often": 3}, "often"),
    ],
)
def test_what_is_no_rule_is_refused_with_its_place(calls, place):
    with pytest.raises(ProtocolError, match=place):
        parse(rules(calls=calls))


def test_what_is_not_said_is_as_shipped():
    assert parse(rules()).calls == Calls()
    assert parse(rules(calls={"again_after": list(KINDS)})).calls == Calls(again_after=KINDS)


@pytest.mark.django_db(transaction=True)
def test_a_server_error_is_tried_again_with_the_same_model_as_the_protocol_says(fake):
    response = a_response(
        fake, "aurora-7b;fail=500;times=2", calls={"attempts": 3, "again_after": ["server_error"]}
    )
    answering.answer(response.pk)
    response.refresh_from_db()
    assert (response.state, response.attempt, response.is_replaced) == ("done", 3, False)
    assert list(response.attempts.order_by("number").values_list("state", "failure")) == [
        ("failed", "server_error"),
        ("failed", "server_error"),
        ("finished", ""),
    ]


@pytest.mark.django_db(transaction=True)
def test_with_one_attempt_a_model_that_is_busy_is_replaced_at_once(fake):
    _, talk, turn = a_turn(fake, "aurora-7b;fail=429;retry=0.1", calls={"attempts": 1})
    make_speakers(talk.study, fake, "cirrus-mini")
    begun = time.monotonic()
    let_models_answer(turn)
    assert states(turn) == [("A", "failed", True), ("A", "done", False)]
    assert time.monotonic() - begun < 10


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("attempts", "state"), [(1, "failed"), (2, "waiting")])
def test_what_a_dead_worker_had_is_tried_again_as_often_as_the_protocol_says(fake, attempts, state):
    response = a_response(fake, "aurora-7b", calls={"attempts": attempts})
    assert claiming.take(response.pk) is not None
    Response.objects.update(lease_at=timezone.now() - timedelta(hours=1), text="Half an", reasoning="hm")
    assert recovery.sweep()[0] == 1
    response.refresh_from_db()
    assert response.state == state
    assert (response.text, response.reasoning) == (("Half an", "hm") if state == "failed" else ("", ""))
    lost = response.attempts.get()
    assert (lost.state, lost.text) == ("lost", "Half an")
