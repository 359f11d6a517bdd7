"""Annotated pairs as records of the published schema, put together by the database.

A record is one annotation of a task. Texts of tens of thousands of pairs pass through this process only as
lines that are written; what needs a look (`needs_look`) is read there first.

Every value is written as the text of its JSON and joined by `concat`: `json_build_object` looks up the type
of each of its arguments in every row, which took much of the time.
"""

from __future__ import annotations

import json
import secrets
from collections import deque
from collections.abc import Generator, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import psycopg
from django.db import DatabaseError, connection
from django.db.models import Exists, OuterRef, Q
from psycopg.sql import SQL, Composable, Composed, Literal

from analysis.exports.release import Scope
from annotations.models import Assignment, Batch
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
)
from annotations.rubric_documents import OTHER, Fact, FactKind, Kind, Property, RubricDocument
from surveys.models import Decision, Enrolment
from surveys.quality.deciding import stands

TASKS_AT_ONCE = 1000
LARGE = 20  # times as many: worth a second connection
# Planning it takes as long as carrying it out for a hundred tasks.
PLANNED_ONCE = "SET plan_cache_mode = force_generic_plan"
# Whose texts may be in the release: those of files, and of its people (`release.chosen`).
ALLOWED = SQL("""
    task.erased_at IS NULL AND (task.turn_id IS NULL OR EXISTS (
        SELECT FROM conversations_turn turn
        JOIN conversations_conversation talk ON talk.id = turn.conversation_id
        JOIN release_person USING (enrolment_id) WHERE turn.id = task.turn_id))
""")
# The newest of each assignment, but for test participants, people who took back what they said, and whoever
# else is in no release (`not_released`).
CURRENT = SQL("""
    NOT EXISTS (SELECT FROM annotations_annotation newer
        WHERE newer.assignment_id = said.assignment_id AND newer.revision > said.revision)
    AND NOT EXISTS (SELECT FROM annotations_assignment made
        WHERE made.id = said.assignment_id
            AND (made.is_test OR made.state <> 'submitted' OR made.enrolment_id = ANY({gone}::bigint[])))
""")
RECORDS = SQL("""
SELECT task.id, said.origin, task.key, (
        SELECT talk.enrolment_id FROM conversations_turn turn
        JOIN conversations_conversation talk ON talk.id = turn.conversation_id WHERE turn.id = task.turn_id
    ), EXISTS (SELECT FROM annotations_ruling ruling WHERE ruling.task_id = task.id AND is_current),
    said.suggestion_shown, {record}
FROM annotations_task task
JOIN annotations_side side1 ON side1.task_id = task.id AND side1.number = 1
JOIN annotations_side side2 ON side2.task_id = task.id AND side2.number = 2
JOIN annotations_annotation said ON said.task_id = task.id
LEFT JOIN annotations_values values0 ON values0.annotation_id = said.id AND values0.side = 0
LEFT JOIN annotations_values values1 ON values1.annotation_id = said.id AND values1.side = 1
LEFT JOIN annotations_values values2 ON values2.annotation_id = said.id AND values2.side = 2
CROSS JOIN LATERAL (SELECT {items} FROM annotations_itemanswer item WHERE annotation_id = said.id) items
CROSS JOIN LATERAL (SELECT {errors} FROM annotations_errorfound error WHERE annotation_id = said.id) errors
WHERE task.batch_id = {batch} AND task.number > {after} AND task.number <= {to} AND {allowed} AND {current}
ORDER BY task.number, said.id
""")


@dataclass(slots=True)
class Said:
    """One annotation of a task as a record in JSON; `enrolment` is whose query it is, if anybody's here."""

    task: int
    origin: str
    key: str
    enrolment: int | None
    is_ruled: bool
    is_suggested: bool
    record: str


def not_released(scope: Scope) -> list[int]:
    """Recruited annotators whose annotations are in no file: who withdrew, their scores kept or not, and whom
    a coordinator excluded unless the scope asks for them."""
    gone = Q(outcome=Enrolment.Outcome.WITHDRAWN)
    if not scope.include_excluded:
        gone |= Q(stands(Decision.Value.EXCLUDE))
    given = Assignment.objects.filter(task__batch__study=scope.study, enrolment=OuterRef("pk"))
    return sorted(Enrolment.objects.filter(gone, Exists(given)).values_list("pk", flat=True))


def current(scope: Scope) -> Composed:
    """Which annotations count, of `said`."""
    return CURRENT.format(gone=Literal(not_released(scope)))


