"""Rating answers for the second time: what a hidden repeat asks for."""

from collections.abc import Mapping

from django.db import transaction

from conversations import repeats
from conversations.chat import Score
from conversations.judging import judged
from conversations.models import RepeatRating
from surveys.models import Enrolment

UNTOUCHED = Score(None, {})


def rate(enrolment: Enrolment, number: int | None, scores: Mapping[str, Score], best: str = "") -> None:
    """Store what is given the second time, once. Raises Refused while something is missing."""
    with transaction.atomic():
        locked = Enrolment.objects.select_for_update().get(pk=enrolment.pk)
        repeat = repeats.due(locked)
        if repeat is None or repeat.turn is None or repeat.pk != number or locked.is_over:
            return
        shown = repeats.again(repeat)
        given = {response.slot: scores.get(response.slot, UNTOUCHED) for response in shown}
        values = {slot: one.value for slot, one in given.items()}
        scale = repeat.turn.conversation.protocol.parsed().rating
        found = judged(scale, list(values), values, best)
        RepeatRating.objects.bulk_create(
            RepeatRating(
                repeat=repeat,
                response_id=response.pk,
                slot=response.slot,
                score=found[response.slot].score,
                rank=found[response.slot].rank,
                tie=found[response.slot].tie,
                trace=given[response.slot].trace,
            )
            for response in shown
        )
