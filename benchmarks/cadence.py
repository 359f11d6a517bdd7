"""Whether when text came tells which of two blind answers is by the fast model, over the whole of Prism.

People ask again and again in an arena where a fast and a slow model answer, each time at some length and in
slots that the arena draws. Half of the turns teach a rule (`benchmarks.guessing`) that is judged on the
others, and the other way round.
"""

import asyncio
import re
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks import guessing
from benchmarks.arena import ENTERING_AT_ONCE, Places
from benchmarks.study import make_duel
from benchmarks.visitor import SIDES, Seen, Visitor
from conversations.models import Response
from conversations.protocols import CADENCE, STREAM, TOGETHER
from prism.lib.intervals import wilson

PACINGS = (STREAM, CADENCE, TOGETHER)
PEOPLE = 12  # at once; more would only blur what each can tell
TURNS = 240
CONFIDENCE = 0.99
LENGTHS = range(30, 61, 5)  # pieces of text, the same for both models
FAST, SLOW = "first=0.1;rate=200", "first=0.8;rate=30"
TALK = re.compile(r"/(c\d+)/$")


@dataclass
class Timed(Seen):
    """A person who looks at the clock whenever something comes."""

    arrivals: guessing.Seen = field(default_factory=guessing.Seen)
    talk: str = ""

    def take(self, told: dict[str, Any], now: float) -> None:
        super().take(told, now)
        self.arrivals.take(told, now)


def measure(places: Places, run: str, turns: int = TURNS, people: int = PEOPLE) -> dict[str, float]:
    """For each pacing the share of guesses that were right, its interval, and how long people waited."""
    found: dict[str, float] = {}
    for pacing in PACINGS:
        fast = [f"{FAST};chunks={length}" for length in LENGTHS]
        slow = [f"{SLOW};chunks={length}" for length in LENGTHS]
        study = make_duel(f"bench-{run}-{pacing}", places.fake, fast, slow, pacing)
        seen = asyncio.run(crowd(places.web, f"/arena/{study.slug}/", people, turns // people))
        is_fast_first = fast_firsts(seen)
        told = [(one.arrivals, is_fast_first[one.talk]) for one in seen if one.talk in is_fast_first]
        told = told[: len(told) // 2 * 2]
        found |= {f"cadence_{pacing}_{name}": value for name, value in figures(told, len(seen)).items()}
    return found


async def crowd(web: str, home: str, people: int, rounds: int) -> list[Timed]:
    """Everybody asks so many times, each as soon as both answers of the last time are there."""
    door = asyncio.Semaphore(ENTERING_AT_ONCE)

    async def person(number: int) -> list[Timed]:
        async with door:
            visitor = await Visitor.enter(web, home)
        try:
            return [await ask(visitor, number) for _ in range(rounds)]
        finally:
            await visitor.browser.close()

    return [seen for found in await asyncio.gather(*map(person, range(people))) for seen in found]


async def ask(visitor: Visitor, number: int) -> Timed:
    await visitor.renew()
    visitor.form["mode"] = "big-vs-small"
    seen = Timed()
    begun = time.perf_counter()
    address = await visitor.follow(seen, number)
    found = TALK.search(address)
    seen.talk = found[1] if found else ""
    seen.arrivals.end = seen.arrivals.end or time.perf_counter() - begun
    return seen


def fast_firsts(seen: Sequence[Timed]) -> dict[str, bool]:
    """Of the comparisons with two whole answers, whether A was by the fast model."""
    heard = {one.talk: one for one in seen if len(one.texts) == SIDES}
    rows = Response.objects.shown().filter(turn__conversation__number__in=[code[1:] for code in heard])
    fast: dict[str, dict[str, bool]] = defaultdict(dict)
    for row in rows.select_related("model", "turn__conversation"):
        code = row.turn.conversation.code
        if row.is_whole and row.text == heard[code].texts[row.slot]:
            fast[code][row.slot] = FAST in row.model.identifier
    return {code: slots["A"] for code, slots in fast.items() if len(slots) == SIDES}


def figures(told: list[tuple[guessing.Seen, bool]], turns: int) -> dict[str, float]:
    right = guessing.number_right(told)
    interval = wilson(right, len(told), CONFIDENCE)
    assert interval is not None
    return {
        "turns": len(told),
        "lost": turns - len(told),
        "right": interval.percent,
        "low": interval.low,
        "high": interval.high,
        "seconds": sum(seen.end for seen, _ in told) / len(told),
    }


def rows() -> list[tuple[str, str, str]]:
    """The table: label, figure, aim. Text as it comes is there to show that the rule can tell."""
    return [row for pacing in PACINGS for row in _rows(pacing)]


def _rows(pacing: str) -> list[tuple[str, str, str]]:
    named = (
        ("turns judged", "turns", "at least 200"),
        ("turns without two whole answers", "lost", "0"),
        ("fast model told from arrival times (%)", "right", ""),
        ("from, 99 % interval", "low", "at least 50" if pacing == STREAM else "at most 50"),
        ("to", "high", ""),
        ("mean time to the end (s)", "seconds", ""),
    )
    return [(f"{pacing}: {label}", f"cadence_{pacing}_{name}", aim) for label, name, aim in named]
