"""Ratings decide who goes on; further turns and the end of the chat keep to the protocol."""

import random

import pytest
from selectolax.lexbor import LexborHTMLParser

from conversations import chat
from conversations.models import Conversation, Feedback, Rating
from surveys.models import Draft
from tests.conversations.talking import (
    SERVED,
    address,
    answer,
    at_once,
    begin,
    come_in,
    exchange,
    field,
    make_talk_study,
    page,
    post,
    rate,
    reach_feedback,
    say,
    typed_text,
)

pytestmark = pytest.mark.django_db


# Ratings


def test_a_rating_needs_every_answer_and_keeps_what_was_set(study, person):
    talk = begin(person, study)
    turn = say(person, talk)
    answer(turn)
    trace = '{"start": 40, "first": 55, "first_ms": 900, "last_ms": 2000, "moves": 3}'
    fields = {"score-A": "71", "score-A__trace": trace, "score-B": "", "score-D": "12"}
    refused = post(person, talk, "rate", turn=0, **fields)
    assert refused.status_code == 409
    html = refused.content.decode()
    assert "Please rate every answer. Still to do: B, C." in html
    assert [field(html, f"score-{slot}") for slot in "ABCD"] == ["71", "", "", "12"]
    assert field(html, "score-A__trace") == trace
    assert not Rating.objects.exists()
    assert field(page(person, talk), "score-A") == "71"
    assert rate(person, talk, turn, 71, 5, 5, 12).status_code == 302
    assert not Draft.objects.exists()


def test_a_score_off_the_scale_counts_as_untouched_and_one_of_a_slot_that_is_not_there_as_nothing(
    study, person
):
    talk = begin(person, study)
    turn = say(person, talk)
    early = rate(person, talk, turn)
    assert early.status_code == 409
    assert "The answers are not complete yet" in early.content.decode()
    answer(turn)
    for score in ("0", "101", "-5", "50.5", "5e1", "٥٠", "", "fifty", "9" * 400, "\x00"):
        refused = rate(person, talk, turn, score, 20, 30, 40)
        assert refused.status_code == 409
        assert "Still to do: A." in refused.content.decode(), score
        assert not Rating.objects.exists()
    fields = {f"score-{slot}": 50 + i for i, slot in enumerate("ABCDEFGHZ")} | {"score-": 99, "score-AB": 99}
    post(person, talk, "rate", turn=0, **fields)
    stored = dict(Rating.objects.values_list("response__slot", "score"))
    assert stored == {"A": 50, "B": 51, "C": 52, "D": 53}


def test_a_slider_keeps_its_start_first_touch_moves_and_times(study, person):
    talk = begin(person, study)
    turn = say(person, talk)
    answer(turn)
    good = '{"start": 37, "first": 60, "first_ms": 812, "last_ms": 4000, "moves": 5, "other": 1}'
    traces = {"A": good, "B": "not json", "C": '["a list"]', "D": '{"moves": "many", "first": 3}'}
    fields = {f"score-{slot}": 40 for slot in "ABCD"}
    post(person, talk, "rate", turn=0, **fields, **{f"score-{slot}__trace": t for slot, t in traces.items()})
    stored = dict(Rating.objects.values_list("response__slot", "trace"))
    assert stored["A"] == {"start": 37, "first": 60, "first_ms": 812, "last_ms": 4000, "moves": 5}
    assert (stored["B"], stored["C"], stored["D"]) == ({}, {}, {"first": 3})


def test_ratings_sent_again_change_nothing(study, person):
    talk = begin(person, study)
    turn = exchange(person, talk, 10, 20, 30, 40)
    before = list(Rating.objects.values_list("response__slot", "score", "at"))
    assert rate(person, talk, turn, 99, 98, 97, 96).status_code == 302
    assert list(Rating.objects.values_list("response__slot", "score", "at")) == before
    assert turn.choice.response.slot == "D"


@SERVED
def test_ratings_sent_twice_at_once_are_stored_once(study, client):
    talk = begin(come_in(study, client), study)
    turn = say(client, talk)
    answer(turn)
    given = {slot: chat.Score(50 + i, {}) for i, slot in enumerate("ABCD")}
    results = at_once(*[lambda: chat.rate(Conversation.objects.get(pk=talk.pk), 0, given)] * 4)
    assert results == [None] * 4
    assert Rating.objects.count() == 4


