"""Drawing models for a turn: opening, replacements and continuations; every draw is stored with its odds."""

import random
from collections.abc import Iterable, Sequence

from celery import current_app
from django.db import transaction
from django.utils import timezone

from conversations.exposure import exposures
from conversations.lots import cast, is_drawable
from conversations.models import Draw, LanguageModel, Response, Turn
from conversations.pairing import EmptyPool, Sizes, Urn, possible, substitutes, urns
from conversations.pools import drawable
from conversations.protocols import Protocol, Sampling
from prism.lib.codes import random_key
from prism.lib.statements import inserting
from surveys.models import Study

SLOTS = "ABCDEFGH"
PAIR = 2
BESIDE = "beside"  # the mode of a draw at a later message


def eligible(study_id: int, least: int = 1) -> list[int]:
    """Ids of the models that the study may draw now, in a stable order."""
    return [entry.model for entry in drawable(study_id, least)]


def sizes(study_id: int) -> dict[int, float | None]:
    """The models that may be drawn now, two at least where there are so many, with their billions of
    parameters, None where that is not known."""
    return {entry.model: entry.billions for entry in drawable(study_id, least=PAIR)}


def needed(study: Study) -> int:
    """How many models the study's protocol puts side by side at the opening."""
    protocol = study.protocols.order_by("-version").first()
    return protocol.parsed().opening_models if protocol else 0


def open_turn(turn: Turn, protocol: Protocol) -> list[Response]:
    """Draw models for the first message; fewer than asked for when the pool is smaller. Raises EmptyPool."""
    draw = opening_draw(turn, protocol)
    inserting(Draw)(draw)
    return answers_of(turn, draw)


def opening_draw(turn: Turn, protocol: Protocol, pool: Sizes | None = None) -> Draw:
    """The unsaved draw of `open_turn`; `pool`: as `sizes` found it, where a ballot compares two."""
    talk = turn.conversation
    if protocol.ballot:
        two = urns(talk.mode, talk.picked, pool or sizes(talk.study_id), protocol.ballot)
        return drawn_from(two, turn, protocol.sampling, mode=talk.mode)
    models = tuple(eligible(talk.study_id))
    return drawn_from([Urn(models, min(protocol.opening_models, len(models)))], turn, protocol.sampling)


def answers_of(turn: Turn, draw: Draw) -> list[Response]:
    """Unsaved: one for each model that was drawn, in the order of the slots."""
    return [_response(turn, model, SLOTS[i], draw) for i, model in enumerate(draw.drawn)]


def go_on(turn: Turn, before: Turn, answers: Sequence[Response], protocol: Protocol) -> list[Response]:
    """Who answers a later message: each slot anew, or the model of the answer chosen in the turn `before`,
    with others beside it where the protocol has them drawn.
    """
    if protocol.all_go_on:
        return continue_all(turn, answers)
    winner = before.choice.response.model_id
    beside = _beside(turn, winner, protocol)
    if beside is None:
        return [_response(turn, winner, SLOTS[i], None) for i in range(protocol.samples)]
    # Shuffled, or the first slot would tell who answered before.
    draw = draw_from([Urn((winner,), 1), beside], turn, protocol.sampling, mode=BESIDE)
    return [_response(turn, model, SLOTS[i], draw) for i, model in enumerate(draw.drawn)]


def continue_all(turn: Turn, before: Sequence[Response]) -> list[Response]:
    """Each slot goes on with the model that it has; one that never said a word is left out from now on."""
    answered = [response for response in before if response.is_rateable] or before
    return [_response(turn, response.model_id, response.slot, None) for response in answered]


def _beside(turn: Turn, winner: int, protocol: Protocol) -> Urn | None:
    """The models of which some are drawn to stand beside the one that goes on, as many as may be."""
    barred = {winner} | _barred(protocol.sampling, [winner])
    others = tuple(model for model in eligible(turn.conversation.study_id) if model not in barred)
    pairs = apart_ids(protocol.sampling)
    for k in range(min(protocol.continuation.models - 1, len(others)), 0, -1):
        if is_drawable([Urn(others, k)], pairs):
            return Urn(others, k)
    return None


def ask_other(turn: Turn, failed: Response, protocol: Protocol) -> list[Response]:
    """A model for the slot that stayed empty: another at the opening, the same later. Raises EmptyPool."""
    if turn.number:
        return continue_all(turn, [failed])
    beside = turn.responses.shown().exclude(pk=failed.pk).values_list("model_id", flat=True)
    tried = set(turn.responses.values_list("model_id", flat=True)) | _barred(protocol.sampling, beside)
    pool = tuple(model for model in _substitutes(failed, turn, protocol) if model not in tried)
    draw = draw_from(
        [Urn(pool or (failed.model_id,), 1)], turn, protocol.sampling, mode=turn.conversation.mode
    )
    return [_response(turn, draw.drawn[0], failed.slot, draw)]


