"""Records in exactly the published form, from a line of JSON straight to rows of the tables.

`Published` reads what `reading.Reader` reads without a flag, several times as fast, and leaves every other
record to it. Both say the same of a record; a test compares them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

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

MOST_ITEMS = 1000
LONGEST_SCENARIO, LONGEST_GROUP, LONGEST_MODEL = 80, 40, 200
MOST_WORDS = 2**31
# Between cells, at the end of a row, and for null: a line in which such a character is written is not read.
BETWEEN, END, NULL = "\x1f", "\x1e", "\x1d"
Answer = int | str | float
Key = Callable[[Any], str]


class Rows(NamedTuple):
    """Of one record, by table: rows with their ends. They have yet to go through `written`."""

    tasks: str
    sides: str
    annotations: str
    values: str
    items: str
    errors: str


class Tails(NamedTuple):
    """What every row of a table ends with: cells that are the same in all, and the end."""

    tasks: str
    sides: str
    annotations: str
    values: str
    items: str
    errors: str


class Stored(NamedTuple):
    """The keys of the rows that a record becomes."""

    batch: int
    task: int
    number: int
    annotation: int


def written(rows: str) -> str:
    """Rows as COPY reads them: what a text may hold is escaped first, then cells and rows are parted."""
    rows = rows.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
    return rows.replace(BETWEEN, "\t").replace(END, "\n").replace(NULL, "\\N")


class Unread(Exception):
    """The record is not in the published form, or something in it is to be flagged."""


class Published:
    """Reads lines by the rubric of the reader. Used for a whole file."""

    def __init__(self, reader: Reader, tails: Tails) -> None:
        self._reader, self._tails = reader, tails
        self._decoder = msgspec.json.Decoder(_record_type(reader))
        self._facts = [(f"fact{fact.position}", fact) for fact in reader.facts]
        self._rated = [(found, dict[Any, str]()) for found in reader.rated]
        self._specific = [(found, dict[Any, str]()) for found in reader.specific]
        self._answers: dict[int, dict[str, str]] = {found.id: {} for found in reader.specific}
        self._kinds: dict[str, str] = {}
        self._preferences = lru_cache(maxsize=1024)(_preferences)
        self._said_of_query = self._statuses_of([fact.position for fact in reader.facts])
        self._statuses = lru_cache(maxsize=1024)(self._statuses_of_side)

    def read(self, line: bytes, key: Key, stored: Stored) -> Rows | None:
        """None for what is the Reader's. `key` takes the key of the row, and may raise what it will."""
        try:
            record = self._decode(line)
            asked, values, items = self._asked(record, stored.annotation)
            errors: list[str] = []
            wanted = [called_for(found, asked) for found, _known in self._specific]
            for side in SIDES:
                values.append(self._side(record, side, wanted, stored.annotation, items, errors))
            _refuse_long(record, len(items) + len(errors))
            tasks = self._task(record, key, stored)
        except Unread:
            return None
        return Rows(
            tasks,
            "".join([self._response(record, side, stored.task) for side in SIDES]),
            f"{stored.annotation}\x1f{stored.task}{self._tails.annotations}",
            "".join(values),
            "".join(items),
            "".join(errors),
        )

    def _decode(self, line: bytes) -> Any:
        if b"\\u00" in line and (b"\\u000" in line or b"\\u001" in line):
            raise Unread
        try:
            return self._decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Unread from error

    def _task(self, record: Any, key: Key, stored: Stored) -> str:
        preferences = self._preferences(tuple(record.preferences.items()))
        group = record.scenario_group
        source = Task.ScenarioSource.IMPORT.value if group else ""
        return (
            f"{stored.task}\x1f{stored.batch}\x1f{stored.number}\x1f{key(record.id)}\x1f{record.query}\x1f"
            f"{record.scenario}\x1f{group}\x1f{source}\x1f{record.reference}\x1f{preferences}"
            f"{self._tails.tasks}"
        )

    def _response(self, record: Any, side: int, task: int) -> str:
        one = record.response_1 if side == 1 else record.response_2
        return (
            f"{task}\x1f{side}\x1f{one.content}\x1f{one.num_words}\x1f{COUNTED_ELSEWHERE}\x1f{one.model}"
            f"{self._tails.sides}"
        )

    def _asked(self, record: Any, annotation: int) -> tuple[dict[str, int], list[str], list[str]]:
        """What the facts call for, and their rows of values and items."""
        asked: dict[str, int] = {}
        items: list[str] = []
        cells = [NULL_IN_ARRAY] * self._reader.size
        for name, fact in self._facts:
            value = getattr(record, name)
            if fact.kind == FactKind.YES_NO:
                many = YES_OR_NO.get(plain(value), -1)
                if many < 0:
                    raise Unread
            else:
                many = len(value)
                items += [
                    f"{annotation}\x1f0\x1f{fact.position}\x1f{number}\x1f{text}\x1f\x1f\x1d"
                    f"{self._tails.items}"
                    for number, text in enumerate(value, start=1)
                ]
            asked[fact.slug] = many
            cells[fact.position] = str(many)
        return asked, [self._values_row(annotation, 0, cells, self._said_of_query, NULL)], items

    def _side(
        self,
        record: Any,
        side: int,
        wanted: Sequence[int],
        annotation: int,
        items: list[str],
        errors: list[str],
    ) -> str:
        """The row of values of one response; its items and errors are added to the lists.

        `wanted`: how many answers each of the properties needs that only some queries ask for.
        """
        is_first = side == 1
        basic = record.basic_response_1 if is_first else record.basic_response_2
        found = record.errors_response_1 if is_first else record.errors_response_2
        specific = record.specific_response_1 if is_first else record.specific_response_2
        cells = [NULL_IN_ARRAY] * self._reader.size
        for (rated, scores), value in zip(self._rated, msgspec.structs.astuple(basic), strict=True):
            cells[rated.id] = scores.get(value) or self._score(rated, scores, value)
        answered = self._specific_cells(cells, specific, side, wanted, annotation, items)
        is_checkable = self._errors(cells, found, side, annotation, errors)
        statuses = self._statuses(is_checkable, answered)
        return self._values_row(annotation, side, cells, statuses, is_checkable)

    def _score(self, found: Property, known: dict[Any, str], value: Any) -> str:
        score = self._reader.score(found, value)
        if score is None:
            raise Unread
        known[value] = str(score)
        return known[value]

    def _specific_cells(
        self,
        cells: list[str],
        specific: Any,
        side: int,
        wanted: Sequence[int],
        annotation: int,
        items: list[str],
    ) -> tuple[int, ...]:
        """What only some queries ask for; the positions of what was answered."""
        answered = []
        values = msgspec.structs.astuple(specific)
        for (found, scores), value, many in zip(self._specific, values, wanted, strict=True):
            if bool(many) == (value is None or value == []):
                raise Unread
            if not many:
                continue
            answered.append(found.id)
            if not found.is_per_item:
                if isinstance(value, list):
                    raise Unread
                cells[found.id] = scores.get(value) or self._score(found, scores, value)
            elif not isinstance(value, list) or len(value) != many:
                raise Unread
            else:
                start = f"{annotation}\x1f{side}\x1f{found.id}\x1f"
                for number, one in enumerate(value, start=1):
                    text, _separator, answer = one.rpartition(SEPARATOR)
                    end = self._answers[found.id].get(answer) or self._answer(found, answer)
                    items.append(f"{start}{number}\x1f{text}{end}")
        return tuple(answered)

    def _answer(self, found: Property, answer: str) -> str:
        """Label and score of an item, with the end of its row."""
        score = self._reader.score(found, answer)
        if score is None:
            raise Unread
        end = f"\x1f{label_of(found, score)}\x1f{score}{self._tails.items}"
        self._answers[found.id][answer] = end
        return end

    def _errors(self, cells: list[str], found: Any, side: int, annotation: int, errors: list[str]) -> str:
        """The counts of errors and a row for each; whether they can be judged, as a cell."""
        state = plain(found.state)
        if state == NOT_APPLICABLE and not found.errors:
            return "f"
        if state != APPLICABLE:
            raise Unread
        counted = self._reader.counted
        counts = dict.fromkeys(counted, 0)
        for number, error in enumerate(found.errors, start=1):
            severity = plain(error.severity)
            if severity not in counts:
                raise Unread
            counts[severity] += 1
            kind = self._kinds.get(error.type) or self._kind(error.type)
            errors.append(
                f"{annotation}\x1f{side}\x1f{counted[severity].id}\x1f{number}\x1f{kind}\x1f{severity}\x1f"
                f"{error.description}{self._tails.errors}"
            )
        for severity, one in counted.items():
            cells[one.id] = str(counts[severity])
        return "t"

    def _kind(self, name: str) -> str:
        kind = self._reader.type_of_error(name)
        if len(self._kinds) < MOST_ITEMS:  # what is none could be anything, without end
            self._kinds[name] = kind
        return kind

    def _statuses_of_side(self, is_checkable: str, answered: Sequence[int]) -> str:
        counted = [one.id for one in self._reader.counted.values()] if is_checkable == "t" else []
        return self._statuses_of([*(rated.id for rated, _known in self._rated), *counted, *answered])

    def _statuses_of(self, chosen: Sequence[int]) -> str:
        cells = [int(Status.NOT_ASKED)] * self._reader.size
        for position in chosen:
            cells[position] = int(Status.CHOSEN)
        return ",".join(map(str, cells))

    def _values_row(
        self, annotation: int, side: int, cells: Sequence[str], statuses: str, is_checkable: str
    ) -> str:
        return (
            f"{annotation}\x1f{side}\x1f{{{','.join(cells)}}}\x1f{{{statuses}}}\x1f{is_checkable}"
            f"{self._tails.values}"
        )


NULL_IN_ARRAY = "NULL"
YES_OR_NO = {"yes": 1, "no": 0}


def _preferences(labels: Sequence[tuple[str, str]]) -> str:
    """As stored; raises Unread for a label that is to be flagged."""
    told: dict[str, str] = {}
    for name, label in labels:
        judge, verdict = judge_named(name), VERDICTS.get(plain(label))
        if not verdict or told.setdefault(judge, verdict) != verdict:
            raise Unread
    return json.dumps(told)


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
