"""One annotated pair in the published record schema: its values, and what of it could not be read.

What cannot be read is missing, never 0: the pair is flagged with the reason.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from analysis.dissection.degrees import Floats
from analysis.dissection.pairs import INCONSISTENT, NONE, TIE, A, B
from analysis.dissection.properties import (
    LENGTH,
    MISTAKE_LABELS,
    PER_ITEM,
    PLACE,
    RATED,
    SCALARS,
    SEVERITIES,
    SLUGS,
    STANCE_LABELS,
    judge_named,
)

Stances = Literal["signed", "shifted"]
Row = Mapping[str, Any]

SEPARATOR = " | "
NOT_APPLICABLE = 999  # what the original stores instead of counts
PREREQUISITES = {
    "clarifies_intent": ("clear intent",),
    "empathetic": ("explicitly express feelings", "express feelings"),
    "satisfies_constraints": ("explicit constraints", "constraints"),
    "supports_stances": ("explicit subjective stances", "subjective stances"),
    "corrects_mistakes": ("explicit mistakes or biases", "mistakes or biases"),
}
# Labels and the range of numbers of each per-item property.
SCALES: dict[str, tuple[Mapping[str, int], int, int]] = {
    "satisfies_constraints": ({}, 0, 3),
    "supports_stances": (STANCE_LABELS, -2, 2),
    "corrects_mistakes": (MISTAKE_LABELS, 0, 3),
}
VERDICTS = {
    "response_1": A,
    "a": A,
    "model_a": A,
    "response_2": B,
    "b": B,
    "model_b": B,
    "tie": TIE,
    "tie (bothbad)": TIE,
    "inconsistent": INCONSISTENT,
}


class UnusableRecord(Exception):
    """The record is no annotated pair; the text says why in a few words."""


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


def read_pair(record: Row, stances: Stances = "signed", weight: str | None = None) -> Pair:
    """Raises UnusableRecord. `stances` says whether numbers of stances run from −2 to 2 or from 0 to 4."""
    reader = _Reader(_lowered(record), stances)
    if not any(reader.has(f"basic_response_{side}") for side in (1, 2)):
        raise UnusableRecord("no ratings of either response")
    items = {slug: reader.asked(slug) for slug in PREREQUISITES}
    sides = [reader.side(side, items) for side in (1, 2)]
    return Pair(
        scenario=reader.scenario(),
        values=np.array([values for values, _ in sides]),
        applicable=all(applicable for _, applicable in sides),
        facts={slug: many > 0 for slug, many in items.items()},
        verdicts=reader.verdicts(),
        weight=reader.weight(weight),
        flags=list(dict.fromkeys(reader.flags)),
    )


class _Reader:
    def __init__(self, record: Row, stances: Stances) -> None:
        self.record, self.stances = record, stances
        self.flags: list[str] = []

    def missing(self, reason: str) -> float:
        self.flags.append(reason)
        return math.nan

    def has(self, name: str) -> bool:
        return isinstance(self.record.get(name), dict)

    def table(self, name: str) -> Row:
        found = self.record.get(name)
        return _lowered(found) if isinstance(found, dict) else {}

    def asked(self, slug: str) -> int:
        """How many answers of this kind the query asks for; what cannot be read asks for none."""
        name = next((name for name in PREREQUISITES[slug] if name in self.record), None)
        value = self.record[name] if name else None
        if slug in SCALARS:
            word = _word(value)
            if word not in ("yes", "no"):
                self.missing(f"{slug}: prerequisite unknown")
                return 0
            return int((word == "yes") != (slug == "clarifies_intent"))
        if name is None or not isinstance(value, list | None):
            self.missing(f"{slug}: prerequisite unknown")
            return 0
        return len(value or ())

    def side(self, side: int, items: Mapping[str, int]) -> tuple[Floats, bool]:
        values = np.full(len(SLUGS), np.nan)
        ratings = self.table(f"basic_response_{side}")
        for slug, key in RATED.items():
            values[PLACE[slug]] = self.level(slug, ratings.get(key))
        counts, is_applicable = self.errors(self.record.get(f"errors_response_{side}"))
        for slug, count in zip(SEVERITIES, counts, strict=True):
            values[PLACE[slug]] = count
        specific = self.table(f"query-specific_response_{side}")
        for slug, key in {**SCALARS, **PER_ITEM}.items():
            values[PLACE[slug]] = self.specific(slug, specific.get(key), items[slug])
        values[PLACE[LENGTH]] = self.words(self.table(f"response_{side}").get("num_words"))
        return values, is_applicable

    def level(self, slug: str, value: object) -> float:
        """A rating from 0 to 3, also as text."""
        if value is None:
            return self.missing(f"{slug}: no score")
        found = _number(value)
        return float(found) if found in (0, 1, 2, 3) else self.missing(f"{slug}: unknown score")

    def words(self, value: object) -> float:
        found = _number(value)
        return self.missing("lengthy: no count of words") if found is None or found < 0 else found

    def errors(self, value: object) -> tuple[Sequence[float], bool]:
        """Counts by severity, and whether errors could be judged at all, which is not the same as none."""
        nothing = (math.nan,) * len(SEVERITIES)
        if _number(value) == NOT_APPLICABLE:
            return nothing, False
        found = _lowered(value) if isinstance(value, dict) else {}
        state, listed = _word(found.get("applicable or not")), found.get("errors")
        if state == "not applicable":
            return nothing, False
        if state != "applicable" or not isinstance(listed, list):
            self.missing("errors: not told whether and which")
            return nothing, True
        words = [_word(error.get("severity")) if isinstance(error, dict) else "" for error in listed]
        if any(word not in SEVERITIES.values() for word in words):
            self.missing("errors: unknown severity")
            return nothing, True
        return [float(words.count(severity)) for severity in SEVERITIES.values()], True

    def specific(self, slug: str, value: object, asked: int) -> float:
        """NaN where the query does not ask for it, whatever is there; null and [] are no answer, 0 is."""
        is_answered = value is not None and value not in ([], {})
        if not asked:
            return self.missing(f"{slug}: answered though not asked") if is_answered else math.nan
        if not is_answered:
            return self.missing(f"{slug}: asked but not answered")
        if slug in SCALARS:
            return self.level(slug, value)
        return self.per_item(slug, value, asked)

    def per_item(self, slug: str, value: object, asked: int) -> float:
        """Mean over the items, by their place: a judge may have reworded them, and two may read alike."""
        if isinstance(value, dict):
            answers = [str(answer) for answer in value.values()]
        elif isinstance(value, list):
            answers = [str(item).rpartition(SEPARATOR)[2] for item in value]
        else:
            return self.missing(f"{slug}: no list of answers")
        if len(answers) != asked:
            return self.missing(f"{slug}: {'fewer' if len(answers) < asked else 'more'} answers than items")
        scores = [self.score(slug, answer) for answer in answers]
        if any(score is None for score in scores):
            return self.missing(f"{slug}: unknown label")
        return sum(score for score in scores if score is not None) / len(scores)

    def score(self, slug: str, answer: str) -> float | None:
        labels, lowest, highest = SCALES[slug]
        shift = 2 if slug == "supports_stances" and self.stances == "shifted" else 0
        word = _word(answer)
        if word in labels:
            return labels[word] + shift
        found = _number(word)
        is_known = found is not None and found.is_integer() and lowest + shift <= found <= highest + shift
        return found if is_known else None

    def scenario(self) -> str:
        found = self.record.get("scenario_group") or self.record.get("group")
        if isinstance(found, str) and found.strip():
            return found.strip()
        self.missing("no scenario")
        return ""

    def verdicts(self) -> dict[str, int]:
        labels = self.record.get("preference_labels")
        if not isinstance(labels, dict):
            self.missing("no preference labels")
            return {}
        found: dict[str, int] = {}
        for name, label in labels.items():
            verdict = VERDICTS.get(_word(label), NONE)
            if verdict == NONE and label is not None:
                self.missing(f"{judge_named(name)}: unknown label")
            if found.setdefault(judge_named(name), verdict) != verdict:
                self.missing(f"{judge_named(name)}: two labels under two names")
                found[judge_named(name)] = NONE
        return found

    def weight(self, name: str | None) -> float:
        found = _number(self.record.get(name.lower())) if name else 1.0
        if found is None or found <= 0:
            raise UnusableRecord("no weight above 0")
        return found


def _lowered(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name.strip().lower(): value for name, value in row.items()}


def _word(value: object) -> str:
    return " ".join(value.split()).lower() if isinstance(value, str) else ""


def _number(value: object) -> float | None:
    """A finite number, also as text; True and False are none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None
