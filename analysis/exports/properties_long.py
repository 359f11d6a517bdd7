"""Every value of every current annotation as a row of one table, whatever the rubric, and every ruling."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from django.db import connection
from psycopg.sql import SQL, Composed, Literal

from analysis.exports.properties_sql import ALLOWED, current, ranges
from analysis.exports.release import Scope
from annotations.codes import coder
from annotations.models import Assignment, Batch, Ruling
from annotations.rubric_documents import Fact, Kind, RubricDocument
from prism.lib.numbering import numbering
from surveys.models import Enrolment

COLUMNS = (
    "batch",
    "task",
    "side",
    "property",
    "item",
    "value",
    "label",
    "status",
    "origin",
    "annotator",
    "adjudicated",
    "suggested_by",
    "taken_over",
    "submitted_at",
)
STATUSES = ["untouched", "confirmed", "chosen", "not asked"]
ROWS = SQL(r"""
COPY (
WITH coded AS (SELECT * FROM unnest({users}::bigint[], {user_codes}::text[]) AS one (user_id, code)),
recruited AS (SELECT * FROM unnest({people}::bigint[], {people_codes}::text[]) AS one (enrolment_id, code)),
task AS (
    SELECT task.id, task.number, task.key FROM annotations_task task
    WHERE batch_id = {batch} AND task.number > {after} AND task.number <= {to} AND {allowed}
),
said AS (
    SELECT said.id, task.number, task.key, said.task_id, said.origin, submitted_at,
        coalesce(coded.code, recruited.code, said.source) AS annotator, judge.name AS suggested_by
    FROM annotations_annotation said JOIN task ON task.id = said.task_id
    LEFT JOIN annotations_judgerun run ON run.id = said.suggested_by_id
    LEFT JOIN annotations_judge judge ON judge.id = run.judge_id
    LEFT JOIN annotations_assignment given ON given.id = said.assignment_id
    LEFT JOIN coded ON coded.user_id = given.annotator_id
    LEFT JOIN recruited USING (enrolment_id)
    WHERE {current}
),
ruled AS (
    SELECT ruling.*, task.number, task.key, coded.code AS annotator FROM annotations_ruling ruling
    JOIN task ON task.id = ruling.task_id LEFT JOIN coded ON coded.user_id = by_id WHERE is_current
),
scored AS (
    SELECT said.*, stored.side, (place - 1)::int AS position, NULL::int AS item, status, '' AS label,
        CASE WHEN place = {computed} THEN side.words ELSE score END AS value
    FROM said JOIN annotations_values stored ON stored.annotation_id = said.id
    CROSS JOIN unnest(scores, statuses) WITH ORDINALITY AS one (score, status, place)
    LEFT JOIN annotations_side side ON side.task_id = said.task_id AND side.number = stored.side
    WHERE (stored.side = 0) = ({once}::boolean[])[place]
),
listed AS (
    SELECT said.*, side, position, one.number AS item, NULL::int, label, score::int
    FROM said JOIN annotations_itemanswer one ON one.annotation_id = said.id
    UNION ALL
    SELECT said.*, side, position, one.number, NULL, type, NULL
    FROM said JOIN annotations_errorfound one ON one.annotation_id = said.id
),
whole AS (
    SELECT rows.*, EXISTS (SELECT FROM ruled WHERE ruled.task_id = rows.task_id
        AND ruled.side = rows.side AND ruled.position = rows.position) AS adjudicated,
        suggested_by IS NOT NULL AND EXISTS (SELECT FROM annotations_values shown
            WHERE shown.annotation_id = rows.id AND shown.side = rows.side
                AND rows.position = ANY(shown.taken_over)) AS taken_over
    FROM (SELECT * FROM scored UNION ALL SELECT * FROM listed) rows
    UNION ALL
    SELECT id, number, key, task_id, 'ruling', at, annotator, NULL, side, position, NULL, 2, '', score,
        true, false
    FROM ruled
)
SELECT {slug}, {key}, side, ({names}::text[])[position + 1], item, value, {label},
    ({statuses}::text[])[status + 1], origin, {annotator}, adjudicated,
    suggested_by, taken_over,
    CASE WHEN {is_full} THEN to_char(submitted_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') END
FROM whole ORDER BY number, origin = 'ruling', id, side, position, item NULLS FIRST
) TO STDOUT WITH (FORMAT csv)
""")
# An apostrophe before what a spreadsheet would take for a formula.
SAFE = r"CASE WHEN {0} ~ '^[=+@\t\r-]' THEN '''' || {0} ELSE {0} END"


def write(scope: Scope, batches: Sequence[Batch], path: Path, step: Callable[[], object]) -> dict[str, Any]:
    """Rows, bytes and SHA-256 of the table. `step` is called after every chunk."""
    rows, digest, codes = 0, hashlib.sha256(), _codes(scope)
    with path.open("wb") as file:

        def put(block: bytes) -> None:
            file.write(block)
            digest.update(block)

        put((",".join(COLUMNS) + "\n").encode())
        counts = current(scope)
        for batch in batches:
            for after, to in ranges(batch):
                rows += _copy(_statement(scope, batch, (after, to), codes, counts), put)
                step()
    return {"rows": rows, "bytes": path.stat().st_size, "sha256": digest.hexdigest()}


def _copy(statement: Composed, put: Callable[[bytes], object]) -> int:
    with connection.cursor() as cursor:
        with cursor.copy(statement.as_string()) as copy:
            for block in copy:
                put(bytes(block))
        return int(cursor.rowcount)


def _statement(
    scope: Scope,
    batch: Batch,
    numbers: tuple[int, int],
    codes: Mapping[str, Sequence[Any]],
    counts: Composed,
) -> Composed:
    document = batch.rubric_version.parsed()
    given = {
        **codes,
        "batch": batch.pk,
        "after": numbers[0],
        "to": numbers[1],
        "slug": batch.slug,
        "computed": next((p.id + 1 for p in document.properties if p.kind == Kind.COMPUTED), 0),
        "once": _once(document),
        "names": [found.slug for found in document.fields],
        "statuses": STATUSES,
        "is_full": scope.is_full,
    }
    texts = {name: SQL(SAFE.format(name)) for name in ("key", "label", "annotator")}
    literals = {name: Literal(value) for name, value in given.items()}
    return ROWS.format(**literals, **texts, allowed=ALLOWED, current=counts)


def _once(document: RubricDocument) -> list[bool]:
    """Whether a position is asked once of the task, and not of each side."""
    return [isinstance(found, Fact) or found.of_pair for found in document.fields]


def _codes(scope: Scope) -> dict[str, list[Any]]:
    """Codes of those who annotated or ruled; `current` leaves out who is in no release."""
    tasks = {"task__batch__study": scope.study}
    given = Assignment.objects.filter(**tasks).order_by()
    users = set(given.exclude(annotator=None).values_list("annotator", flat=True).distinct())
    users |= set(Ruling.objects.filter(**tasks).order_by().values_list("by", flat=True).distinct())
    recruited = Enrolment.objects.filter(assignments__task__batch__study=scope.study)
    people = dict(recruited.distinct().values_list("pk", "number"))
    seed, slug = scope.release_seed, scope.study.slug
    code, person = coder(scope.study, seed), numbering(slug, "person", seed)
    return {
        "users": sorted(users),
        "user_codes": [code(pk) for pk in sorted(users)],
        "people": sorted(people),
        "people_codes": [f"user{person(people[pk])}" for pk in sorted(people)],
    }
