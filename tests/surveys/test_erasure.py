"""Erasing a participant: nothing they gave stays readable, and that they were erased does."""

from typing import Any

import pytest
from django.apps import apps
from django.db import models
from django.test import Client

from conversations.models import (
    Attempt,
    Choice,
    Conversation,
    Draw,
    Feedback,
    Rating,
    Response,
    Turn,
)
from surveys import erasure, identity, journey
from surveys.models import (
    Answer,
    AuditEvent,
    Consent,
    Draft,
    Enrolment,
    Identity,
    PageSubmission,
    PanelSubmission,
    Participant,
)
from tests.factories import make_conversation, make_models, make_response, make_user
from tests.surveys.visitors import (
    START,
    USE,
    VIEWS,
    address,
    make_small_study,
    newcomer,
    save_draft,
    submit,
    tables_with,
)

pytestmark = pytest.mark.django_db
WORDS = "zebra finches"
OTHERS = "grey herons"


def leading_to_participant() -> set[type[models.Model]]:
    """Every model of the project whose rows belong to a participant, however far away."""
    found: set[type[models.Model]] = {Participant}
    while True:
        more = {model for model in apps.get_models() if _points_into(model, found)} - found
        if not more:
            return found
        found |= more


def _points_into(model: type[models.Model], targets: set[type[models.Model]]) -> bool:
    fields = [*model._meta.fields, *model._meta.many_to_many]
    return any(field.remote_field and field.remote_field.model in targets for field in fields)


def person_who_wrote(words: str, study: Any) -> Enrolment:
    """Somebody with a survey, an open draft, a conversation, ratings and feedback, `words` in every text."""
    client, enrolment = newcomer(study)
    submit(client, study, "start", START | {"why": words})
    submit(client, study, "use", USE | {"purposes.other_text": words})
    submit(client, study, "views", VIEWS | {"words": words, "story": words, "colour.own_text": words})
    talk(client, study, enrolment, words)
    return enrolment


def talk(client: Client, study: Any, enrolment: Enrolment, words: str) -> None:
    chosen = make_models(4)
    conversation = make_conversation(enrolment, turns=1, complete=False, models=chosen)
    said = Turn.objects.create(conversation=conversation, number=1, key="k", text=f"I like {words}")
    answered = make_response(said, "A", chosen[0], text=f"So you like {words}")
    Attempt.objects.create(response=answered, number=1, text=f"So you like {words}", detail=f"cut at {words}")
    Rating.objects.create(response=answered, score=70, trace={"note": words})
    feedback = {"values": {"value": 50, "status": "answered", "trace": {}}}
    Feedback.objects.create(
        conversation=conversation, performance=feedback, choice=feedback, order={"note": words}, text=words
    )
    page = f"chat:{conversation.code}:say"
    client.post(address(study, f"draft/{page}/"), {"text": f"And {words}"})
    journey.note(enrolment, "noted", text=words)


@pytest.fixture
def study():
    return make_small_study()


def test_every_model_that_leads_to_a_participant_is_erased_or_exempt():
    erased = {model for model, _part in erasure.erasers}
    declared = erased | set(erasure.exemptions)
    found = leading_to_participant()
    assert {Identity, Answer, Draft, Turn, Response, Attempt, Rating, Feedback, Draw, Choice} <= found
    assert found - declared == set(), "these models need an eraser or an exemption"
    assert set(erasure.exemptions) <= found, "these models lead to nobody"
    assert not erased & set(erasure.exemptions)
    assert all(reason.strip() for reason in erasure.exemptions.values())


def test_no_word_that_the_person_wrote_is_left_anywhere(study):
    enrolment = person_who_wrote(WORDS, study)
    assert tables_with(WORDS) == {
        "surveys_answer",
        "surveys_draft",
        "surveys_enrolmentevent",
        "conversations_turn",
        "conversations_response",
        "conversations_attempt",
        "conversations_rating",
        "conversations_feedback",
    }
    erasure.erase(enrolment.participant, reason="asked for it")
    assert tables_with(WORDS) == set()


