"""The life of an Import row: asked for, claimed, carried out in slices, done; the files go when it ends.

As an export it is claimed by compare-and-set and kept by a lease. Rows are stored together with the place
reached, so that whoever takes it up goes on there, and nothing is stored twice.
"""

from __future__ import annotations

import logging
import shutil
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.base import File
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from analysis.imports.running import Run
from analysis.imports.tables import UnusableTable
from analysis.models import Import, ImportFault
from conversations.models import Dataset
from prism.lib.codes import random_code
from surveys import audit
from surveys.models import Study

logger = logging.getLogger(__name__)

State = Import.State
LEASE = timedelta(minutes=5)
PICK_UP = timedelta(seconds=30)
LONGEST_TRIAL = timedelta(hours=6)
SLICE_SECONDS = 60.0  # then the queue gets its turn
UNDER_WAY = (State.WAITING, State.RUNNING)


class LeaseLost(Exception):
    """Another worker has this import now, or it was stopped."""


class NotImportable(Exception):
    """The study or the dataset does not allow it; the text says why."""


@dataclass(frozen=True)
class Wanted:
    """What is asked for: into which study, under which name, by what licence."""

    study: Study
    key: str
    title: str = ""
    licence: str = ""
    link: str = ""
    is_public: bool = False
    is_dry_run: bool = False


def request_import(wanted: Wanted, by: User | None, *, code: str = "", by_command: bool = False) -> Import:
    """Write down that tables are to be imported. Raises NotImportable."""
    if not wanted.study.protocols.exists():
        raise NotImportable(_("This study has no conversations. Store rules for them first, then import."))
    with transaction.atomic():
        dataset, _is_new = Dataset.objects.get_or_create(
            study=wanted.study,
            key=wanted.key,
            defaults={name: getattr(wanted, name) for name in ("title", "licence", "link", "is_public")},
        )
        _end_dead_commands(dataset)
        try:
            with transaction.atomic():
                row = Import.objects.create(
                    code=code or random_code(),
                    study=wanted.study,
                    dataset=dataset,
                    is_dry_run=wanted.is_dry_run,
                    by_command=by_command,
                    requested_by=by,
                )
        except IntegrityError as error:
            raise NotImportable(
                _("Another import into “%(key)s” is under way. Wait for it.") % {"key": wanted.key}
            ) from error
        _record(row, "import.requested", dataset=wanted.key, dry_run=wanted.is_dry_run)
    return row


def _end_dead_commands(dataset: Dataset) -> None:
    """A command that was killed is taken up by nobody; the next one goes on from its rows."""
    late = timezone.now() - LEASE
    dead = Q(state=State.RUNNING, lease_at__lt=late) | Q(state=State.WAITING, requested_at__lt=late)
    dataset.imports.filter(dead, by_command=True).update(state=State.STOPPED, finished_at=timezone.now())


def hand_in(wanted: Wanted, files: Mapping[str, File], by: User) -> Import:
    """Keep the files of tables, by name, until a worker has read them. Raises NotImportable and OSError."""
    code = random_code()
    kept = _folder(code)
    kept.mkdir(mode=0o700, parents=True)
    try:
        for name, file in files.items():
            with (kept / name).open("wb") as target:
                for chunk in file.chunks():
                    target.write(chunk)
        return request_import(wanted, by, code=code)
    except BaseException:
        shutil.rmtree(kept, ignore_errors=True)
        raise


def folder(row: Import) -> Path:
    return _folder(row.code)


def _folder(code: str) -> Path:
    return Path(settings.EXPORT_DIR) / "imports" / code


def lost() -> list[int]:
    """Imports that wait for longer than a broker takes, or whose worker gave no sign of life."""
    now = timezone.now()
    forgotten = Q(state=State.WAITING, requested_at__lt=now - PICK_UP)
    abandoned = Q(state=State.RUNNING, lease_at__lt=now - LEASE)
    found = Import.objects.filter(forgotten | abandoned, by_command=False)
    return list(found.order_by("pk").values_list("pk", flat=True))


