"""The arena's load: everybody sends one message at the same moment and follows two answers.

The workload is the one that compar:IA's code was measured with: 60 words a side, the first after 0.3 s, then
50 a second; beside it somebody asks for an unrelated page every 50 ms.
"""

import asyncio
import json
import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import aiohttp
from django.db.models import Count
from yarl import URL

from benchmarks.streaming import CSRF, median, quantile
from benchmarks.study import PERSONAS, make_people, make_study
from conversations.models import Attempt, Response, Turn
from surveys.models import Study

FIRST, RATE, CHUNKS = 0.3, 50, 60
SPEED = f"first={FIRST};rate={RATE};chunks={CHUNKS}"
IDEAL = FIRST + (CHUNKS - 1) / RATE
CROWDS = (10, 40, 80, 200)
SIDES = 2
PROBE_SECONDS = 0.05
ENTERING_AT_ONCE = 10
LEAVES_AT, STAYS_AWAY = 10, 2.0  # chunks, seconds
KILLED_AFTER = 1.0


@dataclass
class Seen:
    """What one person saw; seconds count from sending the message."""

    both: float = 0.0
    done: float = 0.0
    size: int = 0
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
    """Somebody who came in and has the first message ready."""

    browser: aiohttp.ClientSession
    page: str
    form: dict[str, str]

    @classmethod
    async def enter(cls, base_url: str, link: str) -> "Visitor":
        jar = aiohttp.CookieJar(unsafe=True)
        browser = aiohttp.ClientSession(base_url, cookie_jar=jar, timeout=aiohttp.ClientTimeout(600))
        async with browser.get(link) as overview:
            form = {"csrfmiddlewaretoken": _find(CSRF, await overview.text()), "type": "unguided"}
            path = overview.url.path
        async with browser.post(path, data=form) as page:
            html, path = await page.text(), page.url.path
        key = _find(re.compile(r'name="form_key" value="([^"]+)"'), html)
        return cls(browser, path, {"csrfmiddlewaretoken": _find(CSRF, html), "form_key": key})

    async def talk(self, number: int, leaves: bool = False) -> Seen:
        """Send the message, follow both answers to the end, and get the page that shows them."""
        seen, begun = Seen(), time.perf_counter()
        part = {"X-Prism-Part": "talk"}
        form = {**self.form, "text": f"bonjour {number}"}
        async with self.browser.post(f"{self.page}say/", data=form, headers=part) as answer:
            html = await answer.text()
        seen.size += len(html.encode())
        address = re.search(r'data-events="([^"?]+)', html)
        is_over = address is None  # a machine so slow that all was said before the page was made
        while address and not is_over:
            is_over = await self._follow(address[1], seen, begun, LEAVES_AT if leaves else 0)
            if not is_over:
                leaves = False
                await asyncio.sleep(STAYS_AWAY)
        seen.done = time.perf_counter() - begun
        seen.both = seen.both or seen.done
        async with self.browser.get(self.page, headers=part) as answer:
            seen.size += len(await answer.read())
        return seen

    async def _follow(self, address: str, seen: Seen, begun: float, leaves_at: int) -> bool:
        """True at the end; False when the person left or the connection broke."""
        headers = {"Last-Event-ID": seen.cursor} if seen.cursor else {}
        try:
            async with self.browser.get(address, headers=headers) as stream:
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


def _find(pattern: re.Pattern[str], html: str) -> str:
    found = pattern.search(html)
    assert found, "a form is missing on a page"
    return found[1]


@dataclass
class Round:
    """What came of everybody's turn, and how long the unrelated page took meanwhile."""

    seen: list[Seen]
    probes: list[float]


async def crowd(
    base_url: str, links: Sequence[str], *, leaves: bool = False, harm: Callable[[], None] | None = None
) -> Round:
    """Everybody comes in, then all send their message at the same moment; `harm` is done a little later."""
    door = asyncio.Semaphore(ENTERING_AT_ONCE)

    async def enter(link: str) -> Visitor:
        async with door:
            return await Visitor.enter(base_url, link)

    people = await asyncio.gather(*map(enter, links))
    await asyncio.sleep(0.5)
    probes: list[float] = []
    prober = asyncio.create_task(_probe(base_url, probes))
    if harm:
        asyncio.get_running_loop().call_later(KILLED_AFTER, harm)
    seen = await asyncio.gather(*(one.talk(number, leaves) for number, one in enumerate(people)))
    prober.cancel()
    await asyncio.gather(prober, *(one.browser.close() for one in people), return_exceptions=True)
    return Round(list(seen), probes)


