"""A finished run as its page shows it: lines with bars, groups of pairs, heat maps. All is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from analysis.dissection.properties import ALL, PROPERTIES
from analysis.models import DegreeOfPreference, Dissection, DissectionFit

GROUPS: dict[str, str | Promise] = {
    ALL: _("All pairs"),
    "intent_unclear": _("What is wanted is unclear"),
    "express_feeling": _("Feelings are voiced"),
    "w_constraints": _("With constraints"),
    "w_stances": _("With stances"),
    "w_mistakes": _("With mistakes"),
}
# Their feature is positive where there is less of what the rubric asks for.
TURNED = {
    "non_repetitive": _("Not repetitive"),
    "no_minor_errors": _("No minor errors"),
    "no_moderate_errors": _("No moderate errors"),
    "no_severe_errors": _("No severe errors"),
}
PUBLISHED = "pearson"
DISTANCES = ("l1", "l2")
MEASURES: dict[str, tuple[str | Promise, str | Promise]] = {
    PUBLISHED: (
        _("Pearson (as published)"),
        _(
            "Pearson's correlation of two judges' weights in each scenario, then the mean over the scenarios "
            "that both have."
        ),
    ),
    "spearman": (
        _("Spearman"),
        _(
            "Spearman's correlation, of the order of two judges' weights alone, then the mean over the "
            "scenarios."
        ),
    ),
    "l1": (
        _("L1"),
        _("The mean difference of two judges' weights, as a negative number: 0 where they are the same."),
    ),
    "l2": (
        _("L2"),
        _(
            "The root of the mean squared difference of two judges' weights, as a negative number: 0 where "
            "they are the same."
        ),
    ),
}
STEPS = 5  # of colour on each side of nothing


@dataclass(frozen=True)
class Line:
    """A property's degree. `bar`: ends and middle of the interval, and 50, from 0 to 100 of the drawing."""

    title: str
    degree: DegreeOfPreference
    bar: Mapping[str, str]


@dataclass(frozen=True)
class Cell:
    """`heat` from −STEPS to STEPS names its colour; None where there is no value."""

    value: float | None
    heat: int | None


def name_of(group: str) -> str | Promise:
    return GROUPS.get(group, group)


def title_of(slug: str) -> str:
    """What is better in a response of a positive difference."""
    return str(TURNED.get(slug) or PROPERTIES[slug].title)


def lines(fit: DissectionFit) -> list[Line]:
    """What is liked most first, all on one scale around 50."""
    degrees = sorted(fit.degrees.all(), key=lambda one: -one.probability)
    reach = max((max(50 - one.low, one.high - 50) for one in degrees), default=1) or 1
    return [_line(one, reach) for one in degrees]


def _line(one: DegreeOfPreference, reach: float) -> Line:
    ends = {"low": one.low, "high": one.high, "middle": one.probability}
    places = {name: f"{50 + 48 * (end - 50) / reach:.1f}" for name, end in ends.items()}
    return Line(title_of(one.property), one, places)


def groups(fits: Sequence[DissectionFit]) -> list[dict[str, Any]]:
    """A line for each group of pairs of a judge: pairs, those left out and why, accuracies held out."""
    return [
        {
            "fit": fit,
            "name": name_of(fit.group),
            "dropped": fit.not_applicable + fit.ties + fit.inconsistent + fit.unlabelled,
            "held_out": fit.held_out,
            "most": _most(fit),
        }
        for fit in fits
    ]


def _most(fit: DissectionFit) -> list[str]:
    marked = [one for one in fit.degrees.all() if one.marked]
    return [
        f"{title_of(one.property)} {one.probability:.0f}"
        for one in sorted(marked, key=lambda one: -abs(one.probability - 50))[:3]
    ]


def measures(row: Dissection) -> list[str]:
    """By which the run tells how alike judges are; the published one alone where it is an old run."""
    return list(row.document.get("similarities", {PUBLISHED: None}))


def similarity(row: Dissection, measure: str = PUBLISHED) -> list[tuple[str, list[Cell]]]:
    found = row.document.get("similarities", {}).get(measure, row.document["similarity"])
    cells = _distances(found["matrix"]) if measure in DISTANCES else map(_cells, found["matrix"])
    return list(zip(found["judges"], cells, strict=True))


def correlation(row: Dissection) -> list[tuple[str, list[Cell]]]:
    found = row.document["correlation"]
    titles = [title_of(slug) for slug in found["properties"]]
    return list(zip(titles, map(_cells, found["matrix"]), strict=True))


def _distances(matrix: Sequence[Sequence[float | None]]) -> list[list[Cell]]:
    """Negative distances, 0 for the same: coloured from the farthest of the matrix to the nearest."""
    farthest = -min((value for row in matrix for value in row if value is not None), default=0.0) or 1.0
    return [
        [Cell(value, None if value is None else round(STEPS * (1 + 2 * value / farthest))) for value in row]
        for row in matrix
    ]


def _cells(values: Sequence[float | None]) -> list[Cell]:
    return [Cell(value, None if value is None else round(STEPS * max(-1, min(1, value)))) for value in values]
