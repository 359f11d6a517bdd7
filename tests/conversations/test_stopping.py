"""Stopping the answers: all sides end, what arrived stays, and a stop that comes late changes nothing."""

import threading
from contextlib import contextmanager
from functools import partial

import pytest
from django.db import connection
from selectolax.lexbor import LexborHTMLParser

from conversations import stopping
from conversations.fakellm.server import running
from conversations.live import answering, claiming, recovery
from conversations.live.calls import ProviderFailure
from conversations.live.finishing import End, Result
from conversations.live.publishing import LiveText
from conversations.models import Attempt, Response, Turn
from tests.conversations.listening import hear
from tests.conversations.talking import (
    a_turn,
    address,
    answer,
    at_once,
    begin,
    come_in,
    let_models_answer,
    make_speakers,
    make_talk_study,
    page,
    post,
    rate,
    say,
    states,
)
from tests.conversations.test_answering import wait_until

pytestmark = pytest.mark.django_db(transaction=True)
SPEAKS_FOR_LONG = "aurora-7b;chunks=2000;rate=40;first=0.1"
SAYS_NOTHING = "aurora-7b;chunks=5;first=60"


@pytest.fixture(scope="module")
def fake():
    with running(speed=1.0) as url:
        yield url


@contextmanager
def answered(turn: Turn):
    """The live workers answer while the block runs, and are through soon after it."""
    pks = list(turn.responses.values_list("pk", flat=True))
    work = threading.Thread(target=at_once, args=[partial(answering.answer, pk) for pk in pks])
    work.start()
    try:
        yield
        work.join(15)
        assert not work.is_alive(), "a stopped call went on"
    finally:
        Response.objects.filter(turn=turn).unfinished().update(state="failed")


def slots(turn: Turn, identifier: str) -> list[str]:
    """Where this model was drawn to."""
    return list(turn.responses.filter(model__identifier=identifier).values_list("slot", flat=True))


def stored(turn: Turn) -> dict[str, str]:
    return dict(turn.responses.values_list("slot", "state"))


def test_a_stop_ends_all_sides_and_keeps_what_has_arrived(fake):
    client, talk, turn = a_turn(fake, SPEAKS_FOR_LONG, SPEAKS_FOR_LONG, SAYS_NOTHING)
    with answered(turn):
        a, b = slots(turn, SPEAKS_FOR_LONG)
        heard = hear(
            client, address(talk, "events", 0), enough=lambda h: sum(map(len, h.texts.values())) > 120
        )
        assert post(client, talk, "stop", turn=0).status_code == 302
        assert stored(turn) == {"A": "stopped", "B": "stopped", "C": "stopped"}
        at_stop = dict(turn.responses.values_list("slot", "text"))
        html = page(client, talk)
    assert at_stop[a].startswith(heard.texts[a])
    assert len(at_stop[b]) > 20
    assert at_stop[slots(turn, SAYS_NOTHING)[0]] == ""
    assert html.count("You stopped this answer.") == 2
    assert html.count("You stopped before an answer arrived here.") == 1
    # Neither the workers, who notice later, nor a sweep change what was stored; figures are added.
    recovery.sweep()
    assert dict(turn.responses.values_list("slot", "text")) == at_stop
    assert set(stored(turn).values()) == {"stopped"}
    assert set(Attempt.objects.values_list("state", flat=True)) == {"stopped"}
    for response in turn.responses.filter(slot__in=[a, b]):
        assert 0 < response.first_text_ms <= response.total_ms
    silent = turn.responses.get(model__identifier=SAYS_NOTHING)
    assert (silent.first_text_ms, silent.cost) == (None, None)
    assert silent.total_ms > 0


def test_the_other_window_hears_of_a_stop_without_a_reload(fake):
    client, talk, turn = a_turn(fake, SPEAKS_FOR_LONG, SAYS_NOTHING)
    with answered(turn):
        slot = slots(turn, SPEAKS_FOR_LONG)[0]
        wait_until(lambda: turn.responses.filter(slot=slot, text__regex=r"\w").exists())
        later = threading.Timer(0.3, lambda: (stopping.stop(talk, 0), connection.close()))
        later.start()
        heard = hear(client, address(talk, "events", 0))
        later.join()
    assert heard.is_done
    assert heard.over == {"A": "stopped", "B": "stopped"}
    assert heard.texts[slot].startswith(turn.responses.get(slot=slot).text)


