"""Beginning a conversation, who may see it, and sending messages: nothing typed is lost or sent twice."""

from collections.abc import Callable
from copy import copy
from typing import Any

import pytest
from django.test import Client
from selectolax.lexbor import LexborHTMLParser

from conversations import chat
from conversations.models import Conversation, Feedback, PoolEntry, Rating, Turn
from conversations.views import acts
from surveys import erasure
from surveys.models import Draft
from tests.conversations.talking import (
    SERVED,
    address,
    answer,
    at_once,
    begin,
    come_in,
    device_of,
    enrolment_of,
    exchange,
    make_talk_study,
    overview,
    page,
    post,
    rate,
    reach_feedback,
    say,
    typed_text,
)

pytestmark = pytest.mark.django_db


# Beginning


def test_each_type_is_held_as_often_as_the_protocol_asks_and_no_more(study, person):
    for held in range(2):
        talk = reach_feedback(person, study, "unguided")
        assert enrolment_of(person, study).conversations.complete().count() == held
        person.post(address(talk, "feedback"), {"open_feedback": "Fine."})
    answer = person.post(overview(study), {"type": "unguided"})
    assert answer.status_code == 409
    assert "all conversations of this kind" in answer.content.decode()
    assert enrolment_of(person, study).conversations.count() == 2
    assert 'value="unguided"' not in answer.content.decode()
    assert 'value="values guided"' in answer.content.decode()


def test_a_type_that_is_not_offered_begins_nothing(study, person):
    for kind in ("", "no such type", "unguided ", "\x00"):
        assert person.post(overview(study), {"type": kind}).status_code == 409, kind
    assert not Conversation.objects.exists()


def test_an_open_conversation_goes_on_instead_of_a_new_one(study, person):
    talk = begin(person, study)
    assert person.get(overview(study))["Location"] == address(talk)
    assert person.post(overview(study), {"type": "values guided"})["Location"] == address(talk)
    assert Conversation.objects.get() == talk


@SERVED
def test_two_windows_that_begin_at_once_begin_one_conversation(study, client):
    device = device_of(come_in(study, client), study)
    begun = at_once(*[lambda: chat.start(device.enrolment, device, "unguided")] * 4)
    assert {talk.pk for talk in begun} == {Conversation.objects.get().pk}


def test_when_every_type_is_held_the_journey_is_over():
    study = make_talk_study(
        types=[{"key": "unguided", "label": "Anything", "text": "Talk.", "required": 1}], turns__minimum=1
    )
    client = come_in(study)
    talk = reach_feedback(client, study)
    assert not chat.is_finished(enrolment_of(client, study))
    answer = client.post(address(talk, "feedback"), {"open_feedback": "Good."}, follow=True)
    assert answer.redirect_chain[-1][0] == f"/studies/{study.slug}/done/"
    assert enrolment_of(client, study).outcome == "complete"


# Whose conversation it is


def every_request(client: Client, talk: Conversation) -> dict[str, int]:
    names = ["conversation", "say", "again", "rate", "choose", "finish", "feedback"]
    found = {f"GET {name}": client.get(address(talk, name)).status_code for name in names}
    fields = {"text": "Mine now", "turn": "0", "slot": "A", "score-A": "50", "open_feedback": "x"}
    found |= {f"POST {name}": client.post(address(talk, name), fields).status_code for name in names[1:]}
    found["GET events"] = client.get(address(talk, "events", 0)).status_code
    return found


GET_ONLY_BY_POST = {"GET say", "GET again", "GET rate", "GET choose", "GET finish"}


@SERVED
def test_another_participant_finds_nothing_at_any_address_of_a_conversation(study, person):
    talk = begin(person, study)
    say(person, talk, "My secret question")
    before = (talk.turns.count(), Rating.objects.count())
    stranger = come_in(study)
    codes = every_request(stranger, talk)
    assert {name: code for name, code in codes.items() if code != 404} == dict.fromkeys(GET_ONLY_BY_POST, 405)
    assert (talk.turns.count(), Rating.objects.count()) == before


