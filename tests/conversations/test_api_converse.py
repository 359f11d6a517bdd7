"""Conversations that a program holds for a participant: the pages' verbs, blind, and its own people only."""

import pytest
from django.test import Client

from conversations.models import Conversation, LanguageModel, Reaction, RepeatRating, Vote
from conversations.privacy import versions
from surveys.models import AuditEvent, Consent, Device
from surveys.models.token import Scope
from tests.conversations.comparing import open_arena
from tests.conversations.talking import answer, make_talk_study
from tests.factories import make_enrolment, make_member
from tests.surveys.programs import asked, assert_problem, secret_of, sent

pytestmark = pytest.mark.django_db


def open_study(**changes):
    """A study of nothing but conversations, for whoever comes."""
    study = make_talk_study(**changes)
    study.panel = {"kind": "open"}
    study.save()
    return study


def bring_in(study, secret, key="anna", **body) -> dict:
    said = sent(f"studies/{study.slug}/participants/", secret, key=key, **body)
    assert said.status_code in {200, 201}, said.content.decode()
    return said.json()


def identities(study) -> list[str]:
    names = LanguageModel.objects.filter(pools__study=study).values_list("name", "identifier", "short_name")
    return [word for row in names for word in row]


def assert_blind(study, said) -> dict:
    shown = said.content.decode()
    assert [word for word in identities(study) if word in shown] == []
    return said.json()


def test_a_program_holds_rated_conversations_to_their_end_without_learning_a_model():
    study = open_study(turns__minimum=1)
    secret = secret_of(make_member(study), Scope.CONVERSE)
    person = bring_in(study, secret)
    assert person["stage"] == "conversations"
    kinds = {kind["key"]: kind["left"] for kind in person["kinds"]}
    here = f"studies/{study.slug}/participants/{person['code']}/"
    for kind, number in kinds.items():
        for _ in range(number):
            begun = assert_blind(study, sent(f"{here}conversations/", secret, type=kind))
            talk = f"{here}conversations/{begun['code']}/"
            assert (begun["now"], begun["turns"]) == ("opening", [])
            assert_problem(sent(f"{talk}finish/", secret), 409)
            said = assert_blind(study, sent(f"{talk}say/", secret, text="What is fair?", key="one"))
            again = assert_blind(study, sent(f"{talk}say/", secret, text="What is fair?", key="one"))
            assert (said["now"], len(again["turns"])) == ("answering", 1)
            answer(Conversation.objects.latest("pk").turns.get(), "An answer in {slot}.")
            seen = assert_blind(study, asked(talk, secret))
            slots = {slot["slot"]: slot for slot in seen["turns"][0]["slots"]}
            assert (seen["now"], seen["asks"]["kind"], seen["asks"]["maximum"]) == ("rating", "slider", 100)
            assert slots["A"]["text"] == "An answer in A."
            assert {slot["card"] for slot in slots.values()} == {None}
            missing = assert_problem(sent(f"{talk}rate/", secret, turn=0, scores={"A": 900}), 409)
            assert "B" in missing["detail"]
            tie = dict.fromkeys(slots, 50)
            assert assert_blind(study, sent(f"{talk}rate/", secret, turn=0, scores=tie))["choosable"] == list(
                slots
            )
            chosen = assert_blind(study, sent(f"{talk}choose/", secret, slot="B"))
            assert (chosen["now"], chosen["may_finish"]) == ("replying", True)
            asks = assert_blind(study, sent(f"{talk}finish/", secret))["asks"]
            assert [part["block"] for part in asks["sliders"]] == ["performance", "choice"]
            attributes = [one["key"] for one in asks["attributes"]]
            given = {
                "performance": dict.fromkeys(attributes, 70),
                "choice": {"values": None},
                "text": "Well.",
            }
            assert assert_blind(study, sent(f"{talk}feedback/", secret, **given))["now"] == "over"
    feedback = Conversation.objects.latest("pk").feedback
    assert feedback.performance["values"] == {"value": 70, "status": "answered", "trace": {}}
    assert {each["status"] for each in feedback.choice.values()} == {"untouched"}
    done = assert_blind(study, asked(here, secret))
    assert (done["outcome"], done["kinds"]) == ("complete", [])
    assert_problem(sent(f"{here}conversations/", secret, type="unguided"), 409)
    assert Device.objects.get().form == "program"
    event = AuditEvent.objects.get(action="participant.brought_in")
    assert (event.subject, event.study) == (person["code"], study)


