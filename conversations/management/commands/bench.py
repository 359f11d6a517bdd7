import asyncio
import json
import os
import secrets
import sys
import traceback
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import close_old_connections

from benchmarks import (
    aims,
    annotations,
    arena,
    cadence,
    dissection,
    judge,
    leaderboard,
    machine,
    monitor,
    streaming,
    survey,
    tables,
    variants,
)
from benchmarks.arena import Places
from benchmarks.study import PERSONAS, make_arena, make_people, make_study
from benchmarks.tables import CHUNKS, FIRST, RATE, SPEAKING
from conversations.running import Ports, add_prism
from prism.lib.processes import Supervisor, free_port, port_is_free, var_directory

LARGE = 10_000
WORKER = "live worker 1"
LIVE_PARTS = ("streaming", "arena", "cadence", "survey", "thinking")
PARTS = (*LIVE_PARTS, "monitor", "leaderboard", "dissect", "annotations", "judge")


class Command(BaseCommand):
    """Exit status 0: every part was measured and keeps its aims; 1: a part failed or misses an aim.

    Each part's tables are printed as soon as it is done, so that what fails later loses nothing.
    """

    help = "Measure streaming beside a bare relay, surveys beside oTree, and more, and print a table."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--participants", type=int, default=20, help="how many talk at once")
        parser.add_argument("--rounds", type=int, default=3)
        parser.add_argument("--only", choices=PARTS, help="one part instead of all")
        sizes = ", ".join(map(str, arena.CROWDS))
        parser.add_argument(
            "--crowds",
            type=int,
            nargs="*",
            default=arena.CROWDS,
            help=f"sizes of the arena's crowds: {sizes}",
        )
        parser.add_argument(
            "--variant-people", type=int, default=variants.PEOPLE, help="how many meet what may go wrong"
        )
        parser.add_argument("--judged-pairs", type=int, default=judge.PAIRS, help="how many pairs judges get")
        parser.add_argument("--json", action="store_true")
        parser.add_argument("--no-fail", action="store_true", help="exit with 0 even when an aim is missed")

    def handle(self, *args: Any, only: str | None, **options: Any) -> None:
        self.options = options
        self.figures: dict[str, Any] = {"machine": machine.describe()}
        self.tables = tables.of_parts(options["crowds"])
        self.failed: list[str] = []
        parts = [only] if only else PARTS
        self.tell(f"Machine: {self.figures['machine']} (fake provider, servers and participants on it)")
        live = [part for part in parts if part in LIVE_PARTS]
        if live:
            with self.noting_failure("servers"):
                self.measure_live(live)
        if "monitor" in parts:
            self.measure("monitor", self.monitor)
        if "leaderboard" in parts:
            self.measure("leaderboard", lambda: leaderboard.measure(self.stderr.write))
        if "dissect" in parts:
            self.measure("dissect", lambda: dissection.measure(self.stderr.write))
        if "judge" in parts:
            self.measure("judge", lambda: judge.measure(self.stderr.write, self.options["judged_pairs"]))
        if "annotations" in parts:
            self.measure("annotations", self.annotations)
        self.end()

    def end(self) -> None:
        if self.options["json"]:
            self.stdout.write(json.dumps(self.figures))
        rows = [row for part in self.tables.values() for rows in part.values() for row in rows]
        missed = [] if self.options["no_fail"] else aims.missed(rows, self.figures)
        lines = ["Failed parts:", *self.failed] if self.failed else []
        lines += ["Missed aims:", *missed] if missed else []
        if lines:
            raise CommandError("\n".join(lines))

    def tell(self, line: str) -> None:
        if not self.options["json"]:
            self.stdout.write(line)

    @contextmanager
    def noting_failure(self, what: str) -> Iterator[None]:
        """Name what failed and go on: the other parts are worth having without it."""
        try:
            yield
        except Exception as error:
            self.stderr.write(traceback.format_exc())
            self.failed.append(f"{what}: {type(error).__name__}: {error}")
            close_old_connections()

    def measure(self, part: str, measured: Callable[[], dict[str, Any]]) -> None:
        """The figures of a part and the load that it met, printed at once."""
        load = os.getloadavg()[0]
        with self.noting_failure(part):
            found = measured()
            self.figures |= {f"load_{part}": load, **found}
            self.tell(f"\n{part}: load average before it {load:.2f}")
            for line in tables.lines(self.tables[part], found):
                self.tell(line)

    def measure_live(self, parts: list[str]) -> None:
        """What needs all of Prism running, a relay beside it, and many people at once."""
        call_command("migrate", verbosity=0)
        ports, relay = Ports(web=free_port()), free_port()
        places = Places(ports.web_url, f"http://127.0.0.1:{relay}", ports.fake_url)
        with Supervisor(var_directory() / "log", say=self.stderr.write) as house:
            add_prism(house, ports, env={"DEBUG": "0"})
            command = [sys.executable, "-m", "uvicorn", "benchmarks.relay:app", "--port", str(relay)]
            command += ["--log-level", "warning"]
            house.add(
                "bare relay",
                command,
                env={"FAKELLM_URL": ports.fake_url},
                ready=lambda: not port_is_free("127.0.0.1", relay),
            )
            house.start(timeout=120)
            measures = {
                "streaming": partial(self.streaming, places),
                "arena": partial(self.arena, house, places),
                "cadence": partial(cadence.measure, places, secrets.token_hex(3)),
                "survey": partial(
                    survey.measure_steps, places.web, self.options["rounds"], self.stderr.write
                ),
                "thinking": partial(survey.measure_thinking, places.web),
            }
            for part in parts:
                self.measure(part, measures[part])

    def streaming(self, places: Places) -> dict[str, Any]:
        participants, rounds = self.options["participants"], self.options["rounds"]
        run = secrets.token_hex(3)
        speed = f"first={FIRST};rate={RATE};chunks={CHUNKS}"
        study = make_study(f"bench-{run}", places.fake, speed)
        models = [f"{persona};{speed}" for persona in PERSONAS]
        asyncio.run(streaming.turns(places.web, make_people(study, 1)))  # warm both up
        asyncio.run(streaming.relay_turns(places.relay, models, 1))
        ours, bare = [], []
        for number in range(rounds):
            self.stderr.write(f"Round {number + 1} of {rounds} …")
            bare.append(asyncio.run(streaming.relay_turns(places.relay, models, participants)))
            ours.append(asyncio.run(streaming.turns(places.web, make_people(study, participants))))
        self.stderr.write("An answer ten times as long …")
        long = make_study(f"bench-{run}-long", places.fake, f"first={FIRST};rate={RATE};chunks={CHUNKS * 10}")
        short = asyncio.run(streaming.turns(places.web, make_people(study, 1)))[0]
        longer = asyncio.run(streaming.turns(places.web, make_people(long, 1)))[0]
        return figures(ours, bare, short, longer, participants)

    def arena(self, house: Supervisor, places: Places) -> dict[str, Any]:
        run = secrets.token_hex(3)
        home = f"/arena/{make_arena(f'bench-{run}', places.fake, arena.SPEED, arena.SPEED).slug}/"
        arena.measure_crowd(places, home, 2, 1)  # warm both up
        found: dict[str, Any] = {}
        for people in self.options["crowds"]:
            self.stderr.write(f"{people} people compare two answers …")
            found |= arena.measure_crowd(places, home, people, self.options["rounds"])
        self.stderr.write("What may go wrong …")
        return found | variants.measure(
            places, run, self.options["variant_people"], lambda: kill(house, WORKER)
        )

    def annotations(self) -> dict[str, Any]:
        call_command("migrate", verbosity=0)
        return annotations.measure(self.stderr.write)

    def monitor(self) -> dict[str, Any]:
        call_command("migrate", verbosity=0)
        self.stderr.write(f"A study of {LARGE} people …")
        return large_study(monitor.measure(LARGE))


