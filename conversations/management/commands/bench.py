import asyncio
import json
import os
import secrets
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from benchmarks import aims, arena, leaderboard, machine, monitor, streaming, survey
from benchmarks.study import PERSONAS, make_people, make_study
from conversations.running import Ports, add_prism
from prism.lib.processes import Supervisor, free_port, port_is_free, var_directory

FIRST, RATE, CHUNKS = 0.3, 30, 60
LARGE = 10_000
VARIANT_PEOPLE = 20
WORKER = "live worker 1"
SPEAKING = FIRST + (CHUNKS - 1) / RATE


class Command(BaseCommand):
    """Exit status 0: every figure that was measured keeps its aim; 1: one does not."""

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
        parser.add_argument("--json", action="store_true")
        parser.add_argument("--no-fail", action="store_true", help="exit with 0 even when an aim is missed")

    def handle(self, *args: Any, participants: int, rounds: int, only: str | None, **options: Any) -> None:
        figures: dict[str, Any] = {"machine": machine.describe(), "load": os.getloadavg()[0]}
        if only in {None, *LIVE_PARTS}:
            figures |= self.under_load(participants, rounds, only, options["crowds"])
        if only in {None, "monitor"}:
            call_command("migrate", verbosity=0)
            self.stderr.write(f"A study of {LARGE} people …")
            figures |= large_study(monitor.measure(LARGE))
        if only in {None, "leaderboard"}:
            figures |= leaderboard.measure(self.stderr.write)
        self.report(figures, as_json=options["json"])
        missed = [line for rows in TABLES.values() for line in aims.missed(rows, figures)]
        if missed and not options["no_fail"]:
            raise CommandError("\n".join(["Missed aims:", *missed]))

    def under_load(
        self, participants: int, rounds: int, only: str | None, crowds: Sequence[int]
    ) -> dict[str, Any]:
        """What needs all of Prism running, a relay beside it, and many people at once."""
        call_command("migrate", verbosity=0)
        figures: dict[str, Any] = {}
        ports, relay = Ports(web=free_port()), free_port()
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
            if only in {None, "streaming"}:
                figures |= self.streaming(ports, f"http://127.0.0.1:{relay}", participants, rounds)
            if only in {None, "arena"}:
                figures |= self.arena(house, ports, f"http://127.0.0.1:{relay}", rounds, crowds)
            if only in {None, "survey"}:
                figures |= survey.measure_steps(ports.web_url, rounds, self.stderr.write)
            if only in {None, "thinking"}:
                self.stderr.write("Many people who think …")
                figures |= survey.measure_thinking(ports.web_url)
        return figures

    def streaming(self, ports: Ports, relay: str, participants: int, rounds: int) -> dict[str, Any]:
        run = secrets.token_hex(3)
        speed = f"first={FIRST};rate={RATE};chunks={CHUNKS}"
        study = make_study(f"bench-{run}", ports.fake_url, speed)
        models = [f"{persona};{speed}" for persona in PERSONAS]
        asyncio.run(streaming.turns(ports.web_url, make_people(study, 1)))  # warm both up
        asyncio.run(streaming.relay_turns(relay, models, 1))
        ours, bare = [], []
        for number in range(rounds):
            self.stderr.write(f"Round {number + 1} of {rounds} …")
            bare.append(asyncio.run(streaming.relay_turns(relay, models, participants)))
            ours.append(asyncio.run(streaming.turns(ports.web_url, make_people(study, participants))))
        self.stderr.write("An answer ten times as long …")
        long = make_study(
            f"bench-{run}-long", ports.fake_url, f"first={FIRST};rate={RATE};chunks={CHUNKS * 10}"
        )
        short = asyncio.run(streaming.turns(ports.web_url, make_people(study, 1)))[0]
        longer = asyncio.run(streaming.turns(ports.web_url, make_people(long, 1)))[0]
        return figures(ours, bare, short, longer, participants)

    def arena(
        self, house: Supervisor, ports: Ports, relay: str, rounds: int, crowds: Sequence[int]
    ) -> dict[str, Any]:
        run = secrets.token_hex(3)
        study = make_study(f"bench-{run}", ports.fake_url, arena.SPEED, arena.SPEED)
        arena.measure_crowd(ports.web_url, relay, study, 2, 1)  # warm both up
        found: dict[str, Any] = {}
        for people in crowds:
            self.stderr.write(f"{people} people compare two answers …")
            found |= arena.measure_crowd(ports.web_url, relay, study, people, rounds)
        self.stderr.write("What may go wrong …")
        return found | arena.measure_variants(
            ports.web_url, ports.fake_url, run, min(VARIANT_PEOPLE, max(crowds)), lambda: kill(house, WORKER)
        )

    def report(self, figures: dict[str, Any], *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(figures))
            return
        self.stdout.write(f"Machine: {figures['machine']} (fake provider, servers and participants on it)")
        for title, rows in TABLES.items():
            measured = [row for row in rows if figures.get(row[1]) is not None]
            if measured:
                self.stdout.write(f"\n{title}")
            for label, name, limit in measured:
                self.stdout.write(f"{label:<62}{figures[name]:>10.2f}   {limit}")


