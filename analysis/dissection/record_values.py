"""What the figures need of an annotated pair, from the record as imports read it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from analysis.dissection.degrees import Floats
from analysis.dissection.pairs import INCONSISTENT, NONE, TIE, A, B
from analysis.dissection.properties import LENGTH, PER_ITEM, PLACE, PROPERTIES, RUBRIC, SLUGS, SPECIFIC
from annotations.imports.reading import Annotated, Reader, Stances, UnusableRecord
from annotations.models import Status
from annotations.records import PREFERENCES, SIDES, judge_named

VERDICTS = {"response_1": A, "response_2": B, "tie": TIE, "inconsistent": INCONSISTENT}


@dataclass
class Pair:
    """`values` is 2 × 29; `facts` says which query-specific properties are asked for."""

    scenario: str
    values: Floats
    applicable: bool
    facts: dict[str, bool]
    verdicts: dict[str, int]
    weight: float
    flags: list[str] = field(default_factory=list)


def read_pair(row: object, stances: Stances = "signed", weight: str | None = None) -> Pair:
    """Raises UnusableRecord. `stances` says whether numbers of stances run from −2 to 2 or from 0 to 4."""
    return pair_of(Reader(RUBRIC, stances).read("", row), row, weight)


def pair_of(record: Annotated, row: object, weight: str | None = None) -> Pair:
    """A record as read from its row. Raises UnusableRecord for a weight of the row that is none."""
    told = _lowered(row) if isinstance(row, Mapping) else {}
    flags = list(record.flags)
    if not record.scenario_group.strip():
        flags.append("no scenario")
    if not isinstance(told.get(PREFERENCES), Mapping) and not record.preferences:
        flags.append("no preference labels")
    return Pair(
        scenario=record.scenario_group.strip(),
        values=np.array([_values(record, side) for side in SIDES]),
        applicable=all(record.is_checkable[side] is not False for side in SIDES),
        facts={slug: _is_asked(record, slug) for slug in SPECIFIC},
        verdicts=_verdicts(record, told.get(PREFERENCES)),
        weight=_weight(told, weight),
        flags=flags,
    )


def _verdicts(record: Annotated, labels: object) -> dict[str, int]:
    """Of a judge who is named and said nothing that can be read none."""
    names = labels if isinstance(labels, Mapping) else ()
    named = dict.fromkeys((judge_named(str(name)) for name in names), NONE)
    return named | {judge: VERDICTS[word] for judge, word in record.preferences.items()}


def _values(record: Annotated, side: int) -> Floats:
    values = np.full(len(SLUGS), np.nan)
    for slug, place in PLACE.items():
        score = record.scores[side][PROPERTIES[slug].position]
        values[place] = math.nan if score is None else score
    for slug in PER_ITEM:
        values[PLACE[slug]] = _mean(record, side, PROPERTIES[slug].position)
    words = record.responses[side - 1].words
    values[PLACE[LENGTH]] = math.nan if words is None else words
    return values


def _mean(record: Annotated, side: int, position: int) -> float:
    """Over the items; NaN where there are none or where one has no score."""
    scores = [item.score for item in record.items if (item.side, item.position) == (side, position)]
    known = [score for score in scores if score is not None]
    return sum(known) / len(known) if known and len(known) == len(scores) else math.nan


def _is_asked(record: Annotated, slug: str) -> bool:
    return record.statuses[1][PROPERTIES[slug].position] != Status.NOT_ASKED


def _weight(told: Mapping[str, object], name: str | None) -> float:
    if name is None:
        return 1.0
    try:
        found = float(str(told.get(name.strip().lower())))
    except ValueError:
        found = math.nan
    if not (found > 0 and math.isfinite(found)):
        raise UnusableRecord("no weight above 0")
    return found


def _lowered(row: Mapping[object, object]) -> dict[str, object]:
    return {str(name).strip().lower(): value for name, value in row.items()}
