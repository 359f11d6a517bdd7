"""Every fault that a provider can have, on request."""

import httpx2
import openai
import pytest

from conversations.fakellm.options import FAULTS, OptionError, parse
from tests.conversations.fakellm.calling import (
    TAXES,
    complete,
    finish_of,
    say,
    states,
    stream,
    text_of,
    wait_for_state,
)


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


def test_every_fault_can_be_named_and_several_together() -> None:
    assert [parse(f"x;fail={fault}")[1].fail for fault in FAULTS] == list(FAULTS)
    assert parse("x;fail=500+cut")[1].fail == "500+cut"
    with pytest.raises(OptionError):
        parse("x;fail=500+nothing")
