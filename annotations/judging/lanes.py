"""A lane takes task after task of a run through the protocol: ask, check, ask once more, store."""

from __future__ import annotations

import asyncio
import logging
import time
import traceback
from concurrent.futures import wait
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotations.judging import claiming, runs, storing
from annotations.judging.asking import Protocol, Question, Subject
from annotations.judging.claiming import LeaseLost, Messages, NoRoom, NotRunning
from annotations.judging.reading import NotValid, read
from annotations.models import JudgeCall, JudgedTask, Task
from annotations.scenarios import suggesting
from conversations.endpoints.charging import OVER_DAILY_LIMIT, TOO_LARGE, NoRoomNow
from conversations.endpoints.limits import OVER_BUDGET, Refused
from conversations.live.calls import Call, Ending, ProviderFailure
from conversations.live.claiming import WORKER
from conversations.live.loop import running_loop
from conversations.protocols import RESERVED
from prism.lib.crypto import UnreadableSecret

log = logging.getLogger(__name__)

SLICE_SECONDS = 60.0  # then other runs get their turn
CALL_SECONDS = 600.0
SIGN_OF_LIFE = 10.0
SHORT_PAUSE = 5.0  # a lane waits so long for a task that is tried again; for more it ends
REPAIRS = 1
MOST_FAILURES = 6  # of one step, and the run pauses
HOPELESS = frozenset({"refused", "address", "key", "switched_off"})  # the next task would fare the same
NO_ROOM = {
    OVER_BUDGET: gettext_lazy("Judges have spent their half of the provider's budget of 24 hours."),
    OVER_DAILY_LIMIT: gettext_lazy("Judges have made their half of the calls that the model may get a day."),
    TOO_LARGE: gettext_lazy(
        "One call may take more tokens than judges may take of the provider in a minute."
    ),
}
REPAIR = "Your reply cannot be used:\n{faults}\nReply again to the same request, with nothing but valid JSON."
State = JudgeCall.State


class Later(Exception):
    """The task is to be tried again after so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class Halt(Exception):
    """The run pauses; the text tells why."""


@dataclass
class Reply:
    """What came of a call, as far as it came."""

    pieces: list[str] = field(default_factory=list)
    ending: Ending = field(default_factory=Ending)
    failure: ProviderFailure | None = None

    @property
    def text(self) -> str:
        return "".join(self.pieces)


class Unusable(Exception):
    """Also the repaired reply cannot be used."""

    def __init__(self, call: JudgeCall, reason: str) -> None:
        super().__init__(reason)
        self.call = call
        self.reason = reason


def work(run_id: int, seconds: float = SLICE_SECONDS) -> bool:
    """Judge task after task for a while; whether there is more to do now."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        judged = claiming.claim(run_id, WORKER[:80])
        if judged is None and not _paused(run_id):
            runs.finish(run_id)
            return False
        if judged is not None:
            time.sleep(judge(judged))
    return True


def _paused(run_id: int) -> bool:
    """Whether a task was waited for that is tried again shortly."""
    due = claiming.next_due(run_id)
    wait = (due - timezone.now()).total_seconds() if due else 0.0
    if due is None or wait > SHORT_PAUSE:
        return False
    time.sleep(max(wait, 0.05))
    return True


def judge(judged: JudgedTask) -> float:
    """One task to its result, or as far as it goes; whatever stops it, its row says what comes next.

    Returns for how many seconds the lane had better wait: none, unless the provider has no room now.
    """
    try:
        _carry_out(judged)
    except LeaseLost:
        pass
    except NoRoomNow as held:
        return _wait_for_room(judged, held.refused)
    except NotRunning:
        claiming.release(judged)
    except NoRoom:
        claiming.release(judged, timezone.now() + timedelta(seconds=1))
        runs.pause_at_cap(judged.run_id)
    except Later as later:
        claiming.release(judged, timezone.now() + timedelta(seconds=later.seconds))
    except Halt as halt:
        claiming.release(judged)
        runs.halt(judged.run_id, str(halt))
    except Unusable as unusable:
        storing.quarantine(judged, unusable.call, unusable.reason)
    except Exception as error:
        # Where it broke, not what was in hand there: messages of errors may hold what people wrote.
        places = "".join(traceback.format_tb(error.__traceback__))
        log.error("judging task %s failed with %s\n%s", judged.pk, type(error).__name__, places)
        claiming.release(judged)
        runs.halt(judged.run_id, _("Something unexpected went wrong and was noted for the operator."))
    return 0.0


def _wait_for_room(judged: JudgedTask, refused: Refused) -> float:
    """Nobody was called. Where room comes soon, the task waits for it; else the run pauses and says why."""
    if refused.seconds is None:
        claiming.release(judged)
        runs.halt(judged.run_id, str(NO_ROOM[refused.reason]))
        return 0.0
    pause = min(refused.seconds, SHORT_PAUSE)
    claiming.release(judged, timezone.now() + timedelta(seconds=pause))
    return pause