def test_a_program_compares_in_the_arena_after_the_person_agreed_themselves():
    study = open_arena()
    secret = secret_of(make_member(study), Scope.CONVERSE)
    person = bring_in(study, secret)
    here = f"studies/{study.slug}/participants/{person['code']}/"
    wish = {"text": "What is fair?", "key": "k1", "mode": "big-vs-small"}
    assert (person["stage"], person["modes"]) == ("consent", [])
    assert "consent" in assert_problem(sent(f"{here}conversations/", secret, **wish), 409)["detail"]
    assert not Consent.objects.exists()

    browser = Client()
    page = browser.get(person["link"], follow=True)
    assert page.status_code == 200
    browser.post(f"/studies/{study.slug}/consent/", {"consent": "on"})
    assert Consent.objects.get().agreed
    open_now = asked(here, secret).json()
    assert (open_now["stage"], "big-vs-small" in open_now["modes"]) == ("conversations", True)
    talk_said = assert_blind(study, sent(f"{here}conversations/", secret, **wish))
    assert sent(f"{here}conversations/", secret, **wish).json()["code"] == talk_said["code"]
    talk = f"{here}conversations/{talk_said['code']}/"
    turn = Conversation.objects.get().turns.get()
    assert_problem(sent(f"{talk}vote/", secret, turn=0, choice="a_better"), 409)
    answer(turn)
    assert_problem(sent(f"{talk}reveal/", secret), 409)
    ballot = assert_blind(study, asked(talk, secret))["asks"]
    assert {one["value"] for one in ballot["choices"]} == set(Vote.Choice.values) - {"equal"}
    reasons = {"A": [ballot["reasons"][0]["key"]]}
    voted = sent(f"{talk}vote/", secret, turn=0, choice="a_better", reasons=reasons, language="fr")
    assert assert_blind(study, voted)["turns"][0]["vote"] == "a_better"
    sent(f"{talk}vote/", secret, turn=0, choice="b_better")
    vote = Vote.objects.get()
    assert (vote.choice, vote.blind, vote.language, vote.reasons_a) == ("a_better", True, "fr", reasons["A"])
    faults = [reason["key"] for reason in ballot["reasons"] if not reason["is_praise"]]
    why = {"reasons": [*faults[:1], *reasons["A"]], "comment": "Wrong year."}
    liked = assert_blind(study, sent(f"{talk}react/", secret, turn=0, slot="B", liked=False, **why))
    assert [slot["liked"] for slot in liked["turns"][0]["slots"]] == [None, False]
    given = Reaction.objects.get()
    assert (given.liked, given.reasons, given.comment) == (False, faults[:1], "Wrong year.")
    assert "choice" in assert_problem(sent(f"{talk}vote/", secret, turn=0, choice="c"), 400)["errors"]

    shown = sent(f"{talk}reveal/", secret).json()
    names = [slot["card"]["name"] for slot in shown["turns"][0]["slots"]]
    assert names == [vote.model_a.short_name, vote.model_b.short_name]
    assert sent(f"{talk}report/", secret, kind="broken", text="It stopped.").status_code == 200
    assert Conversation.objects.get().reports.get().text == "It stopped."


