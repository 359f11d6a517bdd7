"""Which contested value an adjudicator is given next, and how far the batch is."""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts.models import User
from annotations.models import Assignment, Batch, Contest, FirstLook, Ruling, Task

AT_WORK = timedelta(minutes=10)  # since somebody's first look
SAME = {name: OuterRef(name) for name in ("task", "side", "position")}  # the value of the contest around


@dataclass(frozen=True)
class Progress:
    """`left` are open contests that the person may rule on, `own` those in tasks they annotated."""

    contested: int
    ruled: int
    left: int
    own: int


def contests(batch: Batch) -> QuerySet[Contest]:
    return Contest.objects.filter(task__batch=batch, task__erased_at=None)


def open_contests(batch: Batch) -> QuerySet[Contest]:
    """Those that nobody has ruled on."""
    return contests(batch).filter(~Exists(Ruling.objects.filter(**SAME, is_current=True)))


def for_person(batch: Batch, user: User) -> QuerySet[Contest]:
    """Open contests in tasks that the person did not annotate: nobody judges their own answer."""
    return open_contests(batch).filter(~Exists(annotated_by(user)))


def is_own(task: Task, user: User) -> bool:
    return Assignment.objects.filter(task=task, annotator=user, state="submitted").exists()


def next_contest(batch: Batch, user: User, after: Contest | None = None) -> Contest | None:
    """The next one by task, side and position; those that somebody else has just looked at come last."""
    mine = for_person(batch, user).select_related("task")
    looked = FirstLook.objects.filter(**SAME, at__gt=timezone.now() - AT_WORK).exclude(by=user)
    calm = mine.filter(~Exists(looked))
    if after is not None:
        later = _after(after)
        return calm.filter(later).first() or mine.filter(later).first()
    return calm.first() or mine.first()


def progress(batch: Batch, user: User) -> Progress:
    contested, still_open = contests(batch).count(), open_contests(batch).count()
    left = for_person(batch, user).count()
    return Progress(contested, contested - still_open, left, still_open - left)


def by_position(batch: Batch) -> dict[int, tuple[int, int]]:
    """{position: (contested, of them open)}."""
    counted = dict(_counted(contests(batch)))
    still_open = Counter(dict(_counted(open_contests(batch))))
    return {position: (number, still_open[position]) for position, number in counted.items()}


def _counted(rows: QuerySet[Contest]) -> list[tuple[int, int]]:
    return list(rows.order_by().values_list("position").annotate(Count("pk")))


def annotated_by(user: User) -> QuerySet[Assignment]:
    return Assignment.objects.filter(task=OuterRef("task"), annotator=user, state=Assignment.State.SUBMITTED)


def _after(one: Contest) -> Q:
    number, side = one.task.number, one.side
    return (
        Q(task__number__gt=number)
        | Q(task__number=number, side__gt=side)
        | Q(task__number=number, side=side, position__gt=one.position)
    )
