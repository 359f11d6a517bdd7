"""Who gets which task next: order, people's languages, what runs out, and many annotators at once."""

from collections import Counter
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection
from django.utils import timezone

from annotations import assigning
from annotations.assigning import Annotator, assign, next_assignment
from annotations.models import Annotation, AnnotatorProfile, Assignment, Batch, Task
from annotations.submitting import Said, submit
from annotations.tasks import expire_assignments
from surveys.models.people import Role
from tests.annotations.making import make_annotation, make_batch, make_task
from tests.conversations.talking import at_once
from tests.factories import make_conversation, make_enrolment, make_member, make_study, make_user

State = Assignment.State


def numbers(batch: Batch, annotator: Annotator) -> list[int]:
    """The tasks that this person gets to the end, each submitted."""
    found = []
    while assignment := next_assignment(batch, annotator):
        found.append(assignment.task.number)
        finish(assignment)
    return found


def finish(assignment: Assignment) -> None:
    assignment.task.refresh_from_db()
    make_annotation(assignment, {1: [1, 1]})


def annotator(**fields) -> Annotator:
    return Annotator(make_user(**fields))


def counted(task: Task) -> tuple[int, int]:
    task.refresh_from_db()
    return task.taken, task.done


@pytest.mark.django_db
def test_training_comes_first_then_the_highest_priority_then_the_number():
    batch = make_batch()
    for fields in (
        {},
        {"priority": 2.0},
        {"is_training": True},
        {"priority": 2.0},
        {"erased_at": timezone.now()},
    ):
        make_task(batch, **fields)
    someone = annotator()
    first = next_assignment(batch, someone)
    assert first is not None
    assert next_assignment(batch, someone) == first  # as often as the page is loaded
    assert numbers(batch, someone) == [3, 2, 4, 1]
    assert next_assignment(batch, annotator()) is None
    for priority in (0.0, 5.0):  # what became urgent since comes before what comes next
        make_task(batch, priority=priority)
    assert numbers(batch, someone) == [7, 6]


@pytest.mark.django_db
def test_known_answers_are_hidden_at_their_share_and_the_seed_says_where():
    batch = make_batch(gold_share=0.3, order_seed=7)
    for number in range(1, 51):
        make_task(batch, gold={"kind": 1} if number > 30 else None)
    someone = annotator()
    given = numbers(batch, someone)[:20]
    due = [assigning.is_gold_due(batch, someone, place) for place in range(len(given))]
    assert [number > 30 for number in given] == due
    assert 0 < sum(due) < 20
    assert [number for number in given if number > 30] == list(range(31, 51))[: sum(due)]


@pytest.mark.django_db
def test_only_who_is_suited_gets_a_task_and_never_one_of_their_own_words():
    study = make_study()
    batch = make_batch(study, tags=["law"], overlap=5)
    for language in ("en", "de-AT", ""):
        make_task(batch, language=language)
    lawyer, other = make_user(), make_user()
    AnnotatorProfile.objects.create(study=study, user=lawyer, tags=["law", "tax"], languages=["de"])
    AnnotatorProfile.objects.create(study=study, user=other, tags=["tax"])
    assert numbers(batch, Annotator(lawyer)) == [2, 3]
    assert numbers(batch, Annotator(other)) == []
    enrolment = make_enrolment(study, finished_survey=True)
    open_to_all = make_batch(study, overlap=5)
    own = make_task(open_to_all, turn=make_conversation(enrolment).turns.get(number=0))
    make_task(open_to_all)
    assert numbers(open_to_all, Annotator(enrolment=enrolment)) == [2]
    assert own.number in numbers(open_to_all, Annotator(lawyer))


@pytest.mark.django_db
def test_a_cap_holds_a_closed_batch_gives_nothing_and_two_tasks_are_open_at_most():
    batch = make_batch(most_per_annotator=2)
    for _number in range(5):
        make_task(batch)
    someone = annotator()
    assert assign(batch, someone)
    assert assign(batch, someone)
    assert assign(batch, someone) is None
    assert numbers(batch, someone) == [1, 2]
    batch.state = Batch.State.CLOSED
    assert next_assignment(batch, annotator()) is None