def records_of(scope: Scope, batch: Batch, published: RubricDocument) -> Generator[list[Said], None, None]:
    """The annotations of a batch that count, by task in the order of the source, some tasks at once.

    The database puts the next ones together while the caller is at work on these, and of a large batch
    some at the same time on a connection of its own.
    """
    parts = list(ranges(batch))
    name = SQL(f"records_{batch.pk}_{secrets.token_hex(4)}")
    prepared = _prepared(batch, published, name, current(scope))
    with ExitStack() as open_ones:
        servers = [open_ones.enter_context(_prepared_here(prepared, name))]
        if len(parts) >= LARGE:
            servers.append(open_ones.enter_context(_prepared_beside(prepared)))
        pool = open_ones.enter_context(ThreadPoolExecutor(max_workers=len(servers)))
        waiting: deque[Future[list[Said]]] = deque()
        try:
            for (after, to), server in zip(parts, cycle(servers), strict=False):
                waiting.append(pool.submit(_fetch, server, name, after, to))
                if len(waiting) > len(servers):
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)


@contextmanager
def _prepared_here(prepared: Composed, name: SQL) -> Iterator[psycopg.Connection[Any]]:
    """This thread's connection with the statement planned; it is as before afterwards."""
    with connection.cursor() as cursor:
        cursor.execute(prepared.as_string())
        cursor.execute(PLANNED_ONCE)
    try:
        yield connection.connection
    finally:
        with suppress(DatabaseError), connection.cursor() as cursor:
            cursor.execute(SQL("DEALLOCATE {}").format(name).as_string())
            cursor.execute("RESET plan_cache_mode")


@contextmanager
def _prepared_beside(prepared: Composed) -> Iterator[psycopg.Connection[Any]]:
    """A second connection that knows the people of the release."""
    with psycopg.connect(**connection.get_connection_params(), autocommit=True) as beside:
        beside.execute("CREATE TEMPORARY TABLE release_person (enrolment_id bigint PRIMARY KEY)")
        with connection.cursor() as cursor, beside.cursor() as there:
            cursor.execute("SELECT enrolment_id FROM release_person")
            with there.copy("COPY release_person FROM STDIN") as people:
                for person in cursor.fetchall():
                    people.write_row(person)
        beside.execute(prepared.as_string())
        beside.execute(PLANNED_ONCE)
        yield beside


def _prepared(batch: Batch, published: RubricDocument, name: SQL, counts: Composed) -> Composed:
    shape = _Shape(batch.rubric_version.parsed(), published)
    records = RECORDS.format(
        record=shape.record(),
        items=shape.items(),
        errors=shape.errors(),
        batch=Literal(batch.pk),
        after=SQL("$1"),
        to=SQL("$2"),
        allowed=ALLOWED,
        current=counts,
    )
    return SQL("PREPARE {} (int, int) AS {}").format(name, records)


def _fetch(server: psycopg.Connection[Any], name: SQL, after: int, to: int) -> list[Said]:
    rows = server.execute(SQL("EXECUTE {} ({}, {})").format(name, after, to)).fetchall()
    return [Said(*row) for row in rows]


def ranges(batch: Batch) -> Iterator[tuple[int, int]]:
    """Numbers of tasks: above the first, up to the second."""
    last = batch.tasks.order_by("-number").values_list("number", flat=True).first() or 0
    return ((after, after + TASKS_AT_ONCE) for after in range(0, last, TASKS_AT_ONCE))


def is_published(document: RubricDocument, published: RubricDocument) -> bool:
    """Whether a rubric asks all that the published schema has."""
    asked = {found.slug: found.kind for found in document.fields}
    return all(asked.get(found.slug) == found.kind for found in published.fields)