def run(pk: int, directory: Path | None = None, seconds: float = SLICE_SECONDS) -> Import | None:
    """Carry out a waiting or abandoned import for a while; None where there is nothing to do.

    Never raises for what goes wrong on the way: the row then says `failed` and why.
    """
    row = _claim(pk)
    if row is None:
        return None
    try:
        _carry_out(row, directory or folder(row), seconds)
    except LeaseLost:
        return None
    except UnusableTable as error:
        _end(row, State.FAILED, str(error))
    except OSError as error:
        reason = error.strerror or type(error).__name__
        _end(row, State.FAILED, _("The files could not be read: %(reason)s.") % {"reason": reason})
    except Exception as error:
        # Where it broke, not what was in hand there: messages of errors may hold what people wrote.
        places = "".join(traceback.format_tb(error.__traceback__))
        logger.error("import %s failed with %s\n%s", row.code, type(error).__name__, places)
        _end(row, State.FAILED, _("Something unexpected went wrong and was noted for the operator."))
    return row


def stop(row: Import, by: User | None) -> bool:
    """End an import that is under way; what is stored stays."""
    changed = Import.objects.filter(pk=row.pk, state__in=UNDER_WAY).update(
        state=State.STOPPED, finished_at=timezone.now()
    )
    if changed:
        audit.record(by, "import.stopped", study=row.study, subject=row.code)
        shutil.rmtree(folder(row), ignore_errors=True)
    return bool(changed)


def _claim(pk: int) -> Import | None:
    now = timezone.now()
    free = Q(state=State.WAITING) | Q(state=State.RUNNING, lease_at__lt=now - LEASE)
    taken = Import.objects.filter(free, pk=pk).update(state=State.RUNNING, lease_at=now)
    return Import.objects.select_related("dataset__study", "study").get(pk=pk) if taken else None


def _carry_out(row: Import, directory: Path, seconds: float) -> None:
    if row.is_dry_run:
        _try_out(row, directory)
    elif not _go_on(Run(row, directory, _keep), seconds):
        mine = Import.objects.filter(pk=row.pk, state=State.RUNNING, lease_at=row.lease_at)
        mine.update(state=State.WAITING, requested_at=timezone.now())
        row.state = State.WAITING
        return
    _end(row, State.DONE)


def _go_on(run: Run, seconds: float) -> bool:
    """Whether the import came to its end before the time did."""
    end = time.monotonic() + seconds
    return all(time.monotonic() <= end for _batch in run.batches())


def _try_out(row: Import, directory: Path) -> None:
    """All of it in one transaction that is taken back, so that a trial tells what an import would do."""
    claimed = row.lease_at
    row.lease_at = timezone.now() + LONGEST_TRIAL
    mine = Import.objects.filter(pk=row.pk, state=State.RUNNING, lease_at=claimed)
    if not mine.update(lease_at=row.lease_at):
        raise LeaseLost
    run = Run(row, directory, lambda row: None)
    with transaction.atomic():
        for _batch in run.batches():
            pass
        transaction.set_rollback(True)
    ImportFault.objects.bulk_create(run.faults, batch_size=2000)


def _keep(row: Import) -> None:
    """Store how far it is and renew the lease, with the rows of the batch; raises LeaseLost."""
    now = timezone.now()
    mine = Import.objects.filter(pk=row.pk, state=State.RUNNING, lease_at=row.lease_at)
    if not mine.update(lease_at=now, **_progress(row)):
        raise LeaseLost
    row.lease_at = now


def _progress(row: Import) -> Mapping[str, Any]:
    return {name: getattr(row, name) for name in ("cursor", "counts", "rows_done", "rows_expected")}


def _end(row: Import, state: str, failure: str = "") -> None:
    mine = Import.objects.filter(pk=row.pk, state=State.RUNNING, lease_at=row.lease_at)
    changed = mine.update(state=state, failure=failure[:300], finished_at=timezone.now(), **_progress(row))
    if not changed:
        return
    row.state, row.failure = State(state), failure[:300]
    _record(row, f"import.{'finished' if state == State.DONE else 'failed'}", made=row.counts.get("made", {}))
    if not row.by_command:
        shutil.rmtree(folder(row), ignore_errors=True)


def _record(row: Import, action: str, **detail: Any) -> None:
    audit.record(row.requested_by, action, study=row.study, subject=row.code, **detail)
