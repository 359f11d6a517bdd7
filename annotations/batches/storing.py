"""Storing tasks by COPY, a chunk at a time, so that memory does not grow with the batch."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from django.db import connection, transaction
from django.db.models import Max

from annotations.batches.rows import SideRow, TaskRow
from annotations.models import Batch
from conversations.models import Turn
from surveys.models import Enrolment

T = TypeVar("T")
CHUNK = 500
IDS = "SELECT nextval(pg_get_serial_sequence('annotations_task', 'id')) FROM generate_series(1, %s)"
TASKS = """
COPY annotations_task (
    id, batch_id, number, key, turn_id, query, context, language, tags, scenario, scenario_group,
    scenario_source, needed, taken, done, priority, gold, is_training, facts, preferences, reference
) FROM STDIN
"""
SIDES = """
COPY annotations_side (task_id, number, text, words, counter, response_id, model_name) FROM STDIN
"""

NO_SIDES = (
    "DELETE FROM annotations_side side USING annotations_task task WHERE task_id = task.id AND batch_id = %s"
)
NO_TASKS = "DELETE FROM annotations_task WHERE batch_id = %s"


def add_tasks(batch: Batch, rows: Iterable[TaskRow]) -> int:
    """Store these tasks behind those that the batch has; how many. Each chunk is committed by itself."""
    return sum(len(add_chunk(batch, chunk)) for chunk in chunks(rows))


def chunks(rows: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    rest = iter(rows)
    while chunk := list(islice(rest, size)):
        yield chunk


@transaction.atomic
def add_chunk(batch: Batch, rows: Sequence[TaskRow]) -> list[int]:
    """The ids of the tasks that were stored: all but those of people whose texts were erased meanwhile."""
    rows = _not_erased(rows)
    Batch.objects.select_for_update().get(pk=batch.pk)
    last: int = batch.tasks.aggregate(last=Max("number"))["last"] or 0
    with connection.cursor() as cursor:
        cursor.execute(IDS, [len(rows)])
        ids = [int(pk) for (pk,) in cursor.fetchall()]
        numbered = zip(ids, enumerate(rows, start=last + 1), strict=True)
        tasks = (_task(batch, pk, number, row) for pk, (number, row) in numbered)
        _copy(cursor, TASKS, tasks)
        sides = (
            _side(pk, place, side)
            for pk, row in zip(ids, rows, strict=True)
            for place, side in enumerate(row.sides, start=1)
        )
        _copy(cursor, SIDES, sides)
    return ids


@transaction.atomic
def empty(batch: Batch) -> None:
    """Take all tasks out of a batch of which nobody was given any; the database refuses others."""
    with connection.cursor() as cursor:
        for statement in (NO_SIDES, NO_TASKS):
            cursor.execute(statement, [batch.pk])


def _copy(cursor: Any, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
    with cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def _not_erased(rows: Sequence[TaskRow]) -> list[TaskRow]:
    """Whoever erases a person waits until these are stored, and then finds them."""
    turns = {row.turn_id for row in rows if row.turn_id is not None}
    if not turns:
        return list(rows)
    people = Enrolment.objects.filter(
        pk__in=Turn.objects.filter(pk__in=turns).values("conversation__enrolment")
    )
    there = list(
        people.select_for_update().filter(texts_erased_at=None).order_by("pk").values_list("pk", flat=True)
    )
    kept = set(
        Turn.objects.filter(pk__in=turns, conversation__enrolment__in=there).values_list("pk", flat=True)
    )
    return [row for row in rows if row.turn_id is None or row.turn_id in kept]


def _task(batch: Batch, pk: int, number: int, row: TaskRow) -> tuple[Any, ...]:
    return (
        *(pk, batch.pk, number, row.key, row.turn_id, row.query, json.dumps(list(row.context))),
        *(row.language, json.dumps(list(row.tags)), row.scenario, row.scenario_group, row.scenario_source),
        *(_needed(batch, row), 0, 0, row.priority, None if row.gold is None else json.dumps(row.gold)),
        *(row.is_training, json.dumps(row.facts), json.dumps(row.preferences), row.reference),
    )


def _needed(batch: Batch, row: TaskRow) -> int:
    """0 where everybody is given it: nobody takes a place from somebody else there."""
    return 0 if row.is_training or row.gold is not None else batch.overlap


def _side(task: int, number: int, side: SideRow) -> tuple[Any, ...]:
    counted, counter = side.counted
    return task, number, side.text, counted, counter, side.response_id, side.model_name