@SERVED
def test_somebody_who_never_entered_finds_nothing_either(study, person):
    talk = begin(person, study)
    say(person, talk)
    codes = every_request(Client(), talk)
    assert set(codes.values()) == {403, 404, 405}
    assert codes["GET events"] == 404
    assert "What is fair?" not in Client().get(address(talk)).content.decode()


def test_an_address_of_another_study_leads_nowhere(study, person):
    talk = begin(person, study)
    other = make_talk_study()
    come_in(other, person)
    assert person.get(address(talk)).status_code == 200
    assert person.get(address(talk).replace(study.slug, other.slug)).status_code == 404


NO_CODES = ("c1", "x123456789", "c²", "c1234567890", "c-12345678", "c12345678x", "c٣٣٣٣٣٣٣٣٣", "c%00")


@SERVED
def test_only_the_exact_code_opens_a_conversation(study, person):
    talk = begin(person, study)
    say(person, talk)
    for code in (*NO_CODES, f"x{talk.number}", f"{talk.code}7", f"{talk.code}abc"):
        base = address(talk).replace(talk.code, code)
        assert person.get(base).status_code == 404, code
        assert person.post(f"{base}say/", {"text": "x"}).status_code == 404, code
        assert person.get(f"{base}turns/0/events/").status_code == 404, code
    assert talk.turns.count() == 1


@SERVED
def test_a_second_device_that_proved_nothing_sees_none_of_the_first_ones_chats(study):
    first, second = come_in(study, person=77), come_in(study, person=77)
    assert enrolment_of(first, study) == enrolment_of(second, study)
    assert not device_of(second, study).is_trusted
    talk = begin(first, study)
    turn = exchange(first, talk)
    assert set(every_request(second, talk).values()) <= {404, 405}
    assert second.get(overview(study)).status_code == 200
    own = begin(second, study)
    assert own != talk
    html = page(second, own)
    assert turn.text not in html
    assert "The answer in slot" not in html
    assert second.get(f"/studies/{study.slug}/my-data.json").status_code == 403


def test_a_trusted_second_device_goes_on_with_the_open_chat(study):
    first, second = come_in(study, person=78), come_in(study, person=78)
    talk = begin(first, study)
    device = device_of(second, study)
    device.is_trusted = True
    device.save()
    assert second.get(overview(study))["Location"] == address(talk)
    assert second.get(address(talk)).status_code == 200


# Messages


def test_an_empty_message_is_refused_and_any_other_stored_as_it_was_typed(study, person):
    talk = begin(person, study)
    for text in ("", "  \r\n ", "\x00"):
        answer = post(person, talk, "say", text=text)
        assert answer.status_code == 409
        assert "Please write a message first." in answer.content.decode()
    assert not Turn.objects.exists()
    text = "  <script>alert('é')</script>\x00 & 😀  "
    turn = say(person, talk, text)
    assert turn.text == "<script>alert('é')</script> & 😀"
    html = page(person, talk)
    assert "&lt;script&gt;" in html
    assert "<script>alert" not in html


