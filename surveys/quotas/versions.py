"""Storing a new version of a study's quotas. Seats stay: who has one gets theirs in the new cells."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from accounts.models import User
from surveys import audit
from surveys.models import Cell, Questionnaire, Quota, Study
from surveys.models.study import sha256
from surveys.questionnaires import Problem

from .definition import Definition, Table
from .reading import QuotaError, parse
from .reseating import Cells, alike, close_all, seat_everybody
from .seats import hold_definition


class VersionError(Exception):
    """The definition was not stored; the message says why and what to do."""


def store(study: Study, document: str, by: User | None, *, before: int | None) -> Quota:
    """The next version of the study's quotas, in force at once.

    `before` is the id of the version that the editor saw. Raises QuotaError for a text that defines no
    quotas, VersionError when somebody else stored one meanwhile or the study has no questionnaire.
    """
    if study.questionnaire is None:
        raise VersionError(_("The study has no questionnaire yet, and quotas need its questions."))
    definition = parse(document, study.questionnaire.parsed())
    with transaction.atomic():
        _hold_everybody(study, before)
        quota = Quota.objects.create(
            study=study,
            version=study.quotas.count() + 1,
            document=document,
            sha256=sha256(document),
            created_by=by,
        )
        groups = list(alike(study, definition))
        close_all(study)
        seated = seat_everybody(groups, _make_cells(quota, definition), definition)
        Study.objects.filter(pk=study.pk).update(quota=quota)
        audit.record(by, "quotas.stored", study=study, version=quota.version, seats=seated)
    study.quota = quota
    return quota


def misfits(study: Study, version: Questionnaire | None = None) -> tuple[Problem, ...]:
    """What of the quotas in force does not fit `version`; without one the questionnaire in use."""
    questionnaire = version or study.questionnaire
    if study.quota is None or questionnaire is None:
        return ()
    try:
        parse(study.quota.document, questionnaire.parsed())
    except QuotaError as error:
        return error.problems
    return ()


def stop(study: Study, by: User, *, before: int | None) -> None:
    """No quotas from now on: all who qualify may take part. The versions stay. Raises VersionError."""
    with transaction.atomic():
        _hold_everybody(study, before)
        released = close_all(study)
        Study.objects.filter(pk=study.pk).update(quota=None)
        audit.record(by, "quotas.stopped", study=study, seats=released)
    study.quota = None


def grant(study: Study, cell: Cell, places: int, by: User, *, reason: str) -> None:
    """Places beyond the target of a cell: the one way to fill it further, and it is written down.

    Raises VersionError for a cell that is no longer in force.
    """
    with transaction.atomic():
        hold_definition(study.pk)
        if Study.objects.values_list("quota", flat=True).get(pk=study.pk) != cell.quota_id:
            raise VersionError(_("The quotas were edited just now. Look at the cell again."))
        Cell.objects.filter(pk=cell.pk).update(extra=F("extra") + places)
        audit.record(
            by,
            "quotas.overfilled",
            study=study,
            subject=str(cell),
            places=places,
            reason=reason,
        )


def _hold_everybody(study: Study, before: int | None) -> None:
    """Nobody in the study takes or ends a seat until this transaction is over."""
    people = study.enrolments.select_for_update(no_key=True).order_by("pk")
    list(people.values_list("pk", flat=True))
    hold_definition(study.pk, alone=True)
    if Study.objects.values_list("quota", flat=True).get(pk=study.pk) != before:
        raise VersionError(_("Somebody else stored quotas just now. Look at theirs, then edit again."))


def _make_cells(quota: Quota, definition: Definition) -> Cells:
    cells = [cell for table in definition.tables for cell in _cells(quota, table)]
    for position, cell in enumerate(cells):
        cell.position = position
    return {(cell.table, cell.key): cell for cell in Cell.objects.bulk_create(cells)}


def _cells(quota: Quota, table: Table) -> Iterable[Cell]:
    everybody = sum(target.population or target.places or 0 for target in table.targets)
    for target in table.cells:
        counted = target.population if target.population is not None else target.places
        is_inside = bool(target.categories) and everybody > 0 and counted is not None
        yield Cell(
            quota=quota,
            table=table.key,
            key=target.key,
            categories=list(target.categories),
            share=(counted or 0) / everybody if is_inside else None,
            target=target.places,
        )
