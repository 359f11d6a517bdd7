"""Storing a new version of a study's quotas. Seats stay: who has one gets theirs in the new cells."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from surveys import audit
from surveys.models import Answer, Cell, Enrolment, Questionnaire, Quota, Seat, Study
from surveys.models.study import sha256
from surveys.questionnaires import Problem

from .definition import Definition, Table
from .reading import QuotaError, parse
from .seats import ACTIVE, State, close, hold_definition, lock

Cells = dict[tuple[str, str], Cell]


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
        kept = _kept_until(study)
        _close_all(study)
        seated = _seat_everybody(study, _make_cells(quota, definition), definition, kept)
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
        released = _close_all(study)
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


def _close_all(study: Study) -> int:
    lock(Cell.objects.filter(quota__study=study, seats__state__in=ACTIVE).values_list("pk", flat=True))
    return close(
        Seat.objects.filter(cell__quota__study=study, state__in=ACTIVE), State.RELEASED, reason="version"
    )


def _seat_everybody(study: Study, cells: Cells, definition: Definition, kept: Mapping[int, datetime]) -> int:
    """Seats for who is complete, who had a seat until now, and who is here with a known profile."""
    profiles, now = _profiles(study, definition.questions), timezone.now()
    seats = []
    for person in study.enrolments.counted().filter(outcome__in=["", Enrolment.Outcome.COMPLETE]):
        is_known = definition.questions <= profiles[person.pk].keys()
        is_here = is_known and person.seen_at > now - definition.hold
        if not (person.outcome or person.pk in kept or is_here):
            continue
        pairs = definition.keys(profiles[person.pk], person.arrived_at.year).items()
        until = kept.get(person.pk, now + definition.hold)
        seats += [_seat(person, cells[pair], definition, until) for pair in pairs if pair in cells]
    _count(cells, seats)
    return len(Seat.objects.bulk_create(seats, batch_size=2000))


def _seat(person: Enrolment, cell: Cell, definition: Definition, until: datetime) -> Seat:
    state = State.CONFIRMED if person.outcome else State.RESERVED
    return Seat(
        enrolment=person,
        cell=cell,
        table=cell.table,
        state=state,
        hold=definition.hold,
        expires_at=until,
        ended_at=person.outcome_at,
    )


def _count(cells: Cells, seats: Iterable[Seat]) -> None:
    """Write the counts; where an edit set the target below what is taken, the rest is `extra`."""
    counts = Counter((seat.cell_id, seat.state) for seat in seats)
    for cell in cells.values():
        cell.reserved, cell.complete = counts[cell.pk, State.RESERVED], counts[cell.pk, State.CONFIRMED]
        if cell.target is not None:
            cell.extra = max(0, cell.reserved + cell.complete - cell.target)
    Cell.objects.bulk_update(cells.values(), ["reserved", "complete", "extra"])


def _kept_until(study: Study) -> dict[int, datetime]:
    """Until when the seats are kept of those who have one now."""
    seats = Seat.objects.filter(enrolment__study=study, state=State.RESERVED)
    return dict(seats.values_list("enrolment", "expires_at"))


def _profiles(study: Study, questions: frozenset[str]) -> dict[int, dict[str, Any]]:
    """The newest answers to these questions by person; an answer that says nothing is None."""
    rows = Answer.objects.filter(submission__enrolment__study=study, question__in=questions).order_by("id")
    found: dict[int, dict[str, Any]] = defaultdict(dict)
    for person, question, value, status in rows.values_list(
        "submission__enrolment", "question", "value", "status"
    ):
        found[person][question] = value if status == Answer.Status.ANSWERED else None
    return found
