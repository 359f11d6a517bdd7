"""Personal data in imported records: looked for, counted and masked before annotators may see the texts.

Whatever is found is masked, as in any batch. Where the study's rules let no text with such a find out, the
texts of the task are taken out of it: nobody is given it, and its scores stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from annotations.batches import filling
from annotations.batches.making import NotPossible
from annotations.batches.masking import HeldBack, Mask
from annotations.batches.rows import SideRow, TaskRow
from annotations.batches.sources import HELD_BACK
from annotations.models import Batch, ErrorFound, ItemAnswer, Side, Task
from surveys import audit
from surveys.erasure import append_only_lifted

AT_ONCE = 200
BLANK: dict[str, Any] = {"query": "", "context": [], "reference": "", "facts": {}, "gold": None, "tags": []}


def begin(batch: Batch, by: User) -> None:
    """Let a worker look the texts through. Raises NotPossible."""
    resting = (Batch.Filling.NONE, Batch.Filling.FAILED)
    closed = Batch.objects.filter(pk=batch.pk, state=Batch.State.CLOSED, filling__in=resting)
    with transaction.atomic():
        found = closed.select_for_update().first()
        if found is None or not found.is_of_records or found.is_looked_through:
            raise NotPossible(_("There is nothing to look through."))
        closed.update(filling=Batch.Filling.WAITING, filling_at=timezone.now(), problem="")
        audit.record(by, "batch.masking_begun", study=batch.study, subject=batch.slug)


def look_through(pk: int) -> Batch | None:
    """What `begin` asked for, going on where a worker before came to; None where there is nothing to do."""
    return filling.carry_out(pk, Batch.State.CLOSED, _look_through)


def _look_through(batch: Batch) -> None:
    mask = Mask(batch.study)
    mask.found.update(batch.description.get("masked", {}))
    left_out = batch.description.get("left_out", {}).get(HELD_BACK, 0)
    upto = batch.description.get("masked_upto", 0)
    while tasks := _slice(batch, upto):
        upto = tasks[-1].number
        with append_only_lifted():
            left_out += _masked(tasks, mask)
            told = {"masked": dict(mask.found), "left_out": {HELD_BACK: left_out} if left_out else {}}
            batch.description |= {**told, "masked_upto": upto}
            filling.renew(batch, description=batch.description)
    with transaction.atomic():
        filling.done(batch, {**batch.description, "looked_through": timezone.now().isoformat()})
        found = {"masked": mask.found.total(), "left_out": left_out}
        audit.record(batch.created_by, "batch.masked", study=batch.study, subject=batch.slug, **found)


def _slice(batch: Batch, upto: int) -> list[Task]:
    tasks = batch.tasks.filter(number__gt=upto).order_by("number")
    return list(tasks.prefetch_related("sides")[:AT_ONCE])


def _masked(tasks: Sequence[Task], mask: Mask) -> int:
    """Mask these tasks with all that was said of them; how many had to lose their texts."""
    held = [task for task in tasks if not task.erased_at and not _mask_task(task, mask)]
    gone = [task.pk for task in held]
    Task.objects.filter(pk__in=gone).update(**BLANK, erased_at=timezone.now())
    Side.objects.filter(task__in=gone).update(text="")
    said = {"annotation__task__in": tasks}
    _mask_each(ItemAnswer, "text", said, mask, gone)
    _mask_each(ErrorFound, "description", said, mask, gone)
    return len(gone)


def _mask_task(task: Task, mask: Mask) -> bool:
    """Whether it may keep its texts, which hold nothing personal then."""
    sides = list(task.sides.all())
    row = TaskRow(
        key=task.key,
        query=task.query,
        sides=tuple(SideRow(side.text, side.words, side.counter) for side in sides),
        context=tuple(task.context),
        facts=task.facts,
        reference=task.reference,
    )
    try:
        clean = mask.clean(row)
    except HeldBack:
        return False
    if clean != row:
        texts = {"query": clean.query, "context": list(clean.context), "reference": clean.reference}
        Task.objects.filter(pk=task.pk).update(**texts, facts=clean.facts)
        for side, told in zip(sides, clean.sides, strict=True):
            Side.objects.filter(pk=side.pk).update(text=told.text)
    return True


def _mask_each(
    model: type[ItemAnswer] | type[ErrorFound],
    field: str,
    said: dict[str, Any],
    mask: Mask,
    gone: Sequence[int],
) -> None:
    """What annotations quote of the texts; of a task without texts nothing is left of it."""
    rows: Any = model._default_manager.filter(**said).exclude(**{field: ""})
    rows.filter(annotation__task__in=gone).update(**{field: ""})
    changed = []
    for row in rows.iterator():
        text = getattr(row, field)
        try:
            masked = mask.text(text)
        except HeldBack:
            masked = ""
        if masked != text:
            setattr(row, field, masked)
            changed.append(row)
    model._default_manager.bulk_update(changed, [field], batch_size=500)
