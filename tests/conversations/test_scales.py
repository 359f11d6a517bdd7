"""Answers are rated on the scale of the protocol: sliders, Likert points, a choice of the best, places."""

import random

import pytest
from django.db import IntegrityError, transaction
from selectolax.lexbor import LexborHTMLParser

from conversations import chat
from conversations.models import Choice, Conversation, Rating, Response
from conversations.studies import load_protocol
from surveys.erasure import erase
from tests.conversations.talking import (
    SERVED,
    answer,
    at_once,
    begin,
    come_in,
    enrolment_of,
    exchange,
    make_talk_study,
    page,
    post,
    rules,
    say,
)

pytestmark = pytest.mark.django_db
LIKERT = {"kind": "likert", "labels": [{"en": "Poor", "fr": "Mauvais"}, "So-so", "Good"]}
PAIR = {"kind": "pairwise", "ties": ["both_good", "both_bad"]}
ORDER = {"kind": "ranking"}


def asked(rating, models: int = 4, **changes):
    """Somebody whose first message was answered by so many models: client, conversation, turn."""
    study = make_talk_study(models=models, opening__models=models, rating=rating, **changes)
    client = come_in(study)
    talk = begin(client, study)
    turn = say(client, talk)
    answer(turn)
    return client, talk, turn


def controls(html: str, name: str) -> list[dict[str, str | None]]:
    """The controls of the rating form that send this name."""
    found = LexborHTMLParser(html).css(f'#rate [name="{name}"]')
    return [dict(node.attributes) for node in found]


def stored(turn) -> dict[str, tuple]:
    rows = Rating.objects.filter(response__turn=turn)
    return {r.response.slot: (r.kind, r.score, r.rank, r.tie) for r in rows.select_related("response")}


def test_a_likert_scale_is_answered_by_radio_buttons_with_words_in_the_readers_language():
    client, talk, turn = asked(LIKERT, models=2)
    html = page(client, talk)
    assert [c["value"] for c in controls(html, "score-A")] == ["1", "2", "3"]
    assert {c["type"] for c in controls(html, "score-B")} == {"radio"}
    assert "Poor" in html
    assert "Mauvais" not in html
    client.cookies["django_language"] = "fr"
    assert "Mauvais" in client.get(f"/studies/{talk.study.slug}/conversations/{talk.code}/").content.decode()
    del client.cookies["django_language"]
    for wrong in ("", "0", "4", "3.5", "x"):
        refused = post(client, talk, "rate", turn=0, **{"score-A": "2", "score-B": wrong})
        assert refused.status_code == 409
        assert "Still to do: B." in refused.content.decode()
    assert [c["value"] for c in controls(page(client, talk), "score-A") if "checked" in c] == ["2"]
    assert not Rating.objects.exists()
    assert post(client, talk, "rate", turn=0, **{"score-A": "2", "score-B": "3"}).status_code == 302
    assert stored(turn) == {"A": ("likert", 2, None, ""), "B": ("likert", 3, None, "")}
    assert (turn.choice.response.slot, turn.choice.rule) == ("B", "highest")
    record = client.get(f"/studies/{talk.study.slug}/my-data.json").json()
    assert record["conversations"][0]["turns"][0]["answers"]["B"]["score"] == 3
    assert "you gave 3" in client.get(f"/studies/{talk.study.slug}/mine/").content.decode()


def test_likert_points_with_words_at_the_ends_are_numbers_and_the_feedback_keeps_sliders_to_100():
    ends = {"kind": "likert", "points": 7, "low": "Awful", "high": "Superb"}
    client, talk, turn = asked(ends, models=2, turns__minimum=1)
    html = page(client, talk)
    assert [c["value"] for c in controls(html, "score-A")] == list("1234567")
    assert html.count("Awful") == html.count("Superb") == 2
    post(client, talk, "rate", turn=0, **{"score-A": "7", "score-B": "1"})
    assert turn.choice.response.slot == "A"
    post(client, talk, "finish")
    sent = {"performance.values": "93", "open_feedback": "Good."}
    assert client.post(f"/studies/{talk.study.slug}/conversations/{talk.code}/feedback/", sent).status_code
    assert Conversation.objects.get(pk=talk.pk).feedback.performance["values"]["value"] == 93


