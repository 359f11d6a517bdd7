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
    PER_ITEM,
    PLACE,
    PROPERTIES,
    RATED,
    RUBRIC,
    SEVERITIES,
    SLUGS,
    SPECIFIC,
    judge_named,
)
from annotations.rubric_documents import Fact, FactKind, Property

Stances = Literal["signed", "shifted"]
Row = Mapping[str, Any]

SEPARATOR = " | "
NOT_APPLICABLE = 999  # what the original stores instead of counts
STANCES, STANCE_SHIFT = "supports_stances", 2
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
    items = {slug: reader.asked(PROPERTIES[slug]) for slug in SPECIFIC}
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
        known = ((RUBRIC.named(name), value) for name, value in record.items())
        self.facts = {found.slug: value for found, value in known if isinstance(found, Fact)}
        self.flags: list[str] = []

    def missing(self, reason: str) -> float:
        self.flags.append(reason)
        return math.nan

    def has(self, name: str) -> bool:
        return isinstance(self.record.get(name), dict)

    def table(self, name: str) -> dict[str, Any]:
        found = self.record.get(name)
        return _lowered(found) if isinstance(found, dict) else {}

    def by_slug(self, name: str) -> dict[str, Any]:
        """Values of an object by the slugs of the properties, under whatever name they stand there."""
        known = ((RUBRIC.named(key), value) for key, value in self.table(name).items())
        return {found.slug: value for found, value in known if isinstance(found, Property)}

    def asked(self, found: Property) -> int:
        """How many answers of this kind the query asks for; what cannot be read asks for none."""
        if found.condition is None:
            return 1
        fact, value = RUBRIC.fact(found.condition.fact), self.facts.get(found.condition.fact)
        if fact.kind == FactKind.YES_NO:
            if _word(value) in ("yes", "no"):
                return int((_word(value) == "yes") == found.condition.value)
        elif fact.slug in self.facts and isinstance(value, list | None):
            return len(value or ())
        self.missing(f"{found.slug}: prerequisite unknown")
        return 0

    def side(self, side: int, items: Mapping[str, int]) -> tuple[Floats, bool]:
        values = np.full(len(SLUGS), np.nan)
        ratings = self.by_slug(f"basic_response_{side}")
        for slug in RATED:
            values[PLACE[slug]] = self.level(slug, ratings.get(slug))
        counts, is_applicable = self.errors(self.record.get(f"errors_response_{side}"))
        for slug, count in zip(SEVERITIES, counts, strict=True):
            values[PLACE[slug]] = count
        specific = self.by_slug(f"query-specific_response_{side}")
        for slug in SPECIFIC:
            values[PLACE[slug]] = self.specific(slug, specific.get(slug), items[slug])
        values[PLACE[LENGTH]] = self.words(self.table(f"response_{side}").get("num_words"))
        return values, is_applicable

    def level(self, slug: str, value: object) -> float:
        """A rating from 0 to 3, also as text."""
        if value is None:
            return self.missing(f"{slug}: no score")
        found = self.score(slug, value)
        return self.missing(f"{slug}: unknown score") if found is None else found

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
        return self.per_item(slug, value, asked) if slug in PER_ITEM else self.level(slug, value)

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

    def score(self, slug: str, answer: object) -> float | None:
        """By number or label; numbers of stances by the coding that was said."""
        scale = PROPERTIES[slug].scale
        shift = STANCE_SHIFT if slug == STANCES and self.stances == "shifted" else 0
        number = _number(answer)
        if number is not None:
            return number if scale and number - shift in scale.values else None
        found = scale.read(answer) if scale and isinstance(answer, str) else None
        return None if found is None else float(found + shift)

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
