"""Plain functions that make rubrics, batches and annotations for tests; defaults suit most of them."""

from datetime import timedelta
from itertools import count
from typing import Any

from django.utils import timezone

from accounts.models import User
from annotations.models import (
    Annotation,
    Assignment,
    Batch,
    Draft,
    ErrorFound,
    ItemAnswer,
    Rubric,
    RubricVersion,
    Ruling,
    Side,
    Status,
    Task,
    Values,
)
from annotations.rubric_versions import load_version
from surveys.models import Enrolment, Study
from tests.factories import make_study, make_user

TWO_PROPERTIES = """\
format: prism-rubric/1
key: two
title: Two properties
language: en
scales:
  fit:
    levels:
      - {value: 0, label: not at all}
      - {value: 1, label: a little}
      - {value: 2, label: mostly}
      - {value: 3, label: fully}
properties:
  - {id: 0, slug: kind, title: Kind, kind: scale, scale: fit, usual: 2}
  - {id: 1, slug: clear, title: Clear, kind: scale, scale: fit}
"""
_numbers = count(1)


def make_batch(study: Study | None = None, **fields: Any) -> Batch:
    """An open batch of pairs without tasks, under TWO_PROPERTIES unless another version is given."""
    number = next(_numbers)
    study = study or make_study()
    if "rubric_version" not in fields:
        fields["rubric_version"] = make_rubric_version(study)
    given = {"slug": f"batch-{number}", "title": f"Batch {number}", "state": Batch.State.OPEN, **fields}
    return Batch.objects.create(study=study, **{"kind": "pair", "source": "file", **given})


def make_rubric_version(study: Study, text: str = TWO_PROPERTIES) -> RubricVersion:
    rubric = Rubric.objects.create(study=study, slug=f"rubric-{next(_numbers)}", title="A rubric")
    return load_version(rubric, text)


def make_task(batch: Batch, **fields: Any) -> Task:
    """A task with the sides of its batch's kind; `texts` are those of the sides."""
    texts = fields.pop("texts", ["One answer.", "Another answer."])
    number = batch.tasks.count() + 1
    given = {"number": number, "key": f"key-{number}", "query": "Why?", "needed": batch.overlap, **fields}
    task = Task.objects.create(batch=batch, **given)
    Side.objects.bulk_create(
        Side(task=task, number=place, text=text, words=len(text.split()), counter="spaces")
        for place, text in enumerate(texts[: 2 if batch.kind == Batch.Kind.PAIR else 1], start=1)
    )
    return task


def make_assignment(
    task: Task, annotator: User | None = None, *, enrolment: Enrolment | None = None, **fields: Any
) -> Assignment:
    """An open assignment in the next place; the task is counted as taken."""
    by = {"enrolment": enrolment} if enrolment else {"annotator": annotator or make_user()}
    given = {"place": task.taken, "expires_at": timezone.now() + timedelta(hours=1), **by, **fields}
    assignment = Assignment.objects.create(task=task, **given)
    task.taken += 1
    task.save(update_fields=["taken"])
    return assignment


def make_annotation(assignment: Assignment, scores: dict[int, list[int | None]], **fields: Any) -> Annotation:
    """A submitted annotation with `scores` by side; each counts as chosen, a missing one as untouched."""
    task = assignment.task
    made = Annotation.objects.create(task=task, assignment=assignment, **fields)
    Values.objects.bulk_create(
        Values(annotation=made, side=side, scores=values, statuses=list(map(_status, values)))
        for side, values in scores.items()
    )
    Assignment.objects.filter(pk=assignment.pk).update(state="submitted", ended_at=timezone.now())
    task.done += 1
    task.save(update_fields=["done"])
    return made


def _status(value: int | None) -> str:
    return Status.UNTOUCHED if value is None else Status.CHOSEN


def make_whole_annotation(assignment: Assignment, words: str = "words") -> Annotation:
    """With an item, an error, a comment and a ruling, `words` in every text; a draft lies beside it."""
    made = make_annotation(assignment, {0: [None, 1], 1: [2, None], 2: [0, None]}, comment=words)
    ItemAnswer.objects.create(annotation=made, side=0, position=1, number=1, text=words)
    ErrorFound.objects.create(
        annotation=made, side=1, position=0, number=1, type="factual", severity="minor", description=words
    )
    Ruling.objects.create(
        task=assignment.task, side=1, position=0, score=1, reason=words, by=make_user(), items=[words]
    )
    Draft.objects.create(assignment=assignment, data={"note": words})
    return made