def test_of_two_answers_the_better_one_is_named_or_both_are_called_good_or_bad():
    client, talk, turn = asked(PAIR, models=2)
    html = page(client, talk)
    assert [c["value"] for c in controls(html, "best")] == ["A", "B", "both_good", "both_bad"]
    assert "Which answer is better?" in html
    assert "Both are good" in html
    for wrong in ("", "C", "equal", "A "):
        refused = post(client, talk, "rate", turn=0, best=wrong)
        assert (refused.status_code, Rating.objects.count()) == (409, 0)
    assert "Please say first which answer is best." in refused.content.decode()
    post(client, talk, "rate", turn=0, best="B")
    post(client, talk, "rate", turn=0, best="A")  # too late
    assert stored(turn) == {"A": ("pairwise", None, 2, ""), "B": ("pairwise", None, 1, "")}
    assert (turn.choice.response.slot, turn.choice.rule) == ("B", "highest")
    second = say(client, talk, "And then?")
    answer(second)
    post(client, talk, "rate", turn=1, best="both_bad")
    assert set(stored(second).values()) == {("pairwise", None, 1, "both_bad")}
    assert not Choice.objects.filter(turn=second).exists()
    assert post(client, talk, "choose", slot="A").status_code == 302
    assert (second.choice.rule, second.choice.tied) == ("participant", ["A", "B"])
    own = client.get(f"/studies/{talk.study.slug}/mine/").content.decode()
    assert "you gave it place 2" in own
    assert "Both are bad" in own


def test_of_several_the_best_is_named_and_a_tie_falls_by_chance_where_the_protocol_says_so():
    client, talk, turn = asked({"kind": "pairwise", "ties": ["equal"]}, tie="random")
    html = page(client, talk)
    assert "Which answer is best?" in html
    assert "None is better" in html
    post(client, talk, "rate", turn=0, best="equal")
    assert turn.choice.rule == "random"
    assert random.Random(turn.choice.seed).choice(turn.choice.tied) == turn.choice.response.slot
    assert turn.choice.tied == list("ABCD")


def test_a_ranking_gives_every_answer_a_place_of_its_own():
    client, talk, turn = asked(ORDER)
    html = page(client, talk)
    assert "data-ranking" in html
    assert "js/ranking.js" in html
    assert [c["inputmode"] for c in controls(html, "place-C")] == ["numeric"]
    for wrong in (("1", "2", "2", "3"), ("1", "2", "3", "5"), ("1", "2", "3", "")):
        fields = dict(zip(("place-A", "place-B", "place-C", "place-D"), wrong, strict=True))
        refused = post(client, talk, "rate", turn=0, **fields)
        assert refused.status_code == 409
    assert "Please put the answers in order" in refused.content.decode()
    assert "Still without a place: D." in refused.content.decode()
    assert not Rating.objects.exists()
    places = {"place-A": "3", "place-B": "1", "place-C": "4", "place-D": "2"}
    draft = f"/studies/{talk.study.slug}/draft/{chat.draft_page(talk, 'rate')}/"
    assert client.post(draft, places).status_code == 200
    typed = LexborHTMLParser(page(client, talk)).css(".q-place input")
    assert [field.attributes["name"][-1] for field in typed] == ["B", "D", "A", "C"]
    assert post(client, talk, "rate", turn=0, **places).status_code == 302
    assert stored(turn) == {
        slot: ("ranking", None, rank, "") for slot, rank in zip("ABCD", (3, 1, 4, 2), strict=True)
    }
    assert (turn.choice.response.slot, turn.choice.rule) == ("B", "highest")


