"""Ways for one worker process to hold many answers at once: `python -m benchmarks.pools WAY URL [COUNT]`.

`loop`: a thread an answer, all waiting on one asyncio loop, which is how live workers do it. `asyncio`:
tasks alone, without threads. `threads`: a thread an answer that reads its own stream. `gevent`: the same
with greenlets; needs the package gevent, which Prism does not use. Prints seconds, processor seconds and
megabytes.
"""

import asyncio
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "prism.settings")
WAY, URL = sys.argv[1], sys.argv[2]
COUNT = int(sys.argv[3]) if len(sys.argv) > 3 else 160
MODEL = "aurora-7b;first=0.3;rate=50;chunks=60"
SAID = [{"role": "user", "content": "bonjour"}]

if WAY == "gevent":
    __import__("gevent.monkey").monkey.patch_all()


def words(line: str) -> int:
    """How much text a line of a stream carries."""
    if not line.startswith("data: {"):
        return 0
    choices = json.loads(line[6:])["choices"]
    return len((choices[0]["delta"].get("content") or "").split()) if choices else 0


def blocking() -> Callable[[], int]:
    """One answer, read in the thread or greenlet that asks."""
    import httpx2
    import openai

    limits = httpx2.Limits(max_connections=1000)
    client = openai.OpenAI(
        base_url=URL, api_key="none", max_retries=0, http_client=httpx2.Client(limits=limits, timeout=60)
    )

    def one() -> int:
        create = client.chat.completions.with_streaming_response.create
        with create(model=MODEL, messages=SAID, stream=True) as answer:  # type: ignore[arg-type]
            return sum(map(words, answer.iter_lines()))

    return one


async def one_async() -> int:
    """One answer on the loop, over the client that live workers use."""
    from conversations.live.provider import client_for
    from prism.lib.addresses import Reach

    client: Any = client_for(URL, "", Reach(loopback=True))
    create = client.chat.completions.with_streaming_response.create
    async with create(model=MODEL, messages=SAID, stream=True) as answer:
        return sum([words(line) async for line in answer.iter_lines()])


def on_loop() -> int:
    from conversations.live import loop

    return loop.run(one_async())


async def all_async() -> list[int]:
    return list(await asyncio.gather(*(one_async() for _ in range(COUNT))))


def run() -> list[int]:
    if WAY == "asyncio":
        import uvloop

        return uvloop.run(all_async())
    one = on_loop if WAY == "loop" else blocking()
    if WAY == "gevent":
        pool = __import__("gevent.pool").pool.Pool(COUNT)
        return list(pool.map(lambda _: one(), range(COUNT)))
    with ThreadPoolExecutor(COUNT) as threads:
        return list(threads.map(lambda _: one(), range(COUNT)))


def main() -> None:
    for module in ("openai.resources.chat", "conversations.live.loop", "conversations.live.provider"):
        import_module(module)  # before the clock runs, as in a worker that is warm
    begun, used = time.perf_counter(), time.process_time()
    read = run()
    assert read == [60] * COUNT, "an answer did not come whole"
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{WAY:8} {COUNT} answers: {time.perf_counter() - begun:6.2f} s, "
        f"processor {time.process_time() - used:5.2f} s, {megabytes:4.0f} MB"
    )


if __name__ == "__main__":
    main()