async def _probe(base_url: str, found: list[float]) -> None:
    """Ask for the home page every 50 ms, whether or not the page before has come."""
    async with aiohttp.ClientSession(base_url, cookie_jar=aiohttp.DummyCookieJar()) as browser:

        async def ask() -> None:
            begun = time.perf_counter()
            async with browser.get("/") as answer:
                await answer.read()
            found.append(time.perf_counter() - begun)

        asked: set[asyncio.Task[None]] = set()
        try:
            while True:
                asked.add(asyncio.create_task(ask()))
                await asyncio.sleep(PROBE_SECONDS)
        finally:
            await asyncio.gather(*asked)


async def relayed(base_url: str, count: int, speed: str = SPEED) -> list[float]:
    """The same over the bare relay: seconds until each person had both answers."""
    models = "&".join(f"model={quote(f'{persona};{speed}')}" for persona in PERSONAS[:SIDES])
    connector = aiohttp.TCPConnector(limit=count)
    async with aiohttp.ClientSession(base_url, connector=connector) as browser:

        async def one(number: int) -> float:
            begun = time.perf_counter()
            async with browser.get(URL(f"/turn/{number}?{models}", encoded=True)) as stream:
                async for _ in stream.content:
                    pass
            return time.perf_counter() - begun

        return list(await asyncio.gather(*map(one, range(count))))


def measure_crowd(base_url: str, relay_url: str, study: Study, people: int, rounds: int) -> dict[str, Any]:
    """The figures of one size of crowd, medians of the rounds, as `arena_80_done_p95` and so on."""
    found: list[dict[str, float]] = []
    for _ in range(rounds):
        bare = asyncio.run(relayed(relay_url, people))
        begun = Turn.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        here = asyncio.run(crowd(base_url, make_people(study, people)))
        found.append(_figures(here, bare, begun))
    return {f"arena_{people}_{name}": median([one[name] for one in found]) for name in found[0]}


def _figures(here: Round, bare: list[float], begun: int) -> dict[str, float]:
    done = [seen.done for seen in here.seen]
    return {
        "both_p95": quantile([seen.both for seen in here.seen], 0.95),
        "done_p95": quantile(done, 0.95),
        "relay_p95": quantile(bare, 0.95),
        "over_relay": quantile(done, 0.95) / quantile(bare, 0.95),
        "page_p95": quantile(here.probes, 0.95),
        "page_p99": quantile(here.probes, 0.99),
        "kilobytes": max(seen.size for seen in here.seen) / 1000,
        "lost": float(_lost(here, CHUNKS)),
        "repeated": float(_calls(begun)["repeated"]),
    }


def _lost(here: Round, chunks: int) -> int:
    """Answers that somebody did not get whole."""
    return sum(SIDES - sum(len(text.split()) == chunks for text in seen.texts.values()) for seen in here.seen)


def _calls(begun: int) -> Counter[str]:
    """Of the turns after `begun`: calls `repeated` although they had finished, and those `lost`."""
    attempts = Attempt.objects.filter(response__turn__gt=begun)
    finished = attempts.filter(state=Attempt.State.FINISHED)
    twice = finished.values("response").annotate(times=Count("pk")).filter(times__gt=1)
    return Counter(repeated=twice.count(), lost=attempts.filter(state=Attempt.State.LOST).count())