def test_answers_are_ranked_and_what_waits_to_be_rated_comes_before_anything_new():
    study = open_study(
        turns__minimum=1, opening__models=3, rating={"kind": "ranking", "ties": False}, repeats={"chance": 1}
    )
    secret = secret_of(make_member(study), Scope.CONVERSE)
    here = f"studies/{study.slug}/participants/{bring_in(study, secret)['code']}/"
    assert_problem(asked(f"{here}to-rate/", secret), 404)
    talk = f"{here}conversations/{sent(f'{here}conversations/', secret, type='unguided').json()['code']}/"
    sent(f"{talk}say/", secret, text="What is fair?")
    turn = Conversation.objects.get().turns.get()
    answer(turn, "An answer in {slot}.")
    assert_problem(sent(f"{talk}rate/", secret, turn=0, scores={"A": 1, "B": 1, "C": 2}), 409)
    ranked = assert_blind(study, sent(f"{talk}rate/", secret, turn=0, scores={"A": 2, "B": 1, "C": 3}))
    assert [slot["is_chosen"] for slot in ranked["turns"][0]["slots"]] == [False, True, False]
    sent(f"{talk}finish/", secret)
    assert sent(f"{talk}feedback/", secret, text="Well.").status_code == 200

    assert asked(here, secret).json()["has_answers_to_rate"] is True
    assert_problem(sent(f"{here}conversations/", secret, type="unguided"), 409)
    waiting = assert_blind(study, asked(f"{here}to-rate/", secret))
    texts = {slot["text"]: slot["slot"] for slot in waiting["turn"]["slots"]}
    assert list(texts) != ["An answer in A.", "An answer in B.", "An answer in C."]
    places = {texts[f"An answer in {letter}."]: place for letter, place in (("A", 1), ("B", 2), ("C", 3))}
    number = waiting["turn"]["number"]
    after = assert_blind(study, sent(f"{here}to-rate/", secret, turn=number, scores=places))
    assert after["has_answers_to_rate"] is False
    again = RepeatRating.objects.order_by("response__slot").values_list("response__slot", "rank")
    assert list(again) == [("A", 1), ("B", 2), ("C", 3)]


def test_texts_that_are_paced_are_not_told_before_all_are_complete():
    study = open_study(pacing="together")
    secret = secret_of(make_member(study), Scope.CONVERSE)
    here = f"studies/{study.slug}/participants/{bring_in(study, secret)['code']}/conversations/"
    talk = sent(here, secret, type="unguided").json()["code"]
    sent(f"{here}{talk}/say/", secret, text="What is fair?")
    turn = Conversation.objects.get().turns.get()
    answer(turn)
    turn.responses.filter(slot="D").update(state="streaming", text="")
    slots = assert_blind(study, asked(f"{here}{talk}/", secret))["turns"][0]["slots"]
    assert {(slot["text"], slot["is_finished"]) for slot in slots} == {("", False)}


def test_only_people_whom_a_program_brought_in_are_found_and_only_what_it_wrote():
    study = open_study()
    secret = secret_of(make_member(study), Scope.CONVERSE)
    by_door = make_enrolment(study)
    assert_problem(asked(f"studies/{study.slug}/participants/{by_door.code}/", secret), 404)
    person = bring_in(study, secret)
    assert bring_in(study, secret)["code"] == person["code"]
    assert bring_in(study, secret, "bert")["code"] != person["code"]
    here = f"studies/{study.slug}/participants/{person['code']}/conversations/"
    in_browser = Client()
    in_browser.get(person["link"], follow=True)
    in_browser.post(f"/studies/{study.slug}/conversations/", {"type": "unguided"})
    theirs = Conversation.objects.get()
    assert_problem(asked(f"{here}{theirs.code}/", secret), 404)
    assert sent(here, secret, type="unguided").json()["code"] != theirs.code


def test_people_come_in_as_the_study_lets_them():
    study = open_study()
    secret = secret_of(make_member(study), Scope.CONVERSE)
    address = f"studies/{study.slug}/participants/"
    study.state = "closed"
    study.save()
    assert_problem(sent(address, secret, key="anna"), 409)
    assert bring_in(study, secret, is_test=True)["is_test"] is True
    study.state, study.panel = "open", {"kind": "prolific"}
    study.save()
    assert_problem(sent(address, secret, key="bert"), 409)


def test_a_text_is_held_back_as_on_the_page_and_sent_all_the_same_if_wanted():
    study = open_study()
    versions.store(study, {"message": {"email": "warn"}}, None)
    secret = secret_of(make_member(study), Scope.CONVERSE)
    here = f"studies/{study.slug}/participants/{bring_in(study, secret)['code']}/conversations/"
    talk = sent(here, secret, type="unguided").json()["code"]
    text = "Write to amina.khan@orange.fr for me."
    held = assert_problem(sent(f"{here}{talk}/say/", secret, text=text), 409)
    assert (held["found"], held["may_send_anyway"]) == (["amina.khan@orange.fr"], True)
    assert sent(f"{here}{talk}/say/", secret, text=text, anyway=True).json()["turns"][0]["text"] == text
