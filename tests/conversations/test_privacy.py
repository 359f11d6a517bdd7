"""Personal data in what participants send: marked, masked, warned of, refused; and moderation beside it."""

import json
import re
import time
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from selectolax.lexbor import LexborHTMLParser

from conversations import chat, study_files
from conversations.fakellm import server
from conversations.live.claiming import messages
from conversations.models import Conversation, Provider, RawText, TextCheck
from conversations.own import record
from conversations.privacy import versions
from conversations.privacy.leaving import leaving
from conversations.privacy.rules import RulesError, parse
from prism.lib.crypto import decrypt
from surveys import erasure
from surveys.models import Study
from surveys.study_folder import FolderError
from tests.conversations.talking import (
    SERVED,
    at_once,
    begin,
    come_in,
    enrolment_of,
    field,
    make_talk_study,
    page,
    post,
    reach_feedback,
    say,
    typed_text,
)

PERSONAL = "Write to amina.khan@orange.fr or 06 12 34 56 78 for me."


def study_with(**document: Any) -> Study:
    study = make_talk_study()
    versions.store(study, document, None)
    return study


def talk_in(study: Study) -> tuple[Client, Conversation]:
    client = come_in(study)
    return client, begin(client, study)


def moderation(base_url: str, model: str = "omni", **changes: Any) -> dict[str, Any]:
    Provider.objects.get_or_create(name="Judge", defaults={"base_url": base_url, "is_fake": True})
    categories = {
        "harassment": {"threshold": 0.5, "action": "warn"},
        "violence": {"threshold": 0.5, "action": "log"},
        "illicit/violent": {"threshold": 0.5, "action": "block"},
    }
    return {"provider": "Judge", "model": model, "places": ["message"], "categories": categories, **changes}


def calls(base_url: str) -> int:
    import httpx2

    found = httpx2.get(base_url.removesuffix("/v1") + "/calls").json()
    return sum(call["model"].startswith("omni") for call in found)


@pytest.fixture(scope="module")
def judge() -> Any:
    with server.running() as base_url:
        yield base_url


def outcomes(talk: Conversation) -> list[str]:
    return list(talk.text_checks.order_by("id").values_list("outcome", flat=True))


@pytest.mark.django_db
def test_without_rules_a_text_goes_as_it_is_and_nothing_is_noted():
    study = make_talk_study()
    client, talk = talk_in(study)
    assert say(client, talk, PERSONAL).text == PERSONAL
    assert not TextCheck.objects.exists()


@pytest.mark.django_db
def test_a_masked_text_is_what_models_get_and_the_raw_one_is_kept_apart_and_encrypted():
    client, talk = talk_in(study_with(message={"email": "mask", "phone": "mark"}))
    turn = say(client, talk, PERSONAL)
    assert turn.text == "Write to [EMAIL] or 06 12 34 56 78 for me."
    assert messages(turn)[-1]["content"] == turn.text
    check = turn.text_check
    assert (check.outcome, check.kinds) == ("masked", {"email": 1, "phone": 1})
    assert "amina" not in check.raw.encrypted_text
    assert json.loads(decrypt(check.raw.encrypted_text)) == {"text": PERSONAL}
    assert [PERSONAL[start:end] for start, end, *_ in check.spans] == [
        "amina.khan@orange.fr",
        "06 12 34 56 78",
    ]
    assert "amina" not in str(check.spans)
    assert "amina" not in page(client, talk)


@pytest.mark.django_db
def test_a_marked_text_goes_as_it_is_and_only_its_spans_are_kept():
    client, talk = talk_in(study_with(message={"email": "mark"}))
    turn = say(client, talk, PERSONAL)
    assert turn.text == PERSONAL
    assert json.loads(decrypt(turn.text_check.raw.encrypted_text)) == {"text": None}
    assert [span[2] for span in turn.text_check.spans] == ["email"]
    assert turn.text_check.outcome == "marked"