def _carry_out(judged: JudgedTask) -> None:
    judge = judged.run.judge
    if not judge.model.is_switched_on:
        raise Halt(_("The model or its provider is switched off."))
    task = Task.objects.get(pk=judged.task_id)
    protocol, subject = runs.protocol(judged.run), runs.subject(task)
    if task.erased_at or (protocol.prompts.is_scenario and suggesting.is_decided(task)):
        storing.leave_out(judged)
        return
    finished = judged.calls.filter(state=State.FINISHED)
    answers = {(call.step, call.is_swapped): call.answer for call in finished}
    while question := protocol.next(subject, answers):
        answers[question.step.key, question.is_swapped] = _ask(judged, question)
    _store(judged, protocol, subject, answers)


def _store(judged: JudgedTask, protocol: Protocol, subject: Subject, answers: dict[Any, Any]) -> None:
    if protocol.prompts.is_scenario:
        storing.store_scenario(judged, protocol, answers)
    elif protocol.prompts.is_preference:
        storing.store_preference(judged, protocol, subject, answers)
    else:
        storing.store_annotations(judged, protocol, subject, answers)


def _ask(judged: JudgedTask, question: Question) -> Any:
    """The valid answer, if need be after one repair."""
    made = judged.calls.filter(step=question.step.key, is_swapped=question.is_swapped)
    refused = list(made.filter(state=State.INVALID).order_by("number"))
    while True:
        messages = _with_complaint(question, refused)
        parameters = _parameters(judged, question)
        call = claiming.begin(judged, question, messages, parameters)
        text, ending = _reply(judged, call, messages, parameters)
        try:
            answer = read(question, text, ending.finish_reason)
        except NotValid as fault:
            call.text, call.detail = text, str(fault)[:300]
            claiming.settle(
                judged, call, State.INVALID, ending, text=text, detail=call.detail, failure="invalid"
            )
            refused.append(call)
            if len(refused) > REPAIRS:
                raise Unusable(call, fault.reason) from fault
        else:
            claiming.settle(judged, call, State.FINISHED, ending, text=text, answer=answer)
            return answer


def _parameters(judged: JudgedTask, question: Question) -> dict[str, Any]:
    judge = judged.run.judge
    given = {"temperature": judge.temperature, "max_tokens": judge.most_tokens}
    chosen = {**judge.model.parameters, **given, **question.parameters, **judge.parameters}
    if "max_completion_tokens" in chosen:
        # Newer models know only this name; the most that was reserved holds under either.
        chosen.pop("max_tokens")
        chosen["max_completion_tokens"] = judge.most_tokens
    return {name: value for name, value in chosen.items() if name not in RESERVED}


def _with_complaint(question: Question, refused: list[JudgeCall]) -> Messages:
    if not refused:
        return question.messages
    last = refused[-1]
    complaint = REPAIR.format(faults=last.detail or "It was not valid.")
    return (
        *question.messages,
        {"role": "assistant", "content": last.text},
        {"role": "user", "content": complaint},
    )


def _reply(
    judged: JudgedTask, call: JudgeCall, messages: Messages, parameters: dict[str, Any]
) -> tuple[str, Ending]:
    """Raises Later and Halt where the provider fails, and LeaseLost."""
    reply = Reply()
    try:
        asked = claiming.provider_call(judged, call, messages, parameters)
    except UnreadableSecret:
        reply.failure = ProviderFailure("key", "the stored key cannot be read; enter it again")
    else:
        _wait_for(judged, asked, reply)
    failure = reply.failure
    if failure is None:
        return reply.text, reply.ending
    said = {"text": reply.text, "failure": failure.kind[:30], "detail": failure.detail}
    claiming.settle(judged, call, State.FAILED, reply.ending, **said)
    if failure.kind in HOPELESS:
        raise Halt(_("The provider refuses the calls: %(detail)s") % {"detail": failure.detail})
    raise _again(judged, call, failure)


def _again(judged: JudgedTask, call: JudgeCall, failure: ProviderFailure) -> Later | Halt:
    """When to try again: later and later; at last never by itself."""
    same = judged.calls.filter(step=call.step, is_swapped=call.is_swapped, state=State.FAILED)
    times = same.count()
    if times >= MOST_FAILURES:
        return Halt(_("The provider keeps failing: %(kind)s") % {"kind": failure.kind})
    return Later(max(failure.retry_after or 0.0, 0.5 * 2**times))


def _wait_for(judged: JudgedTask, asked: Call, reply: Reply) -> None:
    """Fill in the reply, with signs of life as it comes; no connection to the database is held meanwhile."""
    future = asyncio.run_coroutine_threadsafe(_listen(asked, reply), running_loop())
    while not future.done():
        if not connection.in_atomic_block:
            connection.close()
        wait([future], SIGN_OF_LIFE)
        try:
            claiming.keep(judged)
        except LeaseLost:
            future.cancel()
            raise
    future.result()


async def _listen(asked: Call, reply: Reply) -> None:
    """Never raises for what a provider does."""
    from conversations.live.provider import stream

    try:
        async with asyncio.timeout(CALL_SECONDS):
            async for piece in stream(asked, reply.ending):
                reply.pieces.append(piece.text)
        if not reply.text.strip():
            reply.failure = ProviderFailure("empty", "the answer had no text")
    except TimeoutError:
        reply.failure = ProviderFailure("endless", "not done in time")
    except ProviderFailure as failure:
        reply.failure = failure