def test_an_oversize_message_is_refused_and_stays_in_the_field(study, person):
    talk = begin(person, study)
    for length in (8001, 250_000):
        text = "Long " * (length // 5) + "x" * (length % 5)
        text = text[:-1] + "."
        answer = post(person, talk, "say", text=text)
        assert answer.status_code == 409
        assert f"Your message has {length} characters; 8000 is the most." in answer.content.decode()
        assert typed_text(answer.content.decode()) == text
    assert not Turn.objects.exists()
    # One of exactly the greatest length is taken, however its lines end.
    text = "line\r\n" * 1599 + "lines"
    assert say(person, talk, text).text == text.replace("\r\n", "\n")
    assert len(talk.turns.get().text) == 8000


def test_the_draft_of_a_message_goes_when_it_is_sent(study, person):
    talk = begin(person, study)
    html = page(person, talk)
    url = LexborHTMLParser(html).css_first("form#say").attributes["data-autosave"] or ""
    person.post(url, {"text": "Half a thou"})
    assert typed_text(page(person, talk)) == "Half a thou"
    say(person, talk, "A whole thought")
    assert not Draft.objects.exists()


def test_the_same_form_sent_again_is_the_same_turn(study, person):
    talk = begin(person, study)
    first = say(person, talk, key="k1")
    assert say(person, talk, key="k1") == first
    exchange_ = answer(first)
    rate(person, talk, first)
    assert say(person, talk, key="k1") == first
    assert (talk.turns.count(), len(exchange_)) == (1, first.responses.count())


@SERVED
def test_a_double_click_makes_one_turn(study, client):
    talk = begin(come_in(study, client), study)
    heres = at_once(*[lambda: chat.say(Conversation.objects.get(pk=talk.pk), "Is this one?", "same key")] * 6)
    assert {here.turn.pk for here in heres} == {Turn.objects.get().pk}
    assert Turn.objects.get().responses.count() == 4
    assert Turn.objects.get().draws.count() == 1


@SERVED
def test_of_two_windows_one_message_is_taken_and_the_other_text_is_kept(study, client):
    talk = begin(come_in(study, client), study)

    def send(text: str) -> Any:
        window = Client()
        window.cookies = client.cookies
        return window.post(address(talk, "say"), {"text": text, "form_key": f"key of {text}"})

    answers = at_once(lambda: send("From the left"), lambda: send("From the right"))
    assert sorted(answer.status_code for answer in answers) == [302, 409]
    turn = talk.turns.get()
    assert turn.number == 0
    kept = ({"From the left", "From the right"} - {turn.text}).pop()
    refusal = next(answer for answer in answers if answer.status_code == 409)
    assert "What you wrote is kept." in refusal.content.decode()
    answer(turn)
    rate(client, talk, turn)
    assert typed_text(page(client, talk)) == kept


def test_with_no_model_that_can_answer_the_text_stays_and_no_turn_is_made(person, study):
    PoolEntry.objects.update(is_on=False)
    talk = begin(person, study)
    answer = post(person, talk, "say", text="Anybody there?")
    assert answer.status_code == 409
    assert "No model can answer at the moment" in answer.content.decode()
    assert typed_text(answer.content.decode()) == "Anybody there?"
    assert not Turn.objects.exists()
    PoolEntry.objects.update(is_on=True)
    assert say(person, talk, "Anybody there?").responses.count() == 4


def test_no_message_while_answers_arrive_or_wait_for_their_rating(study, person):
    talk = begin(person, study)
    turn = say(person, talk)
    assert post(person, talk, "say", text="Too early").status_code == 409
    answer(turn)
    assert post(person, talk, "say", text="Still too early").status_code == 409
    assert talk.turns.count() == 1


def test_messages_faster_than_a_person_writes_are_refused_and_the_text_is_kept(
    study, person, settings, monkeypatch
):
    settings.RATE_LIMITS_ON = True
    monkeypatch.setattr(acts, "MOST_MESSAGES", 2)
    talk = begin(person, study)
    turn = say(person, talk, key="k1")
    say(person, talk, key="k1")
    refused = post(person, talk, "say", text="And a third one")
    assert refused.status_code == 409
    assert "very many messages" in refused.content.decode()
    assert post(person, talk, "again").status_code == 409
    assert list(talk.turns.all()) == [turn]
    assert Draft.objects.get().fields["text"] == ["And a third one"]


def test_another_device_of_the_same_person_shares_the_limit_of_messages(study, settings, monkeypatch):
    settings.RATE_LIMITS_ON = True
    monkeypatch.setattr(acts, "MOST_MESSAGES", 1)
    first = come_in(study, person=77)
    say(first, begin(first, study))
    second = come_in(study, person=77)
    assert post(second, begin(second, study), "say", text="From elsewhere").status_code == 409


def test_an_act_that_was_on_its_way_when_the_person_was_erased_stores_nothing(study, person):
    talk = begin(person, study)
    erasure.erase(talk.enrolment.participant, reason="asked for it")
    acts: list[Callable[[Conversation], object]] = [
        lambda talk: chat.say(talk, "Too late", "k"),
        lambda talk: chat.try_again(talk, "k"),
        chat.finish,
        lambda talk: chat.give_feedback(talk, {}, {}, "Too late", {}),
    ]
    for act in acts:
        with pytest.raises(chat.Refused):
            act(copy(talk))
    assert not talk.turns.exists()
    assert not Feedback.objects.exists()