def draw_from(
    sources: Sequence[Urn], turn: Turn, rule: Sampling, *, mode: str = "", is_replacement: bool = False
) -> Draw:
    """As `drawn_from`, stored."""
    draw = drawn_from(sources, turn, rule, mode=mode, is_replacement=is_replacement)
    inserting(Draw)(draw)
    return draw


def drawn_from(
    sources: Sequence[Urn], turn: Turn, rule: Sampling, *, mode: str = "", is_replacement: bool = False
) -> Draw:
    """Draw from each urn, and note how. With a mode, a fair shuffle gives the slots. Raises EmptyPool."""
    seed = random_key()
    pairs = apart_ids(rule)
    lot = cast(sources, rule, exposures(turn.conversation), seed, mode=mode, pairs=pairs)
    return Draw(
        turn=turn, is_replacement=is_replacement, seed=seed, rule=lot.rule, pool=lot.pool, drawn=lot.drawn
    )


def apart_ids(rule: Sampling) -> list[tuple[int, int]]:
    """The pairs of models that never stand side by side; one that is not in the registry is never drawn."""
    names = {name for pair in rule.apart for name in pair}
    ids = dict(LanguageModel.objects.filter(name__in=names).values_list("name", "pk")) if names else {}
    return [(ids[one], ids[other]) for one, other in rule.apart if one in ids and other in ids]


def unknown_names(rule: Sampling) -> list[str]:
    """Names in the rule's pairs that no model of the registry has."""
    names = {name for pair in rule.apart for name in pair}
    return sorted(
        names.difference(LanguageModel.objects.filter(name__in=names).values_list("name", flat=True))
    )


def can_open(study_id: int, protocol: Protocol) -> bool:
    """Whether the pairs that are kept apart leave an opening to the models that may be drawn now."""
    pairs, pool = apart_ids(protocol.sampling), tuple(eligible(study_id))
    if not pairs or not pool:
        return True
    if protocol.ballot:
        return bool(open_modes(sizes(study_id), protocol))
    return is_drawable([Urn(pool, min(protocol.opening_models, len(pool)))], pairs)


def may_meet(models: Sequence[int], protocol: Protocol) -> bool:
    """Whether these models may stand side by side by the rule of the protocol."""
    return not _barred(protocol.sampling, models).intersection(models)


def open_modes(pool: Sizes, protocol: Protocol) -> list[str]:
    """The modes of the ballot for which there are models enough in the pool that may stand side by side."""
    if protocol.ballot is None:
        return []
    pairs = apart_ids(protocol.sampling)
    modes = possible(protocol.ballot.modes, pool, protocol.ballot)
    return [mode for mode in modes if is_drawable(urns(mode, (), pool, protocol.ballot), pairs)]


def _barred(rule: Sampling, beside: Iterable[int]) -> set[int]:
    """The models that may not stand beside any of these."""
    there = set(beside)
    both = [pair for one, other in apart_ids(rule) for pair in ((one, other), (other, one))]
    return {other for one, other in both if one in there}


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
        beside = turn.responses.shown().exclude(pk=response.pk)
        tried = set((this_round | beside).values_list("model_id", flat=True))
        tried |= _barred(protocol.sampling, beside.values_list("model_id", flat=True))
        pool = tuple(model for model in _substitutes(response, turn, protocol) if model not in tried)
        try:
            draw = draw_from([Urn(pool, 1)], turn, protocol.sampling, is_replacement=True)
        except EmptyPool:
            return None
        model = draw.drawn[0]
    return _response(turn, model, response.slot, draw, replaces=response)


def _substitutes(response: Response, turn: Turn, protocol: Protocol) -> tuple[int, ...]:
    """Who may answer in place of this response's model."""
    talk = turn.conversation
    if protocol.ballot is None:
        return tuple(eligible(talk.study_id))
    return substitutes(response.model_id, talk.mode, talk.picked, sizes(talk.study_id), protocol.ballot)


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
    """Give the responses of a turn to a live worker once this transaction is committed.

    A broker that is away loses nothing: the rows wait and the sweep hands them over again.
    """
    ids = [response.pk for response in responses]
    transaction.on_commit(lambda: enqueue(ids), robust=True)


def enqueue(*groups: Sequence[int]) -> None:
    """One task for the ids of each group, all sent to the broker at once."""
    with current_app.producer_or_acquire() as producer, producer.batch():
        for ids in groups:
            current_app.send_task("conversations.tasks.answer", args=ids, queue="live", producer=producer)


def mark_enqueued(response_ids: list[int]) -> None:
    Response.objects.filter(pk__in=response_ids).update(enqueued_at=timezone.now())
