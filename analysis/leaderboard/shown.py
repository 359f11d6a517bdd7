"""A leaderboard's document as its pages show it: facts of models, bars, words for what is left out."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analysis.leaderboard import words
from analysis.leaderboard.choices import Choice
from analysis.models import Leaderboard
from conversations.models import LanguageModel

OUT = ("item", "score", "low", "high", "rank_low", "rank_high", "n", "voters", "effective_n", "both_bad")
ADJUSTED = ("score", "low", "high", "rank_low", "rank_high")
MOST_PAIRS = 40  # models of the matrix on a page: it has their square of cells; the file has them all
ORIGIN = ("made_at", "rows", "rows_sha256", "seed", "code_version")


@dataclass(frozen=True)
class Standing:
    """One model's line. `bar`: left end, right end and middle of the interval, 0 to 100 over all lines."""

    item: str
    name: str
    maker: str
    is_archived: bool
    row: Mapping[str, Any]
    bar: Mapping[str, float]

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


@dataclass(frozen=True)
class Group:
    """Models that compare with one another; those with too few votes are listed apart."""

    told: Sequence[Standing]
    few: Sequence[Standing]


def groups(document: Mapping[str, Any], least: int) -> list[Group]:
    rows = document["rows"]
    known = known_models(document)
    # Wide intervals of models with few votes would press all others together; their lines end at the edge.
    told = [row for row in rows if row["n"] >= least] or rows
    low, high = min((row["low"] for row in told), default=0), max((row["high"] for row in told), default=1)
    found: dict[int, list[Standing]] = {}
    for row in rows:
        found.setdefault(row["component"], []).append(_standing(row, known.get(row["item"]), low, high))
    return [_group(lines, least) for lines in found.values()]


def _group(lines: Sequence[Standing], least: int) -> Group:
    return Group(
        told=[one for one in lines if one.row["n"] >= least],
        few=[one for one in lines if one.row["n"] < least],
    )


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
        is_archived=model is not None and model.status == LanguageModel.Status.ARCHIVED,
        row=row,
        bar={name: round(2 + 0.96 * min(102, max(-2, end)), 2) for name, end in ends.items()},
    )


def scores(document: Mapping[str, Any], choice: Choice) -> dict[str, Any]:
    return {
        "groups": groups(document, choice.least),
        "styles": influences(document, "style"),
        "waits": influences(document, "latency"),
    }


def pairs(document: Mapping[str, Any]) -> dict[str, Any]:
    return {"matrix": matrix_lines(document), "models": len(document["rows"])}


def left_out(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Why votes are not counted and how many, without reasons that met none."""
    return [
        {"reason": reason, "label": words.REASONS[reason], "n": n}
        for reason, n in document["left_out"].items()
        if n
    ]


def influences(document: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """What looks (`style`) or waiting (`latency`) do to the odds."""
    return [{**one, "label": words.FEATURES[one["feature"]]} for one in document.get(name, [])]


def matrix_lines(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The win matrix of the strongest models in the order of scores: wins, ties, losses, share of the row."""
    found = document.get("matrix") or {"models": [], "wins": [], "draws": []}
    place = {name: number for number, name in enumerate(found["models"])}
    order = [place[row["item"]] for row in document["rows"][:MOST_PAIRS]]
    known = known_models(document)
    names = [known[name].short_name if name in known else name for name in found["models"]]
    return [{"name": names[i], "cells": [_cell(found, i, j) for j in order]} for i in order]


def _cell(found: Mapping[str, Any], i: int, j: int) -> dict[str, Any] | None:
    won, lost, tied = found["wins"][i][j], found["wins"][j][i], found["draws"][i][j]
    n = won + lost + tied
    return {"won": won, "tied": tied, "lost": lost, "percent": 100 * (won + tied / 2) / n} if n else None


def origin(board: Leaderboard) -> dict[str, Any]:
    """What the numbers were computed from and with."""
    return {
        "made_at": board.made_at.isoformat(),
        "rows": board.rows_total,
        "rows_sha256": board.rows_sha256,
        "seed": board.seed,
        "code_version": board.code_version,
        "software": board.software,
    }


def as_json(board: Leaderboard, choice: Choice, document: Mapping[str, Any]) -> dict[str, Any]:
    """The whole document, with its filters as those of the page's address."""
    rows = [{**row, "too_few_votes": row["n"] < choice.least} for row in document["rows"]]
    return {"filters": choice.query, "minimum_votes": choice.least, **origin(board), **document, "rows": rows}


def as_csv(board: Leaderboard, choice: Choice, document: Mapping[str, Any]) -> Iterator[str]:
    """The table as lines of CSV: raw first, adjusted beside it, on every row what it was computed from."""
    made_from = origin(board)
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([*OUT, *(f"adjusted_{name}" for name in ADJUSTED), "too_few_votes", "filters", *ORIGIN])
    for row in document["rows"]:
        own = [*(row[name] for name in OUT), *(row["adjusted"][name] for name in ADJUSTED)]
        writer.writerow(
            [*own, int(row["n"] < choice.least), choice.query, *(made_from[name] for name in ORIGIN)]
        )
    yield buffer.getvalue()