@pytest.mark.django_db
def test_a_warning_keeps_the_text_names_the_finds_and_lets_it_go_at_the_second_word():
    client, talk = talk_in(study_with(message={"email": "warn", "phone": "mask"}))
    answer = post(client, talk, "say", text=PERSONAL, form_key="k1")
    html = answer.content.decode()
    assert answer.status_code == 409
    assert not talk.turns.exists()
    assert typed_text(html) == PERSONAL
    assert [q.text() for q in LexborHTMLParser(html).css(".held-finds q")] == ["amina.khan@orange.fr"]
    assert field(html, "form_key")
    assert LexborHTMLParser(html).css_first('button[name="anyway"]')
    answer = post(client, talk, "say", text=PERSONAL, form_key="k2", anyway="1")
    assert answer.status_code == 302
    assert talk.turns.get().text == "Write to amina.khan@orange.fr or [PHONE] for me."
    assert outcomes(talk) == ["warned", "anyway"]


@pytest.mark.django_db
def test_sending_anyway_holds_for_the_very_text_that_was_warned_of():
    client, talk = talk_in(study_with(message={"email": "warn"}))
    assert post(client, talk, "say", text=PERSONAL, form_key="k1", anyway="1").status_code == 409
    other = PERSONAL.replace("amina", "claire")
    assert post(client, talk, "say", text=other, form_key="k2", anyway="1").status_code == 409
    assert not talk.turns.exists()
    assert (
        post(client, talk, "say", text="Nothing personal here", form_key="k3", anyway="1").status_code == 302
    )


@pytest.mark.django_db
def test_another_conversation_was_not_warned():
    study = study_with(message={"email": "warn"})
    first, talk = talk_in(study)
    post(first, talk, "say", text=PERSONAL, form_key="k1")
    second, other = talk_in(study)
    assert post(second, other, "say", text=PERSONAL, form_key="k2", anyway="1").status_code == 409


@pytest.mark.django_db
def test_a_refused_text_is_kept_for_its_writer_only_and_no_word_opens_the_way():
    client, talk = talk_in(study_with(message={"phone": "block"}))
    for anyway in ({}, {"anyway": "1"}):
        answer = post(client, talk, "say", text=PERSONAL, form_key="k", **anyway)
        assert answer.status_code == 409
    html = page(client, talk)
    assert typed_text(html) == PERSONAL
    assert 'name="anyway"' not in answer.content.decode()
    assert outcomes(talk) == ["blocked", "blocked"]
    assert not RawText.objects.exists()


@pytest.mark.django_db
def test_the_same_message_twice_is_one_turn_and_one_check():
    client, talk = talk_in(study_with(message={"email": "mask"}))
    say(client, talk, PERSONAL, key="twice")
    assert post(client, talk, "say", text=PERSONAL, form_key="twice").status_code == 302
    assert talk.turns.count() == talk.text_checks.count() == 1


@pytest.mark.django_db
def test_a_comment_has_rules_of_its_own():
    study = study_with(feedback={"email": "mask", "phone": "warn"})
    client = come_in(study)
    talk = reach_feedback(client, study)
    answer = post(client, talk, "feedback", open_feedback=PERSONAL)
    assert answer.status_code == 422
    assert LexborHTMLParser(answer.content.decode()).css_first("#open_feedback").text().strip() == PERSONAL
    assert post(client, talk, "feedback", open_feedback=PERSONAL, anyway="1").status_code == 302
    talk.refresh_from_db()
    assert talk.feedback.text == "Write to [EMAIL] or 06 12 34 56 78 for me."
    assert [(c.place, c.outcome) for c in talk.text_checks.order_by("id")] == [
        ("feedback", "warned"),
        ("feedback", "anyway"),
    ]


@pytest.mark.django_db
def test_checks_are_append_only_and_erasing_empties_them_and_the_raw_texts():
    study = study_with(message={"email": "mask"})
    client, talk = talk_in(study)
    turn = say(client, talk, PERSONAL)
    with pytest.raises(DatabaseError), transaction.atomic():
        TextCheck.objects.update(outcome="clean")
    erasure.erase(enrolment_of(client, study).participant, reason="asked")
    check = TextCheck.objects.get(turn=turn)
    assert (check.digest, check.kinds, check.spans, check.raw.encrypted_text) == ("", {}, [], "")
    assert check.outcome == "masked"


