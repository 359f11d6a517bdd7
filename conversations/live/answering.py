"""One response's life in a worker: claimed, called, finished, retried, replaced or given up."""

import asyncio
import hashlib
import json
import logging
import os
import socket
import time
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils import timezone

from conversations import drawing
from conversations.models import Attempt, LanguageModel, Response, Turn
from conversations.protocols import RESERVED, Protocol
from prism.lib.crypto import UnreadableSecret

from . import loop
from .provider import Call, Ending, ProviderFailure, stream
from .publishing import LiveText, publisher

logger = logging.getLogger(__name__)
LONGEST_WAIT = 5.0
MAXIMUM_ATTEMPTS = 2
DATABASE_PAUSES = (0.5, 1.0, 2.0, 4.0)  # seconds; a database that is away longer costs a second call
DEFAULT_LIMIT = 4096  # tokens out, where the parameters set none
MOST_CHARACTERS = 200_000
MOST_COST = Decimal("999999.999999")  # what the columns hold
WORKER = f"{socket.gethostname()}:{os.getpid()}"


@dataclass
class Result:
    """What came of one call."""

    text: str = ""
    ending: Ending | None = None
    failure: ProviderFailure | None = None
    first_ms: int | None = None
    total_ms: int = 0
    is_superseded: bool = False


def answer(response_id: int) -> None:
    """Answer a waiting response; does nothing when another worker has it or it is over.

    No connection to the database is held while the model speaks.
    """
    while True:
        taken = _take(response_id)
        if taken is None:
            return
        response, attempt, call = taken
        connection.close()
        live = LiveText(response.pk, response.turn_id, response.slot, response.run, response.attempt)
        try:
            result = loop.run(_stream(live, call)) if isinstance(call, Call) else Result(failure=call)
            pause = _conclude_patiently(response, attempt, result, live)
        finally:
            # Whatever happened: a text that is left there would have its lease renewed for ever.
            loop.run(_forget(live))
            connection.close()
        if pause is None:
            return
        time.sleep(pause)


def _take(response_id: int) -> tuple[Response, Attempt, Call | ProviderFailure] | None:
    """Claim the response and commit the attempt before any request is sent."""
    with transaction.atomic():
        response = Response.objects.claim(response_id, WORKER)
        if response is None:
            return None
        call = _call_or_failure(response)
        attempt = Attempt.objects.create(
            response=response,
            number=response.attempt,
            worker=WORKER,
            request={
                **(call.parameters if isinstance(call, Call) else {}),
                "model": response.model.identifier,
                "seed": response.seed,
            },
            prompt_sha256=_digest(call),
            reserved_cost=_ceiling(response.model, call),
        )
        return response, attempt, call


def _may_call(model: LanguageModel) -> bool:
    if model.status != LanguageModel.Status.ACTIVE or not model.provider.is_on:
        return False
    if not model.daily_limit:
        return True
    since = timezone.now() - timedelta(days=1)
    return Attempt.objects.filter(response__model=model, started_at__gte=since).count() < model.daily_limit


def _call_or_failure(response: Response) -> Call | ProviderFailure:
    if not _may_call(response.model):
        return ProviderFailure("switched_off")
    try:
        return _call(response)
    except UnreadableSecret:
        return ProviderFailure("key", "the stored key cannot be read; enter it again")


def _call(response: Response) -> Call:
    model, turn = response.model, response.turn
    protocol = turn.conversation.protocol.parsed()
    return Call(
        base_url=model.provider.base_url,
        api_key=model.provider.api_key,
        model=model.identifier,
        messages=tuple(messages(model, turn)),
        parameters={
            name: value
            for name, value in {**protocol.generation, **model.parameters}.items()
            if name not in RESERVED
        },
        seed=response.seed,
        silence_seconds=model.provider.silence_seconds,
        attempt=f"{response.pk}.{response.attempt}",
        provider=model.provider_id,
        most_at_once=model.provider.max_concurrent,
    )


def messages(model: LanguageModel, turn: Turn) -> list[dict[str, str]]:
    """System prompt, the turns before with the answer that won each, and the new message."""
    said = [{"role": "system", "content": model.header}] if model.header else []
    earlier = turn.conversation.turns.filter(number__lt=turn.number).select_related("choice__response")
    for past in earlier.order_by("number") if turn.number else ():
        said.append({"role": "user", "content": past.text})
        said.append({"role": "assistant", "content": past.choice.response.text})
    return [*said, {"role": "user", "content": turn.text}]


def _digest(call: Call | ProviderFailure) -> str:
    return hashlib.sha256(json.dumps(call.messages).encode()).hexdigest() if isinstance(call, Call) else ""


def _ceiling(model: LanguageModel, call: Call | ProviderFailure) -> Decimal:
    """The most the call can cost: four characters a token in, the limit of tokens out."""
    if isinstance(call, ProviderFailure):
        return Decimal(0)
    tokens_in = sum(len(message["content"]) for message in call.messages) // 4 + 1
    limit = call.parameters.get("max_tokens")
    return _price(model, tokens_in, limit if isinstance(limit, int) else DEFAULT_LIMIT)


def _price(model: LanguageModel, tokens_in: int, tokens_out: int) -> Decimal:
    cost = (model.price_in * tokens_in + model.price_out * tokens_out) / Decimal(1_000_000)
    return min(max(cost, Decimal(0)), MOST_COST)


