"""Somebody who asks for an unrelated page every 50 ms, in a process of their own.

`python -m benchmarks.probe URL` says "ready", begins at the first line of its input, and at the end of its
input prints the seconds that each page took, as JSON. They count from the moment when the page was due: one
that is asked for late because the page before was slow has waited too. Beside two hundred simulated browsers
in the same process it would measure how long those keep each other waiting.
"""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

EVERY_SECONDS = 0.05
CHECKOUT = Path(__file__).resolve().parent.parent


@asynccontextmanager
async def probing(url: str) -> AsyncIterator[list[float]]:
    """Ask from another process while the caller does something; the seconds are there at the end."""
    found: list[float] = []
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.probe", url),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=CHECKOUT,
    )
    assert child.stdin
    assert child.stdout
    try:
        await child.stdout.readline()
        child.stdin.write(b"go\n")
        yield found
        child.stdin.close()
        found += json.loads(await child.stdout.read())
    finally:
        child.stdin.close()
        await child.wait()


async def main(url: str) -> None:
    """Ask until the input ends, whether or not the page before has come."""
    found: list[float] = []
    asked: set[asyncio.Task[None]] = set()
    loop = asyncio.get_running_loop()
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    is_over, due = loop.run_in_executor(None, sys.stdin.read), time.perf_counter()
    # No limit: a page that is due must not wait here for those before it.
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as browser:
        while not is_over.done():
            asked.add(asyncio.create_task(_ask(browser, url, due, found)))
            due += EVERY_SECONDS
            await asyncio.wait([is_over], timeout=max(0.0, due - time.perf_counter()))
        await asyncio.gather(*asked)
    print(json.dumps(found))


async def _ask(browser: aiohttp.ClientSession, url: str, due: float, found: list[float]) -> None:
    async with browser.get(url) as answer:
        await answer.read()
    found.append(time.perf_counter() - due)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
