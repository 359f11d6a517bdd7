"""Who gets which task next, exactly as often as its batch asks and never twice to the same person.

A task is picked under `FOR UPDATE SKIP LOCKED`, so that annotators who ask at once get different ones. The
order is: training, a known answer where one is due, then the highest priority. What is left only in
the hands of others at this moment is waited for, so that the last place of a task is never overlooked.

Training and known answers go to everybody, and test participants get what everybody gets: neither takes a
place (`Assignment.is_counted`).
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from accounts.models import User
from annotations.models import AnnotatorProfile, Assignment, Batch, RecruitedTasks, Task
from annotations.models.assignment import AssignmentQuerySet
from annotations.models.batch import TaskQuerySet
from annotations.recruited.profile import of_participant
from surveys.models import Enrolment

AHEAD = 2  # open at once: the task on the screen, and the one that waits behind it
HOLDING = (Assignment.State.OPEN, Assignment.State.SUBMITTED)
# One statement, as text: put together by Django, its parts took longer than the database did.
SO_FAR = """
WITH had AS MATERIALIZED (
    SELECT made.id, made.state, made.opened_at, is_training, gold IS NOT NULL AS is_gold, priority, number
    FROM annotations_assignment made JOIN annotations_task task ON task.id = made.task_id
    WHERE batch_id = %(batch)s AND {person} = %(person)s
), last AS (
    SELECT priority, number FROM had WHERE NOT is_training AND NOT (is_gold AND %(has_gold)s)
    ORDER BY opened_at DESC, id DESC LIMIT 1
)
SELECT (SELECT count(*) FROM had WHERE state IN ('open', 'submitted') AND NOT is_training),
    (SELECT count(*) FROM had WHERE state = 'open'),
    EXISTS (SELECT FROM annotations_task WHERE batch_id = %(batch)s AND is_training),
    EXISTS (SELECT FROM annotations_task task WHERE batch_id = %(batch)s AND taken < needed
        AND erased_at IS NULL AND task.priority > last.priority),
    last.priority, last.number
FROM (SELECT) one LEFT JOIN last ON true
"""


@dataclass(frozen=True)
class Annotator:
    """A member of the study who signs in, or a recruited participant."""

    user: User | None = None
    enrolment: Enrolment | None = None

    @property
    def key(self) -> dict[str, Any]:
        """How assignments name them."""
        return {"annotator": self.user} if self.user else {"enrolment": self.enrolment or Enrolment()}

    @property
    def is_test(self) -> bool:
        """Whether nothing that they do counts."""
        return bool(self.enrolment and self.enrolment.is_test)

    @property
    def asked_of(self) -> RecruitedTasks | None:
        """What the study asks of its participants, where the person is one."""
        return getattr(self.enrolment.study, "recruited_tasks", None) if self.enrolment else None

    @property
    def seed(self) -> str:
        return f"u{self.user.pk}" if self.user else f"e{self.enrolment.pk if self.enrolment else 0}"

    def assignments(self, batch: Batch) -> AssignmentQuerySet:
        return Assignment.objects.filter(task__batch=batch, **self.key)


class SoFar(NamedTuple):
    """What an annotator had of a batch; `held` counts open and submitted tasks without training.

    `has_training`, `has_urgent`: whether there may be training, and tasks more urgent than the last one,
    which has this `priority` and `number`; None where there was none.
    """

    held: int
    open: int
    has_training: bool
    has_urgent: bool
    priority: float | None
    number: int | None


def next_assignment(batch: Batch, annotator: Annotator) -> Assignment | None:
    """The task to do now: the one that is open, or a new one; None where nothing is left for this person."""
    now = timezone.now()
    waiting = annotator.assignments(batch).open().filter(expires_at__gt=now, task__erased_at=None)
    return waiting.order_by("opened_at", "pk").first() or assign(batch, annotator)


def assign(batch: Batch, annotator: Annotator) -> Assignment | None:
    """One more task in the hands of this person, or None."""
    expire(annotator.assignments(batch).expired(timezone.now()))
    profile = _profile(batch, annotator)
    if not batch.is_open or not suits(batch, profile):
        return None
    with transaction.atomic():
        _one_at_a_time(annotator)
        so_far = _so_far(batch, annotator)
        if so_far.open >= AHEAD or has_all(batch, annotator, so_far):
            return None
        for tasks in _choices(batch, annotator, profile, so_far):
            taken = _take(batch, annotator, tasks)
            if taken:
                return taken
    return None


def _one_at_a_time(annotator: Annotator) -> None:
    """Let this person's other windows wait: together they would pass the cap. Before a task is locked."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"annotator {annotator.seed}"]
        )


def most_for(batch: Batch, annotator: Annotator) -> int:
    """How many tasks the person may have, without training; 0 for no limit."""
    asked = annotator.asked_of
    limits = [batch.most_per_annotator, asked.tasks if asked else 0]
    return min((limit for limit in limits if limit), default=0)