def test_where_places_may_be_shared_the_same_order_is_always_stored_alike():
    client, talk, turn = asked({"kind": "ranking", "ties": True})
    assert len(LexborHTMLParser(page(client, talk)).css("select#place-A option")) == 5
    places = {"place-A": "2", "place-B": "1", "place-C": "1", "place-D": "2"}
    refused = post(client, talk, "rate", turn=0, **places | {"place-C": ""}).content.decode()
    assert "Please give every answer a place, 1 for the best. Still without one: C." in refused
    assert post(client, talk, "rate", turn=0, **places).status_code == 302
    assert [row[2] for row in stored(turn).values()] == [3, 1, 1, 3]
    html = page(client, talk)
    assert "Several answers share the first place." in html
    assert post(client, talk, "choose", slot="A").status_code == 409
    assert post(client, talk, "choose", slot="C").status_code == 302


@pytest.mark.parametrize("rating", [PAIR, ORDER], ids=["pairwise", "ranking"])
def test_one_answer_alone_is_not_compared_with_anything(rating):
    client, talk, turn = asked(rating, models=2)
    turn.responses.filter(slot="A").update(state="failed", text="", failure="silent")
    html = page(client, talk)
    assert "Only one answer arrived" in html
    assert not controls(html, "best") + controls(html, "place-B")
    assert post(client, talk, "rate", turn=0).status_code == 302
    assert (turn.choice.response.slot, turn.choice.rule) == ("B", "only")
    assert not Rating.objects.exists()
    assert 'id="text"' in page(client, talk)


def test_the_database_takes_no_rating_that_does_not_fit_its_kind():
    _client, _talk, turn = asked(PAIR, models=2)
    response = Response.objects.filter(turn=turn).first()
    wrong = [
        {"kind": "slider", "rank": 1},
        {"kind": "likert", "score": 12},
        {"kind": "ranking", "score": 3},
        {"kind": "ranking", "rank": 9},
        {"kind": "pairwise", "rank": 2, "tie": "equal"},
        {"kind": "pairwise", "rank": 1, "tie": "so-so"},
    ]
    for fields in wrong:
        with pytest.raises(IntegrityError), transaction.atomic():
            Rating.objects.create(response=response, **fields)
    Rating.objects.create(response=response, kind="pairwise", rank=1, tie="both_good")


def test_erasing_somebody_leaves_no_place_and_no_tie_behind():
    client, talk, turn = asked(PAIR, models=2)
    post(client, talk, "rate", turn=0, best="both_bad")
    assert {row[3] for row in stored(turn).values()} == {"both_bad"}
    erase(enrolment_of(client, talk.study).participant, reason="asked for")
    assert set(stored(turn).values()) == {("pairwise", None, None, "")}


def test_a_new_scale_in_mid_study_holds_for_who_begins_after_it():
    study = make_talk_study(models=2, opening__models=2)
    early, late = come_in(study), come_in(study)
    first = begin(early, study)
    load_protocol(study, rules(opening__models=2, rating=ORDER))
    exchange(early, first, 40, 60)
    second = begin(late, study)
    turn = say(late, second)
    answer(turn)
    assert "data-ranking" in page(late, second)
    assert post(late, second, "rate", turn=0, **{"place-A": "2", "place-B": "1"}).status_code == 302
    say(early, first)
    answer(first.turns.latest("number"))
    assert "data-slider" in page(early, first)
    assert (first.protocol.version, second.protocol.version) == (1, 2)
    assert {r.kind for r in Rating.objects.filter(response__turn__conversation=first)} == {"slider"}
    assert chat.current_protocol(enrolment_of(early, study)).version == 1


@SERVED
def test_an_order_and_a_choice_sent_twice_at_once_are_stored_once():
    _client, talk, turn = asked(PAIR, models=2, continuation={"who": "participant", "samples": 2})
    mine = [lambda best=best: chat.rate(Conversation.objects.get(pk=talk.pk), 0, {}, best) for best in "ABAB"]
    assert at_once(*mine) == [None] * 4
    assert Rating.objects.count() == 2
    assert sorted(row[2] for row in stored(turn).values()) == [1, 2]
    picks = [lambda slot=slot: chat.choose(Conversation.objects.get(pk=talk.pk), slot) for slot in "ABAB"]
    assert at_once(*picks) == [None] * 4
    assert Choice.objects.get(turn=turn).rule == "continuation"
