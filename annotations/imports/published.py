"""Records in exactly the published form, from a line of JSON straight to rows of the tables.

`Published` reads what `reading.Reader` reads without a flag, several times as fast, and leaves every other
record to it. Both say the same of a record; a test compares them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from operator import attrgetter, getitem, itemgetter
from typing import Any, NamedTuple

import msgspec

from annotations.imports import packing
from annotations.imports.copying import NULL, escaped
from annotations.imports.reading import (
    COUNTED_ELSEWHERE,
    VERDICTS,
    Reader,
    called_for,
    label_of,
    plain,
)
from annotations.models import Status, Task
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
    judge_named,
)
from annotations.rubric_documents import FactKind, Property

MOST_ITEMS, MOST_KNOWN = 1000, 1000
LONGEST_SCENARIO, LONGEST_GROUP, LONGEST_MODEL = 80, 40, 200
MOST_WORDS = 2**31
Answer = int | str | float
Key = Callable[[Any], str]


class Rows(NamedTuple):
    """Of one record, by table: rows as COPY reads them, with their ends."""

    tasks: str
    sides: str
    annotations: str
    values: bytes
    items: str
    errors: str


class Tails(NamedTuple):
    """What every row of a table ends with: cells that are the same in all, and the end."""

    tasks: str
    sides: str
    annotations: str
    items: str
    errors: str


class Stored(NamedTuple):
    """The keys of the rows that a record becomes."""

    batch: int
    task: int
    number: int
    annotation: int


class Unread(Exception):
    """The record is not in the published form, or something in it is to be flagged."""


class _Known(dict[Any, Any]):
    """What was made of each value that was met, so that a row of values is looked up without a loop here."""

    def __init__(self, make: Callable[[Any], Any]) -> None:
        """`make` is asked for a new one, and raises Unread for what it does not know."""
        super().__init__()
        self._make = make

    def __missing__(self, value: Any) -> Any:
        made = self._make(value)
        if len(self) < MOST_KNOWN:  # a type of error could be anything, without end
            self[value] = made
        return made


class _Specific(NamedTuple):
    """A property that only some queries ask for; `known`: its score, or of an item the end of its row."""

    position: int
    is_per_item: bool
    known: _Known


class Published:
    """Reads lines by the rubric of the reader. Used for a whole file."""

    def __init__(self, reader: Reader, tails: Tails) -> None:
        self._reader, self._tails = reader, tails
        self._decoder = msgspec.json.Decoder(_record_type(reader))
        self._facts_of = attrgetter(*(f"fact{fact.position}" for fact in reader.facts))
        self._rated = [_Known(partial(self._score, found)) for found in reader.rated]
        self._specific = [self._specific_of(found) for found in reader.specific]
        self._counted = {severity: found.id for severity, found in reader.counted.items()}
        self._in_place = _in_place(reader)
        self._yes_or_no, self._severities = _Known(_yes_or_no), _Known(self._severity)
        self._kinds = _Known(reader.type_of_error)
        self._preferences = lru_cache(maxsize=1024)(_preferences)
        self._told_of_query = lru_cache(maxsize=1024)(self._values_of_query)
        self._called_for = lru_cache(maxsize=1024)(self._wanted)
        self._statuses = lru_cache(maxsize=1024)(self._statuses_of_side)

    def _specific_of(self, found: Property) -> _Specific:
        make = self._answer if found.is_per_item else self._score
        return _Specific(found.id, found.is_per_item, _Known(partial(make, found)))

    def read(self, line: bytes, key: Key, stored: Stored) -> Rows | None:
        """None for what is the Reader's. `key` takes the key of the row, and may raise what it will."""
        items: list[str] = []
        errors: list[str] = []
        try:
            record = self._decode(line)
            told = self._told(record, stored.annotation, items)
            wanted = self._called_for(told)
            values = [packing.row(stored.annotation, 0, *self._told_of_query(told), packing.NULL)]
            for side in SIDES:
                values.append(self._side(record, side, wanted, stored.annotation, items, errors))
            _refuse_long(record, len(items) + len(errors))
            tasks = self._task(record, key, stored)
        except Unread:
            return None
        return Rows(
            tasks,
            "".join([self._response(record, side, stored.task) for side in SIDES]),
            f"{stored.annotation}\t{stored.task}{self._tails.annotations}",
            b"".join(values),
            "".join(items),
            "".join(errors),
        )

    def _decode(self, line: bytes) -> Any:
        has_escapes = b"\\" in line  # else no text holds a character that is written otherwise in a row
        if has_escapes and b"\\u0000" in line:
            raise Unread
        try:
            record = self._decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Unread from error
        if has_escapes:
            self._escape(record)
        return record

    def _escape(self, record: Any) -> None:
        """Write its texts as rows hold them."""
        for name in ("query", "scenario", "scenario_group", "reference"):
            setattr(record, name, escaped(getattr(record, name)))
        for fact, value in zip(self._reader.facts, self._facts_of(record), strict=True):
            if not isinstance(value, str):
                setattr(record, f"fact{fact.position}", list(map(escaped, value)))
        for response in (record.response_1, record.response_2):
            response.content, response.model = escaped(response.content), escaped(response.model)
        for error in (*record.errors_response_1.errors, *record.errors_response_2.errors):
            error.description = escaped(error.description)
        for specific in (record.specific_response_1, record.specific_response_2):
            for name in specific.__struct_fields__:
                value = getattr(specific, name)
                if isinstance(value, list):
                    setattr(specific, name, list(map(escaped, value)))

    def _task(self, record: Any, key: Key, stored: Stored) -> str:
        preferences = self._preferences(tuple(record.preferences.items()))
        group = record.scenario_group
        source = Task.ScenarioSource.IMPORT.value if group else ""
        return (
            f"{stored.task}\t{stored.batch}\t{stored.number}\t{escaped(key(record.id))}\t{record.query}\t"
            f"{record.scenario}\t{group}\t{source}\t{record.reference}\t{preferences}"
            f"{self._tails.tasks}"
        )

    def _response(self, record: Any, side: int, task: int) -> str:
        one = record.response_1 if side == 1 else record.response_2
        return (
            f"{task}\t{side}\t{one.content}\t{one.num_words}\t{COUNTED_ELSEWHERE}\t{one.model}"
            f"{self._tails.sides}"
        )

    def _told(self, record: Any, annotation: int, items: list[str]) -> tuple[int, ...]:
        """What is said of the query: yes 1, no 0, or how many items, whose rows are added to the list."""
        told = []
        for fact, value in zip(self._reader.facts, self._facts_of(record), strict=True):
            if isinstance(value, str):
                told.append(self._yes_or_no[value])
                continue
            if len(value) > MOST_ITEMS:
                raise Unread
            told.append(len(value))
            items += [
                f"{annotation}\t0\t{fact.position}\t{number}\t{text}\t\t{NULL}{self._tails.items}"
                for number, text in enumerate(value, start=1)
            ]
        return tuple(told)

    def _values_of_query(self, told: tuple[int, ...]) -> tuple[bytes, bytes]:
        """Scores and statuses."""
        positions = [fact.position for fact in self._reader.facts]
        cells = [packing.NULL] * self._reader.size
        for position, one in zip(positions, told, strict=True):
            cells[position] = packing.number(one)
        return packing.array(cells), self._statuses_of(positions)

    def _wanted(self, told: tuple[int, ...]) -> Sequence[int]:
        """How many answers each of the properties needs that only some queries ask for."""
        asked = {fact.slug: many for fact, many in zip(self._reader.facts, told, strict=True)}
        return [called_for(found, asked) for found in self._reader.specific]

    def _side(
        self,
        record: Any,
        side: int,
        wanted: Sequence[int],
        annotation: int,
        items: list[str],
        errors: list[str],
    ) -> bytes:
        """The row of values of one response; its items and errors are added to the lists."""
        is_first = side == 1
        basic = record.basic_response_1 if is_first else record.basic_response_2
        found = record.errors_response_1 if is_first else record.errors_response_2
        specific = record.specific_response_1 if is_first else record.specific_response_2
        start = f"{annotation}\t{side}"
        answers, answered = self._answers(specific, wanted, start, items)
        is_checkable, counts = self._errors(found, start, errors)
        rated = map(getitem, self._rated, msgspec.structs.astuple(basic))
        scores = packing.array(self._in_place([*rated, *answers, *counts, packing.NULL]))
        statuses = self._statuses(is_checkable, answered)
        return packing.row(annotation, side, scores, statuses, packing.truth(is_checkable))

    def _score(self, found: Property, value: Any) -> bytes:
        score = self._reader.score(found, value)
        if score is None:
            raise Unread
        return packing.number(score)

    def _answers(
        self, specific: Any, wanted: Sequence[int], start: str, items: list[str]
    ) -> tuple[list[bytes], tuple[int, ...]]:
        """Scores of what only some queries ask for, and the positions of what was answered."""
        scores, answered = [], []
        given = msgspec.structs.astuple(specific)
        for (position, is_per_item, known), value, many in zip(self._specific, given, wanted, strict=True):
            score = packing.NULL
            if bool(many) == (value is None or value == []):
                raise Unread
            if many:
                answered.append(position)
                if is_per_item != isinstance(value, list) or (is_per_item and len(value) != many):
                    raise Unread
                if is_per_item:
                    items += _answered(value, f"{start}\t{position}", known)
                else:
                    score = known[value]
            scores.append(score)
        return scores, tuple(answered)

    def _answer(self, found: Property, answer: str) -> str:
        """Label and score of an item, with the end of its row."""
        score = self._reader.score(found, answer)
        if score is None:
            raise Unread
        return f"\t{escaped(label_of(found, score))}\t{score}{self._tails.items}"

    def _errors(self, found: Any, start: str, errors: list[str]) -> tuple[bool, list[bytes]]:
        """Whether they can be judged, and the counts of errors, as elements; a row for each is added."""
        state = plain(found.state)
        if state == NOT_APPLICABLE and not found.errors:
            return False, [packing.NULL] * len(self._counted)
        if state != APPLICABLE or len(found.errors) > MOST_ITEMS:
            raise Unread
        severities = [self._severities[one.severity] for one in found.errors]
        for number, (one, severity) in enumerate(zip(found.errors, severities, strict=True), start=1):
            errors.append(
                f"{start}\t{self._counted[severity]}\t{number}\t{self._kinds[one.type]}\t{severity}"
                f"\t{one.description}{self._tails.errors}"
            )
        return True, [packing.number(severities.count(severity)) for severity in self._counted]

    def _severity(self, word: str) -> str:
        severity = plain(word)
        if severity not in self._counted:
            raise Unread
        return severity

    def _statuses_of_side(self, is_checkable: bool, answered: Sequence[int]) -> bytes:
        counted = self._counted.values() if is_checkable else ()
        return self._statuses_of([*(rated.id for rated in self._reader.rated), *counted, *answered])

    def _statuses_of(self, chosen: Sequence[int]) -> bytes:
        cells = [packing.number(Status.NOT_ASKED)] * self._reader.size
        for position in chosen:
            cells[position] = packing.number(Status.CHOSEN)
        return packing.array(cells)


