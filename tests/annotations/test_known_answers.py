"""Known answers: how often who gave them, by property, with intervals; seen by who runs the study alone."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from annotations.codes import coder
from annotations.models import Annotation, Assignment, Values
from prism.lib.intervals import wilson
from surveys.models.people import Role
from tests.annotations.making import make_annotation, make_assignment, make_batch, make_task
from tests.factories import make_enrolment, make_member, make_study
from tests.surveys.programs import asked, secret_of

pytestmark = pytest.mark.django_db
GOLD = {"kind": [2, 2], "clear": ["fully", 0]}


def said(task, scores, **by) -> Assignment:
    """A submitted assignment of a task that everybody is given, and what was said."""
    given = {"place": task.assignments.count(), "expires_at": timezone.now(), "state": "submitted", **by}
    made = Assignment.objects.create(task=task, **given)
    valued(Annotation.objects.create(task=task, assignment=made), scores)
    return made


def valued(annotation, scores) -> None:
    for side, values in scores.items():
        Values.objects.create(annotation=annotation, side=side, scores=values, statuses=[2, 2])


def signed_in(person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def test_who_runs_the_study_sees_how_often_each_annotator_gave_a_known_answer():
    study = make_study()
    batch, person, participant = make_batch(study), make_member(study, Role.ANNOTATOR), make_enrolment(study)
    task, other, training = (make_task(batch, gold=GOLD, needed=0, is_training=last) for last in (0, 0, 1))
    first = said(task, {1: [0, 0], 2: [2, 0]}, annotator=person)
    for one in (other, training, make_task(batch)):
        said(one, {1: [0, 0], 2: [2, 0]}, annotator=person)
    said(task, {1: [2, 3], 2: [2, 0]}, enrolment=participant)
    said(task, {1: [0, 0], 2: [0, 3]}, enrolment=make_enrolment(study, is_test=True), is_test=True)
    valued(Annotation.objects.create(task=task, assignment=first, revision=1), {1: [2, 3], 2: [2, None]})

    owner = make_member(study, Role.OWNER)
    address = reverse("annotating:known_answers", args=[study.slug, batch.slug])
    assert (
        address
        in signed_in(owner).get(reverse("annotating:batch", args=[study.slug, batch.slug])).content.decode()
    )
    page = signed_in(owner).get(address)
    shown = [(row["name"], row["accuracy"]) for row in page.context["people"]]
    assert [(name, one.tasks, one.right, one.answers, one.open) for name, one in shown] == [
        (str(person), 2, 5, 8, 1),
        (participant.code, 1, 4, 4, 0),
    ]
    assert shown[0][1].interval == wilson(5, 8)
    assert [(row["slug"], row["accuracy"].right) for row in page.context["properties"]] == [
        ("clear", 4),
        ("kind", 5),
    ]
    of_one = signed_in(owner).get(address, {"property": "clear", "annotator": f"u{person.pk}"}).context
    assert [(row["accuracy"].right, row["accuracy"].answers) for row in of_one["people"]] == [(2, 4), (2, 2)]
    assert [row["accuracy"].answers for row in of_one["properties"]] == [4, 4]
    told = asked(f"studies/{study.slug}/batches/{batch.slug}/known-answers/", secret_of(owner)).json()
    low = next(row for row in told["annotators"] if row["annotator"] == coder(study)(person.pk))
    assert (low["right"], low["percent"], low["properties"]["kind"]["right"]) == (5, 62.5, 3)
    assert (told["tasks"], len(told["annotators"]), str(person) in str(told)) == (2, 2, False)


def test_an_annotator_learns_nothing_of_known_answers():
    study = make_study()
    batch, person = make_batch(study), make_member(study, Role.ANNOTATOR)
    tasks = [make_task(batch, gold=GOLD, needed=1), make_task(batch)]
    held = [make_assignment(task, person) for task in tasks]
    addresses = [reverse("annotations:task", args=[given.pk]) for given in held]
    pages = [signed_in(person).get(address).content.decode() for address in addresses]
    pages = [page.replace(address, "") for page, address in zip(pages, addresses, strict=True)]
    make_annotation(held[0], {1: [2, 0], 2: [2, 0]})
    assert "gold" not in pages[0].lower()
    assert len(pages[0]) == len(pages[1])
    home = signed_in(person).get(reverse("annotations:home")).content.decode().lower()
    assert "known" not in home
    assert "gold" not in home
    address = reverse("annotating:known_answers", args=[study.slug, batch.slug])
    for someone, status in ((person, 403), (make_member(make_study(), Role.OWNER), 404)):
        assert signed_in(someone).get(address).status_code == status
    empty = signed_in(make_member(study, Role.OWNER)).get(
        reverse("annotating:known_answers", args=[study.slug, make_batch(study).slug])
    )
    assert "No task has known answers" in empty.content.decode()
