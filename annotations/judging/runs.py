"""The life of a run: begun with an estimate, started, paused, resumed, cancelled, finished."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Count, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from annotations.judging.asking import Protocol, Subject
from annotations.judging.prompts import Asks, Prompts
from annotations.models import Batch, Judge, JudgeCall, JudgedTask, JudgeRun, Task
from annotations.scenarios.suggesting import groups_of
from conversations.live.claiming import price
from surveys import audit

State = JudgeRun.State
SAMPLED = 30
CHARACTERS_A_TOKEN = 4


class RunRefused(Exception):
    """A run cannot be begun or changed so; the text says why."""


@dataclass(frozen=True)
class Limits:
    """Caps of a run, None for no cap; `lanes`: tasks at a time."""

    most_cost: Decimal | None = None
    most_tokens: int | None = None
    lanes: int = 8

    @property
    def fields(self) -> dict[str, Any]:
        return {"most_cost": self.most_cost, "most_tokens": self.most_tokens, "lanes": self.lanes}


def begin(batch: Batch, judge: Judge, limits: Limits, by: User | None) -> JudgeRun:
    """A run that is not started, with what it is expected to cost. Raises RunRefused."""
    if judge.study_id != batch.study_id:
        raise RunRefused(_("The judge belongs to another study."))
    if judge.prompt_set.parsed().is_preference and batch.kind != Batch.Kind.PAIR:
        raise RunRefused(_("This judge compares two responses; the batch has single ones."))
    try:
        with transaction.atomic():
            run = JudgeRun.objects.create(
                batch=batch, judge=judge, estimate=estimate(batch, judge), created_by=by, **limits.fields
            )
            audit.record(by, "judge_run.begun", study=batch.study, subject=judge.name, batch=batch.slug)
    except IntegrityError as error:
        raise RunRefused(_("This judge has a run over this batch already.")) from error
    return run


def start(run: JudgeRun, by: User | None) -> bool:
    """Begin, or go on after a pause; False where it runs already or is over."""
    now = timezone.now()
    with transaction.atomic():
        waiting = JudgeRun.objects.filter(pk=run.pk, state__in=[State.READY, State.PAUSED])
        if not waiting.update(state=State.RUNNING, reason="", started_at=run.started_at or now):
            return False
        _list_tasks(run)
        _record(run, "judge_run.started", by)
    return True


def _list_tasks(run: JudgeRun) -> None:
    """The batch's tasks; those that came since the last start too."""
    listed = run.judged.values("task")
    tasks = run.batch.tasks.filter(erased_at=None).exclude(pk__in=listed).values_list("pk", "number")
    rows = (JudgedTask(run=run, task_id=pk, number=number) for pk, number in tasks.iterator(2000))
    JudgedTask.objects.bulk_create(rows, batch_size=2000, ignore_conflicts=True)


def pause(run: JudgeRun, by: User | None) -> bool:
    """Calls under way end and count; no further one begins."""
    return _turn(run, [State.RUNNING], "judge_run.paused", by, state=State.PAUSED, reason="")


def cancel(run: JudgeRun, by: User | None) -> bool:
    """What is judged by then stays."""
    ended: dict[str, Any] = {"state": State.CANCELLED, "finished_at": timezone.now()}
    return _turn(run, [State.READY, State.RUNNING, State.PAUSED], "judge_run.cancelled", by, **ended)


def set_limits(run: JudgeRun, limits: Limits, by: User | None) -> bool:
    """Other caps for a run that is not over."""
    going = [State.READY, State.RUNNING, State.PAUSED]
    return _turn(run, going, "judge_run.limited", by, **limits.fields)


def _turn(run: JudgeRun, states: list[State], action: str, by: User | None, **fields: Any) -> bool:
    with transaction.atomic():
        changed = JudgeRun.objects.filter(pk=run.pk, state__in=states).update(**fields)
        if changed:
            _record(run, action, by)
    return bool(changed)


def _record(run: JudgeRun, action: str, by: User | None) -> None:
    audit.record(by, action, study=run.batch.study, subject=run.judge.name, batch=run.batch.slug, run=run.pk)


def halt(run_id: int, reason: str) -> None:
    """It pauses by itself; the page says why, and resuming tries again."""
    running = JudgeRun.objects.filter(pk=run_id, state=State.RUNNING)
    running.update(state=State.PAUSED, reason=reason[:300])


def pause_at_cap(run_id: int) -> None:
    """Once no call is under way that might leave room."""
    under_way = JudgeCall.objects.filter(judged__run=run_id, state=JudgeCall.State.STARTED)
    if not under_way.exists():
        halt(run_id, _("The next call could pass the cap of this run. Raise the cap to go on."))


def finish(run_id: int) -> bool:
    """Whether it is done now: nothing waits and nothing is being judged."""
    left = JudgedTask.objects.filter(run=run_id).under_way()
    running = JudgeRun.objects.filter(pk=run_id, state=State.RUNNING)
    if left.exists():
        return False
    return bool(running.update(state=State.DONE, finished_at=timezone.now()))


