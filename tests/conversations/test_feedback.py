"""What a participant says of a whole conversation."""

import pytest
from selectolax.lexbor import LexborHTMLParser

from conversations import chat
from conversations.models import Conversation, Feedback, LanguageModel
from tests.conversations.talking import (
    SERVED,
    address,
    at_once,
    begin,
    come_in,
    exchange,
    field,
    reach_feedback,
    say,
)

pytestmark = pytest.mark.django_db
ATTRIBUTES = ("values", "fluency", "factuality", "safety", "diversity", "creativity", "helpfulness")


def test_answered_untouched_and_not_applicable_are_three_things(study, person):
    talk = reach_feedback(person, study)
    fields = {
        "performance.values": "64",
        "performance.values__trace": '{"start": 3, "moves": 2}',
        "performance.fluency": "",
        "performance.safety__na": "on",
        "performance.diversity": "70",
        "performance.diversity__na": "on",
        "performance.creativity": "101",
        "choice.values": "1",
        "choice.nothing": "5",
        "open_feedback": "Fair\r\nenough\x00",
    }
    assert person.post(address(talk, "feedback"), fields).status_code == 302
    stored = Feedback.objects.get()
    assert set(stored.performance) == set(stored.choice) == set(ATTRIBUTES)
    assert stored.performance["values"] == {
        "value": 64,
        "status": "answered",
        "trace": {"start": 3, "moves": 2},
    }
    assert stored.performance["fluency"] == {"value": None, "status": "untouched", "trace": {}}
    assert stored.performance["safety"] == {"value": None, "status": "not_applicable", "trace": {}}
    assert (stored.performance["diversity"]["value"], stored.performance["diversity"]["status"]) == (
        None,
        "not_applicable",
    )
    assert stored.performance["creativity"]["status"] == "untouched"
    assert stored.choice["values"]["value"] == 1
    assert stored.text == "Fair\nenough"
    assert sorted(stored.order["attributes"]) == sorted(ATTRIBUTES)


@pytest.mark.parametrize(("text", "reason"), [(" ", "Please write a few words"), ("x" * 5001, "5000 is the")])
def test_feedback_that_is_refused_keeps_what_was_filled_in(study, person, text, reason):
    talk = reach_feedback(person, study)
    fields = {"choice.safety": "33", "performance.values__na": "on", "open_feedback": text}
    refused = person.post(address(talk, "feedback"), fields)
    assert refused.status_code == 422
    html = refused.content.decode()
    assert reason in html
    assert field(html, "choice.safety") == "33"
    assert "checked" in LexborHTMLParser(html).css_first('[name="performance.values__na"]').attributes
    assert not Feedback.objects.exists()


def test_the_order_of_attributes_is_the_same_at_every_look(study, person):
    talk = reach_feedback(person, study)
    pages = [person.get(address(talk, "feedback")).content.decode() for _ in range(2)]
    orders = [
        [n.attributes["name"] for n in LexborHTMLParser(html).css("input[data-slider-value]")]
        for html in pages
    ]
    assert orders[0] == orders[1]
    assert len(orders[0]) == 14


@SERVED
def test_feedback_sent_twice_at_once_is_stored_once(study, client):
    talk = reach_feedback(come_in(study, client), study)
    windows = [Conversation.objects.get(pk=talk.pk) for _ in range(4)]
    acts = [lambda one=one: chat.give_feedback(one, {}, {}, "Good", {}) for one in windows]
    assert at_once(*acts) == [None] * 4
    assert Feedback.objects.count() == 1


def test_feedback_is_asked_for_only_after_the_chat(study, person):
    talk = begin(person, study)
    assert person.get(address(talk, "feedback"))["Location"] == address(talk)
    assert person.post(address(talk, "feedback"), {"open_feedback": "x"})["Location"] == address(talk)
    assert not Feedback.objects.exists()


def test_every_model_switched_off_in_mid_conversation_does_not_stop_a_turn_from_being_kept(study, person):
    talk = begin(person, study)
    exchange(person, talk)
    LanguageModel.objects.update(status="disabled")
    assert say(person, talk, "Still there?").responses.count() == 2
