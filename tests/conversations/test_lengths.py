"""System prompts, bounds of messages and answers, and suggestions, as people and models meet them."""

import hashlib

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from conversations import counting
from conversations.fakellm.server import running
from conversations.live.claiming import take
from conversations.models import Attempt, SystemPrompt
from tests.conversations.talking import (
    SERVED,
    begin,
    come_in,
    let_models_answer,
    make_speakers,
    make_talk_study,
    page,
    post,
    say,
    typed_text,
)

pytestmark = pytest.mark.django_db
TYPES = [
    {
        "key": "unguided",
        "label": {"en": "Anything", "fr": "Ce qui vient"},
        "text": "Talk.",
        "required": 2,
    },
    {
        "key": "values guided",
        "label": "Values",
        "text": {"en": "About values.", "fr": "Des valeurs."},
        "hint": {"en": "Work", "fr": "Le travail"},
        "required": 1,
        "system": {"en": "Speak of values.", "fr": "Parle de valeurs."},
    },
]


@pytest.fixture(scope="module")
def llm():
    with running() as url:
        yield url


def sent(turn) -> list[tuple[dict[str, str], ...]]:
    """The messages of the calls that are made for a turn."""
    taken = take(*turn.responses.filter(state="waiting").values_list("pk", flat=True))
    return [one.call.messages for one in taken]


@SERVED
def test_models_get_the_protocols_prompt_in_the_language_of_the_conversation_and_people_do_not_see_it():
    study = make_talk_study(models=0, types=TYPES, system="Be brief.", answers={"words": 40})
    make_speakers(study, "http://localhost:9/v1", "a", "b", "c", "d", header="You are kind.")
    person = come_in(study)
    talk = begin(person, study)
    system = sent(say(person, talk, "Hello there"))[0][0]
    assert system == {
        "role": "system",
        "content": "You are kind.\n\nBe brief.\n\nAnswer in at most 40 words.",
    }
    html = page(person, talk)
    assert "Be brief" not in html
    digest = hashlib.sha256(system["content"].encode()).hexdigest()
    assert {attempt.request["system_sha256"] for attempt in Attempt.objects.all()} == {digest}
    assert list(SystemPrompt.objects.values_list("sha256", "text")) == [(digest, system["content"])]
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        SystemPrompt.objects.update(text="Another")
    french = come_in(study)
    french.cookies["django_language"] = "fr"
    talk = begin(french, study, "values guided")
    assert "Parle de valeurs" not in page(french, talk)
    said = sent(say(french, talk, "Bonjour"))[0][0]["content"]
    assert said == "You are kind.\n\nParle de valeurs.\n\nRéponds en 40 mots au plus."


def test_types_hints_and_scales_are_read_in_ones_own_language():
    study = make_talk_study(types=TYPES, rating__low={"en": "Bad", "fr": "Mauvais"})
    french = come_in(study)
    french.cookies["django_language"] = "fr"
    overview = french.get(reverse("conversations:overview", args=[study.slug])).content.decode()
    assert "Ce qui vient" in overview
    assert '<span lang="en" dir="auto">Values</span>' in overview
    html = page(french, begin(french, study, "values guided"))
    assert "Des valeurs." in html
    assert "Le travail" in html


def test_a_message_out_of_bounds_is_refused_kept_and_its_bounds_are_told():
    study = make_talk_study(
        prompt={"maximum_characters": 60, "minimum_words": 3, "maximum_words": 5, "minimum_characters": 10}
    )
    person = come_in(study)
    talk = begin(person, study)
    html = page(person, talk)
    assert "3 to 5 words" in html
    for text, reason in (
        ("Too — little", "has 2 words; please write at least 3"),
        ("one two three four five six", "has 6 words; 5 is the most"),
        ("a b c", "has 5 characters; please write at least 10"),
        ("x" * 61, "61 characters; 60 is the most"),
    ):
        refused = post(person, talk, "say", text=text, form_key="k")
        assert refused.status_code == 409
        assert reason in refused.content.decode()
        assert typed_text(refused.content.decode()) == text
        assert typed_text(page(person, talk)) == text
    assert say(person, talk, "three words, exactly").text == "three words, exactly"


@pytest.mark.parametrize(
    ("text", "number"),
    [("", 0), ("a", 1), (" two\n words ", 2), ("— 👍 …", 0), ("l’été, c'est-à-dire", 2), ("3.5 %", 1)],
)
def test_words_are_what_people_count(text, number):
    assert counting.words(text) == number


@SERVED
def test_the_words_of_an_answer_are_stored(llm):
    study = make_talk_study(models=0, opening__models=1)
    make_speakers(study, llm, "aurora-7b")
    person = come_in(study)
    turn = say(person, begin(person, study))
    let_models_answer(turn)
    stored = turn.responses.get()
    assert stored.words == counting.words(stored.text) > 0
