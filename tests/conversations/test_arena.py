"""The blind arena: from the terms to the reveal, by whole requests."""

from functools import partial

import pytest
from django.db import IntegrityError
from django.test import Client

from conversations import drawing
from conversations.models import (
    Conversation,
    Draw,
    LanguageModel,
    Reaction,
    Response,
    Turn,
    Vote,
)
from surveys.models import Consent, Enrolment, Participant
from tests.conversations.comparing import (
    HOME,
    ask,
    asked_and_answered,
    enter,
    names,
    open_arena,
    page,
    vote,
    voted,
    where,
)
from tests.conversations.talking import SERVED, answer, at_once
from tests.surveys.visitors import same_browser

pytestmark = pytest.mark.django_db


@pytest.fixture
def arena():
    return open_arena()


@pytest.fixture
def visitor(arena):
    return enter()


# Coming in


def test_looking_at_the_arena_stores_nothing(arena):
    answered = Client().get(HOME)
    assert answered.status_code == 200
    assert "Two answers, no names" in answered.content.decode()
    assert not Participant.objects.exists()
    assert not any(name.startswith("prism-device") for name in answered.cookies)


def test_who_agrees_is_a_participant_with_a_consent_of_this_version(visitor, arena):
    consent = Consent.objects.get()
    assert consent.agreed
    assert consent.document == arena.consent_document
    assert consent.document_sha256 == arena.consent_document.sha256
    assert Enrolment.objects.get().study == arena
    assert visitor.get(f"/studies/{arena.slug}/")["Location"] == HOME
    again = same_browser(visitor).post("/arena/begin/", {"consent": "on", "door_key": "another"})
    assert again.status_code == 302
    assert Enrolment.objects.count() == 1, "a second window and a second click are the same visitor"


def test_who_does_not_tick_the_box_is_asked_again_and_nothing_is_stored(arena):
    answered = Client().post("/arena/begin/", {"door_key": "abc"})
    assert answered.status_code == 422
    assert "Nothing has been stored yet" in answered.content.decode()
    assert not Enrolment.objects.exists()


def test_a_closed_arena_lets_nobody_in_and_takes_no_message(arena):
    client = enter()
    arena.state = "closed"
    arena.save()
    assert Client().get(HOME).status_code == 410
    assert Client().post("/arena/begin/", {"consent": "on", "door_key": "abc"}).status_code == 410
    assert client.post(HOME, {"text": "Hello", "form_key": "k", "mode": "random"}).status_code == 409
    assert not Conversation.objects.exists()


def test_without_an_arena_the_address_says_so():
    assert Client().get(HOME).status_code == 404


# Asking


def test_a_message_draws_two_different_models_with_odds_and_seed(visitor):
    talk = ask(visitor)
    responses = list(talk.turns.get().responses.order_by("slot"))
    assert [response.slot for response in responses] == ["A", "B"]
    draw = Draw.objects.get()
    assert draw.drawn == [response.model_id for response in responses]
    assert len(set(draw.drawn)) == 2
    assert draw.seed
    assert draw.rule["mode"] == talk.mode == "random"
    assert sum(entry["inclusion"] for entry in draw.pool) == pytest.approx(2)


def test_a_script_gets_the_comparison_with_its_address_and_no_page_around_it(visitor):
    form = {"text": "Hello", "form_key": "k", "mode": "random"}
    answered = [visitor.post(HOME, form, headers={"X-Prism-Part": "talk"}) for _ in range(2)]
    talk = Conversation.objects.get()
    for one in answered:
        assert (one.status_code, one["Content-Location"]) == (200, where(talk))
        assert 'id="talk"' in one.content.decode()
        assert "<html" not in one.content.decode()
        assert not [name for name in names() if name in one.content.decode()]


def test_a_message_is_a_draft_until_it_is_sent(visitor, arena):
    typed = {"text": "Half a thought"}
    visitor.post(f"/studies/{arena.slug}/draft/arena:ask/", typed)
    assert "Half a thought" in visitor.get(HOME).content.decode()
    ask(visitor, **typed)
    assert "Half a thought" not in visitor.get(HOME).content.decode()


def test_a_script_whose_message_is_refused_gets_the_page_with_all_that_was_typed(visitor):
    form = {"text": "  ", "topic": "", "form_key": "k", "mode": "random"}
    answered = visitor.post(HOME, form, headers={"X-Prism-Part": "talk"})
    assert (answered.status_code, "Content-Location" in answered) == (409, False)
    assert "Please write a message first." in answered.content.decode()
    assert 'id="main"' in answered.content.decode()


