import asyncio
import base64
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from itertools import combinations
from pathlib import Path
from random import Random
from typing import Any

import httpx2
import numpy as np
import openai
import pytest
from openai import AsyncOpenAI

from conversations.fakellm.completions import parse_request, plan_answer
from conversations.fakellm.options import FAULTS, OptionError, Options, parse
from conversations.fakellm.personas import PERSONAS
from conversations.fakellm.reading import read
from conversations.fakellm.server import running
from conversations.fakellm.writing import compose

ROOT = Path(__file__).parents[2]
NO_DATABASE = "postgres://nobody@127.0.0.1:1/none"
TAXES = [{"role": "user", "content": "Should the government raise taxes on inherited wealth?"}]
MORE = [
    *TAXES,
    {"role": "assistant", "content": "Perhaps."},
    {"role": "user", "content": "What about farms?"},
]


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    with running() as url:
        yield url


@pytest.fixture
def root(base_url: str) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=base_url.removesuffix("/v1")) as client:
        client.delete("/calls")
        yield client


def make_client(base_url: str, **options: Any) -> AsyncOpenAI:
    # Loading certificates takes longer than the calls, and there is nothing to verify.
    http_client = openai.DefaultAsyncHttpxClient(verify=False)
    return AsyncOpenAI(base_url=base_url, api_key="none", max_retries=0, http_client=http_client, **options)


def complete(base_url: str, model: str, messages: Any = TAXES, **options: Any) -> Any:
    async def call() -> Any:
        async with make_client(base_url) as client:
            return await client.chat.completions.create(model=model, messages=messages, **options)

    return asyncio.run(call())


def say(base_url: str, model: str, messages: Any = TAXES, **options: Any) -> str:
    return complete(base_url, model, messages, **options).choices[0].message.content


async def read_chunks(client: AsyncOpenAI, model: str, **options: Any) -> AsyncIterator[Any]:
    stream = await client.chat.completions.create(model=model, messages=TAXES, stream=True, **options)
    async for chunk in stream:
        yield chunk


def stream(base_url: str, model: str, **options: Any) -> tuple[list[Any], Exception | None]:
    """The chunks of an answer and the error that ended it, if any."""

    async def call() -> tuple[list[Any], Exception | None]:
        chunks: list[Any] = []
        async with make_client(base_url, timeout=options.pop("timeout", 10)) as client:
            try:
                async for chunk in read_chunks(client, model, **options):
                    chunks.append(chunk)
            except (openai.OpenAIError, httpx2.HTTPError, ValueError) as error:
                return chunks, error
        return chunks, None

    return asyncio.run(call())


def text_of(chunks: list[Any]) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def finish_of(chunks: list[Any]) -> list[str]:
    return [
        chunk.choices[0].finish_reason for chunk in chunks if chunk.choices and chunk.choices[0].finish_reason
    ]


def states(root: httpx2.Client) -> list[str]:
    return [call["state"] for call in root.get("/calls").json()]


def wait_for_state(root: httpx2.Client, state: str) -> None:
    deadline = time.monotonic() + 10
    while states(root) != [state]:
        assert time.monotonic() < deadline, states(root)
        time.sleep(0.02)


# Answers


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


# Faults


def test_a_429_names_the_seconds_to_wait(base_url: str) -> None:
    with pytest.raises(openai.RateLimitError) as caught:
        complete(base_url, "aurora-7b;fail=429;retry=7")
    assert caught.value.response.headers["retry-after"] == "7"
    assert caught.value.code == "rate_limit_exceeded"


def test_a_500_is_a_server_error(base_url: str) -> None:
    with pytest.raises(openai.InternalServerError):
        complete(base_url, "aurora-7b;fail=500")


def test_a_hang_before_the_first_chunk_sends_nothing_until_the_caller_leaves(
    root: httpx2.Client, base_url: str
) -> None:
    chunks, error = stream(base_url, "aurora-7b;fail=hang", timeout=0.3)
    assert chunks == []
    assert isinstance(error, openai.APITimeoutError)
    wait_for_state(root, "aborted")