STREAMING = (
    ("Prism: last participant done, median of rounds (s)", "done_s", ""),
    ("Prism: last participant done / provider's own time", "ratio_to_provider", "at most 1.6"),
    ("Bare relay: last participant done, median of rounds (s)", "relay_s", ""),
    ("Prism / bare relay, pair by pair, median", "ratio_to_relay", ""),
    ("Prism: first text, p95 over participants (s)", "first_p95_s", ""),
    ("Bytes of events / bytes of text, worst participant", "bytes_per_text", "at most 6"),
    ("Bytes of a 10 x longer answer / of the short one", "bytes_long_to_short", "at most 11"),
    ("Events a second and participant, highest", "events_per_s", "at most 12.5"),
    ("Answers incomplete", "incomplete", "0"),
)
SURVEY = tuple(
    row
    for people in survey.CROWDS
    for row in (
        (f"{people} people: Prism, steps a second", f"steps_{people}", ""),
        (f"{people} people: oTree, steps a second", f"otree_{people}", ""),
        (f"{people} people: Prism / oTree", f"steps_ratio_{people}", "at least 2"),
        (f"{people} people: Prism, p95 of a step (s)", f"steps_p95_{people}", ""),
        (f"{people} people: oTree, p95 of a step (s)", f"otree_p95_{people}", ""),
        (f"{people} people: errors", f"steps_errors_{people}", "0"),
    )
)
THINKING = (
    ("People", "thinking_people", ""),
    ("People who finished the survey or were screened out", "thinking_ended", "all"),
    ("Pages", "thinking_pages", ""),
    ("Pages a second", "thinking_pages_per_s", ""),
    ("Errors", "thinking_errors", "0"),
    ("Median of a page (s)", "thinking_p50_s", ""),
    ("p95 of a page (s)", "thinking_p95_s", "below 0.3"),
)
LARGE_STUDY = (
    ("People", "large_people", ""),
    ("Answers", "large_answers", ""),
    ("Slowest view, median of its requests (ms)", "large_slowest_ms", "below 300"),
    ("Most queries of a view", "large_most_queries", "at most 12"),
    ("Storing quotas again, everybody seated (s)", "large_quotas_s", ""),
    ("Queries of it", "large_quotas_queries", ""),
)
LEADERBOARD = (
    ("Votes", "board_votes", ""),
    ("Prism: half wins, clustered intervals, ranks (s)", "board_half_s", "at most 1.5"),
    ("Prism: Davidson, clustered intervals, ranks (s)", "board_davidson_s", "at most 1.5"),
    ("Prism: Davidson with five covariates of style (s)", "board_style_s", "at most 3"),
    ("evalica: half wins, without intervals (s)", "evalica_s", ""),
    ("evalica: Newman's ties, without intervals (s)", "evalica_newman_s", ""),
    ("Points apart at most, half wins", "board_points_apart", "at most 0.05"),
)
TABLES = {
    f"A turn of {len(PERSONAS)} models x {CHUNKS} chunks at {RATE} a second, all participants at once; "
    f"the provider itself takes {SPEAKING:.2f} s": STREAMING,
    f"One message each, two answers of {arena.CHUNKS} words at {arena.RATE} a second, all people at once; "
    f"ideal {arena.IDEAL:.2f} s": arena.rows(),
    "The same when something goes wrong": arena.variant_rows(),
    "A survey of four pages with eight questions, all at once, without thinking": SURVEY,
    "Consent and the PRISM survey, 3 to 10 s of thinking a page, all at once": THINKING,
    "A coordinator's views of a large study": LARGE_STUDY,
    f"A leaderboard of {leaderboard.MODELS} models and {leaderboard.PEOPLE} voters, best of "
    f"{leaderboard.RUNS} runs": LEADERBOARD,
}
LIVE_PARTS = ("streaming", "arena", "survey", "thinking")
PARTS = (*LIVE_PARTS, "monitor", "leaderboard")


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