def draw_again(turn: Turn, times: int) -> None:
    """As many further draws for the same message, by what draws for every first one."""
    for _ in range(times):
        drawing.open_turn(turn, turn.conversation.protocol.parsed())


def test_slots_are_a_fair_coin_also_where_one_model_is_much_likelier(arena, visitor):
    """Of 40 draws of the same two, each order comes at least 5 times but for chance of 3 in a million."""
    LanguageModel.objects.exclude(pk__in=LanguageModel.objects.order_by("pk")[:2]).update(status="disabled")
    turn = ask(visitor).turns.get()
    draw_again(turn, 39)
    orders = [tuple(drawn) for drawn in turn.draws.values_list("drawn", flat=True)]
    assert len(orders) == 40
    assert len(set(orders)) == 2
    assert 5 <= orders.count(orders[0]) <= 35


def test_a_mode_draws_from_the_models_it_names(visitor):
    billions = dict(LanguageModel.objects.values_list("pk", "billions"))
    for mode, expected in (("small", [[7, 7]]), ("big-vs-small", [[7, 200], [200, 7]]), ("random", None)):
        turn = ask(visitor, mode=mode).turns.get()
        draw_again(turn, 5)
        shown = list(turn.responses.order_by("slot").values_list("model", flat=True))
        drawn = list(turn.draws.order_by("pk").values_list("drawn", flat=True))
        assert drawn[0] == shown
        for pair in drawn:
            assert expected is None or [billions[model] for model in pair] in expected


def test_a_mode_without_models_enough_is_refused_and_draws_nobody_else(arena, visitor):
    LanguageModel.objects.update(billions=None)
    answered = visitor.post(HOME, {"text": "Hello", "form_key": "k", "mode": "small"})
    assert answered.status_code == 409
    assert "not enough models for this choice" in answered.content.decode()
    assert "Hello" in answered.content.decode()
    assert not Turn.objects.exists()


def test_models_can_be_picked_by_hand_and_the_vote_says_so(visitor):
    wanted = LanguageModel.objects.order_by("pk")[2]
    talk, _turn = voted(visitor, mode="custom", pick=[wanted.name, ""])
    assert wanted.pk in Draw.objects.get().drawn
    made = Vote.objects.get()
    assert made.custom
    assert made.mode == "custom"
    assert talk.picked == [wanted.pk]


def test_a_forged_pick_is_refused_and_so_is_a_model_that_is_switched_off(visitor):
    model = LanguageModel.objects.first()
    LanguageModel.objects.filter(pk=model.pk).update(status="disabled")
    for picks in (["no such model"], [], ["a", "b", "c"], [model.name]):
        sent = {"text": "Hello", "form_key": "k", "mode": "custom", "pick": picks}
        assert visitor.post(HOME, sent).status_code == 409, picks
    assert not Conversation.objects.exists()


def test_an_empty_message_begins_nothing_and_the_same_form_sent_twice_one_conversation(visitor):
    assert visitor.post(HOME, {"text": "  ", "form_key": "k", "mode": "random"}).status_code == 409
    assert not Turn.objects.exists()
    assert "You have not compared anything yet" in visitor.get("/arena/history/").content.decode()
    for _ in range(2):
        visitor.post(HOME, {"text": "Hello", "form_key": "once", "mode": "random"})
    assert Conversation.objects.count() == Turn.objects.count() == 1


def test_a_suggestion_fills_in_the_field_in_the_language_of_the_page(visitor):
    english = visitor.get(f"{HOME}?use=explain:1").content.decode()
    assert "What is the difference between weather and climate?" in english
    french = visitor.get(f"{HOME}?use=explain:1", headers={"accept-language": "fr"}).content.decode()
    assert "Quelle est la différence" in french


# Voting


def test_a_vote_is_stored_with_all_that_decides_where_it_counts(visitor):
    talk, turn = asked_and_answered(visitor)
    Response.objects.filter(turn=turn, slot="A").update(
        text="# Title\n\n**Bold** and\n- one\n- two\n\n```\n**x**\n```", first_text_ms=120, total_ms=900
    )
    vote(visitor, talk, "b_better", **{"reasons-B": ["useful", "nonsense"], "comment": " Clear. "})
    made = Vote.objects.get()
    a, b = turn.responses.order_by("slot")
    assert (made.turn, made.choice, made.blind, made.mode) == (turn, "b_better", True, "random")
    assert (made.response_a, made.response_b, made.model_a, made.model_b) == (a, b, a.model, b.model)
    assert made.draw == a.draw
    assert (made.reasons_a, made.reasons_b, made.comment) == ([], ["useful"], "Clear.")
    assert made.style_a == {
        "characters": 22,
        "headers": 1,
        "bold": 1,
        "lists": 2,
        "emoji": 0,
        "code_blocks": 1,
    }
    assert (made.first_text_ms_a, made.total_ms_a) == (120, 900)
    assert not any([made.custom, made.cached, made.failed_a, made.replaced_a, made.leaked_a])
    assert made.language == "en"
    assert made.ms_to_vote is not None


