"""Taking waiting responses for this worker, each with the call that is to be made for it."""

import hashlib
import json
import os
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from conversations.endpoints import limits
from conversations.models import Attempt, LanguageModel, Response, SystemPrompt, Turn
from conversations.models.prompt import digest
from conversations.prompts import system_prompt
from conversations.protocols import RESERVED
from prism.lib import statements
from prism.lib.crypto import UnreadableSecret

from .calls import Call, ProviderFailure
from .taking import take_waiting
from .together import Together

DEFAULT_LIMIT = 4096  # tokens out, where the parameters set none
MOST_COST = Decimal("999999.999999")  # what the columns hold
MOST_TOKENS = 2**31 - 1
WORKER = f"{socket.gethostname()}:{os.getpid()}"


@dataclass(frozen=True)
class Taken:
    """A response of this worker, its attempt as committed, and its call or why none is made."""

    response: Response
    attempt: Attempt
    call: Call | ProviderFailure


def take(*response_ids: int) -> list[Taken]:
    """Claim those of the responses that wait, and commit their attempts before any request is sent.

    The tasks of a moment are claimed in one transaction. The connection is given back before this returns.
    """
    return list(_take_together(*response_ids).values())


def _take_all(ids: list[int]) -> dict[int, Taken]:
    try:
        with transaction.atomic():
            responses = take_waiting(ids, WORKER)
            calls = _within_limits(responses, _calls(responses))
            SystemPrompt.objects.keep(text for call in calls.values() if (text := _system(call)))
            attempts = [_attempt(row, calls[row.pk]) for row in responses]
            statements.inserting(Attempt)(*attempts)
            return {
                row.pk: Taken(row, attempt, calls[row.pk])
                for row, attempt in zip(responses, attempts, strict=True)
            }
    finally:
        connection.close()


_take_together = Together(_take_all)


def _attempt(response: Response, call: Call | ProviderFailure) -> Attempt:
    parameters = call.parameters if isinstance(call, Call) else {}
    return Attempt(
        response=response,
        number=response.attempt,
        worker=WORKER,
        request={
            **parameters,
            "model": response.model.identifier,
            "seed": response.seed,
            "system_sha256": digest(system) if (system := _system(call)) else None,
        },
        prompt_sha256=_digest(call),
        reserved_cost=_ceiling(response.model, call),
        reserved_tokens=_reserved(call),
    )


def _system(call: Call | ProviderFailure) -> str:
    """The system prompt as sent; "" without one."""
    first = call.messages[0] if isinstance(call, Call) else {}
    return first["content"] if first.get("role") == "system" else ""


def _calls(responses: list[Response]) -> dict[int, Call | ProviderFailure]:
    room = _room({row.model_id: row.model for row in responses if row.model.daily_limit}.values())
    said: dict[tuple[int, str], list[dict[str, str]]] = {}
    calls: dict[int, Call | ProviderFailure] = {}
    for row in responses:
        heard = (row.turn_id, row.slot if row.turn.conversation.protocol.parsed().all_go_on else "")
        if heard not in said:
            said[heard] = messages(row.turn, heard[1])
        if not row.model.is_switched_on or room.get(row.model_id, 1) < 1:
            calls[row.pk] = ProviderFailure("switched_off")
            continue
        if row.model_id in room:
            room[row.model_id] -= 1
        calls[row.pk] = _call_or_failure(row, said[heard])
    return calls


def _room(limited: Iterable[LanguageModel]) -> dict[int, int]:
    """How many more calls each model with a daily limit may take.

    Its row is locked, so that other workers count only when our attempts are in.
    """
    now = timezone.now()
    since, keys = now - limits.DAY, [model.pk for model in limited]
    if not keys:
        return {}
    locked = LanguageModel.objects.select_for_update().filter(pk__in=keys).order_by("pk")
    return {
        model.pk: model.daily_limit
        - Attempt.objects.filter(response__model=model, started_at__gte=since).count()
        - limits.charged_calls(model, now)
        for model in locked
    }


def _within_limits(
    responses: list[Response], calls: dict[int, Call | ProviderFailure]
) -> dict[int, Call | ProviderFailure]:
    """The calls, without those for which a provider's budget or limits a minute leave no room."""
    rooms = limits.rooms({row.model.provider_id: row.model.provider for row in responses}.values())
    for row in responses:
        room, call = rooms.get(row.model.provider_id), calls[row.pk]
        if room and isinstance(call, Call):
            refused = room.take(_ceiling(row.model, call), row.model.currency, _reserved(call))
            if refused:
                calls[row.pk] = ProviderFailure(refused.reason, "our own limit", refused.seconds)
    return calls


def _call_or_failure(response: Response, said: list[dict[str, str]]) -> Call | ProviderFailure:
    try:
        return _call(response, said)
    except UnreadableSecret:
        return ProviderFailure("key", "the stored key cannot be read; enter it again")


def _call(response: Response, said: list[dict[str, str]]) -> Call:
    model = response.model
    protocol = response.turn.conversation.protocol.parsed()
    system = system_prompt(model, response.turn.conversation)
    header = [{"role": "system", "content": system}] if system else []
    return Call(
        base_url=model.provider.base_url,
        api_key=model.provider.api_key,
        model=model.identifier,
        messages=(*header, *said),
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
        reach=model.provider.reach,
    )


def messages(turn: Turn, slot: str = "") -> list[dict[str, str]]:
    """The turns before with the answer that went on, or that this slot gave, and the new message."""
    said = []
    for past in _earlier(turn) if turn.number else ():
        answer = past.responses.shown().get(slot=slot) if slot else past.choice.response
        said.append({"role": "user", "content": past.text})
        said.append({"role": "assistant", "content": answer.text})
    return [*said, {"role": "user", "content": turn.text}]


def _earlier(turn: Turn) -> QuerySet[Turn]:
    before = turn.conversation.turns.filter(number__lt=turn.number)
    return before.select_related("choice__response").order_by("number")


def _digest(call: Call | ProviderFailure) -> str:
    return hashlib.sha256(json.dumps(call.messages).encode()).hexdigest() if isinstance(call, Call) else ""


def _ceiling(model: LanguageModel, call: Call | ProviderFailure) -> Decimal:
    """The most the call can cost."""
    return price(model, *_most_tokens(call))


def _most_tokens(call: Call | ProviderFailure) -> tuple[int, int]:
    """The most that is read and written: four characters a token in, the limit of tokens out."""
    if isinstance(call, ProviderFailure):
        return 0, 0
    tokens_in = sum(len(message["content"]) for message in call.messages) // 4 + 1
    limit = call.parameters.get("max_completion_tokens", call.parameters.get("max_tokens"))
    return tokens_in, limit if isinstance(limit, int) else DEFAULT_LIMIT


def _reserved(call: Call | ProviderFailure) -> int:
    """Tokens that the call may take, as far as the column holds them."""
    return min(max(sum(_most_tokens(call)), 0), MOST_TOKENS)


def price(model: LanguageModel, tokens_in: int, tokens_out: int) -> Decimal:
    cost = (model.price_in * tokens_in + model.price_out * tokens_out) / Decimal(1_000_000)
    return min(max(cost, Decimal(0)), MOST_COST)
