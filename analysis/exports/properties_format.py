"""An export of annotations: pairs in the published record schema, and every value as a tidy long table."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import closing
from itertools import count, groupby
from pathlib import Path
from typing import Any

from django.db import connection

from analysis.exports import properties_long
from analysis.exports.arena_schema import TEXT, WHOLE, Schema
from analysis.exports.gate import Gate
from analysis.exports.lines import JsonLines
from analysis.exports.parquet import write_parquet
from analysis.exports.people import publishes_texts
from analysis.exports.properties_merging import counting, merged, rule
from analysis.exports.properties_sql import Said, is_published, ranges, records_of
from analysis.exports.release import Scope
from annotations import records
from annotations.models import Annotation, Batch, Ruling
from annotations.records import SEPARATOR, SIDES
from annotations.rubric_documents import FactKind, RubricDocument, parse
from annotations.rubrics import shipped

SCHEMA_VERSION = "1"
LIST = [TEXT]
RECORDS, SOURCES, LONG, PACKED = "records.jsonl", "sources.jsonl", "annotations.csv", "records.parquet"
FILES = (RECORDS, PACKED, SOURCES, LONG)

PUBLISHED = parse(shipped(records.RUBRIC))
_LISTS = [fact.key for fact in PUBLISHED.facts if fact.kind == FactKind.LIST]
_SPECIFIC = [found for found in PUBLISHED.properties if found.condition]
_ANSWERS = [found.key for found in _SPECIFIC if found.is_per_item]
_SIDED = [
    column
    for side in SIDES
    for column in (
        f"response_{side}.content",
        f"errors_response_{side}.errors[].brief description",
        *(f"query-specific_response_{side}.{key}" for key in _ANSWERS),
    )
]
# Where people wrote, models answered them, or annotators quoted either.
TEXTS_OF = {RECORDS: [records.QUERY, records.REFERENCE, *_LISTS, *_SIDED]}
WITHHELD = {
    RECORDS: {
        **dict.fromkeys([records.QUERY, records.REFERENCE, *_SIDED[:1]], "free text"),
        **dict.fromkeys([*_LISTS, *_SIDED], "free text"),
    },
    LONG: {"submitted_at": "date and time"},
}
MEANING: dict[str, Any] = {
    "schema_version": SCHEMA_VERSION,
    "not_computed": {},
    "null_means": {
        RECORDS: {
            "basic_response_*.*": "nobody gave a value that can be read",
            "query-specific_response_*.*": "not asked, or not answered; an empty list where a list stands",
            "response_*.num_words": "not counted",
            "errors_response_*.applicable or not": "nobody said whether errors can be judged",
        },
        LONG: {"value": "no value; status says why", "item": "not of a list"},
    },
    "notes": [
        "records.jsonl has the published schema of annotated pairs of 29 properties, a row a pair, from "
        "batches of pairs whose rubric asks for all of them; records.parquet has the same rows. "
        "sources.jsonl says of each row, in the same order, which pair it is, whose annotations it rests on "
        "and what was ruled.",
        "Where several people annotated a pair, ratings are the lower median of theirs; facts, lists and "
        "errors are those of the first. Files' annotations count where no person's are, a judge's where "
        "neither are. A ruling stands in place of all of them.",
        "annotations.csv has every value of every current annotation and every ruling, under any rubric. "
        "Codes of annotators are drawn for the release and lead to nobody outside of this installation.",
        "Texts of imported files are as they were imported and were not looked through for personal data.",
    ],
}


def schema(judges: Sequence[str]) -> Schema:
    """The columns with their types in Parquet; `judges` are those of any row."""
    rated = [p for p in PUBLISHED.properties if p.is_scored and p.condition is None]
    error = {"brief description": TEXT, "severity": TEXT, "type": TEXT}
    kinds = {
        "response": {"content": TEXT, "model": TEXT, "num_words": WHOLE},
        "basic_response": {found.key: WHOLE for found in rated},
        "errors_response": {"applicable or not": TEXT, "errors": [error]},
        "query-specific_response": {found.key: LIST if found.is_per_item else WHOLE for found in _SPECIFIC},
    }
    sided = {name: {f"{name}_{side}": kind for side in SIDES} for name, kind in kinds.items()}
    return {
        **dict.fromkeys([records.QUERY, records.SCENARIO, records.SCENARIO_GROUP], TEXT),
        **sided.pop("response"),
        records.REFERENCE: TEXT,
        **{fact.key: LIST if fact.kind == FactKind.LIST else TEXT for fact in PUBLISHED.facts},
        **({records.PREFERENCES: dict.fromkeys(judges, TEXT)} if judges else {}),
        **sided["basic_response"],
        **sided["errors_response"],
        **sided["query-specific_response"],
    }


def meaning(scope: Scope) -> dict[str, Any]:
    """What the manifest says of these files."""
    return {**MEANING, "withheld": {} if scope.is_full else WITHHELD}


def write(
    scope: Scope, folder: Path, progress: Callable[[int, int], None], gate: Gate
) -> dict[str, dict[str, Any]]:
    """Write the files of the release that is chosen now; rows, bytes and SHA-256 of each."""
    steps = sum(len(list(ranges(batch))) for batch in _batches(scope))
    done = count(1)

    def step() -> None:
        progress(next(done), 2 * steps)

    facts = write_records(scope, folder, gate, step)
    rows = facts[RECORDS]["rows"]
    long = properties_long.write(scope, _batches(scope), folder / LONG, step)
    packed = write_parquet(folder / RECORDS, folder / PACKED, schema(_judges(scope)))
    return {**facts, PACKED: {"rows": rows, **packed}, LONG: long}


def write_records(
    scope: Scope, folder: Path, gate: Gate, step: Callable[[], object]
) -> dict[str, dict[str, Any]]:
    """The pairs, and what is to be said of each. `step` is called after every chunk."""
    with JsonLines(folder / RECORDS, gate=gate) as pairs, JsonLines(folder / SOURCES) as sources:
        for batch in _batches(scope):
            if _is_of_pairs(batch):
                _write_records(scope, batch, pairs, sources, step)
    return {RECORDS: pairs.facts(), SOURCES: sources.facts()}


def _batches(scope: Scope) -> list[Batch]:
    return list(Batch.objects.filter(study=scope.study).select_related("rubric_version").order_by("pk"))


def _is_of_pairs(batch: Batch) -> bool:
    return batch.kind == Batch.Kind.PAIR and is_published(batch.rubric_version.parsed(), PUBLISHED)


def _write_records(
    scope: Scope, batch: Batch, pairs: JsonLines, sources: JsonLines, step: Callable[[], object]
) -> None:
    used = batch.rubric_version.parsed()
    with closing(
        records_of(scope, batch, PUBLISHED)
    ) as chunks:  # no more is put together where this ends early
        for chunk in chunks:
            publishes = publishes_texts([said.enrolment for said in chunk if said.enrolment])
            for _task, grouped in groupby(chunk, key=lambda said: said.task):
                said = list(grouped)
                counted = [said[place] for place in counting([one.origin for one in said])]
                ruled: list[str] = []
                if scope.is_full and _is_as_imported(batch, counted):
                    pairs.write_line(counted[0].record)
                else:
                    row = merged([json.loads(one.record) for one in counted])
                    ruled = _ruled(row, counted[0], used)
                    shows = scope.is_full and publishes.get(counted[0].enrolment or 0, True)
                    pairs.write(row if shows else without_texts(row))
                sources.write(_source(batch, counted, ruled))
            step()


def _is_as_imported(batch: Batch, counted: Sequence[Said]) -> bool:
    """Whether a file had this very record: nobody here wrote anything of it, or ruled."""
    first = counted[0]
    is_file = batch.source == Batch.Source.FILE and first.enrolment is None
    return is_file and first.origin == Annotation.Origin.IMPORT and not first.is_ruled


def _ruled(row: dict[str, Any], said: Said, used: RubricDocument) -> list[str]:
    if not said.is_ruled:
        return []
    return rule(row, Ruling.objects.filter(task=said.task, is_current=True), used, PUBLISHED)


def _source(batch: Batch, counted: Sequence[Said], ruled: Sequence[str]) -> dict[str, Any]:
    origin = counted[0].origin
    return {
        "batch": batch.slug,
        "task": counted[0].key,
        "origin": origin,
        "annotations": len(counted),
        "suggested": sum(one.is_suggested for one in counted),
        "adjudicated": list(ruled),
        "human_backed": bool(ruled) or origin == Annotation.Origin.PERSON,
    }


def without_texts(row: dict[str, Any]) -> dict[str, Any]:
    """The record with nothing that anybody wrote; lists keep their length and answers their value."""
    row[records.QUERY] = row[records.REFERENCE] = None
    for key in _LISTS:
        row[key] = ["" for _ in row[key]]
    for side in SIDES:
        row[f"response_{side}"]["content"] = None
        for error in row[f"errors_response_{side}"]["errors"]:
            error["brief description"] = None
        specific = row[f"query-specific_response_{side}"]
        for key in _ANSWERS:
            specific[key] = [SEPARATOR + answer.rpartition(SEPARATOR)[2] for answer in specific[key]]
    return row


def _judges(scope: Scope) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT jsonb_object_keys(task.preferences) FROM annotations_task task"
            " JOIN annotations_batch batch ON batch.id = task.batch_id WHERE batch.study_id = %s ORDER BY 1",
            [scope.study.pk],
        )
        return [judge for (judge,) in cursor.fetchall()]