def test_a_hang_after_some_chunks_leaves_the_stream_open(root: httpx2.Client, base_url: str) -> None:
    chunks, error = stream(base_url, "aurora-7b;fail=hang;after=4", timeout=0.5)
    assert len(chunks) == 4
    assert error is not None
    assert "timeout" in f"{type(error).__name__} {error}".lower()
    wait_for_state(root, "aborted")


def test_a_whole_answer_can_hang_too(root: httpx2.Client) -> None:
    body = {"model": "aurora-7b;fail=hang", "messages": TAXES}
    with pytest.raises(httpx2.TimeoutException):
        root.post("/v1/chat/completions", json=body, timeout=0.3)
    wait_for_state(root, "aborted")


@pytest.mark.parametrize("after", [0, 3, 10])
def test_a_cut_drops_the_connection_after_some_chunks(root: httpx2.Client, base_url: str, after: int) -> None:
    chunks, error = stream(base_url, f"aurora-7b;fail=cut;after={after}")
    assert len(chunks) == after
    assert error is not None
    assert finish_of(chunks) == []
    assert states(root) == ["cut"]


def test_a_whole_answer_can_be_cut_too(base_url: str) -> None:
    with pytest.raises(openai.APIConnectionError):
        complete(base_url, "aurora-7b;fail=cut")


def test_an_empty_answer_has_no_text_and_stops(base_url: str) -> None:
    chunks, error = stream(base_url, "aurora-7b;fail=empty")
    assert error is None
    assert text_of(chunks) == ""
    assert finish_of(chunks) == ["stop"]
    assert say(base_url, "aurora-7b;fail=empty") == ""


def test_garbage_in_a_stream_follows_the_chunks_before_it(root: httpx2.Client, base_url: str) -> None:
    chunks, error = stream(base_url, "aurora-7b;fail=garbage;after=2")
    assert len(chunks) == 2
    assert isinstance(error, ValueError)
    assert states(root) == ["failed"]


def test_a_whole_answer_can_be_garbage_too(base_url: str) -> None:
    answer = httpx2.post(
        f"{base_url}/chat/completions", json={"model": "aurora-7b;fail=garbage", "messages": TAXES}
    )
    with pytest.raises(ValueError, match=r"."):
        answer.json()


def test_an_answer_can_stop_for_its_length(base_url: str) -> None:
    chunks, error = stream(base_url, "aurora-7b;fail=length;after=9")
    assert error is None
    assert len(text_of(chunks).split()) == 9
    assert finish_of(chunks) == ["length"]


def test_only_the_first_calls_fail(root: httpx2.Client, base_url: str) -> None:
    errors = [stream(base_url, "aurora-7b;fail=500;times=2")[1] for _ in range(4)]
    assert [error is None for error in errors] == [False, False, True, True]


def test_a_probability_fails_some_calls_and_always_the_same_ones(root: httpx2.Client, base_url: str) -> None:
    def play() -> list[bool]:
        root.delete("/calls")
        return [stream(base_url, "aurora-7b;fail=500;p=0.5")[1] is None for _ in range(20)]

    first = play()
    assert {True, False} == set(first)
    assert play() == first


def test_every_fault_can_be_named() -> None:
    assert [parse(f"x;fail={fault}")[1].fail for fault in FAULTS] == list(FAULTS)


# Bad requests


@pytest.mark.parametrize(
    ("option", "named"),
    [
        ("colour=red", "colour"),
        ("rate=0", "rate"),
        ("rate=fast", "rate"),
        ("rate=nan", "rate"),
        ("first=-1", "first"),
        ("first", "first"),
        ("chunks=1.5", "chunks"),
        ("chunks=0", "chunks"),
        ("chunks=" + "9" * 5000, "chunks"),
        ("fail=meteor", "fail"),
        ("p=2", "p"),
        ("after=-1", "after"),
        ("", "option"),
    ],
)
def test_a_wrong_option_is_refused_by_name(base_url: str, option: str, named: str) -> None:
    with pytest.raises(openai.BadRequestError, match=rf"(?i)option.*{named}") as caught:
        complete(base_url, f"aurora-7b;{option}")
    assert caught.value.param == "model"


