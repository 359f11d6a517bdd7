"""What the database itself refuses, and what it finds by an index."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F

from annotations.models import (
    Annotation,
    Assignment,
    Batch,
    ErrorFound,
    ItemAnswer,
    Ruling,
    Side,
    Task,
    Values,
)
from tests.annotations.making import (
    make_annotation,
    make_assignment,
    make_batch,
    make_task,
    make_whole_annotation,
)
from tests.factories import make_enrolment, make_user

pytestmark = pytest.mark.django_db


def refused(constraint: str):
    return pytest.raises(IntegrityError, match=constraint)


def test_no_task_is_given_beyond_its_overlap_nor_twice_to_a_person():
    batch = make_batch(overlap=2)
    task, person = make_task(batch), make_user()
    first = make_assignment(task, person)
    with refused("assignment_place_once"), transaction.atomic():
        make_assignment(task, place=0)
    with refused("assignment_once_per_annotator"), transaction.atomic():
        make_assignment(task, person, place=1)
    enrolment = make_enrolment(batch.study)
    with refused("assignment_is_somebodys"), transaction.atomic():
        make_assignment(task, person, enrolment=enrolment, annotator_id=make_user().pk, place=1)
    Task.objects.filter(pk=task.pk).update(taken=2)
    with refused("task_not_above_overlap"), transaction.atomic():
        Task.objects.filter(pk=task.pk).update(taken=F("taken") + 1)
    with refused("task_done_was_taken"), transaction.atomic():
        Task.objects.filter(pk=task.pk).update(done=3)
    Assignment.objects.filter(pk=first.pk).update(state="expired")
    Task.objects.filter(pk=task.pk).update(taken=1)
    assert make_assignment(Task.objects.get(pk=task.pk), enrolment=enrolment, place=0).pk
    assert not Task.objects.free().exists()


def test_the_newest_revision_counts_and_a_property_is_found_without_json():
    task = make_task(make_batch())
    assignment = make_assignment(task)
    make_annotation(assignment, {1: [3, None], 2: [1, 0]})
    newer = Annotation.objects.create(task=task, assignment=assignment, revision=1)
    Values.objects.create(annotation=newer, side=1, scores=[0, 2], statuses=[2, 1])
    imported = Annotation.objects.create(task=task, origin="import", source="gpt-4")
    assert set(Annotation.objects.current()) == {newer, imported}
    assert Values.objects.filter(scores__1__gte=2, statuses__1=1).get().annotation == newer
    with refused("annotation_revision_once"), transaction.atomic():
        Annotation.objects.create(task=task, assignment=assignment, revision=1)
    with refused("annotation_of_a_person"), transaction.atomic():
        Annotation.objects.create(task=task)
    with refused("values_have_a_status_each"), transaction.atomic():
        Values.objects.create(annotation=newer, side=2, scores=[0, 2], statuses=[2])


def test_one_ruling_is_current_and_the_one_before_may_only_cease_to_be():
    task, by = make_task(make_batch()), make_user()
    given = {"task": task, "side": 1, "position": 0, "by": by}
    first = Ruling.objects.create(**given, score=1, reason="It says so.")
    with refused("ruling_once"), transaction.atomic():
        Ruling.objects.create(**given, score=2)
    with refused("append-only"), transaction.atomic():
        Ruling.objects.filter(pk=first.pk).update(is_current=False, score=2)
    Ruling.objects.filter(pk=first.pk).update(is_current=False)
    with refused("append-only"), transaction.atomic():
        Ruling.objects.filter(pk=first.pk).update(is_current=True)
    with refused("append-only"), transaction.atomic():
        first.delete()
    Ruling.objects.create(**given, score=2)
    assert [ruling.score for ruling in Ruling.objects.order_by("pk")] == [1, 2]


def test_the_next_task_comes_from_its_index_without_a_sort():
    batch = make_batch(overlap=3)
    rows = [Task(batch=batch, number=n, key=str(n), needed=3, priority=n % 7) for n in range(1, 3001)]
    Task.objects.bulk_create(rows)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE annotations_task")
    plan = batch.tasks.free()[:1].explain()
    assert "task_next" in plan
    assert "Sort" not in plan
    assert batch.tasks.free()[0].priority == 6


@pytest.mark.parametrize("model", [Values, ItemAnswer, ErrorFound])
def test_what_an_annotation_holds_refers_to_one_that_is_there_and_keeps_it(model):
    made = make_whole_annotation(make_assignment(make_task(make_batch())))
    row = model.objects.filter(annotation=made).values().first()
    copies = [model(**row | {"annotation_id": made.pk + more}) for more in (1, 2)]
    with (
        refused(f"rows of {model._meta.db_table} refer to 2 of annotations_annotation"),
        transaction.atomic(),
    ):
        model.objects.bulk_create(copies)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL prism.erasing = 'on'")
        with refused("refer"), transaction.atomic():
            model.objects.filter(annotation=made).update(annotation_id=made.pk + 1)
        for other in {Values, ItemAnswer, ErrorFound} - {model}:
            other.objects.filter(annotation=made).delete()
        delete = f"DELETE FROM annotations_annotation WHERE id = {made.pk}"
        with refused(f"rows of {model._meta.db_table} refer to a row"), transaction.atomic():
            cursor.execute(delete)
        model.objects.filter(annotation=made).delete()
        cursor.execute(delete)
        assert cursor.rowcount == 1
        cursor.execute("SET LOCAL prism.erasing = 'off'")


def test_sides_and_annotations_are_of_a_task_that_is_there_and_a_batch_goes_with_what_it_has():
    batch = make_batch()
    task = make_task(batch)
    with refused("rows of annotations_side refer to 1 of annotations_task"), transaction.atomic():
        Side.objects.create(task_id=task.pk + 1, number=1)
    with refused("rows of annotations_annotation refer to 1"), transaction.atomic():
        Annotation.objects.create(task_id=task.pk + 1, origin="import")
    with refused("rows of annotations_side refer to a row"), transaction.atomic():
        Task.objects.filter(pk=task.pk)._raw_delete(using="default")
    with refused("rows of annotations_task refer to 1 of annotations_batch"), transaction.atomic():
        Task.objects.create(batch_id=batch.pk + 1, number=1, key="one")
    with refused("rows of annotations_task keep their batch_id"), transaction.atomic():
        Task.objects.filter(pk=task.pk).update(batch=make_batch(batch.study))
    with refused("rows of annotations_task refer to a row"), transaction.atomic():
        Batch.objects.filter(pk=batch.pk)._raw_delete(using="default")
    task.save()  # with the batch that it has
    batch.delete()
    assert not Side.objects.exists()
    assert not Task.objects.exists()