YES_OR_NO = {"yes": 1, "no": 0}


def _in_place(reader: Reader) -> Callable[[Sequence[bytes]], Sequence[bytes]]:
    """Puts scores of what is rated, asked of some queries and counted, and then one null, in their order."""
    found = [*reader.rated, *reader.specific, *reader.counted.values()]
    places = {one.id: place for place, one in enumerate(found)}
    return itemgetter(*(places.get(position, len(found)) for position in range(reader.size)))


def _answered(answers: Sequence[str], start: str, known: _Known) -> list[str]:
    """Rows of the items that were answered."""
    parts = enumerate((one.rpartition(SEPARATOR) for one in answers), start=1)
    return [f"{start}\t{number}\t{text}{known[answer]}" for number, (text, _bar, answer) in parts]


def _yes_or_no(word: str) -> int:
    told = YES_OR_NO.get(plain(word))
    if told is None:
        raise Unread
    return told


def _preferences(labels: Sequence[tuple[str, str]]) -> str:
    """As stored; raises Unread for a label that is to be flagged."""
    told: dict[str, str] = {}
    for name, label in labels:
        judge, verdict = judge_named(name), VERDICTS.get(plain(label))
        if not verdict or told.setdefault(judge, verdict) != verdict:
            raise Unread
    return escaped(json.dumps(told))