def test_a_choice_of_the_five_is_needed_and_is_neither_changed_nor_stored_twice(visitor):
    talk, _turn = asked_and_answered(visitor)
    for choice in ("", "equal"):
        answered = vote(visitor, talk, choice, comment="I think so")
        assert answered.status_code == 409
        assert "I think so" in answered.content.decode()
    assert not Vote.objects.exists()
    vote(visitor, talk, "a_better")
    vote(visitor, talk, "b_better")
    made = Vote.objects.get()
    assert made.choice == "a_better"
    made.pk = None
    with pytest.raises(IntegrityError):  # the database takes one vote a turn on two models
        made.save(force_insert=True)


@SERVED
def test_a_double_click_is_one_vote():
    open_arena()
    client = enter()
    talk, _turn = asked_and_answered(client)
    windows = [same_browser(client) for _ in range(4)]
    results = at_once(*[partial(vote, window, talk, "both_good") for window in windows])
    assert all(result.status_code == 302 for result in results)
    assert Vote.objects.count() == 1


def test_nobody_votes_before_both_answers_are_complete_nor_writes_on_before_the_vote(visitor):
    talk = ask(visitor)
    assert vote(visitor, talk).status_code == 409
    answer(talk.turns.get(), state="streaming")
    assert vote(visitor, talk).status_code == 409
    assert not Vote.objects.exists()
    answer(talk.turns.get())
    assert visitor.post(where(talk, "say/"), {"text": "And then?", "form_key": "k2"}).status_code == 409
    assert talk.turns.count() == 1


def test_one_answer_alone_is_not_compared_and_the_other_slot_is_asked_again(visitor):
    talk, turn = asked_and_answered(visitor)
    empty = turn.responses.get(slot="B")
    Response.objects.filter(pk=empty.pk).update(text="", state="failed", failure="silent")
    assert vote(visitor, talk).status_code == 409
    assert "Only one answer arrived" in page(visitor, talk)
    visitor.post(where(talk, "again/"), {"form_key": "again"})
    kept, fresh = turn.responses.shown().order_by("slot")
    assert kept.state == "done"
    assert fresh.state == "waiting"
    assert fresh.model_id not in {kept.model_id, empty.model_id}
    answer(turn)
    vote(visitor, talk)
    assert Vote.objects.get().replaced_b


def test_an_answer_that_is_not_whole_is_marked_on_the_page_and_on_the_vote(visitor):
    for end, said in (
        ({"state": "failed", "failure": "cut"}, "This answer stopped before its end."),
        ({"finish_reason": "length"}, "This answer reached its greatest length."),
    ):
        talk, turn = asked_and_answered(visitor)
        turn.responses.filter(slot="A").update(**end)
        assert page(visitor, talk).count(said) == 1
        vote(visitor, talk)
        made = Vote.objects.get(turn=turn)
        assert (made.failed_a, made.failed_b) == (True, False)


def test_an_answer_that_says_who_wrote_it_is_marked_with_span_and_rule(visitor):
    talk, turn = asked_and_answered(visitor)
    model = turn.responses.get(slot="A").model
    text = f"Well, I am {model.short_name}."
    turn.responses.filter(slot="A").update(text=text)
    vote(visitor, talk)
    made = Vote.objects.get()
    assert (made.leaked_a, made.leaked_b) == (True, False)
    spans = {text[leak["start"] : leak["end"]] for leak in made.leaks}
    assert model.short_name in spans
    assert {leak["slot"] for leak in made.leaks} == {"A"}


# The reveal


def test_models_are_named_only_after_the_vote_and_the_reveal(visitor):
    talk, _turn = asked_and_answered(visitor)
    assert not any(name in page(visitor, talk) for name in names())
    assert visitor.post(where(talk, "reveal/")).status_code == 409
    vote(visitor, talk)
    assert not any(name in page(visitor, talk) for name in names())
    assert visitor.post(where(talk, "reveal/")).status_code == 302
    shown = page(visitor, talk)
    assert sum(name in shown for name in names()) == 2


