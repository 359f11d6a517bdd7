"""The yardstick: a bare asynchronous relay with the same SDK, provider and Redis, and nothing of a product.

No database, no sessions, no Celery, no resume. `GET /turn/<n>?model=…&model=…` opens a provider stream
per model in this very process; every delta becomes one Redis entry and one server-sent event.
"""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

import openai
import redis.asyncio as redis

Send = Callable[[dict[str, Any]], Awaitable[None]]
client = openai.AsyncOpenAI(base_url=os.environ.get("FAKELLM_URL", "-"), api_key="none", max_retries=0)
# Every person and every model of a turn holds a connection; the library would stop at 100.
store = redis.Redis.from_url(os.environ.get("REDIS_URL", "redis://127.0.0.1"), max_connections=10_000)


async def speak(key: str, slot: str, model: str) -> None:
    """One model's deltas into the turn's Redis stream."""
    request = client.chat.completions.with_streaming_response.create(
        model=model, messages=[{"role": "user", "content": "hello"}], stream=True
    )
    async with request as response:
        async for line in response.iter_lines():
            if line.startswith("data: {"):
                choices = json.loads(line[6:])["choices"]
                text = choices[0]["delta"].get("content") if choices else None
                if text:
                    await store.xadd(key, {"slot": slot, "text": text})
    await store.xadd(key, {"slot": slot, "end": "1"})


async def follow(key: str, slots: int, send: Send) -> None:
    """Every entry of the stream to the browser, until all slots have ended."""
    last: Any = "0"
    while slots:
        found: Any = await store.xread({key: last}, block=5000)
        for _, entries in found or []:
            for entry, fields in entries:
                last = entry
                slots -= b"end" in fields
                body = json.dumps({name.decode(): value.decode() for name, value in fields.items()})
                await send(
                    {"type": "http.response.body", "body": f"data: {body}\n\n".encode(), "more_body": True}
                )


async def app(scope: dict[str, Any], receive: object, send: Send) -> None:
    if scope["type"] != "http":
        return
    headers = [(b"content-type", b"text/event-stream")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    models = parse_qs(scope["query_string"].decode()).get("model", [])
    key = "relay:" + scope["path"]
    speakers = [asyncio.create_task(speak(key, str(i), model)) for i, model in enumerate(models)]
    await follow(key, len(speakers), send)
    await asyncio.gather(*speakers)
    await send({"type": "http.response.body", "body": b""})
    await store.delete(key)