def _refuse_long(record: Any, rows: int) -> None:
    one, other = record.response_1, record.response_2
    if (
        rows > MOST_ITEMS
        or len(record.scenario) > LONGEST_SCENARIO
        or len(record.scenario_group) > LONGEST_GROUP
        or len(one.model) > LONGEST_MODEL
        or len(other.model) > LONGEST_MODEL
        or not 0 <= one.num_words < MOST_WORDS
        or not 0 <= other.num_words < MOST_WORDS
    ):
        raise Unread


def _record_type(reader: Reader) -> type[Any]:
    """The published record; every key of it must be there, in its published form and order or not."""
    response = _struct("Response", {"content": str, "model": str, "num_words": int})
    error = _struct(
        "Error", {"description": str, "severity": str, "type": str}, description="brief description"
    )
    errors = _struct("Errors", {"state": str, "errors": list[error]}, state="applicable or not")  # type: ignore[valid-type]
    basic = _of_properties("Basic", reader.rated, Answer)
    specific = _of_properties("Specific", reader.specific, Answer | list[str] | None)
    kinds = {FactKind.YES_NO: str, FactKind.LIST: list[str]}
    facts = {f"fact{fact.position}": kinds[fact.kind] for fact in reader.facts}
    keys = {f"fact{fact.position}": fact.key for fact in reader.facts}
    keys |= {"scenario": SCENARIO, "reference": REFERENCE, "preferences": PREFERENCES, "query": QUERY}
    keys |= {f"specific_response_{side}": f"query-specific_response_{side}" for side in SIDES}
    sided = {"response": response, "basic_response": basic, "errors_response": errors}
    sided["specific_response"] = specific
    fields: dict[str, Any] = {"query": str, "scenario": str, SCENARIO_GROUP: str, "reference": str}
    fields |= {"preferences": dict[str, str], **facts}
    fields |= {f"{name}_{side}": kind for name, kind in sided.items() for side in SIDES}
    return _struct("Record", {**fields, "id": Answer | None}, optional=("id",), **keys)


def _of_properties(name: str, properties: Sequence[Property], kind: Any) -> type[Any]:
    keys = {f"property{found.id}": found.key for found in properties}
    return _struct(name, dict.fromkeys(keys, kind), **keys)


def _struct(name: str, fields: Mapping[str, Any], optional: Sequence[str] = (), **keys: str) -> type[Any]:
    """`keys`: how a field is called in the file, where that is no name in Python."""
    shape = [(field, kind, None) if field in optional else (field, kind) for field, kind in fields.items()]
    return msgspec.defstruct(name, shape, rename=keys, gc=False)
