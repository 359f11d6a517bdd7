"""Where an annotator stands: the batches that are theirs, what they did in each, and how long it took."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from django.db.models import Count, F, Q
from django.utils import timezone

from accounts.models import User
from annotations.assigning import Annotator, is_suited
from annotations.models import Annotation, Assignment, Batch
from surveys.access import Right, studies_with


@dataclass(frozen=True)
class Standing:
    """One batch for one person. `seconds` is their median for a task, None before the first."""

    batch: Batch
    tasks: int
    finished: int
    mine: int
    today: int
    skipped: int
    is_begun: bool
    seconds: float | None

    @property
    def share(self) -> int:
        """Per cent of the batch that is finished by all."""
        return 100 * self.finished // self.tasks if self.tasks else 0

    @property
    def is_full(self) -> bool:
        """Whether the person did as many as one person may."""
        return 0 < self.batch.most_per_annotator <= self.mine


def batches_of(user: User) -> list[Batch]:
    """Open batches of the studies in which the person annotates, if they have what these ask for."""
    found = Batch.objects.open().filter(study__in=studies_with(user, Right.ANNOTATE))
    found = found.select_related("rubric_version__rubric").order_by("created_at", "pk")
    return [batch for batch in found if is_suited(batch, Annotator(user))]


def standing(batch: Batch, user: User) -> Standing:
    mine = Annotator(user).assignments(batch)
    counted = batch.tasks.filter(needed__gt=0).aggregate(
        tasks=Count("pk"), finished=Count("pk", filter=Q(done__gte=F("needed")))
    )
    states = mine.aggregate(
        mine=Count("pk", filter=Q(state=Assignment.State.SUBMITTED)),
        skipped=Count("pk", filter=Q(state=Assignment.State.SKIPPED)),
        open=Count("pk", filter=Q(state=Assignment.State.OPEN)),
    )
    first = Annotation.objects.filter(assignment__in=mine, revision=0)
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    seconds = [taken for taken in first.values_list("seconds", flat=True) if taken is not None]
    return Standing(
        batch=batch,
        **counted,
        mine=states["mine"],
        skipped=states["skipped"],
        is_begun=bool(states["open"]),
        today=first.filter(submitted_at__gte=midnight).count(),
        seconds=median(seconds) if seconds else None,
    )


def last_submitted(batch: Batch, annotator: Annotator) -> Assignment | None:
    """What the person may take back: their newest task, but for training, whose answers were told."""
    mine = annotator.assignments(batch).filter(state=Assignment.State.SUBMITTED)
    return mine.filter(task__is_training=False, task__erased_at=None).order_by("-ended_at", "-pk").first()


def done_by(batch: Batch, annotator: Annotator) -> int:
    return annotator.assignments(batch).filter(state=Assignment.State.SUBMITTED).count()
