"""Chat completions: what is asked for, what will be answered and when, and how that looks on the wire."""

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import cycle, islice
from random import Random
from typing import Any
from uuid import uuid4

from conversations.fakellm.exchange import ApiError
from conversations.fakellm.filling import damaged, fill
from conversations.fakellm.options import Options
from conversations.fakellm.personas import PERSONAS, Persona
from conversations.fakellm.writing import compose

DONE = b"data: [DONE]\n\n"
GARBAGE = b'data: {"id": "chatcmpl-", "choices": [{"delta"\n\n'
GARBAGE_BODY = b'{"id": "chatcmpl-", "object": "chat.completion", "choices": [{"mess'

# Five or six characters each with the space that follows: a known amount of text for measurements.
_FILLER = (
    "quiet",
    "river",
    "stone",
    "green",
    "north",
    "amber",
    "cedar",
    "light",
    "paper",
    "wind",
    "field",
    "lamp",
)
_THOUGHTS = ("perhaps", "first", "then", "unless", "therefore")
_DEFAULT_AFTER = {"cut": 5, "hang": 0, "garbage": 5}
_JITTER = (0.8, 1.2)


@dataclass(frozen=True)
class ChatRequest:
    """A checked request for a chat completion."""

    model: str
    messages: list[dict[str, Any]]
    stream: bool
    include_usage: bool
    seed: int | None
    max_tokens: int | None
    schema: dict[str, Any] | None = None

    @property
    def texts(self) -> list[tuple[str, str]]:
        """Role and text of each message."""
        return [(message["role"], _text_of(message.get("content"))) for message in self.messages]


@dataclass(frozen=True)
class Plan:
    """An answer and its timing: seconds to the ``first`` piece and the ``gap`` between them.

    ``thoughts`` come before the ``pieces`` of text. ``fault`` is cut, hang or garbage, and strikes when the
    pieces are out.
    """

    pieces: list[str]
    finish: str
    first: float
    gap: float
    fault: str | None
    prompt_tokens: int
    thoughts: list[str] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """From the request to the last piece."""
        return self.first + self.gap * max(len(self.thoughts) + len(self.pieces) - 1, 0)


def parse_request(body: Mapping[str, Any]) -> ChatRequest:
    """Check a request's body. Raises ApiError that names the parameter at fault."""
    _require(isinstance(body.get("model"), str) and body["model"], "model", "the id of a model")
    messages = body.get("messages")
    _require(isinstance(messages, list) and messages, "messages", "a list with at least one message")
    _require(all(map(_is_message, messages or ())), "messages", "a list of objects with role and content")
    _require(body.get("stream") in (None, True, False), "stream", "true or false")
    _require(body.get("n") in (None, 1), "n", "1, which is all this server can do")
    stream_options = body.get("stream_options") or {}
    _require(isinstance(stream_options, dict), "stream_options", "an object")
    _require(isinstance(body.get("response_format") or {}, dict), "response_format", "an object")
    return ChatRequest(
        model=body["model"],
        messages=body["messages"],
        stream=bool(body.get("stream")),
        include_usage=bool(stream_options.get("include_usage")),
        seed=_read_whole(body, "seed"),
        max_tokens=_read_whole(body, "max_completion_tokens") or _read_whole(body, "max_tokens"),
        schema=_read_schema(body.get("response_format") or {}),
    )


def _require(holds: object, param: str, expected: str) -> None:
    if not holds:
        raise ApiError(400, f'"{param}" must be {expected}.', param=param)


def _is_message(message: object) -> bool:
    return (
        isinstance(message, dict)
        and isinstance(message.get("role"), str)
        and isinstance(message.get("content"), str | list | None)
    )


def _read_whole(body: Mapping[str, Any], name: str) -> int | None:
    value = body.get(name)
    _require(
        value is None or (isinstance(value, int) and not isinstance(value, bool)), name, "a whole number"
    )
    return value


def _read_schema(wanted: Mapping[str, Any]) -> dict[str, Any] | None:
    """The schema that the answer must follow; every persona can."""
    if wanted.get("type") != "json_schema":
        return None
    described = wanted.get("json_schema")
    schema = described.get("schema") if isinstance(described, dict) else None
    _require(isinstance(schema, dict), "response_format", "a json_schema with its schema")
    return schema


def _text_of(content: str | list[Any] | None) -> str:
    if isinstance(content, list):
        return " ".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return content or ""


