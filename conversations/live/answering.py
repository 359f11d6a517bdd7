"""A response's life in a worker: claimed, called, finished, retried, replaced or given up."""

import asyncio
import logging
import random
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils import timezone

from conversations import drawing
from conversations.calling import BUSY
from conversations.endpoints import breaker, limits
from conversations.models import Response, Turn
from conversations.models.response import ERASED, FINISHED
from conversations.protocols import Protocol

from . import loop
from .calls import Call, Ending, ProviderFailure
from .claiming import Taken, take
from .finishing import End, Result, close_attempts, finish, note_stop, spent
from .publishing import LiveText, publisher

logger = logging.getLogger(__name__)
NO_BUDGET_REST = timedelta(minutes=10)
DATABASE_PAUSES = (0.5, 1.0, 2.0, 4.0)  # seconds; a database that is away longer costs a second call
MOST_CHARACTERS = 200_000
CROWD_SPREAD = 1.2
# For those beside the first of each task; more than a worker's tasks ever need, since a response that is
# taken and waits for a thread would look lost. They are started when needed, and stay.
_threads = ThreadPoolExecutor(4096, "beside")


def answer(*response_ids: int) -> None:
    """Answer those of the responses that wait, side by side; one that another worker has or that is over is
    left alone.

    None holds up another, whatever becomes of it: only when all are over is raised what went wrong.
    """
    taken = take(*response_ids)
    beside = [_threads.submit(_problem, one) for one in taken[1:]]
    ends = [*map(_problem, taken[:1]), *(work.result() for work in beside)]
    problems = [error for error in ends if error]
    if len(problems) > 1:
        raise ExceptionGroup("several answers broke off", problems)
    if problems:
        raise problems[0]


def _problem(taken: Taken) -> Exception | None:
    """Answer until it is over, or another worker has it; returns what went wrong on our side."""
    try:
        while (pause := _attempt(taken)) is not None:
            time.sleep(pause)
            again = take(taken.response.pk)
            if not again:
                return None
            taken = again[0]
    except Exception as error:
        return error
    return None


def _attempt(taken: Taken) -> float | None:
    """Make the call and write down its end; returns the seconds to wait before the next, None without one.

    No connection to the database is held while the model speaks.
    """
    response, call = taken.response, taken.call
    live = LiveText(response.pk, response.turn_id, response.slot, response.run, response.attempt)
    try:
        result = loop.run(_stream(live, call)) if isinstance(call, Call) else Result(failure=call)
        pause = _conclude_patiently(End(response, taken.attempt, result), live)
        if result.failure and (pause is None or result.failure.kind != BUSY):
            _tell(response.model.provider_id, result.failure, was_called=isinstance(call, Call))
    except BaseException:
        # A text that is left there would have its lease renewed for ever.
        loop.run(_forget(live))
        raise
    finally:
        connection.close()
    return pause


async def _stream(live: LiveText, call: Call) -> Result:
    """Run the call, handing every piece to the publisher; never raises for what a provider does."""
    from .provider import stream

    out = publisher()
    out.add(live)
    live.cancel = asyncio.current_task()
    ending, begun = Ending(), time.monotonic()
    first_token = first = None
    failure, is_superseded = None, False
    try:
        # The client's own timeout counts bytes, and a provider may send signs of life for ever.
        async with asyncio.timeout(call.silence_seconds) as patience:
            async for piece in stream(call, ending):
                first_token = first_token or time.monotonic()
                if piece.text:
                    first = first or time.monotonic()
                if len(live.text) + len(live.reasoning) + piece.length > MOST_CHARACTERS:
                    raise ProviderFailure("endless", f"more than {MOST_CHARACTERS} characters")
                out.piece(live, piece)
                _be_patient(patience, call.silence_seconds)
        if not live.text.strip():
            failure = ProviderFailure("empty", "the answer had no text")
    except ProviderFailure as error:
        failure = error
    except TimeoutError:
        failure = ProviderFailure("silent", "no text in time")
    except asyncio.CancelledError:
        is_superseded = live.is_superseded
        if not is_superseded:
            raise
    return Result(
        text=live.text,
        reasoning=live.reasoning,
        ending=ending,
        failure=failure,
        first_token_ms=_milliseconds(begun, first_token),
        first_ms=_milliseconds(begun, first),
        total_ms=round((time.monotonic() - begun) * 1000),
        is_superseded=is_superseded,
    )