def test_both_models_go_on_with_what_each_said_and_votes_after_the_reveal_are_not_blind(visitor):
    from conversations.live.claiming import messages

    talk, first = voted(visitor)
    visitor.post(where(talk, "reveal/"))
    visitor.post(where(talk, "say/"), {"text": "And then?", "form_key": "k2"})
    second = talk.turns.latest("number")
    assert list(second.responses.values_list("slot", "model")) == list(
        first.responses.values_list("slot", "model")
    )
    assert [said["content"] for said in messages(second, "B")] == [
        "What is fair?",
        "The answer in slot B.",
        "And then?",
    ]
    answer(second)
    vote(visitor, talk, "idk")
    assert [made.blind for made in Vote.objects.order_by("pk")] == [True, False]


# Reactions


def test_a_reaction_is_kept_apart_from_votes_and_withdrawn_and_every_act_asks_for_its_token(visitor):
    talk, _turn = asked_and_answered(visitor)
    for thumb in ("up", "up", "down", "none"):
        visitor.post(where(talk, "react/"), {"turn": 0, "slot": "A", "thumb": thumb})
    assert list(Reaction.objects.order_by("pk").values_list("liked", flat=True)) == [True, False, None]
    assert not Vote.objects.exists()
    assert visitor.post(where(talk, "react/"), {"turn": 0, "slot": "C", "thumb": "up"}).status_code == 409
    strict = same_browser(visitor, enforce_csrf_checks=True)
    for path in (HOME, "/arena/begin/", where(talk, "vote/"), where(talk, "reveal/")):
        assert strict.post(path, {"turn": 0, "choice": "a_better"}).status_code == 403


def test_why_an_answer_was_liked_or_not_is_kept_with_its_thumb_and_shown_again(visitor):
    talk, _turn = voted(visitor)
    react = partial(visitor.post, where(talk, "react/"))
    why = {"why": ["useful", "incorrect", "nonsense"], "remark": " To the point. "}
    for _twice in range(2):
        react({"turn": 0, "slot": "A", "thumb": "up", **why})
    kept = Reaction.objects.get()  # a fault is no reason to like it
    assert (kept.liked, kept.reasons, kept.comment) == (True, ["useful"], "To the point.")
    page = visitor.get(where(talk)).content.decode()
    assert ">To the point.</textarea>" in page
    assert 'value="useful" checked' in " ".join(page.split())
    react({"turn": 0, "slot": "A", "thumb": "none", **why})
    taken_back = Reaction.objects.latest("pk")
    assert (taken_back.liked, taken_back.reasons, taken_back.comment) == (None, [], "")
    assert "To the point." not in visitor.get(where(talk)).content.decode()


# Whose it is


def test_strangers_can_neither_read_nor_act(visitor, arena):
    talk, _turn = asked_and_answered(visitor)
    stranger = enter()
    assert stranger.get(where(talk)).status_code == 404
    assert Client().get(where(talk)).status_code == 302
    for act in ("say/", "again/", "vote/", "reveal/", "react/"):
        assert stranger.post(where(talk, act), {"turn": 0, "choice": "a_better"}).status_code == 404, act
        assert Client().post(where(talk, act)).status_code == 302, act
    assert not Vote.objects.exists()
    assert not Reaction.objects.exists()


@SERVED
def test_strangers_cannot_listen_to_the_stream():
    open_arena()
    talk = ask(enter())
    for client in (enter(), Client()):
        assert client.get(where(talk, "turns/0/events/")).status_code == 404


def test_the_history_is_the_visitors_own_and_masked_until_the_reveal(visitor):
    voted(visitor, text="About the first thing")
    talk, _turn = voted(visitor, text="About the second thing")
    listed = visitor.get("/arena/history/").content.decode()
    assert "About the first thing" in listed
    assert not any(name in listed for name in names())
    visitor.post(where(talk, "reveal/"))
    listed = visitor.get("/arena/history/").content.decode()
    assert sum(name in listed for name in names()) == 2
    assert "About the first thing" not in enter().get("/arena/history/").content.decode()


def test_who_withdraws_takes_texts_and_votes_along_and_may_begin_anew(visitor, arena):
    voted(visitor, "b_better")
    assert visitor.post(f"/studies/{arena.slug}/mine/withdraw/", {"confirm": "on"}).status_code in {200, 302}
    assert Turn.objects.get().text == ""
    assert Vote.objects.get().choice == ""
    assert "Two answers, no names" in visitor.get(HOME).content.decode()