def test_an_answer_without_text_need_not_be_rated(study, person):
    talk = begin(person, study)
    turn = say(person, talk)
    responses = answer(turn)
    type(responses[0]).objects.filter(pk=responses[1].pk).update(state="failed", text="", failure="silent")
    html = page(person, talk)
    assert 'name="score-B"' not in html
    post(person, talk, "rate", turn=0, **{"score-A": 5, "score-B": 99, "score-C": 6, "score-D": 7})
    assert sorted(Rating.objects.values_list("response__slot", flat=True)) == ["A", "C", "D"]
    assert turn.choice.response.slot == "D"


def test_a_tie_waits_for_the_participant_who_may_choose_only_among_the_best(study, person):
    talk = begin(person, study)
    turn = exchange(person, talk, 80, 20, 80, 80)
    html = page(person, talk)
    offered = {b.attributes["value"] for b in LexborHTMLParser(html).css('button[name="slot"]')}
    assert offered == {"A", "C", "D"}
    for slot in ("B", "", "Z", "A "):
        refused = post(person, talk, "choose", slot=slot)
        assert (refused.status_code, hasattr(turn, "choice")) == (409, False)
    assert post(person, talk, "choose", slot="C").status_code == 302
    assert post(person, talk, "choose", slot="D").status_code == 302
    turn.refresh_from_db()
    assert (turn.choice.response.slot, turn.choice.rule) == ("C", "participant")
    assert turn.choice.tied == ["A", "C", "D"]


def test_where_the_protocol_says_so_a_tie_falls_by_a_seed_that_repeats_it(monkeypatch):
    monkeypatch.setattr(chat, "random_key", (f"seed {number}" for number in range(9)).__next__)
    study = make_talk_study(tie="random", continuation__samples=3)
    client = come_in(study)
    talk = begin(client, study)
    winners = []
    for turn in (exchange(client, talk, 80, 20, 80, 80), *(exchange(client, talk, 5, 5, 5) for _ in "1234")):
        assert turn.choice.rule == "random"
        assert turn.choice.tied == (["A", "C", "D"] if turn.number == 0 else ["A", "B", "C"])
        assert random.Random(turn.choice.seed).choice(turn.choice.tied) == turn.choice.response.slot
        winners.append(turn.choice.response.slot)
    assert len(set(winners)) > 1


# Further turns and the end


def test_the_highest_score_wins_and_the_winner_answers_twice_from_the_second_turn_on(study, person):
    talk = begin(person, study)
    first = exchange(person, talk, 10, 20, 90, 30)
    assert (first.choice.response.slot, first.choice.rule, first.choice.seed) == ("C", "highest", "")
    second = say(person, talk, "And then?")
    winner = first.choice.response.model
    responses = list(second.responses.order_by("slot"))
    assert [(r.slot, r.model) for r in responses] == [("A", winner), ("B", winner)]
    assert responses[0].seed != responses[1].seed
    assert not second.draws.exists()


def test_the_chat_ends_between_the_least_and_the_greatest_number_of_turns():
    study = make_talk_study(turns__minimum=2, turns__maximum=3)
    client = come_in(study)
    talk = begin(client, study)
    assert "at least 2 messages" in post(client, talk, "finish").content.decode()
    exchange(client, talk)
    assert "at least 2 messages" in post(client, talk, "finish").content.decode()
    assert address(talk, "finish") not in page(client, talk)
    exchange(client, talk)
    assert address(talk, "finish") in page(client, talk)
    turn = say(client, talk)
    answer(turn)
    assert "Please rate the newest answers" in post(client, talk, "finish").content.decode()
    rate(client, talk, turn)
    assert typed_text(page(client, talk)) is None
    assert post(client, talk, "say", text="One more").status_code == 409
    assert talk.turns.count() == 3
    assert post(client, talk, "finish").status_code == 302
    assert client.get(address(talk))["Location"] == address(talk, "feedback")


def test_nothing_is_said_or_finished_again_after_the_end(study, person):
    talk = reach_feedback(person, study)
    ended = Conversation.objects.get().chat_finished_at
    assert post(person, talk, "say", text="Wait!").status_code == 302
    assert post(person, talk, "finish").status_code == 302
    assert talk.turns.count() == 2
    assert Conversation.objects.get().chat_finished_at == ended


def test_a_stale_window_cannot_bring_a_conversation_back(study, person):
    talk = reach_feedback(person, study)
    stale = Conversation.objects.get()
    person.post(address(talk, "feedback"), {"open_feedback": "Good."})
    chat.finish(stale)
    chat.give_feedback(stale, {}, {}, "Twice", {})
    assert Conversation.objects.get().state == "complete"
    assert Feedback.objects.get().text == "Good."
    stale.state = "open"
    with pytest.raises(chat.Refused):
        chat.say(stale, "Hello again", "new key")
