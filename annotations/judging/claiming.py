"""Who judges a task now: claims with a lease, the call that is written down before it is made, and its end.

Rows are locked in one order: judged task, call, run, model, provider, its charges. Whoever writes holds the
latest claim of the task.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Greatest
from django.utils import timezone

from annotations.judging.asking import Question
from annotations.models import JudgeCall, JudgedTask, JudgeRun
from conversations.endpoints import charging
from conversations.live.calls import Call, Ending
from conversations.live.claiming import price

LEASE = timedelta(seconds=60)
OVERHEAD = 200  # tokens of roles and frames around a message
Messages = tuple[dict[str, str], ...]
State = JudgedTask.State


class LeaseLost(Exception):
    """Somebody else has the task now."""


class NotRunning(Exception):
    """The run was paused, cancelled or finished."""


class NoRoom(Exception):
    """The call could pass a cap of the run together with those under way."""


def claim(run_id: int, worker: str) -> JudgedTask | None:
    """The next task that is due, in this worker's hands; None where there is none, or enough are at it."""
    now = timezone.now()
    with transaction.atomic():
        related = ("judge__model__provider", "judge__prompt_set", "batch__rubric_version")
        running = JudgeRun.objects.filter(pk=run_id, state=JudgeRun.State.RUNNING).select_related(*related)
        run = running.select_for_update(of=("self",)).first()
        if run is None or run.judged.filter(state=State.CLAIMED).count() >= run.lanes:
            return None
        row = run.judged.due(now).select_for_update(skip_locked=True).first()
        if row is None:
            return None
        row.run = run
        row.claims += 1
        row.state, row.worker, row.lease_until = State.CLAIMED, worker, now + LEASE
        row.save(update_fields=["claims", "state", "worker", "lease_until"])
        # Of whoever had it before; nobody will hear the answer, and what it may cost stays counted.
        row.calls.filter(state=JudgeCall.State.STARTED).update(state=JudgeCall.State.LOST, finished_at=now)
    return row


def next_due(run_id: int) -> datetime | None:
    """When the next of a running run's waiting tasks may be taken up."""
    waiting = JudgedTask.objects.filter(run=run_id, run__state=JudgeRun.State.RUNNING, state=State.WAITING)
    return waiting.order_by("due_at").values_list("due_at", flat=True).first()


def keep(judged: JudgedTask) -> None:
    """A sign of life. Raises LeaseLost."""
    if not held(judged).update(lease_until=timezone.now() + LEASE):
        raise LeaseLost


def held(judged: JudgedTask) -> QuerySet[JudgedTask]:
    """The row, as long as this claim is its latest."""
    return JudgedTask.objects.filter(pk=judged.pk, claims=judged.claims, state=State.CLAIMED)


def release(judged: JudgedTask, due_at: datetime | None = None) -> None:
    """Somebody else may go on with it; what is answered stays answered."""
    held(judged).update(state=State.WAITING, worker="", lease_until=None, due_at=due_at)


def begin(
    judged: JudgedTask, question: Question, messages: Messages, parameters: dict[str, Any]
) -> JudgeCall:
    """Write down a call with the most it may cost, also against the limits of its provider.

    Raises LeaseLost, NotRunning, NoRoom, and NoRoomNow of conversations.endpoints.charging.
    """
    judge = judged.run.judge
    tokens_in = most_tokens_in(messages, question)
    cost, tokens = price(judge.model, tokens_in, judge.most_tokens), tokens_in + judge.most_tokens
    with transaction.atomic():
        keep(judged)
        made = judged.calls.filter(step=question.step.key, is_swapped=question.is_swapped).count()
        call = JudgeCall.objects.create(
            judged=judged,
            step=question.step.key,
            is_swapped=question.is_swapped,
            number=made + 1,
            worker=judged.worker,
            prompt_sha256=hashlib.sha256(json.dumps([messages, parameters]).encode()).hexdigest(),
            reserved_cost=cost,
            reserved_tokens=tokens,
        )
        _reserve(judged.run_id, cost, tokens)
        charging.charge(judge.model, cost, tokens, call.started_at)
    return call


def _reserve(run_id: int, cost: Decimal, tokens: int) -> None:
    """One statement finds the room and takes it, so that calls which begin together cannot pass a cap."""
    money = Q(most_cost=None) | Q(most_cost__gte=F("counted_cost") + cost)
    words = Q(most_tokens=None) | Q(most_tokens__gte=F("counted_tokens") + tokens)
    running = JudgeRun.objects.filter(pk=run_id, state=JudgeRun.State.RUNNING)
    took = running.filter(money, words).update(
        counted_cost=F("counted_cost") + cost, counted_tokens=F("counted_tokens") + tokens
    )
    if not took:
        raise NoRoom if running.exists() else NotRunning


def most_tokens_in(messages: Messages, question: Question) -> int:
    """The most that is read: no tokenizer makes more tokens of a text than it has bytes in UTF-8."""
    said = sum(len(message["content"].encode()) + OVERHEAD for message in messages)
    return said + len(json.dumps(question.parameters).encode())


def settle(
    judged: JudgedTask, call: JudgeCall, state: JudgeCall.State, ending: Ending, **fields: Any
) -> None:
    """The end of a call: what it cost takes the place of the most it could. Raises LeaseLost.

    A call that failed before it said anything is not charged; where a provider does not tell what one cost,
    the most it could stays counted.
    """
    cost, tokens = call.reserved_cost, call.reserved_tokens
    told = ending.tokens_in is not None and ending.tokens_out is not None
    if told:
        tokens = (ending.tokens_in or 0) + (ending.tokens_out or 0)
        cost = price(judged.run.judge.model, ending.tokens_in or 0, ending.tokens_out or 0)
    elif state == JudgeCall.State.FAILED and not fields.get("text"):
        cost, tokens = Decimal(0), 0
    with transaction.atomic():
        keep(judged)
        JudgeCall.objects.filter(pk=call.pk, state=JudgeCall.State.STARTED).update(
            state=state,
            tokens_in=ending.tokens_in,
            tokens_out=ending.tokens_out,
            finish_reason=ending.finish_reason,
            cost=cost,
            finished_at=timezone.now(),
            **fields,
        )
        JudgeRun.objects.filter(pk=judged.run_id).update(
            counted_cost=Greatest(F("counted_cost") + cost - call.reserved_cost, Decimal(0)),
            counted_tokens=F("counted_tokens") + tokens - call.reserved_tokens,
        )
        less = cost - call.reserved_cost, tokens - call.reserved_tokens
        charging.settle(judged.run.judge.model, call.started_at, *less)


def provider_call(
    judged: JudgedTask, call: JudgeCall, messages: Messages, parameters: dict[str, Any]
) -> Call:
    """Raises UnreadableSecret where the provider's key cannot be read."""
    judge = judged.run.judge
    provider = judge.model.provider
    return Call(
        base_url=provider.base_url,
        api_key=provider.api_key,
        model=judge.model.identifier,
        messages=messages,
        parameters=parameters,
        seed=judge.seed,
        silence_seconds=provider.silence_seconds,
        attempt=f"judge-{call.pk}",
        provider=provider.pk,
        most_at_once=-(-provider.max_concurrent // 2),  # the other half is people's
        reach=provider.reach,
    )
