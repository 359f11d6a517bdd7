"""The bots' browser: cookies, forms, redirections and a stopwatch, over plain HTTP."""

import asyncio
import ssl
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

import httpx2

from conversations.bots import pages
from conversations.bots.answering import Pairs
from conversations.bots.pages import Form, Page

AGENT = "prism-bots/1"
REPEATS = 2
TIMEOUT = httpx2.Timeout(60, connect=15)


class Unexpected(Exception):
    """The site did what it should not; the message says what and on which kind of page."""


@dataclass
class Stopwatch:
    """Milliseconds of each step, and how often something happened."""

    steps: dict[str, list[float]] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)

    @contextmanager
    def measure(self, step: str) -> Iterator[None]:
        """Note the time of what happens inside, unless it fails."""
        begun = time.monotonic()
        yield
        self.note(step, begun)

    def note(self, step: str, begun: float) -> None:
        self.steps.setdefault(step, []).append((time.monotonic() - begun) * 1000)


def new_client(base_url: str, certificates: ssl.SSLContext, language: str = "en") -> httpx2.AsyncClient:
    """A browser's own cookies and connections. `certificates` are shared: loading them is slow."""
    address = urlsplit(base_url)
    headers = {
        "User-Agent": AGENT,
        "Accept-Language": language,
        "Accept": "text/html,*/*",
        "Origin": f"{address.scheme}://{address.netloc}",
        "Referer": base_url,
    }
    return httpx2.AsyncClient(headers=headers, timeout=TIMEOUT, verify=certificates, trust_env=False)


@dataclass
class Browser:
    client: httpx2.AsyncClient
    watch: Stopwatch

    async def open(self, url: str) -> Page:
        """Follow an address and its redirections to a page."""
        answer = await self.get(url)
        for _ in range(10):
            if not answer.is_redirect:
                return self._page(answer)
            answer = await self.get(urljoin(str(answer.url), answer.headers["Location"]))
        raise Unexpected(f"redirections without end at {place(url)}")

    async def get(self, url: str) -> httpx2.Response:
        """One GET; one that the server fails to answer is repeated, which is counted and safe."""
        for attempt in range(REPEATS + 1):
            try:
                answer = await self.client.get(url)
                if answer.status_code < 500:
                    return answer
                reason = f"status {answer.status_code}"
            except httpx2.TransportError as error:
                reason = type(error).__name__
            if attempt < REPEATS:
                self.watch.counts["repeated requests"] += 1
                await asyncio.sleep(0.5 * (attempt + 1))
        raise Unexpected(f"{reason} at {place(url)}")

    async def submit(
        self, form: Form, pairs: Pairs, *, button: tuple[str, str] | None = None, times: int = 1
    ) -> Page:
        """Send a form and go where the server leads; `times` 2 is a double click. A refused form (422) comes
        back as a page."""
        sent = [*form.hidden.items(), *pairs, *([button] if button else [])]
        answers = await asyncio.gather(*(self._post(form.action, sent) for _ in range(times)))
        answer = answers[0]
        if answer.is_redirect:
            return await self.open(urljoin(form.action, answer.headers["Location"]))
        return self._page(answer)

    async def submit_late(self, form: Form, pairs: Pairs) -> None:
        """Send a page of a survey that is over: led on where nothing is new, else told what was not taken."""
        answer = await self.client.post(form.action, data=_grouped([*form.hidden.items(), *pairs]))
        if not answer.is_redirect and answer.status_code != 409:
            raise Unexpected(f"status {answer.status_code} at {place(form.action)} after its end")
        self.watch.counts["told what came too late"] += answer.status_code == 409

    async def autosave(self, form: Form, pairs: Pairs) -> None:
        answer = await self._post(form.autosave, [*form.hidden.items(), *pairs])
        if answer.status_code != 200:
            raise Unexpected(f"status {answer.status_code} at autosave")

    async def provoke(self, url: str, pairs: Pairs) -> None:
        """Post what no person would; any answer will do but a failure of the server."""
        answer = await self.client.post(url, data=_grouped(pairs))
        if answer.status_code >= 500:
            raise Unexpected(f"status {answer.status_code} at {place(url)} for odd values")

    async def _post(self, url: str, pairs: Pairs) -> httpx2.Response:
        try:
            answer = await self.client.post(url, data=_grouped(pairs))
        except httpx2.TransportError as error:
            raise Unexpected(f"{type(error).__name__} at {place(url)}") from error
        if answer.status_code >= 400 and answer.status_code != 422:
            raise Unexpected(f"status {answer.status_code} at {place(url)}")
        return answer

    def _page(self, answer: httpx2.Response) -> Page:
        if answer.status_code not in {200, 422}:
            raise Unexpected(f"status {answer.status_code} at {place(str(answer.url))}")
        page = pages.read(str(answer.url), answer.text)
        if answer.status_code == 422:
            self.watch.counts["sent back"] += 1
        return page


def _grouped(pairs: Pairs) -> dict[str, list[str]]:
    fields: dict[str, list[str]] = {}
    for name, value in pairs:
        fields.setdefault(name, []).append(value)
    return fields


def place(url: str) -> str:
    """The kind of page behind an address, without what differs from person to person."""
    parts = urlsplit(url).path.strip("/").split("/")[2:]
    known = [
        "…" if part[:1] == "c" and part[1:].isdigit() else "…" if part.isdigit() else part for part in parts
    ]
    return "/".join(known) or "the study's door"
