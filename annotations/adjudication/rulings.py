"""First looks and rulings: each given once, and a ruling replaced only by who saw the one that stands."""

from dataclasses import dataclass, field
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from accounts.models import User
from annotations.models import Batch, Contest, FirstLook, Ruling, Task
from annotations.rubric_documents import Fact, Property
from surveys import audit


class Overtaken(Exception):
    """Somebody else ruled since the page was opened; nothing was stored."""


class NotLooked(Exception):
    """Who has not said what they think themselves may not rule."""


@dataclass(frozen=True)
class Cell:
    """One value of one task: what is contested and ruled on."""

    task: Task
    side: int
    field: Property | Fact

    @property
    def key(self) -> dict[str, Any]:
        """How rows name it."""
        return {"task": self.task, "side": self.side, "position": self.field.position}

    @property
    def name(self) -> str:
        """How the audit names it."""
        return f"{self.task.batch.slug} {self.task.number}.{self.side} {self.field.slug}"


def cell_of(batch: Batch, number: int, side: int, slug: str) -> Cell | None:
    """The value at this place of a batch; None where it was never contested."""
    task = batch.tasks.filter(number=number, erased_at=None).first()
    field = next((one for one in batch.rubric_version.parsed().fields if one.slug == slug), None)
    if task is None or field is None:
        return None
    task.batch = batch
    cell = Cell(task, side, field)
    is_contested = Contest.objects.filter(**cell.key).exists() or history(cell).exists()
    return cell if is_contested else None


@dataclass(frozen=True)
class Decision:
    """A null score means that the question does not apply."""

    score: int | None
    reason: str
    rule: str
    items: list[dict[str, Any]] = field(default_factory=list)


def current_rulings(batch: Batch) -> QuerySet[Ruling]:
    """The rulings that hold in a batch, by task, side and position; they go before what annotators said."""
    return Ruling.objects.filter(is_current=True, task__batch=batch)


def look_of(cell: Cell, by: User) -> FirstLook | None:
    return FirstLook.objects.filter(**cell.key, by=by).first()


def look(cell: Cell, by: User, score: int | None) -> FirstLook:
    """Store what the person thinks before they see the others' values; what they said first stands."""
    return FirstLook.objects.get_or_create(**cell.key, by=by, defaults={"score": score})[0]


def history(cell: Cell) -> QuerySet[Ruling]:
    """All rulings on it, the newest first."""
    return Ruling.objects.filter(**cell.key).select_related("by").order_by("-pk")


def rule(cell: Cell, by: User, decision: Decision, replaces: int | None) -> Ruling:
    """The ruling that holds from now on, in place of the one that the person saw, if there was one.

    Raises NotLooked, and Overtaken where another ruling holds than the person saw.
    """
    if look_of(cell, by) is None:
        raise NotLooked
    try:
        with transaction.atomic():
            _retire(cell, replaces)
            made = Ruling.objects.create(
                **cell.key,
                score=decision.score,
                reason=decision.reason,
                rule=decision.rule,
                items=decision.items,
                by=by,
            )
            audit.record(
                by, "ruling.made", study=cell.task.batch.study, subject=cell.name, replaces=bool(replaces)
            )
    except IntegrityError as error:
        raise Overtaken from error
    return made


def _retire(cell: Cell, replaces: int | None) -> None:
    holding = Ruling.objects.filter(**cell.key, is_current=True)
    if replaces is not None and not holding.filter(pk=replaces).update(is_current=False):
        raise Overtaken
