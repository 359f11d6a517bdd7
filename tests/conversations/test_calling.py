"""What happens when a call fails is data of the protocol: how often, after what, and how long is waited."""

import time
from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from conversations.calling import KINDS, MOST_PATIENCE, Calls, Tried
from conversations.fakellm.server import running
from conversations.live import answering, claiming, recovery
from conversations.models import Attempt, Provider, Response
from conversations.protocols import ProtocolError, parse
from tests.conversations.talking import (
    a_response,
    a_turn,
    at_once,
    let_models_answer,
    make_speakers,
    rules,
    states,
)


@pytest.fixture(scope="module")
def fake():
    with running() as url:
        yield url


@pytest.mark.parametrize(
    ("asked", "tried", "wait"),
    [
        (2.0, Tried(0, 1), 2.0),
        (5.1, Tried(0, 1), None),  # longer than we wait at once
        (None, Tried(0, 1), 0.5),  # it does not say when
        (0.0, Tried(0, 4, 3.5), 4.0),  # not as often as it would let us
        (2.0, Tried(0, 9, 15.1), None),  # longer than we wait in all
        (2.0, Tried(1, 9, 14.9), 5.0),  # requests to come back later are no attempts
    ],
)
def test_a_busy_model_is_waited_for_within_bounds_and_asked_less_and_less_often(asked, tried, wait):
    assert Calls().wait("rate_limited", asked, tried) == wait


@given(
    st.floats(0, 60),
    st.floats(0, MOST_PATIENCE),
    st.lists(st.none() | st.floats(0, 100), min_size=1, max_size=200),
)
def test_however_a_busy_model_answers_it_is_not_asked_more_often_than_a_run_has_numbers(
    longest, patience, asks
):
    calls, waited, refusals = Calls(longest_wait=longest, patience=patience), 0.0, 0
    for asked in asks:
        refusals += 1
        wait = calls.wait("rate_limited", asked, Tried(0, refusals, waited))
        if wait is None:
            break
        assert wait >= min(asked or 0.0, longest)
        waited += wait
    assert waited <= patience
    assert refusals <= 90


def test_other_failures_are_tried_again_where_the_protocol_names_them():
    calls = Calls(attempts=3, again_after=("server_error",), longest_wait=1.0)
    assert [calls.wait("server_error", None, Tried(number)) for number in (1, 2, 3)] == [0.5, 0.5, None]
    assert calls.wait("rate_limited", 0.1, Tried(0, 1)) is None
    assert Calls().wait("server_error", None, Tried(1)) is None


@pytest.mark.parametrize(
    ("calls", "place"),
    [
        ({"attempts": 0}, "attempts"),
        ({"attempts": 6}, "attempts"),
        ({"longest_wait": -1}, "longest_wait"),
        ({"patience": 41}, "patience"),
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
def test_of_a_crowd_that_a_provider_refuses_everybody_gets_an_answer_and_it_stays_in_the_draw(fake):
    """It refuses its first sixteen calls, some people twice and more; nobody else could answer."""
    people = 8
    turn = a_turn(fake, *[f"aurora-7b;fail=429;retry=0;times={2 * people}"] * people)[2]
    at_once(*(partial(answering.answer, response.pk) for response in turn.responses.all()))
    found = turn.responses.all()
    assert set(found.values_list("state", "failure")) == {("done", "")}
    assert Attempt.objects.filter(failure="rate_limited").count() == 2 * people
    assert max(found.values_list("attempt", flat=True)) > Calls().attempts
    assert Provider.objects.get().open_until is None


@pytest.mark.django_db(transaction=True)
def test_a_worker_lost_after_two_requests_to_wait_is_lost_for_the_first_time(fake):
    response = a_response(fake, "aurora-7b;fail=429;retry=0", calls={"attempts": 2, "patience": 0.6})
    for number in (1, 2):
        Attempt.objects.create(response=response, number=number, state="failed", failure="rate_limited")
    Response.objects.update(attempt=2)
    assert claiming.take(response.pk)
    Response.objects.update(lease_at=timezone.now() - timedelta(hours=1))
    assert recovery.sweep()[0] == 1
    response.refresh_from_db()
    assert response.state == "waiting"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("attempts", "state"), [(1, "failed"), (2, "waiting")])
def test_what_a_dead_worker_had_is_tried_again_as_often_as_the_protocol_says(fake, attempts, state):
    response = a_response(fake, "aurora-7b", calls={"attempts": attempts})
    assert claiming.take(response.pk)
    Response.objects.update(lease_at=timezone.now() - timedelta(hours=1), text="Half an", reasoning="hm")
    assert recovery.sweep()[0] == 1
    response.refresh_from_db()
    assert response.state == state
    assert (response.text, response.reasoning) == (("Half an", "hm") if state == "failed" else ("", ""))
    lost = response.attempts.get()
    assert (lost.state, lost.text) == ("lost", "Half an")