def has_all(batch: Batch, annotator: Annotator, so_far: SoFar) -> bool:
    """Whether the person had as many as one person may."""
    return 0 < most_for(batch, annotator) <= so_far.held


def is_suited(batch: Batch, annotator: Annotator) -> bool:
    """Whether the person has the expertise and one of the languages that the batch asks for."""
    return suits(batch, _profile(batch, annotator))


def suits(batch: Batch, profile: AnnotatorProfile) -> bool:
    """The same of who is described so."""
    if not _folded(batch.tags) <= _folded(profile.tags):
        return False
    mine, asked = _primary(profile.languages), _primary(batch.languages)
    return not mine or not asked or bool(mine & asked)


def _profile(batch: Batch, annotator: Annotator) -> AnnotatorProfile:
    if annotator.enrolment:
        return of_participant(annotator.enrolment, annotator.asked_of)
    found = AnnotatorProfile.objects.filter(study=batch.study_id, user=annotator.user).first()
    return found or AnnotatorProfile()


def _folded(words: Iterable[str]) -> set[str]:
    return {word.casefold() for word in words}


def _primary(languages: Iterable[str]) -> set[str]:
    """`de` of de-AT: who reads one kind of a language reads the others."""
    return {language.lower().split("-")[0] for language in languages if language}


def _so_far(batch: Batch, annotator: Annotator) -> SoFar:
    column, person = next(iter(annotator.key.items()))
    given = {"batch": batch.pk, "person": person.pk, "has_gold": bool(batch.gold_share)}
    with connection.cursor() as cursor:
        cursor.execute(SO_FAR.format(person=f"{column}_id"), given)
        return SoFar(*cursor.fetchone())


def _choices(
    batch: Batch, annotator: Annotator, profile: AnnotatorProfile, so_far: SoFar
) -> Iterable[TaskQuerySet]:
    """The sets of tasks to try one after the other."""
    everybodys = _new_to(annotator, profile, batch.tasks.available().order_by("-priority", "number"))
    if so_far.has_training:
        yield everybodys.filter(is_training=True)
    work = _new_to(annotator, profile, _counted(batch, annotator)).filter(is_training=False)
    if batch.gold_share:
        work = work.filter(gold__isnull=True)
        if is_gold_due(batch, annotator, so_far.held):
            yield everybodys.filter(is_training=False, gold__isnull=False)
    yield from _onwards(annotator, so_far, work)
    yield _readable(annotator, profile, _let_go(batch, annotator))


def _counted(batch: Batch, annotator: Annotator) -> TaskQuerySet:
    """Those that so many people annotate; who only tests gets them also where no place is left."""
    if annotator.is_test:
        return batch.tasks.filter(needed__gt=0, erased_at=None).order_by("-priority", "number")
    return batch.tasks.free()


def _onwards(annotator: Annotator, so_far: SoFar, tasks: TaskQuerySet) -> Iterable[TaskQuerySet]:
    """The same tasks, begun where the person is: what they did already need not be passed each time.

    More urgent ones come first all the same, and those before the place that came back come last.
    """
    priority, number = so_far.priority, so_far.number
    if priority is not None and number is not None:
        if so_far.has_urgent or annotator.is_test:
            yield tasks.filter(priority__gt=priority)
        yield tasks.filter(priority=priority, number__gt=number)
        yield tasks.filter(priority__lt=priority)
    yield tasks


def is_gold_due(batch: Batch, annotator: Annotator, number: int) -> bool:
    """Whether the person's task of this number is one with a known answer; drawn by the batch's seed."""
    draw = random.Random(f"gold {batch.order_seed} {annotator.seed} {number}")
    return draw.random() < batch.gold_share


def _readable(annotator: Annotator, profile: AnnotatorProfile, tasks: TaskQuerySet) -> TaskQuerySet:
    """Those of the tasks that are in the person's languages and hold none of their own words."""
    mine = _primary(profile.languages)
    if mine:
        spoken = Q(language="")
        for language in mine:
            spoken |= Q(language__iexact=language) | Q(language__istartswith=f"{language}-")
        tasks = tasks.filter(spoken)
    if annotator.enrolment:
        person = annotator.enrolment.participant_id
        tasks = tasks.filter(
            Q(turn=None) | ~Q(turn__conversation__enrolment__participant=person),
        )
    return tasks


def _new_to(annotator: Annotator, profile: AnnotatorProfile, tasks: TaskQuerySet) -> TaskQuerySet:
    had = Assignment.objects.filter(task=OuterRef("pk"), **annotator.key)
    return _readable(annotator, profile, tasks).filter(~Exists(had))


