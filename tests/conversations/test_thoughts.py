"""Reasoning is kept apart from the answer, whichever way a server sends it."""

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.fakellm.server import running
from conversations.live import answering
from conversations.live.thoughts import Splitter
from tests.conversations.listening import hear
from tests.conversations.scripted import Reply, scripted
from tests.conversations.talking import a_response, a_turn, address, let_models_answer, page

COUNT = 12


@pytest.fixture(scope="module")
def fake():
    with running() as url:
        yield url


def split(pieces: list[str]) -> tuple[str, str]:
    splitter = Splitter()
    found = [*map(splitter.split, pieces), splitter.rest()]
    return "".join(piece.text for piece in found), "".join(piece.reasoning for piece in found)


def cut(text: str, cuts: list[int]) -> list[str]:
    edges = [0, *sorted(at % (len(text) + 1) for at in cuts), len(text)]
    return [text[a:b] for a, b in pairwise(edges)]


WORDS = st.text(alphabet="ab <>/thinkéł\n", max_size=20).filter(lambda text: "</think>" not in text)
CUTS = st.lists(st.integers(0, 99), max_size=8)


@given(WORDS, WORDS.map(str.lstrip), CUTS)
def test_a_block_of_reasoning_is_split_off_however_it_is_cut_into_pieces(reasoning, answer, cuts):
    assert split(cut(f"\n<think>{reasoning}</think>\n\n{answer}", cuts)) in [
        (answer, reasoning),
        # Blanks that arrive in a piece of their own after the mark belong to the answer.
        (f"\n{answer}", reasoning),
        (f"\n\n{answer}", reasoning),
    ]


@given(st.text(max_size=40).filter(lambda text: not text.lstrip().startswith("<think>")), CUTS)
def test_a_text_that_does_not_begin_with_reasoning_is_left_as_it_is(text, cuts):
    assert split(cut(text, cuts)) == (text, "")


@given(WORDS, CUTS)
def test_reasoning_that_never_ends_is_no_answer(reasoning, cuts):
    assert split(cut(f"<think>{reasoning}", cuts)) == ("", reasoning)


@pytest.mark.django_db(transaction=True)
def test_reasoning_is_stored_beside_the_answer_with_its_tokens_and_latencies(fake):
    response = a_response(fake, f"aurora-7b;think={COUNT};chunks=20")
    answering.answer(response.pk)
    response.refresh_from_db()
    assert (response.state, len(response.text.split()), len(response.reasoning.split())) == (
        "done",
        20,
        COUNT,
    )
    assert not set(response.text.split()) & set(response.reasoning.split())
    assert (response.tokens_out, response.tokens_reasoning) == (20 + COUNT, COUNT)
    assert response.first_token_ms <= response.first_text_ms <= response.total_ms


@pytest.mark.django_db(transaction=True)
def test_a_participant_never_sees_reasoning(fake):
    client, talk, turn = a_turn(fake, "aurora-7b;think=9;chunks=20", "cirrus-mini;think=9;chunks=20")
    let_models_answer(turn)
    heard = hear(client, address(talk, "events", 0))
    assert len(heard.texts["A"].split()) == len(heard.texts["B"].split()) == 20
    assert all(word not in "".join(heard.parts) for word in ("perhaps", "therefore", "reasoning"))
    assert all(word not in page(client, talk) for word in ("perhaps", "therefore", "reasoning"))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", ["reasoning", "reasoning_content"])
def test_a_model_that_thinks_aloud_for_long_is_not_silent(name):
    """It says no word of its answer for three times the silence that is allowed."""

    def reply(one: Reply) -> None:
        one.start()
        for _ in range(6):
            one.line(f'data: {{"choices": [{{"index": 0, "delta": {{"{name}": "hm "}}}}]}}')
            time.sleep(0.25)
        one.chunk("Yes.")
        one.end()

    with scripted(reply) as url:
        response = a_response(url, "any")
        type(response.model.provider).objects.update(silence_seconds=0.5)
        answering.answer(response.pk)
    response.refresh_from_db()
    assert (response.state, response.text, response.reasoning) == ("done", "Yes.", "hm " * 6)


@pytest.mark.django_db(transaction=True)
def test_reasoning_without_an_answer_is_an_empty_answer_and_its_usage_is_kept():
    def reply(one: Reply) -> None:
        one.start()
        one.chunk("<think>and so on")
        one.end("length", usage={"prompt_tokens": 10, "completion_tokens": 100})

    with scripted(reply) as url:
        response = a_response(url, "any")
        answering.answer(response.pk)
    response.refresh_from_db()
    assert (response.state, response.failure, response.text) == ("failed", "empty", "")
    assert (response.reasoning, response.tokens_out) == ("and so on", 100)
    assert response.cost > 0
