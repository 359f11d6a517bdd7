"""The life of an Export row: requested, claimed, written, held back or published, deleted.

A row is claimed by compare-and-set and kept by a lease that every written batch renews, so that a run that is
started twice happens once, and one that lost its worker is taken up by another.
"""

from __future__ import annotations

import logging
import shutil
import traceback
import zipfile
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from analysis.exports import release
from analysis.exports.formats import FILES
from analysis.exports.gate import warned
from analysis.exports.release import Scope
from analysis.exports.writing import MANIFEST, Written, written
from analysis.models import Export
from conversations.models.imported import LIVE
from surveys import audit
from surveys.models import Enrolment
from surveys.quality.deciding import excluded_throughout

logger = logging.getLogger(__name__)

State = Export.State
LEASE = timedelta(minutes=5)
PICK_UP = timedelta(seconds=30)
ON_PAGE = "page"
BY_COMMAND = "command"
ARCHIVE = "all.zip"


class LeaseLost(Exception):
    """Another worker has this export now, or it was deleted: stop and leave nothing behind."""


class NoLongerAllowed(Exception):
    """Somebody in the release withdrew, was erased or was excluded while it was written."""


class Warned(Exception):
    """The rules warn of something in it, and there is nobody to ask."""


def request_export(
    scope: Scope, by: User | None, *, source: str = ON_PAGE, is_released: bool = False
) -> Export:
    """Write down that a release is wanted. A worker runs it, or the command that asked.

    `is_released`: whatever the rules warn of in it, nobody needs to be asked again.
    """
    filters = {
        "include_test": scope.include_test,
        "include_excluded": scope.include_excluded,
        "source": source,
        "dataset": scope.source,
        **({"is_released": True} if is_released else {}),
    }
    with transaction.atomic():
        export = Export.objects.create(
            study=scope.study,
            format=scope.format,
            filters=filters,
            release_seed=scope.release_seed,
            is_full=scope.is_full,
            requested_by=by,
        )
        audit.record(
            by,
            "export.requested",
            study=scope.study,
            subject=export.code,
            format=scope.format,
            full=scope.is_full,
            **filters,
        )
    return export


def run(pk: int, directory: Path | None = None) -> Export | None:
    """Carry out a waiting or abandoned export; None where there is nothing to do (any more).

    Never raises for what goes wrong on the way: the row then says `failed` and why.
    """
    export = _claim(pk)
    if export is None:
        return None
    try:
        _carry_out(export, directory)
    except LeaseLost:
        return None
    except NoLongerAllowed:
        _fail(
            export,
            _(
                "Somebody withdrew or was excluded while the files were written, so they were not kept. "
                "Start it again."
            ),
        )
    except Warned:
        _fail(
            export,
            _(
                "The rules on personal data warn of something in it. Look at them, or release it anyway. "
                "Nothing was kept."
            ),
        )
    except OSError as error:
        reason = error.strerror or type(error).__name__
        _fail(export, _("The files could not be written: %(reason)s. Nothing was kept.") % {"reason": reason})
    except Exception as error:
        # Where it broke, not what was in hand there: messages of errors may hold what people wrote.
        places = "".join(traceback.format_tb(error.__traceback__))
        logger.error("export %s failed with %s\n%s", export.code, type(error).__name__, places)
        _fail(export, _("Something unexpected went wrong and was noted for the operator. Nothing was kept."))
    export.refresh_from_db()
    return export


def release_anyway(export: Export, by: User | None) -> bool:
    """Let an export that was held back be taken; False where it is not held back (any more)."""
    with transaction.atomic():
        changed = Export.objects.filter(pk=export.pk, state=State.HELD).update(state=State.DONE)
        if changed:
            texts = sum(texts for _file, _column, texts in warned(export.manifest))
            audit.record(by, "export.released", study=export.study, subject=export.code, warned=texts)
    return bool(changed)


def delete(export: Export, by: User | None, **why: str) -> None:
    """Remove the files and stop a run that is under way; the row stays as a record."""
    with transaction.atomic():
        changed = Export.objects.filter(pk=export.pk).exclude(state=State.DELETED).update(state=State.DELETED)
        if changed:
            audit.record(by, "export.deleted", study=export.study, subject=export.code, **why)
            transaction.on_commit(partial(_remove_files, export))


def delete_those_with(enrolments: QuerySet[Enrolment]) -> int:
    """Remove the finished exports that hold one of these people; a run under way finds out by itself.

    Files that somebody took, or that a command wrote, are out of reach: the row says how many people in them
    are gone.
    """
    study_ids = enrolments.values("study")
    exports = Export.objects.select_for_update(of=["self"]).select_related("study")
    removed = 0
    for export in exports.filter(study__in=study_ids).exclude(state=State.WAITING).order_by("pk"):
        people = _held(export, enrolments).count()
        if not people:
            continue
        Export.objects.filter(pk=export.pk).update(people_erased=F("people_erased") + people)
        if export.state in (State.HELD, State.DONE) and export.filters.get("source") == ON_PAGE:
            delete(export, None, reason="a participant was erased")
            removed += 1
    return removed


