"""The arena's load: everybody asks at the same moment and follows two answers, on the arena's own pages.

The workload is the one that compar:IA's code was measured with: 60 words a side, the first after 0.3 s, then
50 a second; beside it somebody asks for an unrelated page every 50 ms.
"""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import aiohttp
import httpx2
from yarl import URL

from benchmarks.probe import probing
from benchmarks.streaming import median, quantile
from benchmarks.study import PERSONAS
from benchmarks.visitor import SIDES, Seen, Visitor

FIRST, RATE, CHUNKS = 0.3, 50, 60
SPEED = f"first={FIRST};rate={RATE};chunks={CHUNKS}"
IDEAL = FIRST + (CHUNKS - 1) / RATE
CROWDS = (10, 40, 80, 200)
ENTERING_AT_ONCE = 10
HARMED_AFTER = 1.0
OF_A_RESPONSE = re.compile(r"(\d+)\.\d+")


@dataclass(frozen=True)
class Places:
    """Where all of it runs."""

    web: str
    relay: str
    fake: str

    @property
    def calls(self) -> str:
        """Where the fake provider tells which calls it received."""
        return f"{self.fake.removesuffix('/v1')}/calls"


@dataclass
class Round:
    """What came of everybody's turn, the provider's own record of it, and the unrelated page meanwhile."""

    seen: list[Seen]
    probes: list[float]
    calls: list[dict[str, Any]]
    harmed_at: float = 0.0

    @property
    def expected(self) -> int:
        return SIDES * len(self.seen)

    def calls_repeated(self, expected: int) -> int:
        """Calls that the provider finished beyond the `expected`, or more than once for the same answer."""
        finished = [call["response"] for call in self.calls if call["state"] == "finished"]
        return max(len(finished) - expected, len(finished) - len(set(finished)))

    def calls_again(self) -> int:
        """Calls beyond the first of each answer, whatever became of it."""
        return len(self.calls) - len({call["response"] for call in self.calls})

    def in_flight(self) -> int:
        """Calls that were under way at the provider when harm was done."""
        return sum(
            call["started"] <= self.harmed_at < (call["finished"] or float("inf")) for call in self.calls
        )


async def crowd(
    places: Places, home: str, people: int, *, leaves: bool = False, harm: Callable[[], None] | None = None
) -> Round:
    """Everybody comes in, then all ask at the same moment; `harm` is done a little later."""
    door = asyncio.Semaphore(ENTERING_AT_ONCE)

    async def enter() -> Visitor:
        async with door:
            return await Visitor.enter(places.web, home)

    visitors = await asyncio.gather(*(enter() for _ in range(people)))
    httpx2.delete(places.calls)  # nothing is asked by then
    await asyncio.sleep(0.5)
    harmed: list[float] = []

    def do_harm() -> None:
        if harm:
            harmed.append(time.time())
            harm()

    async with probing(f"{places.web}/") as probes:
        asyncio.get_running_loop().call_later(HARMED_AFTER, do_harm)
        seen = await asyncio.gather(*(one.talk(number, leaves) for number, one in enumerate(visitors)))
    await asyncio.gather(*(one.browser.close() for one in visitors), return_exceptions=True)
    return Round(list(seen), probes, _calls(places), harmed[0] if harmed else 0.0)


def _calls(places: Places) -> list[dict[str, Any]]:
    """The provider's calls for answers, each with the `response` it was made for; no trials, no checks."""
    found = [
        (OF_A_RESPONSE.fullmatch(call["attempt"] or ""), call) for call in httpx2.get(places.calls).json()
    ]
    return [{**call, "response": int(attempt[1])} for attempt, call in found if attempt]


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


def measure_crowd(places: Places, home: str, people: int, rounds: int) -> dict[str, Any]:
    """The figures of one size of crowd, medians of the rounds, as `arena_80_done_p95` and so on.

    What must not happen at all is summed over the rounds instead.
    """
    found: list[dict[str, float]] = []
    for _ in range(rounds):
        bare = asyncio.run(relayed(places.relay, people))
        found.append(_figures(asyncio.run(crowd(places, home, people)), bare))
    return {
        f"arena_{people}_{name}": (sum if name in NEVER else median)([one[name] for one in found])
        for name in found[0]
    }


NEVER = ("lost", "repeated")


def _figures(here: Round, bare: list[float]) -> dict[str, float]:
    done = quantile([seen.done for seen in here.seen], 0.95)
    relay = quantile(bare, 0.95)
    return {
        "both_p95": quantile([seen.both for seen in here.seen], 0.95),
        "done_p95": done,
        "ideal": IDEAL,
        "over_ideal": done / IDEAL,
        "relay_p95": relay,
        "over_relay": done / relay,
        "page_p95": quantile(here.probes, 0.95),
        "page_p99": quantile(here.probes, 0.99),
        "kilobytes": max(seen.size for seen in here.seen) / 1000,
        "kilobytes_in_all": max(seen.size + seen.page_size for seen in here.seen) / 1000,
        "lost": float(lost(here)),
        "repeated": float(here.calls_repeated(here.expected)),
    }


def lost(here: Round) -> int:
    """Answers that somebody did not get whole."""
    heard = Counter(len(text.split()) == CHUNKS for seen in here.seen for text in seen.texts.values())
    return here.expected - heard[True]


def rows(crowds: Sequence[int] = CROWDS) -> list[tuple[str, str, str]]:
    """The table: label, figure, aim."""
    return [row for people in crowds for row in _rows(people)]


def _rows(people: int) -> list[tuple[str, str, str]]:
    is_large = people > 80
    named = [
        ("both answers begun, p95 (s)", "both_p95", "at most 2" if is_large else "at most 1"),
        ("done, p95 (s)", "done_p95", "" if is_large else "at most 3"),
        ("ideal (s)", "ideal", ""),
        ("Prism / ideal", "over_ideal", ""),
        ("bare relay done, p95 (s)", "relay_p95", ""),
        ("Prism / bare relay", "over_relay", "at most 1.5" if is_large else ""),
        ("unrelated page, p95 (s)", "page_p95", ""),
        ("unrelated page, p99 (s)", "page_p99", "at most 0.3"),
        ("kilobytes a person for both answers, most", "kilobytes", "at most 15"),
        ("kilobytes a person with the new page, most", "kilobytes_in_all", ""),
        ("answers lost, all rounds", "lost", "0"),
        ("finished calls repeated, all rounds", "repeated", "0"),
    ]
    return [(f"{people} people: {label}", f"arena_{people}_{name}", aim) for label, name, aim in named]
