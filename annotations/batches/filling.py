"""Filling a batch by a worker: claimed by compare-and-set, kept by a lease, begun anew where one died."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from annotations.batches import uploads
from annotations.batches.from_file import Fault
from annotations.batches.sources import Reading, task_rows
from annotations.batches.storing import add_chunk, chunks, empty
from annotations.batches.tables import UnusableFile
from annotations.models import Batch
from annotations.models.batch import BatchQuerySet
from prism.lib.pii.names import NamesNotFound
from surveys import audit

logger = logging.getLogger(__name__)
Filling = Batch.Filling
LEASE = timedelta(minutes=5)
PICK_UP = timedelta(seconds=30)


class LeaseLost(Exception):
    """Another worker fills this batch now, or it is gone."""


def lost() -> list[int]:
    """Batches that wait for longer than a broker takes, or whose worker gave no sign of life."""
    now = timezone.now()
    forgotten = Q(filling=Filling.WAITING, filling_at__lt=now - PICK_UP)
    abandoned = Q(filling=Filling.RUNNING, filling_at__lt=now - LEASE)
    return list(Batch.objects.filter(forgotten | abandoned).order_by("pk").values_list("pk", flat=True))


def files_in_use() -> set[str]:
    """The codes of files that are still to be read."""
    unfilled = Batch.objects.exclude(filling=Filling.NONE).filter(source=Batch.Source.FILE)
    return set(unfilled.values_list("description__file__code", flat=True))


def fill(pk: int) -> Batch | None:
    """Store the tasks of a draft; None where there is nothing to do.

    Never raises for what goes wrong on the way: the row then says `failed` and why.
    """
    return carry_out(pk, Batch.State.DRAFT, _store)


def carry_out(pk: int, state: str, work: Callable[[Batch], None]) -> Batch | None:
    """Let this worker alone work on a waiting batch in that state; None where there is none, or it was lost.

    `work` shows signs of life by `renew` and ends with `done`.
    """
    batch = _claim(pk, state)
    if batch is None:
        return None
    try:
        work(batch)
    except LeaseLost:
        return None
    except UnusableFile as error:
        _fail(batch, str(error))
    except Fault as fault:
        _fail(batch, _("The file has a row that is no task: %s.") % fault)
    except NamesNotFound:
        _fail(
            batch, _("Names of people could not be looked for just now, so nothing may be shown. Try again.")
        )
    except Exception as error:
        # Where it broke, not what was in hand there: messages of errors may hold what people wrote.
        places = "".join(traceback.format_tb(error.__traceback__))
        logger.error("filling batch %s failed with %s\n%s", batch.pk, type(error).__name__, places)
        _fail(batch, _("Something unexpected went wrong and was noted for the operator."))
    return batch


def _claim(pk: int, state: str) -> Batch | None:
    now = timezone.now()
    free = Q(filling=Filling.WAITING) | Q(filling=Filling.RUNNING, filling_at__lt=now - LEASE)
    waiting = Batch.objects.filter(free, pk=pk, state=state)
    if not waiting.update(filling=Filling.RUNNING, filling_at=now, problem=""):
        return None
    return Batch.objects.select_related("study", "rubric_version", "created_by").get(pk=pk)


def _store(batch: Batch) -> None:
    reading = Reading()
    renew(batch)
    empty(batch)  # what a worker stored that died
    for chunk in chunks(task_rows(batch, reading)):
        with transaction.atomic():
            renew(batch)
            add_chunk(batch, chunk)
    _finish(batch, reading)


def renew(batch: Batch, **fields: Any) -> None:
    """A sign of life, and `fields` stored with it. Raises LeaseLost."""
    now = timezone.now()
    if not _mine(batch).update(filling_at=now, **fields):
        raise LeaseLost
    batch.filling_at = now


def _mine(batch: Batch) -> BatchQuerySet:
    return Batch.objects.filter(pk=batch.pk, filling=Filling.RUNNING, filling_at=batch.filling_at)


def done(batch: Batch, description: dict[str, Any]) -> None:
    """Nothing is left to do; `description` is stored with it. Raises LeaseLost."""
    if not _mine(batch).update(filling=Filling.NONE, filling_at=None, description=description):
        raise LeaseLost


@transaction.atomic
def _finish(batch: Batch, reading: Reading) -> None:
    tasks = batch.tasks.count()
    done(batch, {**batch.description, **reading.as_json(), "tasks": tasks})
    audit.record(batch.created_by, "batch.filled", study=batch.study, subject=batch.slug, tasks=tasks)
    uploads.drop(batch.description.get("file", {}).get("code", ""))


def _fail(batch: Batch, problem: str) -> None:
    _mine(batch).update(filling=Filling.FAILED, problem=problem[:1000])
