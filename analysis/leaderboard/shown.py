"""A leaderboard's document as its pages show it: facts of models, bars, words for what is left out."""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from conversations.models import LanguageModel

FEW_VOTES = 30
REASON_WORDS = {
    "idk": _("the person did not know"),
    "filtered": _("not among the chosen languages, topics, modes or days"),
    "not_blind": _("given after the models were shown"),
    "leaked": _("an answer said who wrote it"),
    "custom": _("the person picked a model by hand"),
    "cached": _("an answer was not made for this message"),
    "cut": _("an answer was cut off"),
    "replaced": _("a model had failed and was replaced"),
    "later": _("a later vote of the same conversation"),
}
FEATURE_WORDS = {
    "characters": _("visible length"),
    "headers": _("headings"),
    "bold": _("bold"),
    "lists": _("list items"),
    "emoji": _("emoji"),
}
MODE_WORDS = {
    "random": _("by chance"),
    "small": _("small ones"),
    "big-vs-small": _("big against small"),
    "custom": _("picked by hand"),
}
OUT = ("item", "score", "low", "high", "rank_low", "rank_high", "n", "voters", "effective_n", "both_bad")
ADJUSTED = ("score", "low", "high", "rank_low", "rank_high")


@dataclass(frozen=True)
class Standing:
    """One model's line. `bar`: left end, right end and middle of the interval, 0 to 100 over all lines."""

    item: str
    name: str
    maker: str
    billions: float | None
    price: float | None
    is_archived: bool
    row: Mapping[str, Any]
    bar: Mapping[str, float]

    @property
    def is_few(self) -> bool:
        return bool(self.row["n"] < FEW_VOTES)

    @property
    def ranks(self) -> str:
        return span(self.row)

    @property
    def adjusted_ranks(self) -> str:
        return span(self.row["adjusted"])


def span(row: Mapping[str, Any]) -> str:
    """A rank with its interval; one number where it is certain."""
    low, high = row["rank_low"], row["rank_high"]
    return str(low) if low == high else f"{low}–{high}"


def standings(document: Mapping[str, Any]) -> list[list[Standing]]:
    """Lines by component, for others do not compare; models with few votes come after the rest."""
    rows = sorted(document["rows"], key=lambda row: row["n"] < FEW_VOTES)
    known = known_models(document)
    # Wide intervals of models with few votes would press all others together; their lines end at the edge.
    told = [row for row in rows if row["n"] >= FEW_VOTES] or rows
    low, high = min((row["low"] for row in told), default=0), max((row["high"] for row in told), default=1)
    groups: dict[int, list[Standing]] = {}
    for row in rows:
        groups.setdefault(row["component"], []).append(_standing(row, known.get(row["item"]), low, high))
    return list(groups.values())


def known_models(document: Mapping[str, Any]) -> dict[str, LanguageModel]:
    names = [row["item"] for row in document["rows"]]
    found: dict[str, LanguageModel] = LanguageModel.objects.in_bulk(names, field_name="name")
    return found


def _standing(row: Mapping[str, Any], model: LanguageModel | None, low: float, high: float) -> Standing:
    width = high - low or 1.0
    ends = {name: 100 * (row[name] - low) / width for name in ("low", "high", "score")}
    return Standing(
        item=row["item"],
        name=(model.short_name if model else "") or row["item"],
        maker=model.maker if model else "",
        billions=model.billions if model else None,
        price=float(model.price_out) if model and model.price_out else None,
        is_archived=model is not None and model.status == LanguageModel.Status.ARCHIVED,
        row=row,
        bar={name: round(2 + 0.96 * min(102, max(-2, end)), 2) for name, end in ends.items()},
    )


def left_out(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Why votes are not counted and how many, without reasons that met none."""
    return [
        {"reason": reason, "label": REASON_WORDS[reason], "n": n}
        for reason, n in document["left_out"].items()
        if n
    ]


def styles(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{**one, "label": FEATURE_WORDS[one["feature"]]} for one in document.get("style", [])]


def matrix_lines(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The win matrix in the order of scores: wins, ties, losses and share of the row."""
    found = document.get("matrix") or {"models": [], "wins": [], "draws": []}
    place = {name: number for number, name in enumerate(found["models"])}
    order = [place[row["item"]] for row in document["rows"]]
    known = known_models(document)
    names = [known[name].short_name if name in known else name for name in found["models"]]
    return [{"name": names[i], "cells": [_cell(found, i, j) for j in order]} for i in order]


def _cell(found: Mapping[str, Any], i: int, j: int) -> dict[str, Any] | None:
    won, lost, tied = found["wins"][i][j], found["wins"][j][i], found["draws"][i][j]
    n = won + lost + tied
    return {"won": won, "tied": tied, "lost": lost, "percent": 100 * (won + tied / 2) / n} if n else None


def as_csv(document: Mapping[str, Any]) -> Iterator[str]:
    """The table as lines of CSV: raw first, adjusted beside it."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([*OUT, *(f"adjusted_{name}" for name in ADJUSTED)])
    for row in document["rows"]:
        writer.writerow([*(row[name] for name in OUT), *(row["adjusted"][name] for name in ADJUSTED)])
    yield buffer.getvalue()