def _be_patient(patience: asyncio.Timeout, seconds: float) -> None:
    """Wait anew from now on; a clock that was set just now is left alone, for setting it costs more."""
    until = asyncio.get_running_loop().time() + seconds
    if until - (patience.when() or 0.0) > seconds / 50:
        patience.reschedule(until)


def _tell(provider_id: int, failure: ProviderFailure, was_called: bool) -> None:
    """A provider that keeps failing, has no budget left, or was busy for longer than a person waits, is drawn
    no more for a while."""
    if failure.kind == limits.OVER_BUDGET:
        breaker.take_out(provider_id, failure.kind, NO_BUDGET_REST)
    elif failure.kind == BUSY:
        # Our own limits say so too; then the provider is well, and its next minute has room.
        if was_called:
            breaker.note_busy(provider_id, failure.retry_after)
    else:
        breaker.note_failure(provider_id, failure.kind)


def _milliseconds(begun: float, moment: float | None) -> int | None:
    return round((moment - begun) * 1000) if moment else None


def _conclude_patiently(end: End, live: LiveText) -> float | None:
    """As `_conclude`, also over a short absence of the database: a finished call is not made again."""
    for seconds in DATABASE_PAUSES:
        try:
            return _conclude(end, live)
        except (OperationalError, InterfaceError) as error:
            logger.warning("response %s cannot be stored yet: %s", end.response.pk, type(error).__name__)
            connection.close()
            time.sleep(seconds)
    return _conclude(end, live)


def _conclude(end: End, live: LiveText) -> float | None:
    """Write down the end; returns the seconds to wait before this same response is tried again, or None."""
    result, pause = end.result, None
    if result.failure and not result.text.strip() and not result.is_superseded:
        pause = _after_silence(end)
    elif not result.is_superseded and finish(end):
        loop.run(_close(live, end.state))
        return None
    kept = Response.objects.filter(pk=end.response.pk)
    state, is_replaced, failure = kept.values_list("state", "is_replaced", "failure").get()
    if state == Response.State.STOPPED:
        note_stop(end)
    if failure == ERASED:
        loop.run(_erase(live))
        return None
    is_over = state in FINISHED and not is_replaced and pause is None
    loop.run(_close(live, str(state) if is_over else live.state))
    return pause


async def _close(live: LiveText, state: str) -> None:
    await publisher().close(live, state)


async def _erase(live: LiveText) -> None:
    await publisher().erase(live)


async def _forget(live: LiveText) -> None:
    publisher().forget(live)


def _after_silence(end: End) -> float | None:
    """Nothing was shown: wait and try again when the provider asks for it, else replace, else give up."""
    response, attempt, failure = end.response, end.attempt, end.result.failure
    assert failure is not None
    tried = response.tried(failure.kind)
    wait = _protocol(response.turn).calls.wait(failure.kind, failure.retry_after, tried)
    if wait is not None:
        # Not all of a crowd at the same moment: they would only be refused together again.
        return _again(end, wait * random.uniform(1, CROWD_SPREAD))
    with transaction.atomic():
        turn = (
            Turn.objects.select_for_update().select_related("conversation__protocol").get(pk=response.turn_id)
        )
        close_attempts([end])
        replacement = drawing.replacement_for(response, turn, _protocol(turn))
        gone = Response.objects.filter(
            pk=response.pk, attempt=attempt.number, state=Response.State.STREAMING
        ).update(
            state=Response.State.FAILED,
            failure=failure.kind,
            is_replaced=replacement is not None,
            **spent(end),
            finished_at=timezone.now(),
        )
        if not gone:  # the sweep gave the response to somebody else; the draw is undone with the rest
            transaction.set_rollback(True)
        elif replacement:
            replacement.save()
            drawing.hand_over([replacement])
    return None


def _again(end: End, wait: float) -> float:
    with transaction.atomic():
        close_attempts([end])
        Response.objects.filter(
            pk=end.response.pk, attempt=end.attempt.number, state=Response.State.STREAMING
        ).update(state=Response.State.WAITING, enqueued_at=timezone.now() + timedelta(seconds=wait))
    return wait


def _protocol(turn: Turn) -> Protocol:
    return turn.conversation.protocol.parsed()
