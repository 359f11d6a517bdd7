"""How far batches are, counted from their tasks."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from django.db.models import Count, F, Q, Sum

from annotations.models import Batch, Task
from annotations.models.batch import BatchQuerySet


@dataclass(frozen=True)
class Progress:
    """`finished` tasks have all annotations that they need; `given` of the `needed` annotations are there.

    Of the tasks, `everybodys` are given to every annotator and never finished.
    """

    tasks: int = 0
    finished: int = 0
    given: int = 0
    needed: int = 0
    gold: int = 0
    training: int = 0
    erased: int = 0
    everybodys: int = 0

    @property
    def percent(self) -> float:
        counted = self.tasks - self.everybodys
        return 100 * self.finished / counted if counted else 0.0


def progress(batches: BatchQuerySet) -> dict[int, Progress]:
    """Of each of these batches, by its id."""
    counted = (
        Task.objects.filter(batch__in=batches)
        .order_by()
        .values("batch")
        .annotate(
            tasks=Count("pk"),
            # Before the sum is called `needed`, which would stand for it in the filter.
            everybodys=Count("pk", filter=Q(needed=0)),
            finished=Count("pk", filter=Q(needed__gt=0, done__gte=F("needed"))),
            given=Sum("done"),
            needed=Sum("needed"),
            gold=Count("pk", filter=Q(gold__isnull=False)),
            training=Count("pk", filter=Q(is_training=True)),
            erased=Count("pk", filter=Q(erased_at__isnull=False)),
        )
    )
    names = [field.name for field in fields(Progress)]
    rows: list[dict[str, Any]] = [dict(row) for row in counted]
    return {row["batch"]: Progress(**{name: row[name] for name in names}) for row in rows}


def progress_of(batch: Batch) -> Progress:
    return progress(Batch.objects.filter(pk=batch.pk)).get(batch.pk, Progress())
