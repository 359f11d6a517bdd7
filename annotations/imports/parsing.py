"""A file of annotated records as blocks of rows for the tables, parsed in a process beside the database's.

Reading a record and storing its twenty rows take about as long as each other: with a process for either, two
processors are at work. A small file is not worth the process.
"""

from __future__ import annotations

import gc
import json
import multiprocessing
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, field
from itertools import chain, islice
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

from annotations.imports import packing
from annotations.imports.copying import Cell, Copy, cell
from annotations.imports.published import (
    LONGEST_GROUP,
    LONGEST_MODEL,
    LONGEST_SCENARIO,
    MOST_ITEMS,
    Published,
    Rows,
    Stored,
    Tails,
)
from annotations.imports.reading import COUNTED_ELSEWHERE, Annotated, Reader, UnusableRecord
from annotations.models import Annotation, Batch, ErrorFound, ItemAnswer, Side, Task, Values
from annotations.records import SIDES, UnusableRecords, parsed, read_lines

RECORDS_AT_ONCE = 1000
AHEAD = 3  # blocks that may be read before they are stored
SMALL = 4_000_000  # bytes
MOST_EXAMPLES = 20
LONGEST_KEY = 120
FLAG = "not every value could be read"


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
        self.examples.append(f"row {row}: {reason}")

    def keep(self, flags: Sequence[str]) -> None:
        self.stored += 1
        if flags:
            self.flagged += 1
            self.flags.update(flags)

    def add(self, block: Told) -> None:
        """The rows of a block that came behind these."""
        self.rows = max(self.rows, block.rows)
        self.stored += block.stored
        self.flagged += block.flagged
        self.skipped.update(block.skipped)
        self.flags.update(block.flags)
        self.examples = [*self.examples, *block.examples][:MOST_EXAMPLES]


class Keys(NamedTuple):
    """Primary keys for the records of one block."""

    tasks: Sequence[int]
    annotations: Sequence[int]


class Block(NamedTuple):
    """`tables`: rows of each of the tables, as COPY reads them."""

    told: Told
    tables: Sequence[bytes]


class Tables:
    """The tables that records go to, in the order in which they are filled."""

    def __init__(self, batch: Batch, source: str) -> None:
        self.batch, self.source = batch, source
        task = ("id", "batch_id", "number", "key", "query", "scenario", "scenario_group", "scenario_source")
        said = ("annotation_id", "side", "position", "number")
        self.copies = (
            Copy(Task, *task, "reference", "preferences", "needed"),
            Copy(Side, "task_id", "number", "text", "words", "counter", "model_name"),
            Copy(Annotation, "id", "task_id", "origin", "source", "flag"),
            Copy(Values, *packing.COLUMNS, format="binary"),
            Copy(ItemAnswer, *said, "text", "label", "score"),
            Copy(ErrorFound, *said, "type", "severity", "description"),
        )

    def tails(self) -> Tails:
        same: list[list[Cell]] = [[] for _copy in self.copies]
        same[0], same[2] = [self.batch.overlap], [Annotation.Origin.IMPORT.value, self.source, ""]
        cells = [[*mine, *copy.rest] for mine, copy in zip(same, self.copies, strict=True)]
        del cells[Rows._fields.index("values")]
        return Tails(*("".join("\t" + cell(one) for one in rest) + "\n" for rest in cells))

    def rows(self, record: Annotated, stored: Stored) -> Rows:
        """A record that somebody wrote otherwise than published, as `Published` gives the others."""
        task, said = stored.task, stored.annotation
        flag = FLAG if record.flags else ""
        tasks, sides, annotations, _values, items, errors = self.copies
        return Rows(
            tasks.lines([_task(record, stored, self.batch.overlap)]),
            sides.lines(_sides(task, record)),
            annotations.lines([(said, task, Annotation.Origin.IMPORT, self.source, flag)]),
            _packed(said, record),
            items.lines([(said, *item) for item in record.items]),
            errors.lines([(said, *found) for found in record.errors]),
        )


def _task(record: Annotated, stored: Stored, overlap: int) -> Sequence[Cell]:
    return (
        stored.task,
        stored.batch,
        stored.number,
        record.key,
        record.query,
        record.scenario,
        record.scenario_group,
        Task.ScenarioSource.IMPORT if record.scenario_group else "",
        record.reference,
        json.dumps(record.preferences),
        overlap,
    )


def _sides(task: int, record: Annotated) -> Sequence[Sequence[Cell]]:
    counters = ["" if one.words is None else COUNTED_ELSEWHERE for one in record.responses]
    counted = zip(SIDES, record.responses, counters, strict=True)
    return [(task, side, one.text, one.words or 0, counter, one.model) for side, one, counter in counted]


def _packed(annotation: int, record: Annotated) -> bytes:
    """Its rows of values."""
    by_side = zip(record.scores, record.statuses, record.is_checkable, strict=True)
    return b"".join(
        packing.row(
            annotation,
            side,
            packing.array(list(map(packing.number, scores))),
            packing.array(list(map(packing.number, statuses))),
            packing.truth(is_checkable),
        )
        for side, (scores, statuses, is_checkable) in enumerate(by_side)
    )


