"""A file of annotated records as a batch: all of it in one transaction, in chunks that fit in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from django.db import IntegrityError, connection, transaction
from django.db.models import Model
from django.utils.translation import gettext as _

from accounts.models import User
from annotations.imports import parsing
from annotations.imports.copying import reserve
from annotations.imports.parsing import Keys, Tables, Told, blocks
from annotations.imports.reading import Reader, Stances
from annotations.models import Annotation, Batch, ErrorFound, ItemAnswer, RubricVersion, Side, Task, Values
from annotations.records import RUBRIC, UnusableRecords
from annotations.rubric_versions import shipped_version
from surveys import audit
from surveys.models import Study

# What rows are found by: figures of the texts would take longer than all the others.
ANALYZED: dict[type[Model], str] = {
    Task: "id, batch_id, number, priority, needed, taken, done, gold, is_training, erased_at, turn_id",
    Side: "task_id, number, response_id",
    Annotation: "id, task_id, assignment_id, revision, origin",
    Values: "annotation_id, side",
    ItemAnswer: "annotation_id, side, position, number",
    ErrorFound: "annotation_id, side, number",
}


@dataclass(frozen=True)
class Wanted:
    """`source`: who annotated, as the file says. `stances`: whether their numbers run from −2 or from 0."""

    study: Study
    slug: str
    title: str = ""
    source: str = ""
    stances: Stances = "signed"


def import_records(
    path: Path, wanted: Wanted, by: User | None, progress: Callable[[int], object] = lambda rows: None
) -> tuple[Batch, Told]:
    """A closed batch of the file's pairs, each with its annotation. Raises UnusableRecords.

    A row that is no annotated pair is skipped and counted. Nothing is stored where none is one.
    """
    _refuse_unreadable(path)
    told, version = Told(), shipped_version(RUBRIC)
    reader = Reader(version.parsed(), wanted.stances)
    with ThreadPoolExecutor(1) as beside, transaction.atomic():
        digest = beside.submit(_sha256, path)
        batch = _batch(path, wanted, version, by)
        # Keys are checked after each chunk: checks that wait for the end would pile up in memory.
        _execute("SET CONSTRAINTS ALL IMMEDIATE")
        tables = Tables(batch, wanted.source)
        for block in blocks(path, reader, tables, _keys):
            for copy, rows in zip(tables.copies, block.tables, strict=True):
                copy.send(rows)
            told.add(block.told)
            progress(told.rows)
        if not told.stored:
            raise UnusableRecords(_why_nothing(path, told))
        _execute("SET CONSTRAINTS ALL DEFERRED")
        _note(batch, told, digest.result(), by)
    _analyze()
    return batch, told


def _analyze() -> None:
    """What plans need at once, from few rows; PostgreSQL looks at more of them by itself soon."""
    _execute("SET default_statistics_target = 10")
    for model, columns in ANALYZED.items():
        _execute(f"ANALYZE {model._meta.db_table} ({columns})")
    _execute("RESET default_statistics_target")


def _keys() -> Keys:
    many = parsing.RECORDS_AT_ONCE
    return Keys(reserve(Task, many), reserve(Annotation, many))


def _batch(path: Path, wanted: Wanted, version: RubricVersion, by: User | None) -> Batch:
    """Nobody is given its tasks, for they are annotated. Raises UnusableRecords where the name is taken."""
    try:
        with transaction.atomic():
            return Batch.objects.create(
                study=wanted.study,
                slug=wanted.slug,
                title=wanted.title or wanted.slug,
                rubric_version=version,
                kind=Batch.Kind.PAIR,
                source=Batch.Source.FILE,
                state=Batch.State.CLOSED,
                created_by=by,
                description={
                    "records": path.name,
                    "annotated_by": wanted.source,
                    "stances": wanted.stances,
                },
            )
    except IntegrityError as error:
        raise UnusableRecords(
            _("The study has a batch “%(slug)s” already. Choose another name.") % {"slug": wanted.slug}
        ) from error


def _refuse_unreadable(path: Path) -> None:
    """Raises UnusableRecords."""
    try:
        path.open("rb").close()
    except OSError as error:
        raise UnusableRecords(f"{path.name} cannot be read: {error.strerror or error}.") from error


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _note(batch: Batch, told: Told, digest: str, by: User | None) -> None:
    counts = {"rows": told.rows, "stored": told.stored, "flagged": told.flagged}
    batch.description |= {
        **counts,
        "sha256": digest,
        "skipped": dict(told.skipped),
        "flags": dict(told.flags),
    }
    batch.save(update_fields=["description"])
    audit.record(by, "batch.imported", study=batch.study, subject=batch.slug, **counts)


def _why_nothing(path: Path, told: Told) -> str:
    if not told.rows:
        return f"{path.name} has no rows."
    return "\n".join([f"No row of {path.name} is an annotated pair:", *told.examples[:5]])


def _execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
