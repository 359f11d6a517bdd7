"""A batch's agreement report as its page and its files show it."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from annotations.agreement_words import FEW
from surveys.models import Enrolment

REASONS: dict[str, str | Promise] = {  # by chance.Why; naming it would bring numpy to every page
    "one_rater": _("fewer than two annotators"),
    "no_pairs": _("nothing was annotated twice"),
    "no_variance": _("all values are the same"),
    "one_level": _("a scale of one level"),
    "few_items": _("no interval: one task"),
    "unstable": _("no interval: too little varies"),
    FEW: _("too few"),
}
COLUMNS = (
    "table",
    "property",
    "annotator",
    "other",
    "measure",
    "value",
    "low",
    "high",
    "units",
    "pairs",
    "why",
)


@dataclass(frozen=True)
class Figure:
    value: float | None
    low: float | None
    high: float | None
    units: int
    reason: str | Promise


@dataclass(frozen=True)
class Annotator:
    """`name` is empty for who may not see it."""

    code: str
    is_excluded: bool
    name: str
    annotations: int
    kappa: Figure
    properties: int


@dataclass(frozen=True)
class Pair:
    first: str
    second: str
    kappa: Figure


@dataclass(frozen=True)
class Window:
    start: datetime
    end: datetime
    alpha: Figure


def figure(row: dict[str, Any]) -> Figure:
    why = row.get("why") or ""
    if row["value"] is None and not why:
        why = FEW
    return Figure(row["value"], row.get("low"), row.get("high"), row["units"], REASONS.get(why, why))


def properties(document: dict[str, Any]) -> list[dict[str, Any]]:
    """A line for each property, with its four coefficients."""
    return [
        one | {"figures": {name: figure(row) for name, row in one["coefficients"].items()}}
        for one in document["properties"]
    ]


def chosen(document: dict[str, Any], slug: str) -> dict[str, Any]:
    """What the tables of annotators, pairs and times are about: a property, or all of them."""
    found = next((one for one in document["properties"] if one["slug"] == slug), None)
    return found or document["overall"]


def annotators(document: dict[str, Any], part: dict[str, Any], names: dict[str, str]) -> list[Annotator]:
    return [
        Annotator(
            one["code"],
            one.get("is_excluded", False),  # reports from before anybody could be excluded do not say
            names.get(one["key"], ""),
            one["annotations"],
            figure(row),
            row.get("properties", 0),
        )
        for one, row in zip(document["annotators"], part["annotators"], strict=True)
    ]


def names_of(keys: Collection[str]) -> dict[str, str]:
    """{key: who it is}, for those who may know."""
    users = User.objects.in_bulk([int(key[1:]) for key in keys if key.startswith("u")])
    people = Enrolment.objects.in_bulk([int(key[1:]) for key in keys if key.startswith("e")])
    return {
        **{f"u{pk}": str(user) for pk, user in users.items()},
        **{f"e{pk}": enrolment.code for pk, enrolment in people.items()},
        **{key: key[1:] for key in keys if key.startswith("j")},
    }


def pairs(document: dict[str, Any], part: dict[str, Any]) -> list[Pair]:
    """The least agreeing first; those with too little in common last."""
    codes = [one["code"] for one in document["annotators"]]
    found = [Pair(codes[row["of"][0]], codes[row["of"][1]], figure(row)) for row in part["pairs"]]
    return sorted(found, key=lambda pair: (pair.kappa.value is None, pair.kappa.value or 0))


def windows(part: dict[str, Any]) -> list[Window]:
    return [
        Window(
            datetime.fromtimestamp(row["start"], UTC), datetime.fromtimestamp(row["end"], UTC), figure(row)
        )
        for row in part["drift"]
    ]


def chart(document: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    """What the two charts draw; the tables beside them hold the same."""
    return {
        "codes": [one["code"] for one in document["annotators"]],
        "pairs": [[*row["of"], row["value"], row["units"]] for row in part["pairs"]],
        "windows": [
            {
                "from": f"{one.start:%m-%d %H:%M}",
                "value": one.alpha.value,
                "low": one.alpha.low,
                "high": one.alpha.high,
            }
            for one in windows(part)
        ],
    }


def public(document: dict[str, Any]) -> dict[str, Any]:
    """As it leaves the house: annotators by their letters only."""
    without = [{key: value for key, value in one.items() if key != "key"} for one in document["annotators"]]
    return document | {"annotators": without}


def lines(document: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    """The rows of the CSV file under COLUMNS."""
    yield COLUMNS
    codes = [one["code"] for one in document["annotators"]]
    for one in document["properties"]:
        slug = one["slug"]
        for name, row in one["coefficients"].items():
            yield _line("properties", slug, "", "", row | {"measure": name})
        for code, row in zip(codes, one["annotators"], strict=True):
            yield _line("annotators", slug, code, "", row)
        for row in one["pairs"]:
            yield _line("pairs", slug, codes[row["of"][0]], codes[row["of"][1]], row)


def _line(table: str, slug: str, first: str, second: str, row: dict[str, Any]) -> tuple[Any, ...]:
    rest = ("measure", "value", "low", "high", "units", "pairs", "why")
    return (table, slug, first, second, *(row[name] for name in rest))
