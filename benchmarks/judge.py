"""A judge of both orders over many pairs, a provider with faults, its worker killed twice on the way."""

import os
import secrets
import signal
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx2
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from annotations.judging import runs
from annotations.judging.judges import load_prompts
from annotations.models import Batch, Judge, JudgeCall, JudgeRun, Side, Task
from annotations.prompts import shipped
from annotations.rubric_versions import shipped_version
from annotations.tasks import send_lanes
from conversations.models import LanguageModel, Provider
from conversations.running import manage
from prism.lib.processes import Supervisor, free_port, http_answers, var_directory, worker_command
from surveys.models import Study

PAIRS = 1_000
LANES = 16
KILLS = (0.3, 0.6)
FAULTS = "judge;first=0.02;rate=2000;fail={fault};p=0.03"
CAP = Decimal(500)


def measure(say: Callable[[str], None]) -> dict[str, Any]:
    """What a run of PAIRS came to, counted in the rows and at the provider."""
    call_command("migrate", verbosity=0)
    port = free_port()
    with Supervisor(var_directory() / "log", say=say) as house:
        ready = http_answers(f"http://127.0.0.1:{port}/health")
        house.add("fake provider", manage("fakellm", "--port", str(port)), ready=ready)
        house.add("bulk worker", worker_command("bulk", LANES))
        house.start()
        run = _run(f"http://127.0.0.1:{port}/v1")
        begun = time.monotonic()
        in_flight, before = _killed_on_the_way(house, run, say)
        _wait(house, run, lambda: not _is_running(run))
        seconds = time.monotonic() - begun
        heard = httpx2.get(f"http://127.0.0.1:{port}/calls", trust_env=False).json()
    return _figures(run, seconds, in_flight, before, Counter(call["attempt"] for call in heard))


def _run(url: str) -> JudgeRun:
    name = f"bench-{secrets.token_hex(3)}"
    study = Study.objects.create(slug=name, title=name, kind=Study.Kind.DEMO, state=Study.State.OPEN)
    version = shipped_version("pairwise_preference")
    batch = Batch.objects.create(
        study=study, slug=name, title=name, rubric_version=version, kind="pair", source="file", state="open"
    )
    tasks = Task.objects.bulk_create(
        Task(batch=batch, number=number, key=str(number), query=f"Question {number}?")
        for number in range(1, PAIRS + 1)
    )
    Side.objects.bulk_create(
        Side(task=task, number=side, text=f"Answer {side} to {task.number}.")
        for task in tasks
        for side in (1, 2)
    )
    provider = Provider.objects.create(name=name, base_url=url, is_fake=True)
    model = LanguageModel.objects.create(
        provider=provider,
        identifier=FAULTS.format(fault="invalid"),
        name=name,
        short_name=name,
        code="BENCH",
        price_in=Decimal(2),
        price_out=Decimal(10),
    )
    judge = Judge.objects.create(
        study=study,
        name=name,
        model=model,
        prompt_set=load_prompts(shipped("preference")),
        both_orders=True,
        most_tokens=2000,
    )
    run = runs.begin(batch, judge, runs.Limits(most_cost=CAP, lanes=LANES), None)
    runs.start(run, None)
    return run


def _killed_on_the_way(house: Supervisor, run: JudgeRun, say: Callable[[str], None]) -> tuple[int, set[int]]:
    """Calls that were under way at the kills, and those that had been finished by then."""
    in_flight, finished = 0, set[int]()
    for share in KILLS:
        _wait(house, run, lambda share=share: _done(run) >= share * PAIRS)  # type: ignore[misc]
        say(f"kill -9 after {_done(run)} pairs …")
        popen = next(child.popen for child in house.children if child.name == "bulk worker")
        if popen is not None:
            os.killpg(popen.pid, signal.SIGKILL)
            popen.wait()
        calls = JudgeCall.objects.filter(judged__run=run)
        in_flight += calls.filter(state=JudgeCall.State.STARTED).count()
        finished |= set(calls.filter(state=JudgeCall.State.FINISHED).values_list("pk", flat=True))
        # All leases are those of the dead worker: nobody needs to wait for their end.
        runs.sweep(timezone.now() + timedelta(hours=1))
    return in_flight, finished


def _wait(house: Supervisor, run: JudgeRun, is_so: Callable[[], bool]) -> None:
    """Meanwhile what beat does in a deployment: hand lanes to workers, start again what has ended."""
    while not is_so():
        house.watch_once()
        for pk, lanes in runs.sweep().items():
            if pk == run.pk and connection.is_usable():
                send_lanes(pk, lanes)
        time.sleep(1)


def _done(run: JudgeRun) -> int:
    return run.judged.exclude(finished_at=None).count()


def _is_running(run: JudgeRun) -> bool:
    return JudgeRun.objects.filter(pk=run.pk, state=JudgeRun.State.RUNNING).exists()


def _figures(
    run: JudgeRun, seconds: float, in_flight: int, before: set[int], heard: Counter[str]
) -> dict[str, Any]:
    run.refresh_from_db()
    calls = JudgeCall.objects.filter(judged__run=run)
    states = Counter(run.judged.values_list("state", flat=True))
    told = Task.objects.filter(batch=run.batch, preferences__has_key=run.judge.name)
    results = run.judged.exclude(preference="").filter(task__in=told).count()
    still = set(calls.filter(state=JudgeCall.State.FINISHED).values_list("pk", flat=True))
    return {
        "judge_pairs": PAIRS,
        "judge_seconds": seconds,
        "judge_results": results,
        "judge_unusable": states["quarantined"],
        "judge_missing": PAIRS - results - states["quarantined"],
        "judge_calls": sum(heard.values()),
        "judge_in_flight": in_flight,
        "judge_lost": calls.filter(state=JudgeCall.State.LOST).count(),
        "judge_repeats_beyond": max(calls.filter(state=JudgeCall.State.LOST).count() - in_flight, 0),
        "judge_finished_repeated": len(before - still) + sum(n - 1 for n in heard.values()),
        "judge_cost": float(run.counted_cost),
        "judge_over_cap": max(float(run.counted_cost - CAP), 0.0),
    }
