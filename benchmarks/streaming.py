"""How fast answers reach people: one turn each of many participants at once, against the bare relay."""

import asyncio
import json
import re
import statistics
import time
from dataclasses import dataclass, field
from urllib.parse import quote

import httpx2

CSRF = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


@dataclass
class Watched:
    """What one participant saw of one turn; seconds count from sending the message."""

    first: float = 0.0
    done: float = 0.0
    size: int = 0
    events: int = 0
    restarts: int = 0
    texts: dict[str, str] = field(default_factory=dict)


@dataclass
class Person:
    client: httpx2.AsyncClient
    page: str
    token: str
    key: str

    @classmethod
    async def enter(cls, base_url: str, resume_path: str) -> "Person":
        """Come in by a personal link and open a conversation, ready for the first message."""
        client = httpx2.AsyncClient(base_url=base_url, follow_redirects=True, timeout=120)
        overview = await client.get(resume_path)
        form = {"csrfmiddlewaretoken": _token(overview), "type": "unguided"}
        page = await client.post(overview.url.path, data=form)
        key = re.search(r'name="form_key" value="([^"]+)"', page.text)
        assert key, "the conversation page has no message form"
        return cls(client, page.url.path, _token(page), key[1])

    async def turn(self) -> Watched:
        """Send a message and follow its answers to the end."""
        watched, begun = Watched(), time.perf_counter()
        form = {"csrfmiddlewaretoken": self.token, "form_key": self.key, "text": "Tell me something, please."}
        page = await self.client.post(f"{self.page}say/", data=form, headers={"X-Prism-Part": "talk"})
        # Without `?after=…`, so that the stream repeats what the page itself may show already.
        address = re.search(r'data-events="([^"?]+)', page.text)
        if address is None:
            assert 'id="rate"' in page.text, f"neither answers nor ratings (status {page.status_code})"
            watched.first = watched.done = time.perf_counter() - begun
            return watched  # a machine so slow that all was said before the page was made
        async with self.client.stream("GET", address[1]) as response:
            await _watch(response, watched, begun)
        return watched


def _token(page: httpx2.Response) -> str:
    found = CSRF.search(page.text)
    assert found, f"no form on {page.url} (status {page.status_code})"
    return found[1]


async def _watch(response: httpx2.Response, watched: Watched, begun: float) -> None:
    ended = False
    async for line in response.aiter_lines():
        watched.size += len(line.encode()) + 1
        if line.startswith("event: done"):
            ended = True
        if not line.startswith("data:"):
            continue
        watched.events += 1
        news = json.loads(line[5:])
        for slot in news.get("again", ()):
            watched.texts[slot] = ""
            watched.restarts += 1
        for slot, text in news.items():
            if len(slot) == 1:
                watched.first = watched.first or time.perf_counter() - begun
                watched.texts[slot] = watched.texts.get(slot, "") + text
    assert ended, "the stream of events ended before the answers"
    watched.done = time.perf_counter() - begun


async def turns(base_url: str, resume_paths: list[str]) -> list[Watched]:
    """Everybody comes in, then all send their message at the same moment."""
    people = await asyncio.gather(*(Person.enter(base_url, path) for path in resume_paths))
    watched = await asyncio.gather(*(person.turn() for person in people))
    for person in people:
        await person.client.aclose()
    return list(watched)


async def relay_turns(base_url: str, models: list[str], count: int) -> list[float]:
    """Seconds until each of `count` relayed turns was complete."""

    async def one(number: int, client: httpx2.AsyncClient) -> float:
        begun = time.perf_counter()
        params = "&".join(f"model={quote(model)}" for model in models)
        async with client.stream("GET", f"{base_url}/turn/{number}", params=params) as response:
            async for _ in response.aiter_bytes():
                pass
        return time.perf_counter() - begun

    limits = httpx2.Limits(max_connections=count)
    async with httpx2.AsyncClient(timeout=120, limits=limits) as client:
        return list(await asyncio.gather(*(one(number, client) for number in range(count))))


def quantile(values: list[float], share: float) -> float:
    """The smallest value that `share` of all do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, round(share * len(ordered) + 0.5) - 1))]


def median(values: list[float]) -> float:
    return statistics.median(values)
