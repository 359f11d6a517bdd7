"""One streamed call to an OpenAI-compatible provider, and what can go wrong with it in our words.

The SDK takes most of a second to load, so whoever calls imports this module when it calls.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any

import aiohttp
import httpx2
import openai

from prism.lib import outgoing_async
from prism.lib.addresses import AddressRefused, Reach

from .calls import Call, Ending, ProviderFailure
from .thoughts import Piece, Splitter

NOTHING = Piece()
# A connection that rests is given up before the provider does so: a call that is sent just then is lost.
# Servers keep one for five seconds (uvicorn, and with it vLLM) or longer.
KEPT_SECONDS = 3.0
_lanes: dict[tuple[int, int], asyncio.Semaphore] = {}
_clients: dict[tuple[str, str, Reach], openai.AsyncOpenAI] = {}


def client_for(base_url: str, api_key: str, reach: Reach) -> openai.AsyncOpenAI:
    """One client, so one pool of connections, for each endpoint and key of this process."""
    key = (base_url, api_key, reach)
    if key not in _clients:
        limits = httpx2.Limits(
            max_connections=1000, max_keepalive_connections=200, keepalive_expiry=KEPT_SECONDS
        )
        _clients[key] = openai.AsyncOpenAI(
            base_url=base_url,
            api_key=api_key or "none",
            max_retries=0,
            http_client=outgoing_async.client(base_url, reach, limits),
        )
    return _clients[key]


def lane(call: Call) -> AbstractAsyncContextManager[object]:
    """Lets no more than `most_at_once` calls of this process be under way at a provider; 0 lets all."""
    if not call.most_at_once:
        return nullcontext()
    key = (call.provider, call.most_at_once)
    return _lanes.setdefault(key, asyncio.Semaphore(call.most_at_once))


async def stream(call: Call, ending: Ending) -> AsyncIterator[Piece]:
    """The pieces of text and reasoning as they come; `ending` is filled in. Raises ProviderFailure.

    Reads the SDK's raw bytes: parsing each event into its typed chunk costs about as much as all the rest,
    and finding lines in text, where Unicode knows many ends of a line, costs more than finding them in bytes.
    """
    timeout = httpx2.Timeout(call.silence_seconds, connect=min(10.0, call.silence_seconds))
    client = client_for(call.base_url, call.api_key, call.reach)
    request = client.chat.completions.with_streaming_response.create(
        model=call.model,
        messages=[],
        stream=True,
        stream_options={"include_usage": True},
        seed=call.seed,
        # As they are: the SDK would look through every message for what it has to rename.
        extra_body={**call.parameters, "messages": call.messages},
        extra_headers={"X-Prism-Attempt": call.attempt},
        timeout=timeout,
    )
    splitter = Splitter()
    try:
        async with lane(call), request as response:
            begun = b""
            async for part in response.iter_bytes():
                *lines, begun = (begun + part).replace(b"\r", b"\n").split(b"\n")
                for line in lines:
                    piece = _piece(line, ending, splitter)
                    if piece.text or piece.reasoning:
                        yield piece
            last = _piece(begun, ending, splitter)
            if last.length:
                yield last
    except (openai.APIError, httpx2.HTTPError, aiohttp.ClientError) as error:
        raise _failure(error) from error
    except (ValueError, RuntimeError, httpx2.InvalidURL) as error:
        raise ProviderFailure("garbage", type(error).__name__) from error
    held = splitter.rest()
    if held.length:
        yield held
    if not ending.is_complete and not ending.finish_reason:
        raise ProviderFailure("cut", "the stream ended without a finish reason")


def _piece(line: bytes, ending: Ending, splitter: Splitter) -> Piece:
    if not line.startswith(b"data:"):
        return NOTHING
    body = line[5:].decode("utf-8", "replace").strip()
    if body == "[DONE]":
        ending.is_complete = True
        return NOTHING
    try:
        chunk = json.loads(body)
        return _read(chunk, ending, splitter)
    except (ValueError, AttributeError, TypeError, LookupError, RecursionError) as error:
        raise ProviderFailure("garbage", "a line of the stream is not what the protocol says") from error


def _read(chunk: dict[str, Any], ending: Ending, splitter: Splitter) -> Piece:
    if "error" in chunk:
        raise ProviderFailure("server_error", "the stream carried an error")
    usage = chunk.get("usage")
    if usage:
        ending.tokens_in = _tokens(usage.get("prompt_tokens"))
        ending.tokens_out = _tokens(usage.get("completion_tokens"))
        details = usage.get("completion_tokens_details") or {}
        ending.tokens_reasoning = _tokens(details.get("reasoning_tokens"))
    choices = chunk["choices"]
    if not choices:
        return NOTHING
    ending.finish_reason = str(choices[0].get("finish_reason") or ending.finish_reason)[:30]
    delta = choices[0].get("delta") or {}
    text, reasoning = delta.get("content") or "", _reasoning(delta)
    if not isinstance(text, str):
        raise TypeError("content is no text")
    if not text:
        return Piece("", storable(reasoning)) if reasoning else NOTHING
    said = splitter.split(storable(text))
    return Piece(said.text, storable(reasoning) + said.reasoning) if reasoning else said


def _reasoning(delta: dict[str, Any]) -> str:
    """Servers name it either way; whatever else stands there is not worth the loss of an answer."""
    found = delta.get("reasoning_content") or delta.get("reasoning") or ""
    return found if isinstance(found, str) else ""


def storable(text: str) -> str:
    """Without what UTF-8 and PostgreSQL cannot hold: half characters and the zero character."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "")


def _tokens(number: Any) -> int | None:
    """A count as the provider gave it; None for what is none."""
    return number if isinstance(number, int) and 0 <= number < 2**31 else None


def _failure(error: Exception) -> ProviderFailure:
    if isinstance(error, openai.RateLimitError):
        return ProviderFailure("rate_limited", "status 429", _retry_after(error))
    if isinstance(error, openai.APIStatusError):
        kind = "server_error" if error.status_code >= 500 else "refused"
        return ProviderFailure(kind, f"status {error.status_code}")
    below = _below(error)
    if isinstance(below, aiohttp.ClientConnectorError):
        if isinstance(below.os_error, AddressRefused):
            return ProviderFailure("address", str(below.os_error))
        return ProviderFailure("unreachable", f"{type(below).__name__}: {below.os_error!r}")
    if below and not isinstance(below, aiohttp.ServerTimeoutError):
        return ProviderFailure("cut", type(below).__name__)
    if isinstance(error, openai.APITimeoutError | httpx2.TimeoutException):
        return ProviderFailure("silent", "no word in time")
    if isinstance(error, openai.APIConnectionError | httpx2.ConnectError):
        return ProviderFailure("unreachable", f"{type(error).__name__}: {error.__cause__!r}")
    return ProviderFailure("cut", type(error).__name__)


def _below(error: BaseException | None) -> aiohttp.ClientError | None:
    """What went wrong underneath; the SDK takes a refused or closed connection for a timeout."""
    while error is not None and not isinstance(error, aiohttp.ClientError):
        error = error.__cause__
    return error


def _retry_after(error: openai.RateLimitError) -> float | None:
    try:
        return max(0.0, float(error.response.headers.get("retry-after", "")))
    except ValueError:
        return None
