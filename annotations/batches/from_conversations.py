"""Answers that participants got, one by one or in pairs."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations, groupby
from random import Random

from annotations.batches.choosing import Choice, Pick, sampled
from annotations.models import Batch
from conversations.models import Response, Turn
from surveys.models import Study


def picks(study: Study, kind: str, choice: Choice) -> list[Pick]:
    """The answers of each task. Only those that were shown and came to their end are chosen from."""
    turns = Turn.objects.filter(choice.turns(study))
    shown = Response.objects.shown().filter(state=Response.State.DONE, turn__in=turns).exclude(text="")
    ordered = shown.order_by("turn_id", "slot", "pk").values_list("turn_id", "pk").iterator()
    found: list[Pick] = []
    for turn, answers in groupby(ordered, key=lambda row: row[0]):
        found += _of_turn(turn, [pk for _turn, pk in answers], kind, choice)
    return sampled(found, choice)


def _of_turn(turn: int, answers: list[int], kind: str, choice: Choice) -> Iterable[Pick]:
    rng = Random(f"answers {choice.seed} {turn}")
    size = 2 if kind == Batch.Kind.PAIR else 1
    chosen = list(combinations(answers, size))
    if chosen and not choice.is_each:
        chosen = [rng.choice(chosen)]
    # The order of the source would tell who answered first, or was rated first.
    return [Pick(tuple(rng.sample(sides, size))) for sides in chosen]
