"""Judges over many pairs in both orders, a provider with faults, their worker killed twice on the way.

First a verdict a pair, then all 29 properties; then a run whose cap bites, and bites again once it is raised.
"""

import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx2
from django.core.management import call_command
from django.db.models import Count, Q
from django.utils import timezone

from annotations.judging import runs
from annotations.models import Annotation, Batch, JudgeCall, JudgedTask, JudgeRun, Task
from annotations.tasks import send_lanes
from benchmarks.judged_batch import DISSECTION, PREFERENCE, Protocol, make_batch, make_judge
from conversations.running import manage
from prism.lib.processes import Supervisor, free_port, http_answers, var_directory, worker_command

PAIRS = 1_000
LANES = 16
KILLS = (0.3, 0.6)
CAP = Decimal(500)
SMALL_CAPS = (Decimal("0.2"), Decimal("0.3"))  # shares of what all pairs cost
WORKER = "bulk worker"
State = JudgeCall.State
Say = Callable[[str], None]


@dataclass
class Bench:
    """The processes, and what is seen of the run that is measured, poll by poll."""

    house: Supervisor
    provider: str
    say: Say
    over_cap: Decimal = Decimal(0)
    in_flight: int = 0
    finished: set[int] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"{self.provider}/v1"

    def wait(self, run: JudgeRun, is_so: Callable[[], bool]) -> None:
        """Meanwhile what beat does in a deployment: hand lanes to workers, start again what has ended."""
        while not is_so():
            self.house.watch_once()
            run.refresh_from_db()
            if run.most_cost is not None:
                self.over_cap = max(self.over_cap, run.counted_cost - run.most_cost)
            for pk, lanes in runs.sweep().items():
                if pk == run.pk:
                    send_lanes(pk, lanes)
            time.sleep(1)

    def kill(self, run: JudgeRun) -> None:
        """The worker, in the middle of its calls; the supervisor starts it again."""
        popen = next(child.popen for child in self.house.children if child.name == WORKER)
        if popen is not None:
            os.killpg(popen.pid, signal.SIGKILL)
            popen.wait()
        calls = JudgeCall.objects.filter(judged__run=run)
        self.in_flight += calls.filter(state=State.STARTED).count()
        self.finished |= set(calls.filter(state=State.FINISHED).values_list("pk", flat=True))
        # All leases are those of the dead worker: nobody needs to wait for their end.
        runs.sweep(timezone.now() + timedelta(hours=1))

    def heard(self) -> Counter[str]:
        """How often the provider heard each call."""
        calls = httpx2.get(f"{self.provider}/calls", trust_env=False).json()
        return Counter(call["attempt"] for call in calls)


def measure(say: Say, pairs: int = PAIRS) -> dict[str, Any]:
    """What the runs came to, counted in the rows and at the provider."""
    call_command("migrate", verbosity=0)
    port = free_port()
    provider = f"http://127.0.0.1:{port}"
    with Supervisor(var_directory() / "log", say=say) as house:
        ready = http_answers(f"{provider}/health")
        house.add("fake provider", manage("fakellm", "--port", str(port)), ready=ready)
        house.add(WORKER, worker_command("bulk", LANES))
        house.start()
        found: dict[str, Any] = {}
        for protocol in (PREFERENCE, DISSECTION):
            bench = Bench(house, provider, say)
            found |= _killed_twice(bench, protocol, make_batch(protocol, pairs))
        batch = make_batch(DISSECTION, pairs)
        cost = Decimal(found[f"{DISSECTION.name}_cost"])
        return found | _capped(Bench(house, provider, say), batch, cost)


def _killed_twice(bench: Bench, protocol: Protocol, batch: Batch) -> dict[str, Any]:
    httpx2.delete(f"{bench.provider}/calls", trust_env=False)
    run = _started(bench, protocol, batch, CAP)
    pairs, begun = batch.tasks.count(), time.monotonic()
    for share in KILLS:
        bench.wait(run, lambda share=share: _done(run) >= share * pairs)  # type: ignore[misc]
        bench.say(f"{protocol.prompts}: kill -9 after {_done(run)} of {pairs} pairs …")
        bench.kill(run)
    bench.wait(run, lambda: not _is_running(run))
    figures = _figures(bench, run) | {"seconds": time.monotonic() - begun}
    return {f"{protocol.name}_{name}": value for name, value in figures.items()}