class Parser:
    """Reads the rows of one file, block by block; it counts on and remembers the keys that it met."""

    def __init__(self, path: Path, reader: Reader, tables: Tables) -> None:
        self._lines, self._reader, self._tables = read_lines(path), reader, tables
        self._published = Published(reader, tables.tails())
        self._names, self._stored = _Names(), 0

    def block(self, keys: Keys) -> Block | None:
        """The next rows, no more than there are keys; None behind the last. Raises UnusableRecords."""
        told, waiting = Told(), iter(zip(*keys, strict=True))
        rows: list[Rows] = []
        for number, given in islice(self._lines, len(keys.tasks)):
            told.rows = number
            task, annotation = next(waiting)
            stored = Stored(self._tables.batch.pk, task, self._stored + 1, annotation)
            try:
                rows.append(self._read(number, given, stored, told))
            except UnusableRecord as error:
                told.skip(number, str(error))
            else:
                self._stored += 1
        return Block(told, _joined(rows)) if told.rows else None

    def _read(self, number: int, given: object, stored: Stored, told: Told) -> Rows:
        """Raises UnusableRecord."""
        if isinstance(given, bytes):
            rows = self._published.read(given, lambda found: self._names.take(number, found), stored)
            if rows:
                told.keep(())
                return rows
        row = parsed(given) if isinstance(given, bytes) else given
        record = self._reader.read(self._names.of(number, row), row)
        refuse_unstorable(record)
        told.keep(record.flags)
        return self._tables.rows(record, stored)


def _joined(rows: Sequence[Rows]) -> list[bytes]:
    def texts(of: Callable[[Rows], str]) -> bytes:
        return "".join(map(of, rows)).encode()

    values = [packing.BEGIN, *(one.values for one in rows), packing.END]
    return [
        texts(lambda one: one.tasks),
        texts(lambda one: one.sides),
        texts(lambda one: one.annotations),
        b"".join(values),
        texts(lambda one: one.items),
        texts(lambda one: one.errors),
    ]


class _Names:
    """Rows are known by their `id` or, where the first one has none, all by their number."""

    def __init__(self) -> None:
        self._has_ids: bool | None = None
        self._seen = set[str]()

    def of(self, number: int, row: object) -> str:
        return self.take(number, row.get("id") if isinstance(row, dict) else None)

    def take(self, number: int, found: object) -> str:
        """Raises UnusableRecord."""
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


def refuse_unstorable(record: Annotated) -> None:
    """Raises UnusableRecord for what no table of ours takes."""
    names = [(record.scenario, LONGEST_SCENARIO), (record.scenario_group, LONGEST_GROUP)]
    names += [(one.model, LONGEST_MODEL) for one in record.responses]
    if any(len(name) > most for name, most in names):
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
        given = "".join(texts).encode()
    except UnicodeEncodeError as error:
        raise UnusableRecord("half a character") from error
    if 0 in given:
        raise UnusableRecord("a null character")


def blocks(path: Path, reader: Reader, tables: Tables, keys: Callable[[], Keys]) -> Iterator[Block]:
    """The file in blocks, each with keys from `keys`. Raises UnusableRecords."""
    parser = Parser(path, reader, tables)
    if path.stat().st_size <= SMALL or multiprocessing.current_process().daemon:
        while block := parser.block(keys()):
            yield block
        return
    yield from _apart(parser, keys)


def _apart(parser: Parser, keys: Callable[[], Keys]) -> Iterator[Block]:
    """A process reads the next blocks while this one stores the last.

    A thread takes them in, so that neither waits for the other to be done with a block.
    """
    fork = multiprocessing.get_context("fork")  # what it needs is here already, and it asks no database
    ours, theirs = fork.Pipe()
    process = fork.Process(target=_serve, args=(parser, ours, theirs), daemon=True)
    process.start()
    theirs.close()
    with closing(ours), ThreadPoolExecutor(max_workers=1) as taking:
        try:
            for _block in range(AHEAD):
                ours.send(keys())
            waiting = deque(taking.submit(_take, ours) for _block in range(AHEAD))
            while block := waiting.popleft().result():
                ours.send(keys())
                waiting.append(taking.submit(_take, ours))
                yield block
        except (EOFError, ConnectionError) as error:
            raise UnusableRecords(
                "The process that read the file came to an end. Nothing was stored."
            ) from error
        finally:
            process.terminate()  # whatever is still waited for ends with it
            process.join()


def _take(ours: Connection) -> Block | None:
    """A block that the process beside has read; None behind the last. Raises UnusableRecords."""
    told = ours.recv()
    if isinstance(told, Told):
        return Block(told, [ours.recv_bytes() for _table in Rows._fields])
    if told is not None:
        raise told
    return None


def _serve(parser: Parser, theirs_too: Connection, channel: Connection) -> None:
    """In the process beside: a block for every set of keys; at the end None, or what went wrong."""
    theirs_too.close()
    gc.freeze()  # what is here already stays: it need not be looked through again and again
    try:
        while block := parser.block(channel.recv()):
            channel.send(block.told)
            for rows in block.tables:
                channel.send_bytes(rows)
        end: UnusableRecords | None = None
    except (EOFError, BrokenPipeError):
        return  # nobody wants the rest
    except UnusableRecords as error:
        end = error
    channel.send(end)
    with suppress(EOFError):
        while True:  # keys that are on their way: who went before they came would take the end along
            channel.recv()
