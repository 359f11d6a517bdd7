"""Carrying out an import: rows batch by batch, each stored together with how far it went."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from django.db import transaction

from analysis.imports import tables
from analysis.imports.keeping import KNOWN, Keeper
from analysis.imports.steps import STEPS, Step
from analysis.imports.tables import Row
from analysis.models import Import, ImportFault
from conversations.models import Dataset

AT_ONCE = 400
Batch = list[tuple[int, Row | str]]


class Run:
    """Takes up an import where it was left. `keep` is called in the transaction of each batch."""

    def __init__(self, row: Import, folder: Path, keep: Callable[[Import], None]) -> None:
        """Raises UnusableTable."""
        self.row = row
        self.faults: list[ImportFault] = []
        self._keep = keep
        self._keeper = Keeper(row.dataset)
        self._paths = tables.find_tables(folder)
        self._steps = [step for step in STEPS if step.table in self._paths]
        if not self._steps:
            raise tables.UnusableTable(
                "There is no table of conversations, votes, turns or reactions as .parquet or .jsonl."
            )
        row.rows_expected = sum(tables.count_rows(self._paths[step.table]) for step in self._steps)

    def batches(self) -> Iterator[None]:
        """Take one batch after the other; between two of them everything is stored. Raises UnusableTable."""
        for place in range(self.row.cursor.get("step", 0), len(self._steps)):
            step = self._steps[place]
            begun = self.row.cursor.get("row", 0) if self.row.cursor.get("step", 0) == place else 0
            rows = islice(tables.look_through(self._paths[step.table], step.needed), begun, None)
            while batch := list(islice(rows, AT_ONCE)):
                with transaction.atomic():
                    self._take(step, batch)
                    self.row.cursor = {"step": place, "row": batch[-1][0]}
                    self._keep(self.row)
                yield
        self.row.cursor = {"step": len(self._steps), "row": 0}

    def _take(self, step: Step, batch: Batch) -> None:
        Dataset.objects.select_for_update().get(pk=self.row.dataset_id)
        ours = [(number, row) for number, row in batch if isinstance(row, str) or not step.skips(row)]
        rows = [row for _, row in ours if not isinstance(row, str)]
        made = self._keeper.made.copy()
        outcomes = iter(step.take(self._keeper, rows))
        found = [(number, row if isinstance(row, str) else next(outcomes)) for number, row in ours]
        self._count(step, len(batch), found)
        self._count_made(self._keeper.made - made)
        refused = [(number, reason) for number, reason in found if reason not in (None, KNOWN)]
        self._note_faults(step, refused)
        self.row.rows_done += len(batch)

    def _count(self, step: Step, read: int, found: list[tuple[int, Any]]) -> None:
        counts = self.row.counts.setdefault(step.name, {"read": 0, "stored": 0, "known": 0, "refused": {}})
        counts["read"] += len(found) if step.name == "choices" else read
        for _, outcome in found:
            if outcome is None:
                counts["stored"] += 1
            elif outcome == KNOWN:
                counts["known"] += 1
            else:
                counts["refused"][outcome] = counts["refused"].get(outcome, 0) + 1

    def _count_made(self, made: Any) -> None:
        sums = self.row.counts.setdefault("made", {})
        for kind, number in made.items():
            sums[kind] = sums.get(kind, 0) + number

    def _note_faults(self, step: Step, refused: list[tuple[int, Any]]) -> None:
        faults = [
            ImportFault(run=self.row, table=step.table, row=number, reason=reason)
            for number, reason in refused
        ]
        if self.row.is_dry_run:
            self.faults += faults
        else:
            ImportFault.objects.bulk_create(faults)
