"""How far batches are, counted from their tasks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Q, Sum, Value

from annotations.models import Batch, Task
from annotations.models.batch import BatchQuerySet, TaskQuerySet


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
    """Of each of these batches, by its id; only indexes are read (`task_progress` and the rare ones)."""
    # Their ids first: PostgreSQL knows how many tasks a batch has, but not how many those of a query have.
    tasks = Task.objects.filter(batch__in=list(batches.values_list("pk", flat=True))).order_by()
    counted = tasks.values("batch").annotate(
        tasks=Count("pk"),
        # Before the sum is called `needed`, which would stand for it in the filter.
        everybodys=Count("pk", filter=Q(needed=0)),
        finished=Count("pk", filter=Q(needed__gt=0, done__gte=F("needed"))),
        given=Sum("done"),
        needed=Sum("needed"),
    )
    rows: list[dict[str, Any]] = [dict(row) for row in counted]
    rare = _rare(tasks)
    return {
        pk: Progress(**row, **{name: rare.get((pk, name), 0) for name in ("gold", "training", "erased")})
        for row in rows
        if (pk := row.pop("batch"))
    }


def _rare(tasks: TaskQuerySet) -> dict[tuple[int, str], int]:
    """How many tasks of a batch are of these kinds, each counted in an index that holds no others."""
    kinds = {
        "gold": tasks.filter(gold__isnull=False),
        "training": tasks.filter(is_training=True),
        "erased": tasks.filter(erased_at__isnull=False),
    }
    first, *others = (
        found.values_list("batch", Value(name)).annotate(Count("pk")) for name, found in kinds.items()
    )
    return {(pk, name): many for pk, name, many in first.union(*others, all=True)}


def progress_of(batch: Batch) -> Progress:
    return progress(Batch.objects.filter(pk=batch.pk)).get(batch.pk, Progress())