class _Shape:
    """Names and order are those of the published rubric, positions those of the batch's."""

    def __init__(self, used: RubricDocument, published: RubricDocument) -> None:
        self.used, self.published = used, published
        self.place = {found.slug: found.position for found in used.fields}

    def record(self) -> Composed:
        return _object(
            {
                QUERY: _text("task.query"),
                SCENARIO: _text("task.scenario"),
                SCENARIO_GROUP: _text("task.scenario_group"),
                **{f"response_{side}": _response(side) for side in SIDES},
                REFERENCE: _text("task.reference"),
                **{fact.key: self.fact(fact) for fact in self.published.facts},
                PREFERENCES: SQL("task.preferences::text"),
                **{f"basic_response_{side}": self.ratings(side) for side in SIDES},
                **{f"errors_response_{side}": _errors_of(side) for side in SIDES},
                **{f"query-specific_response_{side}": self.specific(side) for side in SIDES},
            }
        )

    def fact(self, fact: Fact) -> Composable:
        if fact.kind == FactKind.LIST:
            return SQL("COALESCE(items.{}, '[]')").format(_name(0, self.place[fact.slug]))
        place = Literal(self.place[fact.slug] + 1)
        words = """CASE values0.scores[{}] WHEN 1 THEN '"Yes"' WHEN 0 THEN '"No"' ELSE 'null' END"""
        return SQL(words).format(place)

    def score(self, side: int, slug: str) -> Composed:
        place = Literal(self.place[slug] + 1)
        return SQL("COALESCE(values{}.scores[{}]::text, 'null')").format(Literal(side), place)

    def ratings(self, side: int) -> Composed:
        rated = (p for p in self.published.properties if p.is_scored and p.condition is None)
        return _object({found.key: self.score(side, found.slug) for found in rated})

    def specific(self, side: int) -> Composed:
        asked = (found for found in self.published.properties if found.condition)
        return _object({found.key: self.answer(side, found) for found in asked})

    def answer(self, side: int, found: Property) -> Composable:
        if not found.is_per_item:
            return self.score(side, found.slug)
        return SQL("COALESCE(items.{}, '[]')").format(_name(side, self.place[found.slug]))

    def items(self) -> Composed:
        """Columns of lists: items of the facts, and the answers to each."""
        facts = [fact for fact in self.published.facts if fact.kind == FactKind.LIST]
        columns = [self.listed(0, fact.slug, _text("item.text")) for fact in facts]
        for found in self.published.properties:
            if found.is_per_item:
                columns += [self.listed(side, found.slug, self.answered(found)) for side in SIDES]
        return SQL(", ").join(columns)

    def listed(self, side: int, slug: str, value: Composable) -> Composed:
        position = self.place[slug]
        of = SQL("item.side = {} AND item.position = {}").format(Literal(side), Literal(position))
        return SQL("{} AS {}").format(_list(value, "item.number", of), _name(side, position))

    def answered(self, found: Property) -> Composed:
        """`item | answer`; who did not repeat the item meant that of the query."""
        item = SQL(
            "COALESCE(NULLIF(item.text, ''), (SELECT text FROM annotations_itemanswer asked"
            " WHERE asked.annotation_id = item.annotation_id AND asked.side = 0"
            " AND asked.position = {} AND asked.number = item.number), '')"
        ).format(Literal(self.place[found.items]))
        levels = found.scale.levels if found.scale else ()
        shown = {
            level.value: str(level.value) if found.kind == Kind.ITEM_SCALE else level.label
            for level in levels
        }
        answer = _case("item.score", shown, "item.label")
        return SQL("to_json(concat({}, {}, {}))::text").format(item, Literal(SEPARATOR), answer)

    def errors(self) -> Composed:
        types = {kind.slug: kind.label for kind in self.used.errors.types} if self.used.errors else {}
        error = _object(
            {
                "brief description": _text("error.description"),
                "severity": _text("error.severity"),
                "type": _case_text("error.type", {**types, OTHER: OTHER}),
            }
        )
        listed = [
            _list(error, "error.number", SQL("error.side = {}").format(Literal(side))) for side in SIDES
        ]
        return SQL("{} AS side1, {} AS side2").format(*listed)


def _name(side: int, position: int) -> SQL:
    return SQL(f"side{int(side)}_{int(position)}")


def _text(column: str) -> SQL:
    return SQL(f"to_json({column})::text")


def _list(value: Composable, order: str, of: Composable) -> Composed:
    """The values of some rows in the order of a column; null where there are none."""
    listed = "'[' || string_agg({}, ', ' ORDER BY {}) FILTER (WHERE {}) || ']'"
    return SQL(listed).format(value, SQL(order), of)


def _response(side: int) -> Composed:
    of = Literal(side)
    words = SQL("CASE WHEN side{}.counter <> '' THEN side{}.words::text ELSE 'null' END").format(of, of)
    return _object(
        {"content": _text(f"side{side}.text"), "model": _text(f"side{side}.model_name"), "num_words": words}
    )


def _errors_of(side: int) -> Composed:
    words = SQL(
        "CASE WHEN values{}.is_checkable THEN {} WHEN NOT values{}.is_checkable THEN {} ELSE 'null' END"
    ).format(
        Literal(side), Literal(json.dumps(APPLICABLE)), Literal(side), Literal(json.dumps(NOT_APPLICABLE))
    )
    errors = SQL("COALESCE(errors.side{}, '[]')").format(Literal(side))
    return _object({"applicable or not": words, "errors": errors})


def _object(parts: Mapping[str, Composable]) -> Composed:
    """An object of values that are the texts of their JSON, and never null."""
    given: list[Composable] = []
    for name, value in parts.items():
        start = "{" if not given else ", "
        given += [Literal(f"{start}{json.dumps(name)} : "), value]
    return SQL("concat({}, {})").format(SQL(", ").join(given), Literal("}"))


def _case_text(of: str, words: Mapping[str, str]) -> Composed:
    """The JSON of the word for a value, or of the value where there is none."""
    written = {given: json.dumps(word, ensure_ascii=False) for given, word in words.items()}
    return _case(of, written, f"to_json({of})::text")


def _case(of: str, words: Mapping[int, str] | Mapping[str, str], otherwise: str) -> Composed:
    when = [SQL("WHEN {} THEN {}").format(Literal(given), Literal(word)) for given, word in words.items()]
    column, rest = SQL(of), SQL(otherwise)
    return SQL("CASE {} {} ELSE {} END").format(column, SQL(" ").join(when), rest)