async def _stream(live: LiveText, call: Call) -> Result:
    """Run the call, handing every piece to the publisher; never raises for what a provider does."""
    out = publisher()
    out.add(live)
    live.cancel = asyncio.current_task()
    ending, begun, first = Ending(), time.monotonic(), None
    failure, is_superseded = None, False
    try:
        # The client's own timeout counts bytes, and a provider may send signs of life for ever.
        async with asyncio.timeout(call.silence_seconds) as patience:
            async for piece in stream(call, ending):
                first = first or time.monotonic()
                if len(live.text) + len(piece) > MOST_CHARACTERS:
                    raise ProviderFailure("endless", f"more than {MOST_CHARACTERS} characters")
                out.piece(live, piece)
                patience.reschedule(asyncio.get_running_loop().time() + call.silence_seconds)
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
        ending=ending,
        failure=failure,
        first_ms=round((first - begun) * 1000) if first else None,
        total_ms=round((time.monotonic() - begun) * 1000),
        is_superseded=is_superseded,
    )


def _conclude_patiently(response: Response, attempt: Attempt, result: Result, live: LiveText) -> float | None:
    """As `_conclude`, also over a short absence of the database: a finished call is not made again."""
    for seconds in DATABASE_PAUSES:
        try:
            return _conclude(response, attempt, result, live)
        except (OperationalError, InterfaceError) as error:
            logger.warning("response %s cannot be stored yet: %s", response.pk, type(error).__name__)
            connection.close()
            time.sleep(seconds)
    return _conclude(response, attempt, result, live)


def _conclude(response: Response, attempt: Attempt, result: Result, live: LiveText) -> float | None:
    """Write down the end; returns the seconds to wait before this same response is tried again, or None."""
    pause = None
    if not result.is_superseded:
        if result.failure and not result.text.strip():
            pause = _after_silence(response, attempt, result)
        else:
            _finish(response, attempt, result)
    state = Response.objects.filter(pk=response.pk).values_list("state", "is_replaced").get()
    over = "replaced" if state[1] or pause is not None else str(state[0])
    loop.run(_close(live, over if over in {"done", "failed"} else live.state))
    return pause


async def _close(live: LiveText, state: str) -> None:
    await publisher().close(live, state)


async def _forget(live: LiveText) -> None:
    publisher().forget(live)


def _finish(response: Response, attempt: Attempt, result: Result) -> bool:
    """Store text and figures; False when another attempt has taken the response over since."""
    failure, ending = result.failure, result.ending or Ending()
    with transaction.atomic():
        stored = Response.objects.filter(
            pk=response.pk, attempt=attempt.number, state=Response.State.STREAMING
        ).update(
            state=Response.State.FAILED if failure else Response.State.DONE,
            text=result.text,
            failure=failure.kind if failure else "",
            finish_reason="" if failure else ending.finish_reason,
            tokens_in=ending.tokens_in,
            tokens_out=ending.tokens_out,
            cost=_price(response.model, ending.tokens_in or 0, ending.tokens_out or 0),
            first_text_ms=result.first_ms,
            total_ms=result.total_ms,
            finished_at=timezone.now(),
        )
        if stored:
            _close_attempt(attempt, result)
    return bool(stored)


def _close_attempt(attempt: Attempt, result: Result) -> None:
    failure = result.failure
    Attempt.objects.filter(pk=attempt.pk, state=Attempt.State.STARTED).update(
        state=Attempt.State.FAILED if failure else Attempt.State.FINISHED,
        failure=failure.kind if failure else "",
        detail=failure.detail if failure else "",
        text=result.text if failure else "",
        finished_at=timezone.now(),
    )


def _after_silence(response: Response, attempt: Attempt, result: Result) -> float | None:
    """Nothing was shown: wait and try again when the provider asks for it, else replace, else give up."""
    failure = result.failure
    assert failure is not None
    wait = failure.retry_after if failure.kind == "rate_limited" else None
    if wait is not None and wait <= LONGEST_WAIT and attempt.number < MAXIMUM_ATTEMPTS:
        return _again(response, attempt, result, wait)
    with transaction.atomic():
        turn = (
            Turn.objects.select_for_update().select_related("conversation__protocol").get(pk=response.turn_id)
        )
        _close_attempt(attempt, result)
        replacement = drawing.replacement_for(response, turn, _protocol(turn))
        gone = Response.objects.filter(
            pk=response.pk, attempt=attempt.number, state=Response.State.STREAMING
        ).update(
            state=Response.State.FAILED,
            failure=failure.kind,
            is_replaced=replacement is not None,
            total_ms=result.total_ms,
            finished_at=timezone.now(),
        )
        if not gone:  # the sweep gave the response to somebody else; the draw is undone with the rest
            transaction.set_rollback(True)
        elif replacement:
            replacement.save()
            drawing.hand_over([replacement])
    return None


def _again(response: Response, attempt: Attempt, result: Result, wait: float) -> float:
    with transaction.atomic():
        _close_attempt(attempt, result)
        Response.objects.filter(
            pk=response.pk, attempt=attempt.number, state=Response.State.STREAMING
        ).update(state=Response.State.WAITING, enqueued_at=timezone.now() + timedelta(seconds=wait))
    return wait


def _protocol(turn: Turn) -> Protocol:
    return turn.conversation.protocol.parsed()