def plan_answer(
    request: ChatRequest, persona: Persona, options: Options, fault: str | None, rng: Random, speed: float
) -> Plan:
    """Decide the text and the timing of an answer; ``speed`` divides all waiting."""
    pieces, finish = _write(request, persona, options, rng, spoils=fault == "invalid")
    if fault == "empty":
        pieces, finish = [], "stop"
    if fault == "length":
        pieces, finish = pieces[: len(pieces) // 2 if options.after is None else options.after], "length"
    if fault in _DEFAULT_AFTER:
        pieces = pieces[: _DEFAULT_AFTER[fault] if options.after is None else options.after]
    first = persona.first * rng.uniform(*_JITTER) if options.first is None else options.first
    rate = persona.rate * rng.uniform(*_JITTER) if options.rate is None else options.rate
    tokens = sum(len(text.split()) for _, text in request.texts)
    strikes = fault if fault in _DEFAULT_AFTER else None
    thoughts = [f"{word} " for word in islice(cycle(_THOUGHTS), options.think)]
    return Plan(pieces, finish, first / speed, 1 / rate / speed, strikes, tokens, thoughts)


def _write(
    request: ChatRequest, persona: Persona, options: Options, rng: Random, *, spoils: bool
) -> tuple[list[str], str]:
    if options.chunks is not None:
        return [f"{word} " for word in islice(cycle(_FILLER), options.chunks)], "stop"
    pieces = re.findall(r"\S+\s*", _text(request, persona, rng, spoils=spoils))
    if request.max_tokens is not None and request.max_tokens < len(pieces):
        return pieces[: request.max_tokens], "length"
    return pieces, "stop"


def _text(request: ChatRequest, persona: Persona, rng: Random, *, spoils: bool) -> str:
    if request.schema is None:
        voice = PERSONAS.get(persona.id, PERSONAS["cirrus-mini"])  # the judge has none of its own
        return compose(voice, [text for role, text in request.texts if role == "user"], rng)
    document = json.dumps(fill(request.schema, rng))
    return damaged(document, rng) if spoils else document


def build_frames(request: ChatRequest, plan: Plan) -> list[bytes]:
    """The events of a stream as bytes, one frame per piece; what follows the last piece goes out with it."""
    head = json.dumps(_head(request, "chat.completion.chunk"))[:-1]
    said = [("reasoning_content", t) for t in plan.thoughts] + [("content", p) for p in plan.pieces]
    frames = [_content_frame(head, name, piece, first=at == 0) for at, (name, piece) in enumerate(said)]
    if plan.fault in ("cut", "hang"):
        return frames
    tail = GARBAGE if plan.fault == "garbage" else _build_tail(head, request, plan)
    return [*frames[:-1], (frames[-1] if frames else b"") + tail]


def _content_frame(head: str, name: str, piece: str, *, first: bool) -> bytes:
    role = '"role": "assistant", ' if first else ""
    delta = f'{{{role}"{name}": {json.dumps(piece)}}}'
    return (
        f'data: {head}, "choices": [{{"index": 0, "delta": {delta}, "finish_reason": null}}]}}\n\n'.encode()
    )


def _build_tail(head: str, request: ChatRequest, plan: Plan) -> bytes:
    finish = (
        f'data: {head}, "choices": [{{"index": 0, "delta": {{}}, "finish_reason": "{plan.finish}"}}]}}\n\n'
    )
    usage = f'data: {head}, "choices": [], "usage": {json.dumps(_usage(plan))}}}\n\n'
    return finish.encode() + (usage.encode() if request.include_usage else b"") + DONE


def build_body(request: ChatRequest, plan: Plan) -> bytes:
    """The whole answer as one JSON document."""
    message = {"role": "assistant", "content": "".join(plan.pieces)}
    choice = {"index": 0, "message": message, "finish_reason": plan.finish}
    return json.dumps(
        {**_head(request, "chat.completion"), "choices": [choice], "usage": _usage(plan)}
    ).encode()


def _head(request: ChatRequest, kind: str) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{uuid4().hex}",
        "object": kind,
        "created": int(time.time()),
        "model": request.model,
    }


def _usage(plan: Plan) -> dict[str, Any]:
    prompt, completion = plan.prompt_tokens, len(plan.thoughts) + len(plan.pieces)
    usage = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
    if not plan.thoughts:
        return usage
    return usage | {"completion_tokens_details": {"reasoning_tokens": len(plan.thoughts)}}
