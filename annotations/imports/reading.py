"""One record of the published schema as what the tables hold, and what of it could not be read.

What cannot be read is missing and untouched, never 0, and the record is flagged with the reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, Literal, NamedTuple

from annotations.models import ErrorFound, Status
from annotations.record_shapes import as_published
from annotations.records import (
    APPLICABLE,
    NOT_APPLICABLE,
    PREFERENCES,
    QUERY,
    REFERENCE,
    SCENARIO,
    SCENARIO_GROUP,
    SEPARATOR,
    SIDES,
    Row,
    judge_named,
)
from annotations.rubric_documents import OTHER, Fact, FactKind, Kind, Property, RubricDocument

Stances = Literal["signed", "shifted"]
Scores = list[int | None]

STANCES, STANCE_SHIFT = "supports_stances", 2
COUNTED_ELSEWHERE = "imported"  # what counted the words of a response, as far as we know
MOST_OF_A_LABEL = 60
NO_ERRORS_JUDGED = 999  # what the original stores where they were not applicable
SEVERITIES = frozenset(ErrorFound.Severity.values)
VERDICTS = {
    "response_1": "response_1",
    "a": "response_1",
    "model_a": "response_1",
    "response_2": "response_2",
    "b": "response_2",
    "model_b": "response_2",
    "tie": "tie",
    "tie (bothbad)": "tie",
    "inconsistent": "inconsistent",
}


class UnusableRecord(Exception):
    """The row is no annotated pair; the text says why in a few words."""


class Item(NamedTuple):
    side: int
    position: int
    number: int
    text: str
    label: str = ""
    score: int | None = None


class Found(NamedTuple):
    """An error of a response."""

    side: int
    position: int
    number: int
    type: str
    severity: str
    description: str


class Response(NamedTuple):
    text: str
    model: str
    words: int | None


@dataclass
class Annotated:
    """`scores`, `statuses` and `is_checkable` by side, 0 for what is asked of the query."""

    key: str
    query: str
    scenario: str
    scenario_group: str
    reference: str
    responses: Sequence[Response]
    preferences: dict[str, str]
    scores: list[Scores]
    statuses: list[list[int]]
    is_checkable: list[bool | None]
    items: list[Item] = field(default_factory=list)
    errors: list[Found] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)


class Reader:
    """Reads records by a rubric that has the published properties and facts. Used for a whole file."""

    def __init__(self, document: RubricDocument, stances: Stances = "signed") -> None:
        self.document, self.stances = document, stances
        self.size = len(document.fields)
        self._names: dict[str, Property | Fact | None] = {}
        self._scores: dict[tuple[int, type, Any], int] = {}
        self._types: dict[str, str] = {}

    def read(self, key: str, row: object) -> Annotated:
        """Raises UnusableRecord."""
        if not isinstance(row, dict):
            raise UnusableRecord("no JSON object")
        record = _lowered(dict(as_published(row, self.is_property)), "basic_response_1")
        if not any(isinstance(record.get(f"basic_response_{side}"), dict) for side in SIDES):
            raise UnusableRecord("no ratings of either response")
        return _Record(self, key, record).read()

    def is_property(self, name: str) -> bool:
        return isinstance(self.named(name), Property)

    def named(self, name: str) -> Property | Fact | None:
        if name not in self._names:
            self._names[name] = self.document.named(name)
        return self._names[name]

    def score(self, found: Property, answer: object) -> int | None:
        """The value by number or label; numbers of stances by the coding that was said."""
        if not isinstance(answer, str | int | float):
            return None
        key = (found.id, type(answer), answer)
        score = self._scores.get(key)
        if score is None:
            score = self._read_score(found, answer)
            if score is not None:  # what is none could be anything, without end
                self._scores[key] = score
        return score

    def _read_score(self, found: Property, answer: str | float) -> int | None:
        if found.scale is None:
            return None
        if found.slug == STANCES and self.stances == "shifted" and _is_number(answer):
            return found.scale.read(float(answer) - STANCE_SHIFT)
        return found.scale.read(answer)

    def type_of_error(self, name: str) -> str:
        if name in self._types:
            return self._types[name]
        found = self.document.errors.read(name) if self.document.errors else ""
        if found != OTHER:  # what is none could be anything, without end
            self._types[name] = found
        return found

    @cached_property
    def facts(self) -> Sequence[Fact]:
        return self.document.facts

    @cached_property
    def counted(self) -> Mapping[str, Property]:
        """Properties that count errors, by severity."""
        return {p.severity: p for p in self.document.properties if p.kind == Kind.ERRORS}

    @cached_property
    def rated(self) -> Sequence[Property]:
        return [p for p in self.document.properties if p.is_scored and p.condition is None]

    @cached_property
    def specific(self) -> Sequence[Property]:
        return [p for p in self.document.properties if p.condition]


class _Record:
    def __init__(self, reader: Reader, key: str, record: Row) -> None:
        self.reader, self.record = reader, record
        sides = range(len(SIDES) + 1)
        self.made = Annotated(
            key=key,
            query=_text(record.get(QUERY)),
            scenario=_text(record.get(SCENARIO)),
            scenario_group=_text(record.get(SCENARIO_GROUP)),
            reference=_text(record.get(REFERENCE)),
            responses=[self.response(side) for side in SIDES],
            preferences={},
            scores=[[None] * reader.size for _ in sides],
            statuses=[[int(Status.NOT_ASKED)] * reader.size for _ in sides],
            is_checkable=[None for _ in sides],
        )
        self.said = self.by_slug(record, reader.facts)

    def read(self) -> Annotated:
        self.preferences()
        asked = self.facts()
        for side, response in zip(SIDES, self.made.responses, strict=True):
            if response.words is None:
                self.flag("lengthy: no count of words")
            self.ratings(side)
            self.errors(side)
            self.specific(side, asked)
        return self.made

    def flag(self, reason: str) -> None:
        if reason not in self.made.flags:
            self.made.flags.append(reason)

    def put(self, side: int, position: int, score: int | None, status: int) -> None:
        self.made.scores[side][position] = score
        self.made.statuses[side][position] = int(status)

    def missing(self, side: int, position: int, reason: str) -> None:
        self.put(side, position, None, Status.UNTOUCHED)
        self.flag(reason)

    def by_slug(self, table: object, wanted: Sequence[Property | Fact]) -> dict[str, Any]:
        """Values by the slugs of the properties or facts, under whatever name they stand there."""
        if not isinstance(table, dict):
            return {}
        if all(found.key in table for found in wanted):
            return {found.slug: table[found.key] for found in wanted}
        named = ((self.reader.named(name), value) for name, value in table.items())
        return {found.slug: value for found, value in named if found}

    def response(self, side: int) -> Response:
        found = self.record.get(f"response_{side}")
        table = _lowered(found, "content") if isinstance(found, dict) else {}
        return Response(
            _text(table.get("content")), _text(table.get("model")), _count(table.get("num_words"))
        )

    def preferences(self) -> None:
        labels, contradicted = self.record.get(PREFERENCES), set[str]()
        for name, label in (labels if isinstance(labels, dict) else {}).items():
            judge, verdict = judge_named(name), VERDICTS.get(_word(label))
            if verdict is None and label is not None:
                self.flag(f"{judge}: unknown label")
            elif verdict and self.made.preferences.setdefault(judge, verdict) != verdict:
                self.flag(f"{judge}: two labels under two names")
                contradicted.add(judge)
        for judge in contradicted:
            del self.made.preferences[judge]

    def facts(self) -> dict[str, int]:
        """Store what is said of the query; how many answers each fact calls for, where it is known."""
        return {fact.slug: self.fact(fact, self.said.get(fact.slug)) for fact in self.reader.facts}

    def fact(self, fact: Fact, value: object) -> int:
        if fact.kind == FactKind.YES_NO:
            return self.yes_or_no(fact, _word(value))
        if fact.slug not in self.said or not isinstance(value, list | None):
            self.missing(0, fact.position, f"{fact.slug}: not told")
            return 0
        texts = [_text(item) for item in value or ()]
        self.put(0, fact.position, len(texts), Status.CHOSEN)
        items = enumerate(texts, start=1)
        self.made.items.extend(Item(0, fact.position, number, text) for number, text in items)
        return len(texts)

    def yes_or_no(self, fact: Fact, word: str) -> int:
        if word not in ("yes", "no"):
            self.missing(0, fact.position, f"{fact.slug}: not told")
            return -1
        self.put(0, fact.position, int(word == "yes"), Status.CHOSEN)
        return int(word == "yes")

    def ratings(self, side: int) -> None:
        table = self.by_slug(self.record.get(f"basic_response_{side}"), self.reader.rated)
        scores, statuses, chosen = self.made.scores[side], self.made.statuses[side], int(Status.CHOSEN)
        for found in self.reader.rated:
            score = self.reader.score(found, table.get(found.slug))
            if score is None:
                self.rating(side, found, table.get(found.slug))
            else:
                scores[found.id], statuses[found.id] = score, chosen

    def rating(self, side: int, found: Property, value: object) -> None:
        score = self.reader.score(found, value)
        if score is None:
            self.missing(side, found.id, f"{found.slug}: {'no' if value is None else 'unknown'} score")
        else:
            self.put(side, found.id, score, Status.CHOSEN)

    def errors(self, side: int) -> None:
        """Errors and their counts; that they cannot be judged is not the same as none."""
        value = self.record.get(f"errors_response_{side}")
        if _is_number(value) and float(str(value)) == NO_ERRORS_JUDGED:
            value = {"applicable or not": NOT_APPLICABLE}
        table = _lowered(value, "errors") if isinstance(value, dict) else {}
        state, listed = _word(table.get("applicable or not")), table.get("errors")
        if state == NOT_APPLICABLE:
            self.made.is_checkable[side] = False
            if listed:
                self.flag("errors: told though not applicable")
            return
        if state != APPLICABLE or not isinstance(listed, list):
            for found in self.reader.counted.values():
                self.missing(side, found.id, "errors: not told whether and which")
            return
        self.made.is_checkable[side] = True
        severities = [self.error(side, number, one) for number, one in enumerate(listed, start=1)]
        for severity, found in self.reader.counted.items():
            if "" in severities:
                self.missing(side, found.id, "errors: unknown severity")
            else:
                self.put(side, found.id, severities.count(severity), Status.CHOSEN)

    def error(self, side: int, number: int, value: object) -> str:
        """Keep it and tell its severity, blank for one that the rubric does not know."""
        table = _lowered(value, "severity") if isinstance(value, dict) else {}
        word = _word(table.get("severity"))
        severity = word if word in SEVERITIES else ""
        counted = self.reader.counted
        found = counted.get(severity) or next(iter(counted.values()))
        kind = self.reader.type_of_error(_text(table.get("type")))
        description = _text(table.get("brief description"))
        self.made.errors.append(Found(side, found.id, number, kind, severity, description))
        return severity

    def specific(self, side: int, asked: Mapping[str, int]) -> None:
        """What only some queries ask for. Null, nothing and an empty list are no answer; 0 is one."""
        table = self.by_slug(self.record.get(f"query-specific_response_{side}"), self.reader.specific)
        for found in self.reader.specific:
            value = table.get(found.slug)
            is_answered = value is not None and value not in ([], {})
            many = called_for(found, asked)
            if not many:
                if is_answered:
                    self.flag(f"{found.slug}: answered though not asked")
            elif not is_answered:
                self.missing(side, found.id, f"{found.slug}: asked but not answered")
            elif found.is_per_item:
                self.answers(side, found, value, many)
            else:
                self.rating(side, found, value)

    def answers(self, side: int, found: Property, value: object, many: int) -> None:
        """By their place: who answered may have reworded the items, and two may read alike."""
        said = _said(value)
        if said is None or len(said) != many:
            self.missing(side, found.id, f"{found.slug}: not as many answers as items")
            return
        self.put(side, found.id, None, Status.CHOSEN)
        for number, (text, answer) in enumerate(said, start=1):
            score = self.reader.score(found, answer)
            if score is None:
                self.flag(f"{found.slug}: unknown label")
            label = str(answer).strip()[:MOST_OF_A_LABEL] if score is None else label_of(found, score)
            self.made.items.append(Item(side, found.id, number, text, label, score))


def called_for(found: Property, asked: Mapping[str, int]) -> int:
    """How many answers the facts call for: that of a yes or no is -1 where nobody said it."""
    condition = found.condition
    many = asked.get(condition.fact, 0) if condition else 1
    if found.is_per_item:
        return many
    return int(condition is None or (many >= 0 and bool(many) == condition.value))


def _said(value: object) -> list[tuple[str, object]] | None:
    """Item and answer of each, whether they stand in a list of texts or in an object."""
    if isinstance(value, dict):
        return [(_text(item), answer) for item, answer in value.items()]
    if not isinstance(value, list):
        return None
    parts = (str(one).rpartition(SEPARATOR) for one in value)
    return [(text, answer) for text, _separator, answer in parts]


def label_of(found: Property, score: int) -> str:
    """Of a category; a number is its own."""
    level = found.scale.level(score) if found.scale and found.kind == Kind.ITEM_CATEGORY else None
    return level.label if level else ""


def _lowered(row: dict[str, Any], published: str) -> dict[str, Any]:
    """The table by its keys in lower case, in which the published ones are; as it is where it has one."""
    return row if published in row else {name.strip().lower(): value for name, value in row.items()}


def _text(value: object) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)


def _word(value: object) -> str:
    return plain(value) if isinstance(value, str) else ""


@lru_cache(maxsize=1024)
def plain(text: str) -> str:
    return " ".join(text.split()).lower()


def _is_number(value: object) -> bool:
    try:
        float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return False
    return True


def _count(value: object) -> int | None:
    """A whole number of words, also as text."""
    if type(value) is int:
        return value if 0 <= value < 2**31 else None
    if isinstance(value, bool) or not _is_number(value):
        return None
    number = float(str(value))
    return int(number) if 0 <= number < 2**31 and number == int(number) else None
