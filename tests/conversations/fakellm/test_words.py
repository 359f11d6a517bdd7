"""What the personas say: unlike each other, to the point, and in the person's language."""

import re
from itertools import combinations
from random import Random

import pytest

from conversations.fakellm.personas import PERSONAS
from conversations.fakellm.reading import read
from conversations.fakellm.writing import compose
from tests.conversations.fakellm.calling import MORE, say


def test_personas_differ_from_each_other(base_url: str) -> None:
    answers = {model: say(base_url, model, seed=1) for model in PERSONAS}
    sentences = {model: set(re.split(r"(?<=[.!?])\s+", answer)) for model, answer in answers.items()}
    for one, other in combinations(PERSONAS, 2):
        assert len(sentences[one] & sentences[other]) <= len(sentences[one]) / 2
    assert "## " in answers["basalt-70b"]
    assert re.search(r"^[-*] ", answers["ember-pro"], re.M)
    assert re.search(r"^1\. ", answers["halcyon-xl"], re.M)
    assert "**" in answers["fjord-lite"]
    assert not re.search(r"[#*]", answers["aurora-7b"])


@pytest.mark.parametrize("model", PERSONAS)
@pytest.mark.parametrize(
    "said", [["hi"], ["Who are you?"], ["Should we ban cars?"], ["Ban cars?", "And planes?"]]
)
def test_answers_are_between_20_and_250_words_long_and_vary_in_length(model: str, said: list[str]) -> None:
    lengths = {len(compose(PERSONAS[model], said, Random(seed)).split()) for seed in range(200)}
    assert 20 <= min(lengths) < max(lengths) <= 250


@pytest.mark.parametrize("question", ["Are you {}? Tell me your name.", "Tell me about {} and rivers."])
def test_no_persona_names_itself_or_another(base_url: str, question: str) -> None:
    for model in PERSONAS:
        messages = [{"role": "user", "content": question.format(model)}]
        answer = say(base_url, model, messages, seed=1).lower()
        names = {*PERSONAS, *(name.split("-")[0] for name in PERSONAS)}
        assert not [name for name in names if re.search(rf"\b{name}\b", answer)]


def test_an_answer_uses_the_words_of_the_person(base_url: str) -> None:
    for model in PERSONAS:
        messages = [{"role": "user", "content": "Why do volcanoes erupt?"}]
        assert "volcanoes" in say(base_url, model, messages, seed=1).lower()


def test_a_later_turn_takes_up_an_earlier_one(base_url: str) -> None:
    answer = say(base_url, "halcyon-xl", MORE, seed=1)
    assert "farms" in answer
    assert "inherited wealth" in answer


def test_code_is_given_when_code_is_asked_for(base_url: str) -> None:
    messages = [{"role": "user", "content": "Write Python code that sorts invoices"}]
    assert "```python\ndef " in say(base_url, "cirrus-mini", messages)


def test_french_is_answered_in_french(base_url: str) -> None:
    messages = [{"role": "user", "content": "Que penses-tu de la peine de mort ?"}]
    for model in PERSONAS:
        assert len(re.findall(r"\b(?:le|la|les|des|une|est|vous|et)\b", say(base_url, model, messages))) >= 2


@pytest.mark.parametrize(
    ("said", "intent", "topic"),
    [
        (["hi"], "greeting", ""),
        ([], "greeting", ""),
        (["Who are you?"], "identity", ""),
        (["How do I bake bread?"], "howto", "bake bread"),
        (["Is eating meat wrong?"], "opinion", "eating meat"),
        (["Why do volcanoes erupt?", "tell me more"], "chat", "volcanoes erupt"),
        (["L'avenir de l'Europe me préoccupe"], "chat", "préoccupe"),
        (["x" * 100_000], "chat", "x" * 2000),
    ],
)
def test_a_message_is_understood(said: list[str], intent: str, topic: str) -> None:
    prompt = read(said)
    assert (prompt.intent, prompt.topic) == (intent, topic)


def test_content_in_parts_and_messages_without_content_are_understood(base_url: str) -> None:
    parts = [{"type": "text", "text": "Why do volcanoes"}, {"type": "text", "text": "erupt?"}]
    messages = [{"role": "assistant", "content": None}, {"role": "user", "content": parts}]
    assert "volcanoes" in say(base_url, "ember-pro", messages).lower()