def _capped(bench: Bench, batch: Batch, cost: Decimal) -> dict[str, Any]:
    """Run into a cap, raise it, run into it again; `cost` is what the whole batch costs."""
    low, high = (round(share * cost, 6) for share in SMALL_CAPS)
    run = _started(bench, DISSECTION, batch, low)
    bench.wait(run, lambda: not _is_running(run))
    at_low = _done(run)
    runs.set_limits(run, runs.Limits(most_cost=high, lanes=LANES), None)
    runs.start(run, None)
    bench.wait(run, lambda: not _is_running(run))
    run.refresh_from_db()
    bench.over_cap = max(bench.over_cap, run.counted_cost - high)
    found = {"low": at_low, "high": _done(run), "left": run.judged.filter(finished_at=None).count()}
    runs.cancel(run, None)
    return {f"capped_{name}": value for name, value in (found | {"over": float(bench.over_cap)}).items()}


def _started(bench: Bench, protocol: Protocol, batch: Batch, cap: Decimal) -> JudgeRun:
    judge = make_judge(batch, protocol, bench.url)
    run = runs.begin(batch, judge, runs.Limits(most_cost=cap, lanes=LANES), None)
    runs.start(run, None)
    run.refresh_from_db()
    return run


def _done(run: JudgeRun) -> int:
    return run.judged.exclude(finished_at=None).count()


def _is_running(run: JudgeRun) -> bool:
    return JudgeRun.objects.filter(pk=run.pk, state=JudgeRun.State.RUNNING).exists()


def _figures(bench: Bench, run: JudgeRun) -> dict[str, Any]:
    run.refresh_from_db()
    pairs, calls, heard = run.batch.tasks.count(), JudgeCall.objects.filter(judged__run=run), bench.heard()
    unusable = run.judged.filter(state=JudgedTask.State.QUARANTINED).count()
    results = run.judged.filter(state=JudgedTask.State.DONE).count()
    lost = calls.filter(state=State.LOST).count()
    still = set(calls.filter(state=State.FINISHED).values_list("pk", flat=True))
    return {
        "pairs": pairs,
        "results": results,
        "unusable": unusable,
        "missing": pairs - results - unusable,
        "not_once": _not_once(run),
        "calls": sum(heard.values()),
        "failed": calls.filter(state__in=[State.FAILED, State.INVALID]).count(),
        "in_flight": bench.in_flight,
        "lost": lost,
        "repeats_beyond": max(lost - bench.in_flight, 0),
        "finished_repeated": len(bench.finished - still) + sum(number - 1 for number in heard.values()),
        "cost": float(run.counted_cost),
        "over_cap": max(float(bench.over_cap), float(run.counted_cost - CAP), 0.0),
    }


def _not_once(run: JudgeRun) -> int:
    """Judged pairs whose result stands there another number of times than it should."""
    done = run.judged.filter(state=JudgedTask.State.DONE)
    if run.judge.prompt_set.parsed().is_preference:
        told = Task.objects.filter(batch=run.batch, preferences__has_key=run.judge.name)
        return done.exclude(task__in=told).count() + done.filter(preference="").count()
    # Of both orders one annotation each, whose values are of the query and of both sides.
    made = Annotation.objects.filter(task__batch=run.batch, source=run.judge.name)
    told_of = (
        made.order_by().values("task").annotate(orders=Count("pk", distinct=True), sheets=Count("values"))
    )
    wrong = told_of.exclude(Q(orders=2) & Q(sheets=6)).count()
    without = done.filter(Q(annotation=None) | Q(swapped_annotation=None)).count()
    return wrong + without + abs(told_of.count() - done.count())
