"""The arena's load once more, each time with something that goes wrong."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.arena import CHUNKS, FIRST, IDEAL, RATE, SPEED, Places, Round, crowd
from benchmarks.streaming import quantile
from benchmarks.study import make_arena
from benchmarks.visitor import SIDES, STAYS_AWAY
from conversations.models import Attempt, Response, Turn

PEOPLE = 80
HARD = ("killed",)


@dataclass(frozen=True)
class Variant:
    """How the two models speak, what that is in words, and the seconds it takes at best."""

    what: str
    speeds: tuple[str, str]
    ideal: float
    whole_sides: int = SIDES


# The model in the second place is the one that something happens to.
VARIANTS = {
    "slow": Variant(
        "first word after 1.5 s, 400 words", ("first=1.5;rate=50;chunks=400",) * 2, 1.5 + 399 / 50
    ),
    "silent": Variant(
        "one side silent for 8 s",
        (SPEED, f"first=8;rate={RATE};chunks={CHUNKS}"),
        8 + (CHUNKS - 1) / RATE,
    ),
    "cut": Variant("one side cut after 10 words", (SPEED, f"{SPEED};fail=cut;after=10"), IDEAL, 1),
    "limited": Variant(
        "one side answers 429 first", (SPEED, f"{SPEED};fail=429;retry=1;times={{people}}"), 1 + IDEAL
    ),
    "away": Variant("browsers leave and are back 2 s later", (SPEED, SPEED), FIRST + 4 / RATE + STAYS_AWAY),
    "killed": Variant(
        "a live worker killed after 1 s", (f"first={FIRST};rate={RATE};chunks=100",) * 2, FIRST + 99 / RATE
    ),
}


def measure(places: Places, run: str, people: int, kill_worker: Callable[[], None]) -> dict[str, Any]:
    """What may go wrong, each with a crowd of its own, as `arena_cut_done_p95` and so on."""
    found: dict[str, Any] = {"arena_variant_people": people}
    for name, variant in VARIANTS.items():
        speeds = [speed.format(people=people) for speed in variant.speeds]
        study = make_arena(f"bench-{run}-{name}", places.fake, *speeds)
        begun = Turn.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        harm = kill_worker if name in HARD else None
        home = f"/arena/{study.slug}/"
        here = asyncio.run(crowd(places, home, people, leaves=name == "away", harm=harm))
        figures = _figures(here, begun, variant) | (_after_harm(here, begun) if harm else {})
        found |= {f"arena_{name}_{key}": float(value) for key, value in figures.items()}
    return found


def _figures(here: Round, begun: int, variant: Variant) -> dict[str, float]:
    """Every text that was seen beside what is stored, which must end in a true state."""
    shown = Response.objects.shown().filter(turn__gt=begun)
    stored = Counter(shown.values_list("text", flat=True))
    heard = Counter(text for seen in here.seen for text in seen.texts.values())
    heard[""] += sum(SIDES - len(seen.texts) for seen in here.seen)
    expected = variant.whole_sides * len(here.seen)
    whole = sum(1 for response in shown if response.is_whole)
    return {
        "done_p95": quantile([seen.done for seen in here.seen], 0.95),
        "ideal": variant.ideal,
        "page_p99": quantile(here.probes, 0.99),
        "whole": whole,
        "missing": expected - whole,
        "open": shown.unfinished().count(),
        "untrue": ((stored - heard) + (heard - stored)).total(),
        "repeated": here.calls_repeated(expected),
    }


def _after_harm(here: Round, begun: int) -> dict[str, float]:
    """What the harm cost, which may be no more than the calls that were in flight then."""
    lost = Attempt.objects.filter(response__turn__gt=begun, state=Attempt.State.LOST).count()
    in_flight, again = here.in_flight(), here.calls_again()
    return {
        "in_flight": in_flight,
        "calls_lost": lost,
        "calls_again": again,
        "beyond": max(0, lost - in_flight) + max(0, again - in_flight),
    }


def rows() -> list[tuple[str, str, str]]:
    """The table: label, figure, aim."""
    found = [("People", "arena_variant_people", "")]
    for name, variant in VARIANTS.items():
        named = [*COLUMNS, *(AFTER_HARM if name in HARD else ())]
        found += [(f"{variant.what}: {label}", f"arena_{name}_{key}", aim) for label, key, aim in named]
    return found


COLUMNS = (
    ("done, p95 (s)", "done_p95", ""),
    ("ideal (s)", "ideal", ""),
    ("unrelated page, p99 (s)", "page_p99", "at most 0.3"),
    ("whole answers", "whole", ""),
    ("answers missing", "missing", "0"),
    ("without an end", "open", "0"),
    ("seen unlike stored", "untrue", "0"),
    ("finished calls repeated", "repeated", "0"),
)
AFTER_HARM = (
    ("calls in flight then", "in_flight", ""),
    ("calls that died", "calls_lost", ""),
    ("calls made again", "calls_again", ""),
    ("calls lost or made again beyond those in flight", "beyond", "0"),
)