def measure_variants(
    base_url: str, fake_url: str, run: str, people: int, kill_worker: Callable[[], None]
) -> dict[str, Any]:
    """What may go wrong, each with a crowd of its own, as `arena_cut_done_p95` and so on."""
    found: dict[str, Any] = {"arena_variant_people": people}
    for name, speeds in VARIANTS.items():
        filled = [speed.format(people=people) for speed in speeds]
        study = make_study(f"bench-{run}-{name}", fake_url, *filled)
        begun = Turn.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        harm = kill_worker if name == "killed" else None
        here = asyncio.run(crowd(base_url, make_people(study, people), leaves=name == "away", harm=harm))
        found |= {f"arena_{name}_{key}": value for key, value in _variant(here, begun).items()}
    return found


def _variant(here: Round, begun: int) -> dict[str, float]:
    """Every text that was seen beside what is stored, which must end in a true state."""
    rows = Response.objects.shown().filter(turn__gt=begun)
    calls = _calls(begun)
    stored = Counter(rows.values_list("text", flat=True))
    heard = Counter(text for seen in here.seen for text in seen.texts.values())
    heard[""] += sum(SIDES - len(seen.texts) for seen in here.seen)
    return {
        "done_p95": quantile([seen.done for seen in here.seen], 0.95),
        "page_p99": quantile(here.probes, 0.99),
        "whole": float(sum(1 for row in rows if row.is_whole)),
        "open": float(rows.unfinished().count()),
        "untrue": float(((stored - heard) + (heard - stored)).total()),
        "calls_lost": float(calls["lost"]),
        "repeated": float(calls["repeated"]),
    }


# The model in the second place is the one that something happens to.
VARIANTS = {
    "slow": ("first=1.5;rate=50;chunks=400",) * 2,
    "silent": (SPEED, f"first=8;rate={RATE};chunks={CHUNKS}"),
    "cut": (SPEED, f"{SPEED};fail=cut;after=10"),
    "limited": (SPEED, f"{SPEED};fail=429;retry=1;times={{people}}"),
    "away": (SPEED, SPEED),
    "killed": (f"first={FIRST};rate={RATE};chunks=100",) * 2,
}
WHAT = {
    "slow": "first word after 1.5 s, 400 words",
    "silent": "one side silent for 8 s",
    "cut": "one side cut after 10 words",
    "limited": "one side answers 429 first",
    "away": "browsers leave and are back 2 s later",
    "killed": "a live worker killed after 1 s",
}


def rows(crowds: Sequence[int] = CROWDS) -> list[tuple[str, str, str]]:
    """The table: label, figure, aim."""
    found = []
    for people in crowds:
        both, done = ("at most 2", "") if people > 80 else ("at most 1", "at most 3")
        found += [
            (f"{people} people: both answers begun, p95 (s)", f"arena_{people}_both_p95", both),
            (f"{people} people: done, p95 (s)", f"arena_{people}_done_p95", done),
            (f"{people} people: bare relay done, p95 (s)", f"arena_{people}_relay_p95", ""),
            (
                f"{people} people: Prism / bare relay",
                f"arena_{people}_over_relay",
                "at most 1.5" if people > 80 else "",
            ),
            (f"{people} people: unrelated page, p95 (s)", f"arena_{people}_page_p95", ""),
            (f"{people} people: unrelated page, p99 (s)", f"arena_{people}_page_p99", "at most 0.3"),
            (f"{people} people: kilobytes a person, most", f"arena_{people}_kilobytes", "at most 15"),
            (f"{people} people: answers lost", f"arena_{people}_lost", "0"),
            (f"{people} people: finished calls repeated", f"arena_{people}_repeated", "0"),
        ]
    return found


def variant_rows() -> list[tuple[str, str, str]]:
    found = [("People", "arena_variant_people", "")]
    for name, what in WHAT.items():
        found += [
            (f"{what}: done, p95 (s)", f"arena_{name}_done_p95", ""),
            (f"{what}: unrelated page, p99 (s)", f"arena_{name}_page_p99", "at most 0.3"),
            (f"{what}: whole answers", f"arena_{name}_whole", ""),
            (f"{what}: without an end", f"arena_{name}_open", "0"),
            (f"{what}: seen unlike stored", f"arena_{name}_untrue", "0"),
            (f"{what}: finished calls repeated", f"arena_{name}_repeated", "0"),
        ]
    return [*found, ("a live worker killed: calls that died with it", "arena_killed_calls_lost", "")]
