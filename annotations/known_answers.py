"""How often annotators gave the answers that are known: for who runs the study, and never for annotators.

Training is left out: there the answers are told. A known answer that was left open counts as not given.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from annotations.models import Annotation, Assignment, Batch, Task, Values
from annotations.rubric_documents import Fact, Property, RubricDocument
from annotations.training import known, value_of
from prism.lib.intervals import Interval, wilson

AT_ONCE = 2000
Place = tuple[int, int]  # side and position


@dataclass(frozen=True)
class Given:
    """What one annotator said where the answer is known. `by` is u<user> or e<enrolment>."""

    by: str
    task: int
    slug: str
    is_open: bool
    is_right: bool


@dataclass(frozen=True)
class Accuracy:
    """`right` of `answers`, in so many `tasks`; `open` of those that are not right were left open."""

    tasks: int
    answers: int
    right: int
    open: int

    @property
    def interval(self) -> Interval | None:
        """Wilson's. It takes answers as independent, which those of one task are not."""
        return wilson(self.right, self.answers)


def tasks(batch: Batch) -> QuerySet[Task]:
    """Those with known answers that nobody is told."""
    return batch.tasks.filter(gold__isnull=False, is_training=False, erased_at=None)


def given(batch: Batch) -> list[Given]:
    """Every answer of people that can be compared, of the newest annotations that count."""
    document = batch.rubric_version.parsed()
    right = {pk: _right(document, gold or {}) for pk, gold in tasks(batch).values_list("pk", "gold")}
    counted = Annotation.objects.current().filter(
        task__in=right,
        origin=Annotation.Origin.PERSON,
        assignment__state=Assignment.State.SUBMITTED,
    )
    columns = ("annotation__assignment__annotator", "annotation__assignment__enrolment", "annotation__task")
    rows = Values.objects.filter(annotation__in=counted).order_by()
    found: list[Given] = []
    for user, person, task, side, scores in rows.values_list(*columns, "side", "scores").iterator(AT_ONCE):
        by = f"u{user}" if user else f"e{person}"
        for (of, position), (slug, value) in right[task].items():
            if of == side and position < len(scores):
                said = scores[position]
                found.append(Given(by, task, slug, said is None, said == value))
    return found


def _right(document: RubricDocument, gold: Mapping[str, Any]) -> dict[Place, tuple[str, int]]:
    return {
        (side, asked.position): (asked.slug, value)
        for asked, side, one in known(document, dict(gold))
        if (value := value_of(asked, one)) is not None
    }


def by_annotator(answers: Iterable[Given]) -> dict[str, Accuracy]:
    return _grouped(answers, lambda one: one.by)


def by_property(answers: Iterable[Given]) -> dict[str, Accuracy]:
    return _grouped(answers, lambda one: one.slug)


def _grouped(answers: Iterable[Given], key: Callable[[Given], str]) -> dict[str, Accuracy]:
    groups: dict[str, list[Given]] = defaultdict(list)
    for one in answers:
        groups[key(one)].append(one)
    return {name: accuracy(rows) for name, rows in groups.items()}


def accuracy(rows: list[Given]) -> Accuracy:
    return Accuracy(
        tasks=len({one.task for one in rows}),
        answers=len(rows),
        right=sum(one.is_right for one in rows),
        open=sum(one.is_open for one in rows),
    )


def asked(batch: Batch) -> dict[str, Property | Fact]:
    """What the rubric asks, by slug."""
    return {field.slug: field for field in batch.rubric_version.parsed().fields}
