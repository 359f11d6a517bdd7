"""The tasks of a batch that is not filled yet, from whichever source it names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from annotations.batches import from_arena, from_conversations, from_file, talks
from annotations.batches.choosing import Choice, Pick
from annotations.batches.masking import HeldBack, Mask
from annotations.batches.rows import TaskRow
from annotations.batches.uploads import Upload
from annotations.models import Batch

HELD_BACK = "held_back"


@dataclass
class Reading:
    """What came of reading a source so far: why tasks were left out, and what was masked."""

    left_out: Counter[str] = field(default_factory=Counter)
    masked: Counter[str] = field(default_factory=Counter)

    def as_json(self) -> dict[str, Any]:
        return {"left_out": dict(self.left_out), "masked": dict(self.masked)}


@dataclass(frozen=True)
class Size:
    """How many tasks the source has for the batch, and how many models wrote its answers."""

    tasks: int
    models: int


def size(batch: Batch) -> Size:
    """Before anything is left out. Raises UnusableFile."""
    if batch.source == Batch.Source.FILE:
        looked = from_file.look_through(_upload(batch).path, batch.rubric_version.parsed(), batch.kind)
        return Size(looked.tasks, len(looked.models))
    chosen = _picks(batch)
    return Size(len(chosen), talks.count_models(chosen))


def task_rows(batch: Batch, reading: Reading) -> Iterator[TaskRow]:
    """As annotators may see them. Raises UnusableFile, Fault and NamesNotFound."""
    mask = Mask(batch.study)
    for row in _raw_rows(batch, reading):
        try:
            yield mask.clean(row)
        except HeldBack:
            reading.left_out[HELD_BACK] += 1
        reading.masked = mask.found


def _raw_rows(batch: Batch, reading: Reading) -> Iterator[TaskRow]:
    if batch.source == Batch.Source.FILE:
        return from_file.task_rows(_upload(batch).path, batch.rubric_version.parsed(), batch.kind)
    return talks.task_rows(_picks(batch), reading.left_out)


def _picks(batch: Batch) -> list[Pick]:
    choice = Choice.from_json(batch.description["choice"])
    if batch.source == Batch.Source.ARENA:
        return from_arena.picks(batch.study, choice)
    return from_conversations.picks(batch.study, batch.kind, choice)


def _upload(batch: Batch) -> Upload:
    return Upload(**batch.description["file"])