def test_options_are_read() -> None:
    name, options = parse("aurora-7b;first=0.3;rate=30;chunks=60;fail=cut;after=10;p=0.5;times=3;retry=2")
    assert name == "aurora-7b"
    assert options == Options(0.3, 30, 60, "cut", 10, 0.5, 3, 2)
    with pytest.raises(OptionError, match="speed"):
        parse("aurora-7b;speed=3")


def test_an_unknown_model_is_not_found(root: httpx2.Client, base_url: str) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        complete(base_url, "zephyr-1;rate=30")
    assert caught.value.code == "model_not_found"
    assert states(root) == ["failed"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{not json",
        b"[]",
        b"\xff\xfe",
        b'{"messages": [{"role": "user", "content": "x"}]}',
        b'{"model": 5, "messages": [{"role": "user", "content": "x"}]}',
        b'{"model": "aurora-7b"}',
        b'{"model": "aurora-7b", "messages": []}',
        b'{"model": "aurora-7b", "messages": ["x"]}',
        b'{"model": "aurora-7b", "messages": [{"role": "user", "content": 5}]}',
        b'{"model": "aurora-7b", "messages": [{"role": "user", "content": "x"}], "stream": "yes"}',
        b'{"model": "aurora-7b", "messages": [{"role": "user", "content": "x"}], "seed": "x"}',
        b'{"model": "aurora-7b", "messages": [{"role": "user", "content": "x"}], "n": 2}',
        b'{"model": "aurora-7b", "messages": [{"role": "user", "content": "x"}], "stream_options": 1}',
    ],
)
def test_a_malformed_body_is_a_bad_request_in_openais_shape(base_url: str, body: bytes) -> None:
    answer = httpx2.post(f"{base_url}/chat/completions", content=body)
    assert answer.status_code == 400
    assert set(answer.json()["error"]) == {"message", "type", "param", "code"}


def test_an_unknown_address_is_not_found(root: httpx2.Client) -> None:
    assert root.get("/v1/nothing").status_code == 404
    assert root.post("/v1/models").status_code == 404


# Embeddings


def as_vector(embedding: Any) -> Any:
    if isinstance(embedding, str):
        return np.frombuffer(base64.b64decode(embedding), dtype=np.float32)
    return np.array(embedding)


@pytest.mark.parametrize("encoding", ["float", "base64"])
@pytest.mark.parametrize(("asked", "dimensions"), [({}, 64), ({"dimensions": 8}, 8)])
def test_embeddings_are_unit_vectors_of_the_size_asked_for(
    base_url: str, encoding: Any, asked: dict[str, int], dimensions: int
) -> None:
    async def call() -> Any:
        async with make_client(base_url) as client:
            texts = ["red apples", "", "🍎"]
            return await client.embeddings.create(
                model="aurora-7b", input=texts, encoding_format=encoding, **asked
            )

    answer = asyncio.run(call())
    assert [item.index for item in answer.data] == [0, 1, 2]
    for item in answer.data:
        vector = as_vector(item.embedding)
        assert vector.shape == (dimensions,)
        assert np.linalg.norm(vector) == pytest.approx(1)


def test_texts_that_share_words_lie_closer(base_url: str) -> None:
    async def call() -> list[list[float]]:
        async with make_client(base_url) as client:
            texts = ["red apples and pears", "red apples and plums", "quantum field theory"]
            answer = await client.embeddings.create(model="aurora-7b", input=texts)
            return [item.embedding for item in answer.data]

    fruit, other_fruit, physics = asyncio.run(call())
    near = sum(a * b for a, b in zip(fruit, other_fruit, strict=True))
    far = sum(a * b for a, b in zip(fruit, physics, strict=True))
    assert near > far + 0.3


@pytest.mark.parametrize("body", [{}, {"model": "aurora-7b"}, {"model": "aurora-7b", "input": [1]}])
def test_a_malformed_embedding_request_is_a_bad_request(base_url: str, body: dict[str, Any]) -> None:
    assert httpx2.post(f"{base_url}/embeddings", json=body).status_code == 400