def _held(export: Export, enrolments: QuerySet[Enrolment]) -> QuerySet[Enrolment]:
    """Which of these people a finished export holds. Who was excluded later was in it all the same."""
    if not export.finished_at:
        return Enrolment.objects.none()
    scope = scope_of(export)
    found = release.people(replace(scope, include_excluded=True)).filter(
        release.took_part_by(scope, export.finished_at), pk__in=enrolments, texts_erased_at=None
    )
    if export.filters.get("include_excluded", True):  # exports from before people were left out held them all
        return found
    return found.exclude(excluded_throughout(export.requested_at, export.finished_at))


def lost() -> list[int]:
    """The exports that wait for longer than a broker takes, or whose worker gave no sign of life."""
    now = timezone.now()
    forgotten = Q(state=State.WAITING, requested_at__lt=now - PICK_UP)
    abandoned = Q(state=State.RUNNING, lease_at__lt=now - LEASE)
    found = Export.objects.filter(forgotten | abandoned, filters__source=ON_PAGE)
    return list(found.order_by("pk").values_list("pk", flat=True))


def folder(export: Export) -> Path:
    return Path(settings.EXPORT_DIR) / export.code


def packed(export: Export) -> tuple[str, ...]:
    """The names of its files, the manifest last."""
    return (*FILES[export.format], MANIFEST)


def archive(export: Export) -> Path:
    """All files of an export in one."""
    return Path(settings.EXPORT_DIR) / f"{export.code}.zip"


def scope_of(export: Export) -> Scope:
    return Scope(
        study=export.study,
        is_full=export.is_full,
        include_test=bool(export.filters.get("include_test")),
        include_excluded=bool(export.filters.get("include_excluded")),
        release_seed=export.release_seed,
        format=export.format,
        source=export.filters.get("dataset", LIVE),
    )


def _claim(pk: int) -> Export | None:
    now = timezone.now()
    free = Q(state=State.WAITING) | Q(state=State.RUNNING, lease_at__lt=now - LEASE)
    taken = Export.objects.filter(free, pk=pk).update(
        state=State.RUNNING, lease_at=now, rows_done=0, failure=""
    )
    return Export.objects.select_related("study").get(pk=pk) if taken else None


def _keep(export: Export, done: int, expected: int) -> None:
    """Renew the lease and tell how far it is; raises LeaseLost."""
    now = timezone.now()
    mine = Export.objects.filter(pk=export.pk, state=State.RUNNING, lease_at=export.lease_at)
    if not mine.update(lease_at=now, rows_done=done, rows_expected=expected):
        raise LeaseLost
    export.lease_at = now


def _carry_out(export: Export, directory: Path | None) -> None:
    scope = scope_of(export)
    with written(scope, directory or folder(export), partial(_keep, export)) as files:
        if directory is None:
            _pack(files.folder, export)
        _finish(export, scope, files, directory or folder(export))


def _finish(export: Export, scope: Scope, files: Written, directory: Path) -> None:
    # Erasing locks the row too: either it sees this export done and removes it, or this sees the person gone.
    with transaction.atomic():
        mine = Export.objects.select_for_update().filter(
            pk=export.pk, state=State.RUNNING, lease_at=export.lease_at
        )
        if mine.first() is None:
            raise LeaseLost
        if not release.is_still_allowed(scope):
            raise NoLongerAllowed
        state = _state(export, files.manifest)
        files.publish(directory)
        if (files.folder / ARCHIVE).exists():
            (files.folder / ARCHIVE).replace(archive(export))
        rows = {name: facts["rows"] for name, facts in files.manifest["files"].items()}
        mine.update(
            state=state,
            manifest=files.manifest,
            rows_done=sum(rows.values()),
            rows_expected=sum(rows.values()),
            finished_at=timezone.now(),
        )
        _record(export, "export.held_back" if state == State.HELD else "export.finished", rows=rows)


def _state(export: Export, manifest: dict[str, Any]) -> Export.State:
    """What a written export is: held back where the rules warn of something in it. Raises Warned."""
    if export.filters.get("is_released") or not any(warned(manifest)):
        return State.DONE
    if export.filters.get("source") == BY_COMMAND:
        raise Warned
    return State.HELD


def _fail(export: Export, why: str) -> None:
    mine = Export.objects.filter(pk=export.pk, state=State.RUNNING, lease_at=export.lease_at)
    if mine.update(state=State.FAILED, failure=why[:300], finished_at=timezone.now()):
        _record(export, "export.failed")
        if export.filters.get("source") == ON_PAGE:
            _remove_files(export)


def _record(export: Export, action: str, **detail: Any) -> None:
    audit.record(export.requested_by, action, study=export.study, subject=export.code, **detail)


def _pack(files: Path, export: Export) -> None:
    top = f"{export.study.slug}-{export.format}-{export.code}"
    with zipfile.ZipFile(files / ARCHIVE, "w", zipfile.ZIP_DEFLATED) as archived:
        for name in packed(export):
            if (files / name).exists():  # one of ratings is written only where it says something new
                archived.write(files / name, f"{top}/{name}")


def _remove_files(export: Export) -> None:
    shutil.rmtree(folder(export), ignore_errors=True)
    archive(export).unlink(missing_ok=True)
