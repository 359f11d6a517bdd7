"""What the annotators of a batch said, read as arrays: what coefficients and contests are computed from."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from django.db import connection

from annotations.agreement.chance import Metric
from annotations.agreement.tables import MISSING, Bools, Floats, Integers, Table
from annotations.models import Batch
from annotations.rubric_documents import Fact, Kind, Property, RubricDocument

GONE = -32768  # stands for null among the scores
AT_A_TIME = 5000

# The newest revision of each annotation, without training. Whose values were erased has empty arrays.
ROWS = """
SELECT annotation.task_id, said.side,
       COALESCE('u' || assignment.annotator_id, 'e' || assignment.enrolment_id, 'j' || annotation.source),
       extract(epoch FROM annotation.submitted_at)::float8, COALESCE(said.is_checkable::int, -1),
       array_replace(said.scores, NULL::smallint, '-32768'::smallint)
FROM annotations_annotation annotation
JOIN annotations_task task ON task.id = annotation.task_id
JOIN annotations_values said ON said.annotation_id = annotation.id
LEFT JOIN annotations_assignment assignment ON assignment.id = annotation.assignment_id
WHERE task.batch_id = %s AND annotation.origin = ANY(%s) AND NOT task.is_training
  AND cardinality(said.scores) = %s
  AND (COALESCE('u' || assignment.annotator_id, 'e' || assignment.enrolment_id) = ANY(%s)) IS NOT TRUE
  AND (assignment.id IS NULL OR (assignment.state = 'submitted' AND NOT assignment.is_test))
  AND NOT EXISTS (SELECT FROM annotations_annotation newer
                  WHERE newer.assignment_id = annotation.assignment_id
                    AND newer.revision > annotation.revision)
ORDER BY task.number, said.side, annotation.id
"""


@dataclass(frozen=True)
class Rows:
    """One row for each annotation and side, by task and side.

    `scores` is rows × positions of the rubric and holds GONE where nothing was said. `raters` are numbers in
    `names`; `checkable` is 1, 0 or -1 where it was not asked whether errors can be judged; `times` are
    seconds since 1970.
    """

    names: tuple[str, ...]
    tasks: Integers
    sides: Integers
    raters: Integers
    times: Floats
    checkable: Integers
    scores: Integers

    @property
    def units(self) -> Integers:
        """A number for each task and side; equal ones stand together."""
        return self.tasks * 3 + self.sides

    def where(self, chosen: Bools | Integers) -> "Rows":
        arrays = [field.name for field in fields(self) if field.name != "names"]
        return Rows(self.names, **{name: getattr(self, name)[chosen] for name in arrays})


@dataclass(frozen=True)
class Question:
    """One thing that every annotator answered in one number, and how differences in it count."""

    field: Property | Fact
    metric: Metric
    levels: tuple[int, ...] | None  # in ascending order; those that occur when None

    @property
    def position(self) -> int:
        return self.field.position


def questions(document: RubricDocument) -> list[Question]:
    """Scales, categories, counts of errors, and facts by whether they hold; nothing asked per item."""
    return [found for field in document.fields if (found := _question(field))]


def _question(field: Property | Fact) -> Question | None:
    if isinstance(field, Fact):
        return Question(field, "nominal", (0, 1))
    if field.kind == Kind.ERRORS:
        return Question(field, "ordinal", None)
    if not field.is_scored or field.scale is None:
        return None
    metric: Metric = "ordinal" if field.scale.is_ordered else "nominal"
    return Question(field, metric, tuple(sorted(field.scale.values)))


def read(batch: Batch, origins: tuple[str, ...], without: Sequence[str] = ()) -> Rows:
    """The rows of a batch, but for people named in `without`.

    Who rated a side twice, as a judge in two runs, counts by the last rating.
    """
    width = len(batch.rubric_version.parsed().fields)
    chunks = [_arrays(chunk, width) for chunk in _chunks(batch, origins, without, width)]
    columns = [np.concatenate(parts) for parts in zip(*(_arrays([], width), *chunks), strict=True)]
    tasks, sides, named, times, checkable, scores = columns
    names, first, raters = np.unique(named, return_index=True, return_inverse=True)
    order = np.argsort(first)  # the first who appears is the first annotator
    place = np.argsort(order)
    rows = Rows(tuple(names[order].tolist()), tasks, sides, place[raters.ravel()], times, checkable, scores)
    return rows.where(_last_of_each(rows))


def _chunks(
    batch: Batch, origins: tuple[str, ...], without: Sequence[str], width: int
) -> Iterator[list[tuple[Any, ...]]]:
    with connection.chunked_cursor() as cursor:
        cursor.execute(ROWS, [batch.pk, [str(origin) for origin in origins], width, list(without)])
        while chunk := cursor.fetchmany(AT_A_TIME):
            yield chunk


def _arrays(chunk: list[tuple[Any, ...]], width: int) -> tuple[Any, ...]:
    columns = list(zip(*chunk, strict=True)) or [()] * 6
    tasks, sides, named, times, checkable, scores = columns
    return (
        np.array(tasks, dtype=np.int64),
        np.array(sides, dtype=np.int64),
        np.array(named, dtype=object),
        np.array(times, dtype=np.float64),
        np.array(checkable, dtype=np.int64),
        np.array(scores, dtype=np.int16).reshape(-1, width),
    )


def _last_of_each(rows: Rows) -> Integers:
    cells = rows.units * max(1, len(rows.names)) + rows.raters
    last = len(cells) - 1 - np.unique(cells[::-1], return_index=True)[1]
    return np.sort(last)


def answers(rows: Rows, question: Question) -> Integers:
    """For each row its answer, GONE where there is none. A list of facts counts by whether it has items."""
    given = rows.scores[:, question.position].astype(np.int64)
    if isinstance(question.field, Fact):
        return np.where(given == GONE, GONE, np.minimum(given, 1))
    if question.field.kind == Kind.ERRORS:
        return np.where(rows.checkable == 0, GONE, given)
    return given


def table(rows: Rows, question: Question) -> Table:
    """The ratings of one question; both sides of a task are drawn together."""
    given = answers(rows, question)
    known = given != GONE
    levels = np.array(question.levels or np.unique(given[known]).tolist(), dtype=np.int64)
    known &= np.isin(given, levels)
    units, first, row = np.unique(rows.units[known], return_index=True, return_inverse=True)
    codes = np.full((len(units), len(rows.names)), MISSING, dtype=np.int64)
    codes[row.ravel(), rows.raters[known]] = np.searchsorted(levels, given[known])
    return Table(codes, tuple(levels.tolist()), rows.names, tuple(units.tolist()), rows.tasks[known][first])


def times(rows: Rows, table: Table) -> Floats:
    """For each unit of a table when its task was last annotated."""
    tasks, of_row = np.unique(rows.tasks, return_inverse=True)
    latest = np.full(len(tasks), -np.inf)
    np.maximum.at(latest, of_row.ravel(), rows.times)
    return latest[np.searchsorted(tasks, table.clusters)]
