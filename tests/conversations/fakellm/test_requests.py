"""Requests that cannot be served are refused in OpenAI's shape."""

import httpx2
import openai
import pytest

from conversations.fakellm.options import OptionError, Options, parse
from tests.conversations.fakellm.calling import complete, states


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
