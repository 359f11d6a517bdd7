"""Making a batch, and its life: a draft that a worker fills, open to annotators, closed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from annotations.batches import uploads
from annotations.batches.storing import empty
from annotations.models import Batch
from surveys import audit

State = Batch.State


class NotPossible(Exception):
    """The batch is in no state for it; the text says why."""


def make(batch: Batch, by: User) -> Batch:
    """Store a new batch, which waits for a worker to fill it. Raises NotPossible where its name is taken."""
    batch.filling, batch.filling_at, batch.created_by = Batch.Filling.WAITING, timezone.now(), by
    try:
        with transaction.atomic():
            batch.save(force_insert=True)
            _record(batch, by, "batch.made", **_told(batch))
    except IntegrityError as error:
        raise NotPossible(_("Another batch of this study has this name in addresses.")) from error
    return batch


def change(batch: Batch, rules: Mapping[str, Any], by: User) -> None:
    """Other guidelines, expertise or limits, which hold from the next task on."""
    changed = sorted(name for name, value in rules.items() if getattr(batch, name) != value)
    with transaction.atomic():
        Batch.objects.filter(pk=batch.pk).update(**rules)
        _record(batch, by, "batch.changed", changed=changed)


def _told(batch: Batch) -> dict[str, Any]:
    told = {"source": batch.source, "kind": batch.kind, "overlap": batch.overlap}
    with_excluded = batch.description.get("choice", {}).get("with_excluded", False)
    return told | ({"with_excluded": True} if with_excluded else {})


def open_it(batch: Batch, by: User | None) -> None:
    """Let annotators begin, or go on. Raises NotPossible, also for imported records that nobody masked."""
    if batch.is_of_records and not batch.is_looked_through:
        raise NotPossible(
            _(
                "These tasks were imported with texts as they were. Let the texts be looked through first: "
                "personal data in them is masked then."
            )
        )
    if batch.filling:
        raise NotPossible(_("The batch can be opened once all of its tasks are there."))
    if not batch.tasks.filter(erased_at=None).exists():
        raise NotPossible(_("The batch has no task, so there is nothing to open."))
    _move(batch, by, "batch.opened", State.OPEN, State.DRAFT, State.CLOSED)


def close(batch: Batch, by: User) -> None:
    """Nobody is given a task any more; what is open may still be submitted. Raises NotPossible."""
    _move(batch, by, "batch.closed", State.CLOSED, State.OPEN)


def _move(batch: Batch, by: User | None, action: str, to: str, *states: str) -> None:
    with transaction.atomic():
        if not Batch.objects.filter(pk=batch.pk, state__in=states, filling="").update(state=to):
            raise NotPossible(_("Somebody else was faster: look at the batch as it is now."))
        _record(batch, by, action)


def try_again(batch: Batch, by: User) -> None:
    """Hand a batch to a worker once more that could not be filled. Raises NotPossible."""
    failed = Batch.objects.filter(pk=batch.pk, filling=Batch.Filling.FAILED)
    with transaction.atomic():
        if not failed.update(filling=Batch.Filling.WAITING, filling_at=timezone.now(), problem=""):
            raise NotPossible(_("There is nothing to try again."))
        _record(batch, by, "batch.tried_again")


def delete(batch: Batch, by: User) -> None:
    """Only a draft, which nobody has annotated. Raises NotPossible."""
    with transaction.atomic():
        drafts = Batch.objects.select_for_update().filter(pk=batch.pk, state=State.DRAFT)
        if not drafts.exclude(filling=Batch.Filling.RUNNING).exists() or _is_annotated(batch):
            raise NotPossible(
                _("Only a draft that is not being filled can be deleted. Close this one instead.")
            )
        _record(batch, by, "batch.deleted", tasks=batch.tasks.count())
        uploads.drop(batch.description.get("file", {}).get("code", ""))
        empty(batch)
        batch.delete()


def _is_annotated(batch: Batch) -> bool:
    tasks = batch.tasks.all()
    return (
        tasks.filter(assignments__isnull=False).exists() or tasks.filter(annotations__isnull=False).exists()
    )


def _record(batch: Batch, by: User | None, action: str, **detail: Any) -> None:
    audit.record(by, action, study=batch.study, subject=batch.slug, **detail)