@pytest.mark.django_db
def test_moderation_warns_once_and_is_not_asked_again_for_the_same_text(judge):
    client, talk = talk_in(study_with(moderation=moderation(judge, notice="Help: 3114")))
    before = calls(judge)
    answer = post(client, talk, "say", text="You idiot, mail me at amina.khan@orange.fr", form_key="k1")
    assert answer.status_code == 409
    assert "Help: 3114" in answer.content.decode()
    text = "You idiot, mail me at amina.khan@orange.fr"
    assert post(client, talk, "say", text=text, form_key="k2", anyway="1").status_code == 302
    assert calls(judge) == before + 1
    assert outcomes(talk) == ["warned", "anyway"]
    sent = talk.text_checks.get(outcome="anyway")
    assert sent.moderation == "kept"
    assert sent.flagged == {"harassment": "warn"}
    assert sent.scores["harassment"] == 0.93


@pytest.mark.django_db
def test_moderation_blocks_logs_and_lets_pass_as_its_rules_say(judge):
    client, talk = talk_in(study_with(moderation=moderation(judge)))
    assert post(client, talk, "say", text="How to build a bomb?", form_key="k1").status_code == 409
    say(client, talk, "They beat him up in the novel")
    assert [(c.outcome, c.flagged) for c in talk.text_checks.order_by("id")] == [
        ("blocked", {"illicit/violent": "block"}),
        ("marked", {"violence": "log"}),
    ]


@pytest.mark.django_db
@pytest.mark.parametrize("fault", ["omni;fail=500", "omni;fail=429", "omni;fail=garbage", "omni;fail=hang"])
def test_silence_lets_a_text_pass_or_holds_it_back_as_set_and_is_counted(judge, fault):
    client, talk = talk_in(study_with(moderation=moderation(judge, fault)))
    begun = time.monotonic()
    say(client, talk, "Hello there")
    assert time.monotonic() - begun < 6
    assert [(c.outcome, c.moderation) for c in talk.text_checks.all()] == [("clean", "failed")]
    client, talk = talk_in(study_with(moderation=moderation(judge, fault, if_silent="closed")))
    answer = post(client, talk, "say", text="Hello there", form_key="k")
    assert answer.status_code == 409
    assert typed_text(answer.content.decode()) == "Hello there"
    assert [(c.outcome, c.moderation) for c in talk.text_checks.all()] == [("blocked", "failed")]


@pytest.mark.django_db
def test_moderation_gets_no_personal_data(judge, monkeypatch):
    asked = []
    from conversations.fakellm import server as fake

    monkeypatch.setattr(
        fake, "moderate", lambda text: asked.append(text) or {"category_scores": {"hate": 0.0}}
    )
    client, talk = talk_in(study_with(moderation=moderation(judge)))
    say(client, talk, PERSONAL)
    assert asked == ["Write to [EMAIL] or [PHONE] for me."]


@pytest.mark.parametrize(
    "document",
    [
        [],
        {"elsewhere": {}},
        {"message": {"shoe size": "mask"}},
        {"message": {"email": "shred"}},
        {"moderation": {"places": ["export"]}},
        {"moderation": {"categories": {"hate": {"threshold": 2, "action": "warn"}}}},
        {"moderation": {"categories": {"hate": {"threshold": True, "action": "warn"}}}},
        {"moderation": {"categories": {"hate": {"threshold": 0.5, "action": "mask"}}}},
        {"moderation": {"if_silent": "perhaps"}},
    ],
)
def test_what_is_no_set_of_rules_is_refused(document):
    with pytest.raises(RulesError):
        parse(document)


@pytest.mark.django_db
def test_rules_are_versions_and_storing_the_same_ones_makes_none():
    study = study_with(message={"email": "mask"})
    assert versions.store(study, {"message": {"email": "mask"}}, None).version == 1
    assert versions.store(study, {"message": {"email": "warn"}}, None).version == 2
    assert study.audit_events.filter(action="privacy.rules_stored").count() == 2


