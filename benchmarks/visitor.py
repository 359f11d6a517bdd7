"""One browser in the arena: it comes in with consent, asks, and follows both answers to their end."""

import base64
import html
import json
import re
import time
from asyncio import sleep
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import altcha

from benchmarks.streaming import CSRF

SIDES = 2
LEAVES_AT, STAYS_AWAY = 10, 2.0  # words heard, seconds
TOO_MANY, TRIES, WAITS = 429, 20, 5.0  # HTTP status, requests, seconds
DOOR = re.compile(r'name="door_key" value="([^"]+)"')
FORM = re.compile(r'name="form_key" value="([^"]+)"')
PUZZLE = re.compile(r'data-(algorithm|challenge|salt|signature|most)="([^"]*)"')
EVENTS = re.compile(r'data-events="([^"]+)')


@dataclass
class Seen:
    """What one person saw; seconds count from sending the message."""

    both: float = 0.0
    done: float = 0.0
    page_size: int = 0  # of what the message is answered with
    size: int = 0  # of what brings the answers: the events, and the part of the page at the end
    restarts: int = 0
    cursor: str = ""
    texts: dict[str, str] = field(default_factory=dict)

    def take(self, told: dict[str, Any], now: float) -> None:
        for slot in told.get("again", ()):
            self.texts[slot] = ""
            self.restarts += 1
        for slot, text in told.items():
            if len(slot) == 1:
                self.texts[slot] = self.texts.get(slot, "") + text
        if not self.both and len(self.texts) == SIDES:
            self.both = now


@dataclass
class Visitor:
    """Somebody who agreed to the terms and has the first message ready."""

    browser: aiohttp.ClientSession
    home: str
    form: dict[str, str]

    @classmethod
    async def enter(cls, base_url: str, home: str) -> "Visitor":
        """Agree at the front page, and solve its puzzle where many come in from one address, as we do.

        Who is told that very many came within a minute waits for the next one.
        """
        jar = aiohttp.CookieJar(unsafe=True)
        browser = aiohttp.ClientSession(base_url, cookie_jar=jar, timeout=aiohttp.ClientTimeout(600))
        page, status = "", TOO_MANY
        for _ in range(TRIES):
            door = DOOR.search(page)
            if door is not None:
                sent = {"csrfmiddlewaretoken": _find(CSRF, page), "door_key": door[1], "consent": "on"}
                post = browser.post(f"{home}begin/", data=sent | {"proof": solution(page)})
            elif status == TOO_MANY:
                await sleep(WAITS if page else 0)
                post = browser.get(home)
            else:
                break
            async with post as answer:
                page, status = await answer.text(), answer.status
        form = {"csrfmiddlewaretoken": _find(CSRF, page), "form_key": _find(FORM, page), "mode": "random"}
        return cls(browser, home, form)

    async def renew(self) -> None:
        """Get the page for a first message anew, as after a comparison."""
        async with self.browser.get(self.home) as answer:
            self.form["form_key"] = _find(FORM, await answer.text())

    async def talk(self, number: int, leaves: bool = False) -> Seen:
        """Ask, follow both answers to the end, and get the part of the page that shows them.

        Who is refused, or not told, has seen nothing: both answers count as lost.
        """
        seen = Seen()
        await self.follow(seen, number, leaves)
        return seen

    async def follow(self, seen: Seen, number: int, leaves: bool = False) -> str:
        """As `talk`, for a person who sees it in their own way; returns the comparison's address."""
        begun = time.perf_counter()
        said = {**self.form, "text": f"bonjour {number}"}
        async with self.browser.post(self.home, data=said, headers={"X-Prism-Part": "talk"}) as answer:
            page, address = await answer.text(), answer.headers.get("Content-Location", self.home)
        seen.page_size = len(page.encode())
        if address != self.home:
            found = EVENTS.search(page)  # missing where all was said before the page was made
            where = html.unescape(found[1]) if found else f"{address}turns/0/events/"
            await self._listen(where, seen, begun, leaves)
        seen.done = time.perf_counter() - begun
        seen.both = seen.both or seen.done
        async with self.browser.get(address, headers={"X-Prism-Part": "talk"}) as answer:
            seen.size += len(await answer.read())
        return address

    async def _listen(self, address: str, seen: Seen, begun: float, leaves: bool) -> None:
        while not await self._follow(address, seen, begun, LEAVES_AT if leaves else 0):
            leaves = False
            await sleep(STAYS_AWAY)

    async def _follow(self, address: str, seen: Seen, begun: float, leaves_at: int) -> bool:
        """True at the end; False when the person left or the connection broke."""
        headers = {"Last-Event-ID": seen.cursor} if seen.cursor else {}
        try:
            async with self.browser.get(address, headers=headers) as stream:
                if stream.status != 200:
                    return True
                async for raw in stream.content:
                    seen.size += len(raw)
                    line = raw.decode().rstrip("\n")
                    if line.startswith("id: "):
                        seen.cursor = line[4:]
                    elif line == "event: done":
                        return True
                    elif line.startswith("data: "):
                        seen.take(json.loads(line[6:]), time.perf_counter() - begun)
                    if leaves_at and sum(len(t.split()) for t in seen.texts.values()) >= leaves_at:
                        return False
        except aiohttp.ClientError:
            pass
        return False


def solution(page: str) -> str:
    """What a browser sends for the puzzle of a page; nothing where the page has none."""
    puzzle = {name: html.unescape(value) for name, value in PUZZLE.findall(page)}
    if "challenge" not in puzzle:
        return ""
    most = int(puzzle.pop("most"))
    found = altcha.solve_challenge_v1(puzzle["challenge"], puzzle["salt"], "SHA-256", most)
    assert found, "the puzzle of the front page has no solution"
    return base64.b64encode(json.dumps({**puzzle, "number": found.number}).encode()).decode()


def _find(pattern: re.Pattern[str], page: str) -> str:
    found = pattern.search(page)
    assert found, "a form is missing on a page"
    return found[1]
