"""What models cost, use and are, beside their scores."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

from django.utils.translation import gettext as _

from analysis.leaderboard.figures import Mark, Reach, Scatter, scatter
from conversations.energy import per_thousand_tokens, size_of
from conversations.models import LanguageModel


@dataclass(frozen=True)
class Fact:
    """A model's line. Without a model of that name in the registry only the score is known."""

    item: str
    name: str
    row: Mapping[str, Any]
    price: float | None
    currency: str
    energy: tuple[float, float] | None  # Wh
    billions: float | None
    active: float | None

    @property
    def score(self) -> Reach:
        return Reach(self.row["low"], self.row["score"], self.row["high"])


@dataclass(frozen=True)
class Figure:
    title: str
    axis: str
    missing: str
    drawn: Scatter | None


def beside(document: Mapping[str, Any], least: int) -> dict[str, Any]:
    """The table of all models, and figures of those that compare with one another and have enough votes."""
    found = facts(document["rows"])
    first = document["rows"][0]["component"] if document["rows"] else 0
    told = [one for one in found if one.row["component"] == first and one.row["n"] >= least]
    return {"facts": found, "figures": [_price(told), _energy(told), _size(told)]}


def facts(rows: Sequence[Mapping[str, Any]]) -> list[Fact]:
    known = LanguageModel.objects.in_bulk([row["item"] for row in rows], field_name="name")
    return [_fact(row, known.get(row["item"])) for row in rows]


def _fact(row: Mapping[str, Any], model: LanguageModel | None) -> Fact:
    if model is None:
        return Fact(row["item"], row["item"], row, None, "", None, None, None)
    return Fact(
        item=row["item"],
        name=model.short_name or row["item"],
        row=row,
        price=float(model.price_out) or None,
        currency=model.currency,
        energy=energy(model),
        billions=model.billions,
        active=model.active_billions,
    )


def _price(told: Sequence[Fact]) -> Figure:
    """In the currency that most prices have: amounts of different ones do not compare."""
    currency = Counter(one.currency for one in told if one.price).most_common(1)
    unit = currency[0][0] if currency else ""
    marks = [_mark(one, one.price, one.price, unit) for one in told if one.price and one.currency == unit]
    return Figure(
        _("Score against price"),
        _("%(currency)s for a million tokens written") % {"currency": unit},
        _("Fewer than two of these models have a known price."),
        scatter(marks),
    )


def _energy(told: Sequence[Fact]) -> Figure:
    marks = [_mark(one, *one.energy, "Wh") for one in told if one.energy]
    return Figure(
        _("Score against energy"),
        _("Wh for a thousand tokens written"),
        _("The energy of fewer than two of these models can be estimated."),
        scatter(marks),
    )


def _size(told: Sequence[Fact]) -> Figure:
    unit = _("billion parameters")
    marks = [_mark(one, one.billions, one.billions, unit) for one in told if one.billions]
    return Figure(
        _("Score against size"),
        _("Billions of parameters"),
        _("Fewer than two of these models have a known size."),
        scatter(marks),
    )


def _mark(one: Fact, low: float, high: float, unit: str) -> Mark:
    score = one.score
    amount = f"{low:.3g}" if low == high else f"{low:.3g}–{high:.3g}"
    told = f"{one.name}: {score.value:.0f} [{score.low:.0f}, {score.high:.0f}], {amount} {unit}"
    return Mark(one.name, told, score, Reach(low, sqrt(low * high), high))


def energy(model: LanguageModel) -> tuple[float, float] | None:
    """Wh of a thousand tokens, lowest and highest; None where the size is not known."""
    size = size_of(model.billions, model.active_billions, model.identifier)
    found = per_thousand_tokens(size)
    return (found.wh.low, found.wh.high) if found else None