def kill(house: Supervisor, name: str) -> None:
    """As a machine that runs out of memory does it; the supervisor is not asked to start it again."""
    popen = next(child.popen for child in house.children if child.name == name)
    if popen is not None:
        popen.kill()


def large_study(measured: dict[str, Any]) -> dict[str, Any]:
    """The views of a large study in flat figures."""
    views = measured["views"]
    return {
        "large_people": measured["people"],
        "large_answers": measured["answers"],
        "large_slowest_ms": max(view["ms"] for view in views.values()),
        "large_most_queries": max(view["queries"] for view in views.values()),
        "large_quotas_s": measured["quotas_s"],
        "large_quotas_queries": measured["quotas_queries"],
        "large_views": views,
    }


def figures(
    ours: list[list[streaming.Watched]],
    bare: list[list[float]],
    short: streaming.Watched,
    longer: streaming.Watched,
    participants: int,
) -> dict[str, Any]:
    """All rounds in the numbers of the table."""
    everyone = [watched for watcheds in ours for watched in watcheds]
    last = [max(watched.done for watched in watcheds) for watcheds in ours]
    relay = [max(times) for times in bare]
    return {
        "participants": participants,
        "done_s": streaming.median(last),
        "provider_s": SPEAKING,
        "ratio_to_provider": streaming.median(last) / SPEAKING,
        "relay_s": streaming.median(relay),
        "ratio_to_relay": streaming.median([a / b for a, b in zip(last, relay, strict=True)]),
        "first_p95_s": streaming.quantile([watched.first for watched in everyone], 0.95),
        "bytes_per_text": max(
            w.size / sum(len(t.encode()) for t in w.texts.values()) for w in everyone if w.texts
        ),
        "bytes_long_to_short": longer.size / short.size,
        "events_per_s": max(w.events / w.done for w in everyone),
        "incomplete": sum(
            len(text.split()) != CHUNKS for watched in everyone for text in watched.texts.values()
        ),
    }
