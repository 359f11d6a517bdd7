"""Answers over the wire: whole and streamed alike, counted, seeded."""

import asyncio
import json

import httpx2
import pytest

from conversations.fakellm.personas import PERSONAS
from conversations.fakellm.server import running
from tests.conversations.fakellm.calling import TAXES, complete, finish_of, make_client, say, stream, text_of


def test_the_models_are_listed(base_url: str) -> None:
    async def call() -> list[str]:
        async with make_client(base_url) as client:
            return [model.id async for model in client.models.list()]

    assert asyncio.run(call()) == list(PERSONAS)
    assert len(PERSONAS) >= 8


def test_a_stream_carries_the_same_text_as_a_whole_answer(base_url: str) -> None:
    chunks, error = stream(base_url, "ember-pro", seed=4)
    assert error is None
    assert text_of(chunks) == say(base_url, "ember-pro", seed=4)
    assert finish_of(chunks) == ["stop"]
    assert chunks[0].choices[0].delta.role == "assistant"
    assert len({chunk.id for chunk in chunks}) == 1
    assert {chunk.model for chunk in chunks} == {"ember-pro"}


def test_usage_comes_last_and_only_when_asked_for(base_url: str) -> None:
    with_usage, _ = stream(base_url, "cirrus-mini", seed=1, stream_options={"include_usage": True})
    without, _ = stream(base_url, "cirrus-mini", seed=1)
    assert with_usage[-1].choices == []
    usage = with_usage[-1].usage
    assert usage.prompt_tokens == len(TAXES[0]["content"].split())
    assert usage.completion_tokens == len(text_of(with_usage).split())
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
    assert all(chunk.usage is None for chunk in without)
    assert len(without) == len(with_usage) - 1


def test_the_wire_format_ends_with_done_and_separates_every_event(base_url: str) -> None:
    body = {"model": "aurora-7b;chunks=40", "messages": TAXES, "stream": True}
    answer = httpx2.post(f"{base_url}/chat/completions", json=body)
    events = answer.text.split("\n\n")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert events[-2:] == ["data: [DONE]", ""]
    assert len(events) == 40 + 3
    assert all(json.loads(event.removeprefix("data: ")) for event in events[:-2])


def test_a_number_of_chunks_is_exact_and_each_is_five_or_six_characters(base_url: str) -> None:
    chunks, _ = stream(base_url, "basalt-70b;chunks=37", max_tokens=5)
    pieces = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices[0].delta.content]
    assert len(pieces) == 37
    assert {len(piece) for piece in pieces} == {5, 6}


def test_an_answer_stops_at_the_token_limit(base_url: str) -> None:
    answer = complete(base_url, "basalt-70b", max_completion_tokens=12)
    assert len(answer.choices[0].message.content.split()) == 12
    assert answer.choices[0].finish_reason == "length"


@pytest.mark.parametrize("model", PERSONAS)
def test_the_same_seed_repeats_an_answer_and_another_changes_it(base_url: str, model: str) -> None:
    assert say(base_url, model, seed=1) == say(base_url, model, seed=1)
    assert len({say(base_url, model, seed=seed) for seed in range(6)}) >= 5


def test_without_a_seed_the_second_sample_differs_and_a_restart_repeats_both(
    root: httpx2.Client, base_url: str
) -> None:
    first, second = say(base_url, "aurora-7b"), say(base_url, "aurora-7b")
    assert first != second
    root.delete("/calls")
    assert [say(base_url, "aurora-7b"), say(base_url, "aurora-7b")] == [first, second]


def test_the_servers_seed_decides_the_texts(base_url: str) -> None:
    with running(seed=7) as other, running(seed=7) as again:
        assert say(other, "aurora-7b", seed=1) == say(again, "aurora-7b", seed=1)
        assert say(other, "aurora-7b", seed=1) != say(base_url, "aurora-7b", seed=1)


def test_options_change_the_behaviour_and_not_the_text(base_url: str) -> None:
    assert say(base_url, "fjord-lite;rate=900;first=0", seed=3) == say(base_url, "fjord-lite", seed=3)
