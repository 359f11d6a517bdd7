"""The energy of the answers of comparisons, for who knows the models: a range in words, or nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from conversations import energy
from conversations.energy import Estimate, Range, Size
from conversations.models import Conversation, LanguageModel, Response


@dataclass(frozen=True)
class Spent:
    """What is said of an amount of energy; `is_assumed` where the maker did not publish the model's size."""

    energy: str
    gases: str
    lamp: str
    is_assumed: bool = False


def size_of(model: LanguageModel) -> Size | None:
    return energy.size_of(model.billions, model.active_billions, model.identifier.partition(";")[0])


def of_answer(answer: Response) -> Estimate | None:
    """None where the model's size or the tokens that it wrote are not known. Needs `model__provider`."""
    seconds = answer.total_ms / 1000 if answer.total_ms is not None else None
    return energy.estimate(size_of(answer.model), answer.tokens_out, seconds, answer.model.provider.zone)


def by_slot(talks: Iterable[Conversation]) -> Mapping[tuple[int, str], Estimate | None]:
    """{(id of the conversation, slot): of all its answers that people saw}, in one query."""
    answers = Response.objects.shown().filter(turn__conversation__in=list(talks))
    parts: dict[tuple[int, str], list[Estimate | None]] = {}
    for answer in answers.select_related("turn", "model__provider"):
        parts.setdefault((answer.turn.conversation_id, answer.slot), []).append(of_answer(answer))
    return {key: energy.together(found) for key, found in parts.items()}


def said(estimate: Estimate | None, is_assumed: bool = False) -> Spent | None:
    """In the words of the page's language."""
    if estimate is None:
        return None
    return Spent(
        energy=_("%(range)s Wh") % {"range": _range(estimate.wh)},
        gases=_("%(range)s g CO₂e") % {"range": _range(estimate.grams)},
        lamp=_duration(estimate.lamp_minutes),
        is_assumed=is_assumed,
    )


def _duration(minutes: Range) -> str:
    if minutes.high < 2:
        return _("%(range)s s") % {"range": _range(minutes.times(60))}
    return _("%(range)s min") % {"range": _range(minutes)}


def is_assumed(model: LanguageModel) -> bool:
    size = size_of(model)
    return size is not None and size.source == "ecologits"


def _range(span: Range) -> str:
    low, high = _two_digits(span.low), _two_digits(span.high)
    return low if low == high else f"{low}–{high}"


def _two_digits(value: float) -> str:
    """More would claim what nobody knows."""
    if value >= 10:
        return str(number_format(round(value), use_l10n=True))
    rounded = Decimal(f"{value:.2g}")
    return str(number_format(format(rounded, "f")))
