"""Erasing a person: whose query was annotated, and who annotated as a recruited participant."""

import pytest

from annotations.models import Assignment, Draft, ErrorFound, ItemAnswer, Side, Task, Values
from surveys import erasure
from surveys.erasure import ANONYMOUS
from surveys.models import Enrolment
from tests.annotations.making import make_assignment, make_batch, make_task, make_whole_annotation
from tests.factories import make_conversation, make_enrolment, make_study
from tests.surveys.visitors import tables_with

pytestmark = pytest.mark.django_db
WORDS = "zebra finches"


def annotated_query(enrolment: Enrolment, batch) -> Task:
    """A task of this person's first message, annotated once and open once."""
    turn = make_conversation(enrolment).turns.get(number=0)
    written = {"query": WORDS, "context": [{"text": WORDS}], "reference": WORDS, "facts": {"wishes": [WORDS]}}
    task = make_task(batch, turn=turn, texts=[WORDS, WORDS], gold={"kind": WORDS}, **written)
    Side.objects.filter(task=task, number=1).update(response=turn.responses.all()[0])
    make_whole_annotation(make_assignment(task), WORDS)
    make_assignment(task, reason=WORDS)
    return task


def test_no_word_of_whoever_asked_is_left_and_what_others_scored_stays():
    study = make_study()
    batch, enrolment = make_batch(study, overlap=2), make_enrolment(study, finished_survey=True)
    task, other = annotated_query(enrolment, batch), make_task(batch)
    scores = list(Values.objects.values_list("side", "scores"))
    erasure.erase(enrolment.participant, reason="asked for it")
    assert tables_with(WORDS) == set()
    task.refresh_from_db()
    assert task.erased_at is not None
    assert (task.taken, task.done) == (1, 1)
    assert list(Values.objects.values_list("side", "scores")) == scores
    states = task.assignments.order_by("pk").values_list("state", flat=True)
    assert list(states) == ["submitted", "returned"]
    assert list(batch.tasks.free()) == [other]


def test_a_recruited_annotator_takes_along_what_they_said_and_the_task_is_free_again():
    study = make_study()
    batch, enrolment = make_batch(study), make_enrolment(study, finished_survey=True)
    task = make_task(batch, query="Why?")
    make_whole_annotation(make_assignment(task, enrolment=enrolment), WORDS)
    assert not batch.tasks.free().exists()
    erasure.clear(Enrolment.objects.filter(pk=enrolment.pk), ANONYMOUS, reason="asked for it")
    kept = {"annotations_ruling"}  # an adjudicator's words on another person's query
    assert tables_with(WORDS) <= kept
    assert Values.objects.get(side=1).scores == [2, None]
    assert ErrorFound.objects.get().severity == "minor"
    erasure.erase(enrolment.participant, reason="asked for it")
    assert not any(values.scores for values in Values.objects.all())
    assert [model.objects.count() for model in (ItemAnswer, ErrorFound, Draft)] == [0, 0, 0]
    assert Assignment.objects.get().state == Assignment.State.RETURNED
    task.refresh_from_db()
    assert (task.query, task.taken, task.done, task.erased_at) == ("Why?", 0, 0, None)
    assert list(batch.tasks.free()) == [task]