def sweep(moment: datetime | None = None) -> dict[int, int]:
    """Put back what dead workers held; how many lanes each running run could use now, by its id."""
    moment = moment or timezone.now()
    abandoned = JudgedTask.objects.abandoned(moment).select_for_update(skip_locked=True)
    with transaction.atomic():
        pks = list(abandoned.values_list("pk", flat=True))
        back = JudgedTask.objects.filter(pk__in=pks)
        back.update(state=JudgedTask.State.WAITING, worker="", lease_until=None, due_at=None)
    running = JudgeRun.objects.filter(state=State.RUNNING).order_by("pk")
    wanted = {run.pk: wanted_lanes(run, moment) for run in running if not finish(run.pk)}
    return {pk: lanes for pk, lanes in wanted.items() if lanes}


def wanted_lanes(run: JudgeRun, moment: datetime | None = None) -> int:
    """So many more could be at work."""
    busy = run.judged.filter(state=JudgedTask.State.CLAIMED).count()
    room = max(run.lanes - busy, 0)
    return len(run.judged.due(moment or timezone.now()).values_list("pk", flat=True)[:room])


def protocol(run: JudgeRun) -> Protocol:
    return _protocol(run.batch, run.judge)


def _protocol(batch: Batch, judge: Judge) -> Protocol:
    return protocol_of(batch, judge.prompt_set.parsed(), both_orders=judge.both_orders)


def protocol_of(batch: Batch, prompts: Prompts, *, both_orders: bool = False) -> Protocol:
    scenarios = groups_of(batch.study) if prompts.is_scenario else None
    return Protocol(prompts, batch.rubric_version.parsed(), both_orders, scenarios)


def subject(task: Task) -> Subject:
    """The texts of a task; nothing of who wrote them."""
    return Subject(
        query=task.query,
        responses=tuple(side.text for side in task.sides.all()),
        context=tuple((str(turn.get("role", "")), str(turn.get("text", ""))) for turn in task.context),
        reference=task.reference,
    )


def estimate(batch: Batch, judge: Judge) -> dict[str, Any]:
    """Calls, tokens and cost expected for the whole batch, from a sample of its tasks spread evenly.

    Questions that depend on what a query asks for come on top: nobody knows before how many there are.
    """
    tasks = batch.tasks.filter(erased_at=None)
    number = tasks.count()
    step = max(number // SAMPLED, 1)
    sample = list(tasks.order_by("number").prefetch_related("sides")[::step])
    rules = _protocol(batch, judge)
    counted = [_expected(rules, subject(task)) for task in sample]
    scale = number / len(sample) if sample else 0
    calls, tokens_in, tokens_out = (
        (round(sum(part) * scale) for part in zip(*counted, strict=True)) if counted else (0, 0, 0)
    )
    cost = price(judge.model, tokens_in, tokens_out)
    return {
        "tasks": number,
        "calls": calls,
        "tokens_in": tokens_in,
        "tokens_out": tokens_out,
        "cost": str(cost),
    }


def _expected(rules: Protocol, subject: Subject) -> tuple[int, int, int]:
    """Calls, tokens in and tokens out of one task."""
    answers: dict[tuple[str, bool], Any] = {}
    calls = tokens_in = tokens_out = 0
    while question := rules.next(subject, answers):
        said = {"text": "x" * question.step.expected * CHARACTERS_A_TOKEN}
        answers[question.step.key, question.is_swapped] = said if question.step.asks == Asks.REFERENCE else {}
        calls += 1
        tokens_in += len(question.text) // CHARACTERS_A_TOKEN + 1
        tokens_out += question.step.expected
    return calls, tokens_in, tokens_out


def _is_held_up(run: JudgeRun) -> bool:
    """Whether nothing is being judged because tasks wait: for room at the provider, or to be tried again."""
    busy = run.judged.filter(state=JudgedTask.State.CLAIMED)
    waiting = run.judged.filter(state=JudgedTask.State.WAITING, due_at__gt=timezone.now())
    return waiting.exists() and not busy.exists()


def figures(run: JudgeRun) -> dict[str, Any]:
    """What a run's page shows of it now: tasks and calls by state, tokens, money."""
    tasks = dict(run.judged.values_list("state").annotate(n=Count("pk")).order_by())
    calls = JudgeCall.objects.filter(judged__run=run)
    spent = calls.aggregate(tokens_in=Sum("tokens_in"), tokens_out=Sum("tokens_out"), cost=Sum("cost"))
    preferences = run.judged.exclude(preference="").values_list("preference")
    scenarios = run.judged.exclude(scenario="").values_list("scenario")
    return {
        "tasks": {state.value: tasks.get(state.value, 0) for state in JudgedTask.State},
        "total": sum(tasks.values()) or run.estimate.get("tasks", 0),
        "is_held_up": run.state == State.RUNNING and _is_held_up(run),
        "calls": dict(calls.values_list("state").annotate(n=Count("pk")).order_by()),
        "tokens_in": spent["tokens_in"] or 0,
        "tokens_out": spent["tokens_out"] or 0,
        "cost": spent["cost"] or Decimal(0),
        "preferences": dict(preferences.annotate(n=Count("pk")).order_by()),
        "scenarios": list(scenarios.annotate(n=Count("pk")).order_by("-n", "scenario")),
    }