def test_what_arrived_can_be_rated_and_the_conversation_goes_on(fake):
    client, talk, turn = a_turn(fake, SPEAKS_FOR_LONG, SAYS_NOTHING, turns__minimum=1)
    with answered(turn):
        slot = slots(turn, SPEAKS_FOR_LONG)[0]
        hear(client, address(talk, "events", 0), enough=lambda heard: heard.texts[slot])
        post(client, talk, "stop", turn=0)
    assert post(client, talk, "rate", turn=0, **{f"score-{slot}": 70}).status_code == 302
    assert say(client, talk, "Go on").number == 1


def test_a_stop_before_any_word_lets_the_person_ask_again(fake):
    client, talk, turn = a_turn(fake, SAYS_NOTHING, SAYS_NOTHING)
    post(client, talk, "stop", turn=0)  # no worker has taken anything yet
    assert set(stored(turn).values()) == {"stopped"}
    let_models_answer(turn)
    assert not Attempt.objects.exists()
    html = page(client, talk)
    assert "No answer arrived." in html
    assert post(client, talk, "again", form_key="k").status_code == 302
    assert turn.responses.shown().unfinished().count() == 2


def test_a_stop_that_comes_late_changes_nothing(study, person):
    talk = begin(person, study)
    turn = say(person, talk)
    answer(turn)
    assert post(person, talk, "stop", turn=0).status_code == 302
    assert set(stored(turn).values()) == {"done"}
    rate(person, talk, turn)
    following = say(person, talk, "More")
    for number in ("0", "", "-1", "x", "7"):
        assert post(person, talk, "stop", turn=number).status_code == 302
    assert set(following.responses.values_list("state", flat=True)) == {"waiting"}


def test_a_stop_and_an_end_at_the_same_moment_leave_one_truth(fake):
    """Whichever comes first, text and state belong together."""
    _, talk, turn = a_turn(fake, *["aurora-7b;chunks=3;rate=1000;first=0"] * 4)
    pks = list(turn.responses.values_list("pk", flat=True))
    results = at_once(*[partial(answering.answer, pk) for pk in pks], lambda: stopping.stop(talk, 0))
    assert results == [None] * 5
    for response in turn.responses.shown():
        assert response.state in {"done", "stopped"}
        assert response.state == "stopped" or len(response.text.split()) == 3
        told = set(response.attempts.values_list("state", flat=True))
        assert told <= ({"finished"} if response.state == "done" else {"stopped"})


def test_no_replacement_is_drawn_for_an_answer_that_was_stopped(fake):
    """The provider failed, but the stop was stored before the worker could say so."""
    _, talk, turn = a_turn(fake, "aurora-7b;fail=500")
    make_speakers(talk.study, fake, "cirrus-mini")
    (taken,) = claiming.take(turn.responses.get().pk)
    stopping.stop(talk, 0)
    end = End(taken.response, taken.attempt, Result(failure=ProviderFailure("server_error")))
    live = LiveText(taken.response.pk, turn.pk, "A", 1, 1)
    assert answering._conclude(end, live) is None
    assert states(turn) == [("A", "stopped", False)]


def test_a_replacement_that_was_drawn_before_the_stop_is_stopped_too(fake):
    _, talk, turn = a_turn(fake, "aurora-7b;fail=500")
    make_speakers(talk.study, fake, "cirrus-mini")
    answering.answer(turn.responses.get().pk)
    stopping.stop(talk, 0)
    assert states(turn) == [("A", "failed", True), ("A", "stopped", False)]


def test_only_who_holds_the_conversation_may_stop_it(study, person):
    talk = begin(person, study)
    turn = say(person, talk)
    stranger = come_in(study)
    assert stranger.post(address(talk, "stop"), {"turn": 0}).status_code == 404
    assert set(stored(turn).values()) == {"waiting"}


def test_a_stop_needs_a_token_against_forgery(study, person):
    talk = begin(person, study)
    turn = say(person, talk)
    person.handler.enforce_csrf_checks = True
    assert post(person, talk, "stop", turn=0).status_code == 403
    assert set(stored(turn).values()) == {"waiting"}


def test_a_protocol_may_leave_the_button_out_and_the_server_holds_to_it():
    study = make_talk_study(stop=False)
    client = come_in(study)
    talk = begin(client, study)
    turn = say(client, talk)
    assert LexborHTMLParser(page(client, talk)).css_first("form#stop") is None
    assert post(client, talk, "stop", turn=0).status_code == 409
    assert set(stored(turn).values()) == {"waiting"}


def test_the_button_stands_under_answers_that_are_being_written(study, person):
    talk = begin(person, study)
    say(person, talk)
    form = LexborHTMLParser(page(person, talk)).css_first("form#stop")
    assert form is not None
    assert (form.attributes["method"], form.attributes["action"]) == (
        "post",
        f"{address(talk, 'stop')}#latest",
    )
