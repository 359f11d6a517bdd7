"""A file of annotated records as a batch: all of it in one transaction, in chunks that fit in memory."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from annotations.imports.copying import Cell, Copy, reserve
from annotations.imports.reading import COUNTED_ELSEWHERE, Annotated, Reader, Stances, UnusableRecord
from annotations.models import Annotation, Batch, ErrorFound, ItemAnswer, RubricVersion, Side, Task, Values
from annotations.records import RUBRIC, SIDES, UnusableRecords, read_rows
from annotations.rubric_versions import shipped_version
from surveys import audit
from surveys.models import Study

RECORDS_AT_ONCE = 1000
MOST_EXAMPLES = 20
MOST_ITEMS = 1000
LONGEST_KEY = 120
FLAG = "not every value could be read"
TABLES = (Task, Side, Annotation, Values, ItemAnswer, ErrorFound)


@dataclass(frozen=True)
class Wanted:
    """`source`: who annotated, as the file says. `stances`: whether their numbers run from −2 or from 0."""

    study: Study
    slug: str
    title: str = ""
    source: str = ""
    stances: Stances = "signed"


@dataclass
class Told:
    """What became of the rows of a file."""

    rows: int = 0
    stored: int = 0
    flagged: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    flags: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)

    def skip(self, row: int, reason: str) -> None:
        self.skipped[reason] += 1
        if len(self.examples) < MOST_EXAMPLES:
            self.examples.append(f"row {row}: {reason}")

    def keep(self, record: Annotated) -> None:
        self.stored += 1
        self.flagged += bool(record.flags)
        self.flags.update(record.flags)


def import_records(
    path: Path, wanted: Wanted, by: User | None, progress: Callable[[int], object] = lambda rows: None
) -> tuple[Batch, Told]:
    """A closed batch of the file's pairs, each with its annotation. Raises UnusableRecords.

    A row that is no annotated pair is skipped and counted. Nothing is stored where none is one.
    """
    told, version = Told(), shipped_version(RUBRIC)
    reader = Reader(version.parsed(), wanted.stances)
    with transaction.atomic():
        batch = _batch(path, wanted, version, by)
        # Keys are checked after each chunk: checks that wait for the end would pile up in memory.
        _execute("SET CONSTRAINTS ALL IMMEDIATE")
        store = _Store(batch, wanted.source)
        waiting = _records(path, reader, told)
        while records := list(islice(waiting, RECORDS_AT_ONCE)):
            store.add(records)
            progress(told.rows)
        if not told.stored:
            raise UnusableRecords(_why_nothing(path, told))
        _execute("SET CONSTRAINTS ALL DEFERRED")
        _note(batch, told, by)
    for model in TABLES:
        _execute(f"ANALYZE {model._meta.db_table}")
    return batch, told


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
                    "sha256": _sha256(path),
                    "annotated_by": wanted.source,
                    "stances": wanted.stances,
                },
            )
    except IntegrityError as error:
        raise UnusableRecords(
            _("The study has a batch “%(slug)s” already. Choose another name.") % {"slug": wanted.slug}
        ) from error


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UnusableRecords(f"{path.name} cannot be read: {error.strerror or error}.") from error


def _note(batch: Batch, told: Told, by: User | None) -> None:
    counts = {"rows": told.rows, "stored": told.stored, "flagged": told.flagged}
    batch.description |= {**counts, "skipped": dict(told.skipped), "flags": dict(told.flags)}
    batch.save(update_fields=["description"])
    audit.record(by, "batch.imported", study=batch.study, subject=batch.slug, **counts)


def _why_nothing(path: Path, told: Told) -> str:
    if not told.rows:
        return f"{path.name} has no rows."
    return "\n".join([f"No row of {path.name} is an annotated pair:", *told.examples[:5]])


def _records(path: Path, reader: Reader, told: Told) -> Iterator[Annotated]:
    keys = _Keys()
    for number, row in read_rows(path):
        told.rows = number
        try:
            record = reader.read(keys.take(number, row), row)
            _refuse_unstorable(record)
        except UnusableRecord as error:
            told.skip(number, str(error))
            continue
        told.keep(record)
        yield record


class _Keys:
    """Rows are known by their `id` or, where the first one has none, all by their number."""

    def __init__(self) -> None:
        self._has_ids: bool | None = None
        self._seen = set[str]()

    def take(self, number: int, row: object) -> str:
        """Raises UnusableRecord."""
        found = row.get("id") if isinstance(row, dict) else None
        if self._has_ids is None:
            self._has_ids = found is not None
        if not self._has_ids:
            return str(number)
        key = "" if found is None else str(found)
        if not key or len(key) > LONGEST_KEY:
            raise UnusableRecord("no id, or a very long one")
        if key in self._seen:
            raise UnusableRecord("an id that an earlier row has")
        self._seen.add(key)
        return key


def _refuse_unstorable(record: Annotated) -> None:
    """Raises UnusableRecord for what no table of ours takes."""
    names = [(record.scenario, 80), (record.scenario_group, 40)]
    if any(len(name) > most for name, most in [*names, *((one.model, 200) for one in record.responses)]):
        raise UnusableRecord("a scenario or a model with a very long name")
    if len(record.items) + len(record.errors) > MOST_ITEMS:
        raise UnusableRecord(f"more than {MOST_ITEMS} items and errors")
    texts = chain(
        (record.key, record.query, record.scenario, record.scenario_group, record.reference),
        chain.from_iterable((one.text, one.model) for one in record.responses),
        chain.from_iterable((item.text, item.label) for item in record.items),
        (found.description for found in record.errors),
        record.preferences,
    )
    try:
        written = "".join(texts).encode()
    except UnicodeEncodeError as error:
        raise UnusableRecord("half a character") from error
    if 0 in written:
        raise UnusableRecord("a null character")


class _Store:
    """The tables that records go to."""

    def __init__(self, batch: Batch, source: str) -> None:
        self.batch, self.source, self.stored = batch, source, 0
        task = ("id", "batch_id", "number", "key", "query", "scenario", "scenario_group", "scenario_source")
        said = ("annotation_id", "side", "position", "number")
        self.tasks = Copy(Task, *task, "reference", "preferences", "needed")
        self.sides = Copy(Side, "task_id", "number", "text", "words", "counter", "model_name")
        self.annotations = Copy(Annotation, "id", "task_id", "origin", "source", "flag")
        self.values = Copy(Values, "annotation_id", "side", "scores", "statuses", "is_checkable")
        self.items = Copy(ItemAnswer, *said, "text", "label", "score")
        self.errors = Copy(ErrorFound, *said, "type", "severity", "description")

    def add(self, records: Sequence[Annotated]) -> None:
        tasks = list(zip(reserve(Task, len(records)), records, strict=True))
        annotations = list(zip(reserve(Annotation, len(records)), records, strict=True))
        pairs = zip(annotations, tasks, strict=True)
        self.tasks.write(self._task(pk, record) for pk, record in tasks)
        self.sides.write(row for pk, record in tasks for row in _sides(pk, record))
        self.annotations.write(self._annotation(pk, task, record) for (pk, record), (task, _) in pairs)
        self.values.write(row for pk, record in annotations for row in _values(pk, record))
        self.items.write((pk, *item) for pk, record in annotations for item in record.items)
        self.errors.write((pk, *found) for pk, record in annotations for found in record.errors)

    def _task(self, pk: int, record: Annotated) -> Sequence[Cell]:
        self.stored += 1
        return (
            pk,
            self.batch.pk,
            self.stored,
            record.key,
            record.query,
            record.scenario,
            record.scenario_group,
            Task.ScenarioSource.IMPORT if record.scenario_group else "",
            record.reference,
            json.dumps(record.preferences),
            self.batch.overlap,
        )

    def _annotation(self, pk: int, task: int, record: Annotated) -> Sequence[Cell]:
        return pk, task, Annotation.Origin.IMPORT, self.source, FLAG if record.flags else ""


def _sides(task: int, record: Annotated) -> Iterator[Sequence[Cell]]:
    for number, one in zip(SIDES, record.responses, strict=True):
        counter = "" if one.words is None else COUNTED_ELSEWHERE
        yield task, number, one.text, one.words or 0, counter, one.model


def _values(annotation: int, record: Annotated) -> Iterator[Sequence[Cell]]:
    by_side = zip(record.scores, record.statuses, record.is_checkable, strict=True)
    for side, (scores, statuses, is_checkable) in enumerate(by_side):
        yield annotation, side, scores, statuses, is_checkable


def _execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