# The log of calls, and running it


def test_the_log_tells_of_each_call_once(root: httpx2.Client, base_url: str) -> None:
    complete(base_url, "aurora-7b", extra_headers={"X-Prism-Attempt": "attempt-9"})
    stream(base_url, "cirrus-mini;chunks=3")
    whole, streamed = root.get("/calls").json()
    assert (whole["model"], whole["attempt"], whole["state"]) == ("aurora-7b", "attempt-9", "finished")
    assert (streamed["model"], streamed["attempt"]) == ("cirrus-mini;chunks=3", None)
    assert streamed["started"] <= streamed["first_chunk"] <= streamed["finished"]
    root.delete("/calls")
    assert root.get("/calls").json() == []


def test_a_caller_who_leaves_in_mid_stream_is_noticed() -> None:
    with running(speed=1) as base_url, httpx2.Client(base_url=base_url.removesuffix("/v1")) as slow:

        async def leave() -> None:
            async with make_client(base_url) as client:
                async for _ in read_chunks(client, "aurora-7b;first=0;rate=50;chunks=5000"):
                    return

        asyncio.run(leave())
        wait_for_state(slow, "aborted")


@pytest.mark.parametrize(("speed", "first", "gap"), [(1, 0.3, 0.02), (10, 0.03, 0.002)])
def test_the_options_decide_the_timing_and_the_speed_divides_it(
    speed: float, first: float, gap: float
) -> None:
    request = parse_request({"model": "x", "messages": TAXES})
    options = Options(first=0.3, rate=50, chunks=26)
    plan = plan_answer(request, PERSONAS["aurora-7b"], options, None, Random(1), speed)
    assert (plan.first, plan.gap) == (pytest.approx(first), pytest.approx(gap))
    assert plan.seconds == pytest.approx(first + 25 * gap)


def test_a_persona_has_its_own_pace() -> None:
    request = parse_request({"model": "x", "messages": TAXES})
    paces = {
        persona.id: plan_answer(request, persona, Options(), None, Random(1), 1)
        for persona in PERSONAS.values()
    }
    assert all(0.1 < plan.first < 1 and 1 / 100 < plan.gap < 1 / 20 for plan in paces.values())
    assert len({plan.gap for plan in paces.values()}) == len(PERSONAS)


def test_many_streams_at_once_all_arrive_complete(base_url: str) -> None:
    async def play() -> list[int]:
        async with make_client(base_url) as client:

            async def count() -> int:
                chunks = [chunk async for chunk in read_chunks(client, "aurora-7b;chunks=60")]
                return len(text_of(chunks).split())

            return await asyncio.gather(*(count() for _ in range(50)))

    assert asyncio.run(play()) == [60] * 50


def run_command(*arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "manage.py", "fakellm", *arguments],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": NO_DATABASE, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def command() -> Iterator["subprocess.Popen[str]"]:
    process = run_command("--port", "0")
    yield process
    process.kill()
    process.communicate()


def read_address(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    address = re.search(r"http://\S+/v1", process.stdout.readline())
    assert address is not None
    return address[0]


def test_the_command_serves_without_a_database(command: "subprocess.Popen[str]") -> None:
    assert say(read_address(command), "aurora-7b;first=0;rate=1000")


def test_the_command_stops_quietly_although_a_stream_hangs(command: "subprocess.Popen[str]") -> None:
    body = {"model": "aurora-7b;first=0;rate=1000;fail=hang;after=1", "messages": TAXES, "stream": True}
    with httpx2.stream("POST", f"{read_address(command)}/chat/completions", json=body) as answer:
        next(answer.iter_raw())
        command.send_signal(signal.SIGINT)
        assert command.wait(timeout=20) == 0
    assert command.communicate() == ("", "")


def test_a_port_in_use_is_a_clear_message() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        _, stderr = (process := run_command("--port", port)).communicate(timeout=60)
    assert process.returncode == 1
    assert f"port {port}" in stderr
    assert "--port" in stderr
    assert "Traceback" not in stderr