@pytest.mark.django_db
def test_what_ran_out_goes_to_somebody_else_and_comes_back_last():
    batch = make_batch()
    task, later = make_task(batch), make_task(batch)
    slow, quick = annotator(), annotator()
    first = next_assignment(batch, slow)
    Assignment.objects.filter(pk=first.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert assigning.expire(Assignment.objects.all()) == 1
    assert counted(task) == (0, 0)
    assert next_assignment(batch, slow).task == later
    assert assigning.end(next_assignment(batch, slow), State.SKIPPED, "not my field")
    again = next_assignment(batch, slow)  # what was skipped never comes back
    assert (again.pk, again.state, counted(task)) == (first.pk, State.OPEN, (1, 0))
    assert numbers(batch, quick) == [2]


@pytest.mark.django_db
def test_the_sides_are_turned_over_from_one_annotator_to_the_next():
    batch = make_batch(overlap=2, order_seed=3)
    for _number in range(12):
        make_task(batch)
    numbers(batch, annotator())
    numbers(batch, annotator())
    shown = Counter(Assignment.objects.values_list("task", "is_swapped"))
    assert all(shown[task.pk, swapped] == 1 for task in batch.tasks.all() for swapped in (True, False))
    first = [row.is_swapped for row in Assignment.objects.filter(place=0)]
    assert len(set(first)) == 2


@pytest.mark.django_db(transaction=True)
def test_twenty_annotators_at_once_never_exceed_the_overlap_and_lose_nothing():
    study = make_study()
    batch = make_batch(study, overlap=3)
    tasks = [make_task(batch) for _number in range(7)]
    people = [Annotator(make_member(study, Role.ANNOTATOR)) for _number in range(20)]
    together, done = Barrier(len(people), timeout=60), []

    def work(someone: Annotator) -> None:
        try:
            together.wait()
            annotate(someone)
        finally:
            connection.close()

    def annotate(someone: Annotator) -> None:
        while assignment := next_assignment(batch, someone):
            if assignment.task.number == 5 and someone in people[:10]:
                assigning.end(assignment, State.SKIPPED, "unclear")
            else:
                done.append((submit(assignment, Said()) is not None, assignment.task_id, someone.user.pk))

    threads = [Thread(target=work, args=[someone]) for someone in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    for someone in people:  # what was skipped when others had looked already
        annotate(someone)
    assert Counter(task for _ok, task, _who in done) == {task.pk: 3 for task in tasks}
    assert all(ok for ok, _task, _who in done)
    assert len(set(done)) == len(done) == 21
    assert [counted(task) for task in tasks] == [(3, 3)] * 7
    for task in tasks:
        held = task.assignments.filter(state=State.SUBMITTED)
        assert sorted(held.values_list("place", flat=True)) == [0, 1, 2]
        assert task.annotations.count() == 3


@pytest.mark.django_db(transaction=True)
def test_what_is_handed_in_late_by_many_windows_at_once_exceeds_no_cap_and_is_counted_once():
    batch, someone = make_batch(overlap=3, most_per_annotator=2), annotator()
    tasks = [make_task(batch) for _number in range(6)]
    late = [expired(task, someone) for task in tasks[:4]]
    given, *handed_in = at_once(
        lambda: assign(batch, someone),
        *(lambda one=one: submit(one, Said()) for one in late),
    )
    stored = [one for one in handed_in if one is not None]
    assert all(isinstance(one, Annotation) for one in stored)
    held = someone.assignments(batch).filter(state__in=assigning.HOLDING)
    assert len(stored) + (given is not None) == held.count() == 2
    assert sum(counted(task)[0] for task in tasks) == 2
    assert sum(counted(task)[1] for task in tasks) == len(stored)
    if given is not None:
        assert submit(given, Said()) is not None
    still = next(one for one in late if Assignment.objects.get(pk=one.pk).state == State.EXPIRED)
    assert submit(still, Said()) is None  # the cap is full
    Batch.objects.update(most_per_annotator=0)
    still.task.batch.refresh_from_db()
    windows = [Assignment.objects.get(pk=still.pk) for _window in range(3)]
    opened = at_once(*(lambda one=one: assigning.reopen(one) for one in windows))
    assert opened == [True] * 3
    assert counted(still.task) == (1, 0)


def expired(task: Task, someone: Annotator) -> Assignment:
    past = timezone.now() - timedelta(minutes=1)
    given = {"place": 0, "expires_at": past, "ended_at": past, "state": State.EXPIRED}
    return Assignment.objects.create(task=task, **someone.key, **given)


@pytest.mark.django_db
def test_beat_gives_back_what_ran_out():
    batch = make_batch()
    task = make_task(batch)
    late = next_assignment(batch, annotator())
    Assignment.objects.filter(pk=late.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    expire_assignments()
    late.refresh_from_db()
    assert (late.state, counted(task)) == (State.EXPIRED, (0, 0))
    assert submit(late, Said()) is not None  # what was written is not lost while there is a place
    assert counted(task) == (1, 1)
