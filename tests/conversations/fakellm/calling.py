"""Calls of the fake provider with OpenAI's own client, and what came of them."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import openai
from openai import AsyncOpenAI

TAXES = [{"role": "user", "content": "Should the government raise taxes on inherited wealth?"}]
MORE = [
    *TAXES,
    {"role": "assistant", "content": "Perhaps."},
    {"role": "user", "content": "What about farms?"},
]


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
