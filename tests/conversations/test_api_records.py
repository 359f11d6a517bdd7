"""Conversations over the API, for reading: shape, filters, pages, and who gets texts."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from conversations.models import Conversation, RawText, Response
from conversations.privacy import versions
from prism.lib.crypto import encrypt
from surveys.models import AuditEvent, Enrolment
from surveys.models.people import Role
from surveys.models.token import Scope
from surveys.quality import deciding
from tests.factories import (
    make_conversation,
    make_enrolment,
    make_member,
    make_models,
    make_reaction,
    make_report,
    make_study,
    make_text_check,
    make_vote,
)
from tests.surveys.programs import asked, assert_problem, follow, secret_of, sent

pytestmark = pytest.mark.django_db
MAIL = "Write to ann.example@example.org about it."


def codes(study, secret, what="conversations", **wanted) -> list[str]:
    answer = asked(f"studies/{study.slug}/{what}/", secret, **wanted)
    assert answer.status_code == 200, answer.content.decode()
    name = "code" if what == "conversations" else "conversation"
    return [row[name] for row in answer.json()["results"]]


def test_a_conversation_is_shown_whole_and_texts_only_with_right_scope_and_wish():
    study = make_study()
    pair = make_models(2, study)
    talk = make_conversation(make_enrolment(study), models=pair, turns=2)
    first = talk.turns.get(number=0)
    make_vote(first, comment=MAIL, reasons_a=["clear"])
    versions.store(study, {"export": {"email": "warn"}}, None)
    make_text_check(talk, turn=first, spans=[[9, 32, "email", "address", 0.9]])
    answer = first.responses.first()
    Response.objects.filter(pk=answer.pk).update(
        text=MAIL, reasoning="Hm.", tokens_out=7, finish_reason="length", cost="0.000012", first_token_ms=120
    )
    make_reaction(answer, False, comment=MAIL)
    full = make_member(study, Role.ANALYST, may_export_full=True)
    address = f"studies/{study.slug}/conversations/{talk.code}/"

    plain = asked(address, secret_of(full)).json()
    assert (plain["code"], plain["participant"], plain["state"]) == (
        talk.code,
        talk.enrolment.code,
        "complete",
    )
    turn = plain["turns"][0]
    shown = turn["responses"][0]
    assert [shown[name] for name in ("slot", "model", "tokens_out", "is_truncated", "first_token_ms")] == [
        *("A", pair[0].name, 7, True, 120)
    ]
    assert (shown["cost"], shown["currency"], shown["rating"]["score"]) == ("0.000012", "USD", 90)
    assert turn["choice"]["slot"] == "A"
    assert (turn["vote"]["choice"], turn["vote"]["model_b"]) == ("a_better", pair[1].name)
    found = {"start": 9, "end": 32, "kind": "email", "rule": "address", "confidence": 0.9}
    assert (turn["text_check"]["outcome"], turn["text_check"]["spans"]) == ("masked", [found])
    assert turn["draws"][0]["drawn"] == [model.name for model in pair]
    assert plain["feedback"]["performance"]["values"]["value"] == 60
    texts = [turn["text"], shown["text"], shown["reasoning"], turn["vote"]["comment"]]
    assert [*texts, shown["reactions"][0]["comment"], plain["feedback"]["text"]] == [None] * 6
    assert not AuditEvent.objects.filter(action="api.texts_read").exists()

    without_right = secret_of(make_member(study, Role.OWNER))
    assert "export in full" in assert_problem(asked(address, without_right, text="with"), 403)["detail"]
    without_scope = secret_of(full, Scope.CONVERSATIONS)
    assert Scope.TEXTS in assert_problem(asked(address, without_scope, text="with"), 403)["detail"]
    said = asked(address, secret_of(full), text="with").json()["turns"][0]
    assert said["text"] == first.text
    assert said["responses"][0]["reasoning"] == "Hm."
    for text in (said["responses"][0]["text"], said["vote"]["comment"]):
        assert "ann.example" not in text  # masked, where nobody is asked
        assert text.startswith("Write to ")
    event = AuditEvent.objects.get(action="api.texts_read")
    assert (event.actor, event.study) == (full, study)


def test_a_text_as_it_was_typed_is_opened_with_a_right_and_a_reason_and_leaves_a_trace():
    study = make_study()
    talk = make_conversation(make_enrolment(study), turns=1)
    check = make_text_check(talk, turn=talk.turns.get(), spans=[[9, 32, "email", "address", 0.9]])
    raw = RawText.objects.create(check_of=check, encrypted_text=encrypt(json.dumps({"text": MAIL})))
    user = make_member(study, may_reidentify=True)
    secret, here = secret_of(user), f"studies/{study.slug}/raw-texts/"
    (listed,) = asked(here, secret).json()["results"]
    assert (listed["conversation"], listed["kinds"]) == (talk.code, {"email": 1})
    assert_problem(sent(f"{here}{raw.pk}/", secret, reason="why"), 400)
    assert not AuditEvent.objects.filter(action="privacy.raw_text_opened").exists()
    assert_problem(sent(f"{here}{raw.pk}/", secret_of(make_member(study)), reason="A court asks for it"), 403)
    opened = sent(f"{here}{raw.pk}/", secret, reason="A court asks for it").json()
    assert opened == {
        "text": MAIL,
        "places": [{"words": "ann.example@example.org", "kind": "email", "rule": "address"}],
    }
    event = AuditEvent.objects.get(action="privacy.raw_text_opened")
    assert (event.actor, event.detail["reason"]) == (user, "A court asks for it")
    elsewhere = secret_of(make_member(make_study(), may_reidentify=True))
    assert_problem(sent(f"{here}{raw.pk}/", elsewhere, reason="A court asks for it"), 404)


def test_lists_are_narrowed_and_leave_out_what_an_export_leaves_out():
    study, other = make_study(), make_study()
    user = make_member(study)
    secret = secret_of(user)
    pair = make_models(2, study)
    people = [make_enrolment(study) for _ in range(5)] + [make_enrolment(study, is_test=True)]
    talks = [make_conversation(person, models=pair, turns=1) for person in people]
    make_conversation(make_enrolment(other), models=pair)
    old, excluded, withdrawn, erased, new, test = (talk.code for talk in talks)
    deciding.decide([people[1]], "exclude", "Copied every answer", user)
    Enrolment.objects.filter(pk=people[2].pk).update(outcome="withdrawn", outcome_at=timezone.now())
    Enrolment.objects.filter(pk=people[3].pk).update(erased_at=timezone.now())
    day = timezone.now() - timedelta(days=1)
    Conversation.objects.filter(pk=talks[0].pk).update(
        started_at=day - timedelta(hours=1), type="values", mode="small"
    )
    for talk in talks:
        make_vote(talk.turns.get(), "b_better" if talk.code == new else "idk")
        make_reaction(talk.turns.get().responses.first())
        make_report(talk)

    assert codes(study, secret) == [old, new]
    for what, times in (("turns", 1), ("ratings", 2), ("votes", 1), ("reactions", 1), ("reports", 1)):
        assert codes(study, secret, what) == [code for code in (old, new) for _ in range(times)], what
        assert codes(study, secret, what, conversation=new, participant=people[4].code) == [new] * times
    assert codes(study, secret, excluded="with") == [old, excluded, new]
    assert codes(study, secret, excluded="only") == [excluded]
    assert codes(study, secret, test="only") == codes(study, secret, "votes", test="only") == [test]
    assert codes(study, secret, type="values") == codes(study, secret, mode="small") == [old]
    assert codes(study, secret, started_before=day.isoformat()) == [old]
    assert codes(study, secret, started_after=day.isoformat(), state="complete") == [new]
    assert codes(study, secret, participant=people[4].code) == [new]
    assert codes(study, secret, "votes", choice="b_better") == [new]
    assert codes(study, secret, "votes", blind="false") == []
    assert codes(study, secret, "votes", model=pair[1].name) == [old, new]
    assert codes(study, secret, "ratings", model=pair[1].name) == [old, new]
    for gone in (withdrawn, erased):
        assert_problem(asked(f"studies/{study.slug}/conversations/{gone}/", secret), 404)
    assert_problem(asked(f"studies/{other.slug}/conversations/{new}/", secret), 404)
    wrong = assert_problem(asked(f"studies/{study.slug}/votes/", secret, choise="idk", mode="none"), 400)
    assert wrong["errors"].keys() == {"mode"}
    assert (
        "choise" in assert_problem(asked(f"studies/{study.slug}/votes/", secret, choise="x"), 400)["errors"]
    )


def test_what_changed_since_a_moment_is_found_by_any_event():
    study = make_study()
    secret = secret_of(make_member(study))
    quiet, answered, reacted = (make_conversation(make_enrolment(study), turns=1) for _ in range(3))
    before = timezone.now()
    for talk in (quiet, answered, reacted):
        assert talk.finished_at < before
    Response.objects.filter(turn__conversation=answered, slot="B").update(finished_at=timezone.now())
    make_reaction(reacted.turns.get().responses.first())
    since = before.isoformat()
    assert codes(study, secret, changed_after=since) == [answered.code, reacted.code]
    assert codes(study, secret, "turns", changed_after=since) == [answered.code, reacted.code]
    assert codes(study, secret, changed_after=timezone.now().isoformat()) == []


def test_pages_show_each_row_once_while_rows_are_added():
    study = make_study()
    secret = secret_of(make_member(study))
    pair = make_models(2, study)
    before = [make_conversation(make_enrolment(study), models=pair, turns=1).code for _ in range(5)]
    page = asked(f"studies/{study.slug}/turns/", secret, limit=2).json()
    seen = [row["conversation"] for row in page["results"]]
    after = make_conversation(make_enrolment(study), models=pair, turns=1).code
    while page["next"]:
        page = follow(page["next"], secret)
        seen += [row["conversation"] for row in page["results"]]
    assert seen == [*before, after]
