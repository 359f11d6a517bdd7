"""What a rating says of the answers of a turn, on any scale, and which of them is best. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from conversations.protocols import PAIRWISE, RANKING, RatingScale
from conversations.refusals import Refused


@dataclass(frozen=True)
class Judgement:
    """What is stored of one answer: a score, or a place among the others; `tie` says why none was named."""

    score: int | None = None
    rank: int | None = None
    tie: str = ""


Judgements = Mapping[str, Judgement]


def judged(
    scale: RatingScale, slots: Sequence[str], values: Mapping[str, int | None], best: str
) -> dict[str, Judgement]:
    """By slot, from scores or places in `values`, or the slot or tie in `best`. Raises Refused."""
    if scale.compares and len(slots) < 2:
        return {}
    if scale.kind == PAIRWISE:
        return _named(scale, slots, best)
    untouched = [slot for slot in slots if values.get(slot) is None]
    if untouched:
        raise Refused(_to_do(scale) % {"slots": ", ".join(untouched)})
    given = {slot: values[slot] or 0 for slot in slots}
    if scale.kind == RANKING:
        return _ranked(scale, given)
    return {slot: Judgement(score=score) for slot, score in given.items()}


def _to_do(scale: RatingScale) -> str:
    """What is asked for while some answers are not judged yet."""
    if scale.kind != RANKING:
        return _("Please rate every answer. Still to do: %(slots)s.")
    if scale.ties:
        return _("Please give every answer a place, 1 for the best. Still without one: %(slots)s.")
    return _(
        "Please put the answers in order: move them, or give each a place from 1 for the best. "
        "Still without a place: %(slots)s."
    )


def _named(scale: RatingScale, slots: Sequence[str], best: str) -> dict[str, Judgement]:
    if best in scale.ties:
        return {slot: Judgement(rank=1, tie=best) for slot in slots}
    if best not in slots:
        raise Refused(_("Please say first which answer is best."))
    return {slot: Judgement(rank=1 if slot == best else 2) for slot in slots}


def _ranked(scale: RatingScale, places: Mapping[str, int]) -> dict[str, Judgement]:
    """Shared places leave out the next ones: 1, 1, 3; so the same order is always the same numbers."""
    if not scale.ties and sorted(places.values()) != list(range(1, len(places) + 1)):
        raise Refused(
            _("Please give every answer a place of its own, from 1 for the best to %(last)d.")
            % {"last": len(places)}
        )
    return {
        slot: Judgement(rank=1 + sum(other < place for other in places.values()))
        for slot, place in places.items()
    }


def best(found: Judgements) -> list[str]:
    """The slots that share the first place, whatever the scale; none where nothing was judged."""
    worth = {slot: _worth(one) for slot, one in found.items()}
    known = {slot: value for slot, value in worth.items() if value is not None}
    return [slot for slot, value in known.items() if value == max(known.values())]


def _worth(found: Judgement) -> int | None:
    """What grows with the judgement: the score, or the place counted downwards."""
    return found.score if found.rank is None else -found.rank