def test_choices_numbers_and_ratings_are_gone_too(study):
    enrolment = person_who_wrote(WORDS, study)
    erasure.erase(enrolment.participant, reason="asked for it")
    mine = {"response__turn__conversation__enrolment": enrolment}
    assert not Answer.objects.filter(submission__enrolment=enrolment).exclude(value=None, trace={}).exists()
    assert not Rating.objects.filter(**mine).exclude(score=None, trace={}).exists()
    feedback = Feedback.objects.get(conversation__enrolment=enrolment)
    assert (feedback.performance, feedback.choice, feedback.order, feedback.text) == ({}, {}, {}, "")


def test_rows_codes_and_the_proof_of_consent_stay(study):
    enrolment = person_who_wrote(WORDS, study)
    kept = (
        Answer,
        PageSubmission,
        Consent,
        Conversation,
        Turn,
        Draw,
        Response,
        Attempt,
        Rating,
        Choice,
        Feedback,
    )
    before = [model._default_manager.count() for model in kept]
    code, talks = enrolment.code, list(enrolment.conversations.values_list("number", flat=True))
    erasure.erase(enrolment.participant, reason="asked for it")
    assert [model._default_manager.count() for model in kept] == before
    assert 0 not in before
    enrolment.refresh_from_db()
    assert enrolment.code == code
    assert list(enrolment.conversations.values_list("number", flat=True)) == talks
    assert enrolment.participant.erased_at is not None
    assert not PanelSubmission.objects.exists()
    assert not Draft.objects.exists()


def test_the_panels_id_cannot_be_read_back(study):
    _, enrolment = newcomer(study)
    member = make_user()
    assert identity.panel_id(enrolment, member, "before").startswith("5f")
    erasure.erase(enrolment.participant, reason="asked for it")
    assert identity.panel_id(enrolment, member, "after") == ""
    assert Identity.objects.get().encrypted_id == ""


def test_a_tombstone_names_the_code_and_the_reason_in_every_study(study):
    _, enrolment = newcomer(study)
    elsewhere = make_small_study()
    second = Enrolment.objects.create(participant=enrolment.participant, study=elsewhere)
    erasure.erase(enrolment.participant, reason="asked for it")
    events = AuditEvent.objects.filter(action="participant.erased")
    assert {(event.study, event.subject) for event in events} == {
        (study, enrolment.code),
        (elsewhere, second.code),
    }
    assert {event.detail["reason"] for event in events} == {"asked for it"}


def test_another_person_keeps_everything(study):
    enrolment, other = person_who_wrote(WORDS, study), person_who_wrote(OTHERS, study)
    before = tables_with(OTHERS)
    client, late = newcomer(study)
    save_draft(client, study, "start", {"uses": "Yes", "why": "Not finished"})
    erasure.erase(enrolment.participant, reason="asked for it")
    assert tables_with(OTHERS) == before
    assert len(before) == 8
    assert tables_with("Not finished") == {"surveys_draft"}
    assert other.participant.erased_at is None
    assert late.panel_submissions.exists()


def test_it_says_how_many_rows_of_each_model_it_changed(study):
    _, enrolment = newcomer(study)
    counts = erasure.erase(enrolment.participant, reason="asked for it")
    assert counts["Identity"] == counts["PanelSubmission"] == 1
    assert counts["EnrolmentEvent"] == 2
    assert counts["Turn"] == 0


def test_if_one_part_fails_nothing_is_erased(study, monkeypatch):
    enrolment = person_who_wrote(WORDS, study)
    before = tables_with(WORDS)

    def fail(enrolments: Any) -> int:
        raise RuntimeError("the disk is full")

    monkeypatch.setitem(erasure.erasers, (Feedback, erasure.Part.REST), fail)
    with pytest.raises(RuntimeError):
        erasure.erase(enrolment.participant, reason="asked for it")
    assert tables_with(WORDS) == before
    enrolment.participant.refresh_from_db()
    assert enrolment.participant.erased_at is None
    assert not AuditEvent.objects.filter(action="participant.erased").exists()
