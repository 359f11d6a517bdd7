"""The study’s own questions after a conversation, as in a questionnaire, beside PRISM’s three or instead."""

import json

import pytest
from django.urls import reverse

from conversations.bots.answering import Filler
from conversations.bots.journal import expected_feedback
from conversations.bots.pages import read
from conversations.bots.people import Person
from conversations.models import Feedback
from conversations.protocols import parse
from surveys import erasure
from tests.conversations.talking import address, come_in, enrolment_of, make_talk_study, reach_feedback, rules
from tests.conversations.test_protocols import refusal

pytestmark = pytest.mark.django_db
BLOCKS = [
    {
        "key": "trust",
        "type": "matrix",
        "text": {"en": "How far do you agree?", "fr": "Êtes-vous d’accord ?"},
        "options": [{"value": "1", "label": {"en": "No", "fr": "Non"}}, {"value": "2", "label": "Yes"}],
        "items": [{"key": "trust", "label": "I trust it"}, {"key": "use", "label": "I would use it"}],
    },
    {
        "key": "tone",
        "type": "sliders",
        "text": "The tone",
        "scale": {"minimum": 0, "maximum": 10, "low": "Cold", "high": "Warm"},
        "items": [{"key": "tone", "label": "Tone"}],
        "required": False,
    },
    {
        "key": "why",
        "type": "multiple",
        "text": "Why?",
        "options": ["short", {"value": "other", "label": "Other", "asks_text": True}],
        "required": False,
    },
    {"key": "remark", "type": "long_text", "text": "Anything else?", "required": False},
]
ANSWERS = {
    "trust.trust": "1",
    "trust.use": "2",
    "tone.tone": "7",
    "why": ["short", "other"],
    "why.other_text": "my own reason",
    "remark": "Write to me: ann@example.org",
}


def own(**more):
    return make_talk_study(turns__minimum=1, feedback={"blocks": BLOCKS, **more})


def test_own_questions_are_asked_read_and_stored_with_what_erasing_takes_apart():
    study = own()
    person = come_in(study)
    talk = reach_feedback(person, study)
    html = person.get(address(talk, "feedback")).content.decode()
    assert "How far do you agree?" in html
    assert "performance." not in html
    assert 'name="open_feedback"' not in html
    refused = person.post(address(talk, "feedback"), ANSWERS | {"trust.use": ""})
    assert refused.status_code == 422
    assert "I would use it" in refused.content.decode()
    assert "my own reason" in refused.content.decode()
    assert not Feedback.objects.exists()
    assert person.post(address(talk, "feedback"), ANSWERS).status_code == 302
    stored = Feedback.objects.get()
    assert stored.blocks["trust"]["value"] == {"trust": "1", "use": "2"}
    assert (stored.blocks["tone"]["value"], stored.blocks["tone"]["status"]) == ({"tone": 7}, "answered")
    assert stored.blocks["why"]["value"] == ["short", "other"]
    assert stored.blocks["remark"] == {"value": None, "status": "answered", "trace": {}}
    assert stored.texts == {"why_text": {"other": "my own reason"}, "remark": ANSWERS["remark"]}
    assert (stored.performance, stored.choice, stored.text) == ({}, {}, "")
    mine = person.get(reverse("conversations:my_data", args=[study.slug])).json()
    assert mine["conversations"][0]["feedback"]["texts"]["remark"] == ANSWERS["remark"]
    erasure.clear(study.enrolments.all(), frozenset({erasure.Part.TEXTS}), reason="due")
    stored.refresh_from_db()
    assert (stored.texts, stored.blocks["why"]["value"]) == ({}, ["short", "other"])
    erasure.erase(enrolment_of(person, study).participant, reason="asked for it")
    stored.refresh_from_db()
    assert stored.blocks == {}


def test_they_speak_french_and_stand_beside_prisms_three():
    prism = json.loads(json.dumps(parse(rules()).feedback.attributes))
    assert len(prism) == 7
    import yaml

    document = yaml.safe_load(rules())
    document["feedback"]["blocks"] = BLOCKS
    study = make_talk_study(turns__minimum=1, feedback=document["feedback"])
    person = come_in(study)
    talk = reach_feedback(person, study)
    person.cookies["django_language"] = "fr"
    html = person.get(address(talk, "feedback")).content.decode()
    assert "Êtes-vous d’accord ?" in html
    assert "performance.values" in html
    fields = {**ANSWERS, "open_feedback": "Bien", "performance.values": "5"}
    assert person.post(address(talk, "feedback"), fields).status_code == 302
    stored = Feedback.objects.get()
    assert stored.performance["values"]["value"] == 5
    assert stored.text == "Bien"


def test_a_bot_fills_them_in_and_expects_what_is_stored():
    study = own()
    person = come_in(study)
    talk = reach_feedback(person, study)
    url = f"http://testserver{address(talk, 'feedback')}"
    form = read(url, person.get(address(talk, "feedback")).content.decode()).form()
    pairs = Filler(Person(1, 1), "en", "feedback", is_careful=True).fill(form)
    posted: dict[str, list[str]] = {}
    for name, value in pairs:
        posted.setdefault(name, []).append(value)
    assert person.post(address(talk, "feedback"), posted).status_code == 302
    stored = Feedback.objects.get()
    expected = expected_feedback(form, pairs)
    values = {key: block["value"] for key, block in stored.blocks.items()} | stored.texts
    for key, value in expected["blocks"].items():
        assert values.get(key) == value or (not values.get(key) and not value), key


@pytest.mark.parametrize(
    ("blocks", "place", "reason"),
    [
        ([], "feedback.blocks", "empty list"),
        ([{**BLOCKS[0], "type": "grid"}], "feedback.blocks[0].type", "not known"),
        ([{**BLOCKS[0], "key": "choice"}], "feedback.blocks[0].key", "shipped form"),
        ([{**BLOCKS[3], "text": {"fr": "Autre ?"}}], "feedback.blocks[0].text", "own language"),
    ],
)
def test_a_block_that_is_no_question_is_named_with_its_place(blocks, place, reason):
    message = refusal(rules(feedback={"blocks": blocks}))
    assert place in message
    assert reason in message