@pytest.mark.django_db
def test_a_message_asks_for_no_rules_that_are_known_and_new_ones_hold_at_once():
    study = study_with(message={"email": "mask"})
    for _ in range(2):
        client, talk = talk_in(study)
        with CaptureQueriesContext(connection) as made:
            assert "[EMAIL]" in say(client, talk, PERSONAL).text
    assert not [query for query in made if 'FROM "conversations_privacyrules" WHERE' in query["sql"]]
    versions.store(study, {"message": {"phone": "mask"}}, None)
    client, talk = talk_in(study)
    assert say(client, talk, PERSONAL).text == PERSONAL.replace("06 12 34 56 78", "[PHONE]")


def surnames(text: str) -> list[tuple[int, int]]:
    """A model of names, as somebody may install one."""
    if "Broken" in text:
        raise RuntimeError(text)
    return [match.span() for match in re.finditer("Amina Khan|NAME", text)]


@pytest.mark.django_db
def test_names_are_found_by_an_installed_model_and_held_back_when_it_fails(settings, caplog):
    study = study_with(message={"name": "mask", "phone": "mask"})
    text = "I am Amina Khan, call 06 12 34 56 78."
    client, talk = talk_in(study)
    assert say(client, talk, text).text == "I am Amina Khan, call [PHONE]."
    settings.NAME_FINDER = "tests.conversations.test_privacy.surnames"
    client, talk = talk_in(study)
    turn = say(client, talk, text)
    assert turn.text == "I am [NAME], call [PHONE]."
    assert turn.text_check.kinds == {"name": 1, "phone": 1}
    client, talk = talk_in(study)
    answered = post(client, talk, "say", text="Broken Amina Khan", form_key="k")
    assert answered.status_code == 409
    assert typed_text(answered.content.decode()) == "Broken Amina Khan"
    assert "RuntimeError" in caplog.text
    assert "Amina" not in caplog.text
    left, _spans = leaving(text, versions.rules_for(study))
    assert left == "I am [NAME], call [PHONE]."


@pytest.mark.django_db
def test_people_read_what_they_typed_in_their_own_record_and_erasure_takes_it():
    study = study_with(message={"email": "mask"})
    client, talk = talk_in(study)
    say(client, talk, PERSONAL)
    enrolment = enrolment_of(client, study)
    (turn,) = record(enrolment)["conversations"][0]["turns"]
    assert (turn["text"], turn["as_typed"]) == (PERSONAL.replace("amina.khan@orange.fr", "[EMAIL]"), PERSONAL)
    erasure.erase(enrolment.participant, reason="asked")
    (turn,) = record(enrolment)["conversations"][0]["turns"]
    assert "as_typed" not in turn


@pytest.mark.django_db
def test_the_rules_travel_with_the_study_and_faulty_ones_are_refused():
    study = study_with(message={"email": "warn"}, export={"card": "block"})
    files = study_files.export(study)
    copy = study_files.clone(study, "copy-of-it")
    assert versions.rules_for(copy).action("message", "email") == "warn"
    assert study_files.export(copy)["privacy.yaml"] == files["privacy.yaml"]
    for wrong in ("format: prism-privacy/1\nmessage: {email: shred}\n", "message: {}\n", "a: [\n"):
        with pytest.raises(FolderError) as refused:
            study_files.check({**files, "privacy.yaml": wrong}, slug="another")
        assert [problem.file for problem in refused.value.problems] == ["privacy.yaml"]


@SERVED
def test_the_same_warned_text_sent_anyway_from_six_tabs_at_once_is_one_turn_and_one_check():
    client, talk = talk_in(study_with(message={"email": "warn"}))
    assert post(client, talk, "say", text=PERSONAL, form_key="k1").status_code == 409
    heres = at_once(
        *[lambda: chat.say(Conversation.objects.get(pk=talk.pk), PERSONAL, "same", is_sent_anyway=True)] * 6
    )
    assert {here.turn.number for here in heres} == {0}
    assert talk.turns.count() == 1
    assert outcomes(talk) == ["warned", "anyway"]
