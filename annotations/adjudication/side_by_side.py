"""What each annotator said about one contested value, by letters that mean nothing beyond this task."""

import random
from dataclasses import dataclass

from annotations.adjudication.rulings import Cell
from annotations.agreement_words import letters
from annotations.excluding import by_excluded
from annotations.models import Annotation, ErrorFound, ItemAnswer, Status, Values
from annotations.rubric_documents import Fact, FactKind


@dataclass(frozen=True)
class Said:
    """One annotator's answer: its score or None, how it came about, and what belongs to it."""

    letter: str
    score: int | None
    status: Status
    is_checkable: bool | None
    items: list[ItemAnswer]
    errors: list[ErrorFound]
    comment: str


def said(cell: Cell) -> list[Said]:
    """The newest annotations of people who are not excluded, in an order drawn for the task, so that nobody
    is known again."""
    rows = list(
        Annotation.objects.current()
        .filter(task=cell.task, origin=Annotation.Origin.PERSON, assignment__state="submitted")
        .exclude(by_excluded(cell.task.batch.study))
        .order_by("pk")
    )
    random.Random(f"letters {cell.task.batch.order_seed} {cell.task.number}").shuffle(rows)
    return [_said(cell, annotation, letters(number)) for number, annotation in enumerate(rows)]


def _said(cell: Cell, annotation: Annotation, letter: str) -> Said:
    values = annotation.values.filter(side=cell.side).first() or Values(scores=[], statuses=[])
    position = cell.field.position
    here = {"side": cell.side, "position": position}
    return Said(
        letter,
        values.scores[position] if position < len(values.scores) else None,
        Status(values.statuses[position]) if position < len(values.statuses) else Status.UNTOUCHED,
        values.is_checkable,
        list(annotation.items.filter(**here)) if _has_items(cell) else [],
        list(annotation.errors.filter(**here)),
        annotation.comment,
    )


def _has_items(cell: Cell) -> bool:
    return isinstance(cell.field, Fact) and cell.field.kind == FactKind.LIST