def _let_go(batch: Batch, annotator: Annotator) -> TaskQuerySet:
    """What the person once opened and let expire: theirs again when nothing else is left."""
    expired = annotator.assignments(batch).filter(state=Assignment.State.EXPIRED).values("task")
    return _available_to(batch, annotator).filter(pk__in=expired).order_by("-priority", "number")


def _available_to(batch: Batch, annotator: Annotator) -> TaskQuerySet:
    """Of those that somebody had once, the ones that the person may have again."""
    return batch.tasks.filter(erased_at=None) if annotator.is_test else batch.tasks.available()


def _take(batch: Batch, annotator: Annotator, tasks: TaskQuerySet) -> Assignment | None:
    """The best of these tasks; one that is locked only where there is no other."""
    return _take_locked(batch, annotator, tasks, skip=True) or (
        _take_locked(batch, annotator, tasks, skip=False) if tasks.exists() else None
    )


@transaction.atomic(savepoint=False)
def _take_locked(batch: Batch, annotator: Annotator, tasks: TaskQuerySet, *, skip: bool) -> Assignment | None:
    task = tasks.select_for_update(of=("self",), skip_locked=skip).first()
    if task is None or not _count_taken(task, annotator):
        return None
    place, now = _place(task), timezone.now()
    given: dict[str, Any] = {
        "is_test": annotator.is_test,
        "place": place,
        "state": Assignment.State.OPEN,
        "is_swapped": is_swapped(batch, task, place),
        "opened_at": now,
        "expires_at": now + timedelta(minutes=batch.minutes_to_expiry),
        "ended_at": None,
    }
    # Nobody else gives it to this person meanwhile: its row is locked.
    again = task.assignments.filter(**annotator.key)
    if again.update(**given):
        return again.get()
    return Assignment.objects.create(task=task, **annotator.key, **given)


def _place(task: Task) -> int:
    """The first that nobody holds; `taken` is as it was before."""
    if task.needed and not task.taken:
        return 0
    holding = task.assignments.filter(state__in=HOLDING, is_test=False)
    held = set(holding.values_list("place", flat=True))
    return min(set(range(len(held) + 1)) - held)


def _count_taken(task: Task, annotator: Annotator) -> bool:
    if annotator.is_test or task.needed == 0:
        return True
    free = Task.objects.filter(pk=task.pk, taken__lt=F("needed"), erased_at=None)
    return bool(free.update(taken=F("taken") + 1))


def is_swapped(batch: Batch, task: Task, place: int) -> bool:
    """Which side is shown first: drawn for the first place and turned over from place to place."""
    if batch.kind != Batch.Kind.PAIR:
        return False
    draw = random.Random(f"side {batch.order_seed} {task.number}")
    return (draw.random() < 0.5) != bool(place % 2)


def end(assignment: Assignment, state: str, reason: str = "") -> bool:
    """Give an open task back: skipped, expired or returned. False where it was open no more."""
    return _give_back(assignment, Assignment.objects.open(), state, reason)


def expire(assignments: AssignmentQuerySet) -> int:
    """Give back all of these that are open beyond their time; how many."""
    now = timezone.now()
    late = assignments.expired(now).order_by("task_id")
    # Somebody may have renewed theirs since it was read.
    still = Assignment.objects.expired(now)
    return sum(_give_back(assignment, still, Assignment.State.EXPIRED) for assignment in late)


@transaction.atomic
def _give_back(assignment: Assignment, where: AssignmentQuerySet, state: str, reason: str = "") -> bool:
    # The task first, as for whoever takes it: nobody waits for the other in a circle.
    task = Task.objects.select_for_update().get(pk=assignment.task_id)
    given_back = where.filter(pk=assignment.pk).update(
        state=state, reason=reason[:300], ended_at=timezone.now()
    )
    if task.needed and not assignment.is_test:
        Task.objects.filter(pk=task.pk).update(taken=F("taken") - given_back)
    return bool(given_back)


def renew(assignment: Assignment, now: datetime) -> bool:
    """More time for who is at work on it, also after its end as long as nobody gave it back."""
    later = now + timedelta(minutes=assignment.task.batch.minutes_to_expiry)
    return bool(Assignment.objects.open().filter(pk=assignment.pk).update(expires_at=later))


def reopen(assignment: Assignment) -> bool:
    """Take an expired task again, if it has a place and the person's cap has room; whether it is open."""
    if assignment.state != Assignment.State.EXPIRED:
        return False
    task = assignment.task
    key = Annotator(assignment.annotator, assignment.enrolment)
    with transaction.atomic():
        _one_at_a_time(key)
        assignment.refresh_from_db(fields=["state"])  # another window may have been quicker
        if assignment.state != Assignment.State.EXPIRED:
            return assignment.state == Assignment.State.OPEN
        if not task.is_training and has_all(task.batch, key, _so_far(task.batch, key)):
            return False
        mine = _available_to(task.batch, key).filter(pk=task.pk)
        return _take_locked(task.batch, key, mine, skip=False) is not None
