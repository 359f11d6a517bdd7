"""Drawing models for a turn: opening, replacements and continuations; every draw is stored with its odds."""

import random
from collections import Counter

from celery import current_app
from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from conversations import sampling
from conversations.models import Conversation, Draw, LanguageModel, PoolEntry, Response, Turn
from conversations.protocols import Protocol, Sampling
from prism.lib.codes import random_key
from surveys.models import Study

SLOTS = "ABCDEFGH"


class EmptyPool(Exception):
    """The study has no model that is switched on."""


def eligible(study_id: int) -> list[int]:
    """Ids of the models that the study may draw now, in a stable order.

    The fake provider's models are left out as soon as a model of a real provider is there.
    """
    entries = PoolEntry.objects.filter(study=study_id).switched_on()
    pool = list(entries.order_by("model_id").values_list("model_id", "model__provider__is_fake"))
    real = [model for model, is_fake in pool if not is_fake]
    return real or [model for model, _ in pool]


def needed(study: Study) -> int:
    """How many models the study's protocol puts side by side at the opening."""
    protocol = study.protocols.order_by("-version").first()
    return protocol.parsed().opening_models if protocol else 0


def exposures(conversation: Conversation) -> Counter[int]:
    """How often each model was drawn in the study; test data count among themselves only."""
    drawn = Response.objects.filter(
        turn__number=0,
        turn__conversation__study=conversation.study_id,
        turn__conversation__enrolment__is_test=conversation.enrolment.is_test,
    )
    return Counter(dict(drawn.values_list("model_id").annotate(Count("id")).order_by()))


def open_turn(turn: Turn, protocol: Protocol) -> list[Response]:
    """Draw models for the first message; fewer than asked for when the pool is smaller. Raises EmptyPool."""
    draw = draw_models(turn, protocol.sampling, protocol.opening_models, without=set())
    return [_response(turn, model, SLOTS[i], draw) for i, model in enumerate(draw.drawn)]


def continue_turn(turn: Turn, winner: LanguageModel, protocol: Protocol) -> list[Response]:
    """Samples of the model that won the turn before."""
    return [_response(turn, winner.pk, SLOTS[i], None) for i in range(protocol.samples)]


def draw_models(
    turn: Turn, rule: Sampling, k: int, *, without: set[int], is_replacement: bool = False
) -> Draw:
    """Draw up to k models, all different and none of `without`, and store pool, weights, odds and seed."""
    conversation = turn.conversation
    pool = [model for model in eligible(conversation.study_id) if model not in without]
    if not pool:
        raise EmptyPool
    counts = exposures(conversation)
    a = rule.a if rule.rule == "exposure" else 0.0
    weights = sampling.exposure_weights([counts[model] for model in pool], a=a, s=rule.s)
    k, seed = min(k, len(pool)), random_key()
    odds = sampling.inclusion_probabilities(weights, k)
    return Draw.objects.create(
        turn=turn,
        is_replacement=is_replacement,
        seed=seed,
        rule={"rule": rule.rule, "a": rule.a, "s": rule.s, "k": k},
        pool=[
            {"model": model, "exposure": counts[model], "weight": float(w), "inclusion": round(float(p), 9)}
            for model, w, p in zip(pool, weights, odds, strict=True)
        ],
        drawn=[pool[i] for i in sampling.draw(weights, k, seed)],
    )


def replacement_for(response: Response, turn: Turn, protocol: Protocol) -> Response | None:
    """An unsaved response that takes over the slot: another model at the opening, the winner again later.

    None when the protocol's replacements are used up or no other model is left. Both count for the round
    alone: when the participant asks again, models that failed before may answer by now.
    """
    this_round = turn.responses.filter(round=response.round)
    if this_round.filter(slot=response.slot, replaces__isnull=False).count() >= protocol.replacements:
        return None
    draw, model = None, response.model_id
    if turn.number == 0:
        tried = set(this_round.values_list("model_id", flat=True))
        try:
            draw = draw_models(turn, protocol.sampling, 1, without=tried, is_replacement=True)
        except EmptyPool:
            return None
        model = draw.drawn[0]
    return _response(turn, model, response.slot, draw, replaces=response)


def _response(
    turn: Turn, model: int, slot: str, draw: Draw | None, replaces: Response | None = None
) -> Response:
    return Response(
        turn=turn,
        model_id=model,
        slot=slot,
        draw=draw,
        replaces=replaces,
        depth=replaces.depth + 1 if replaces else 0,
        round=replaces.round if replaces else 0,
        seed=random.randrange(2**31),
    )


def hand_over(responses: list[Response]) -> None:
    """Give the responses to the live workers once this transaction is committed.

    A broker that is away loses nothing: the rows wait and the sweep hands them over again.
    """
    ids = [response.pk for response in responses]
    transaction.on_commit(lambda: enqueue(ids), robust=True)


def enqueue(response_ids: list[int]) -> None:
    """One task each, all in one message to the broker."""
    with current_app.producer_or_acquire() as producer, producer.batch():
        for pk in response_ids:
            current_app.send_task("conversations.tasks.answer", args=[pk], queue="live", producer=producer)


def mark_enqueued(response_ids: list[int]) -> None:
    Response.objects.filter(pk__in=response_ids).update(enqueued_at=timezone.now())
