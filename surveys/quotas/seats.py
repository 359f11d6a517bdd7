"""Seats: a person's places in the cells of a study's tables, taken all together or not at all.

Everybody locks in one order, so that nobody waits in a circle: enrolments, then the study's definition
(shared by participants, alone for an edit), then cells by id, then seats. A cell's counts change only in the
transaction that changes its seats; the database refuses a count above the target.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from surveys.models import Answer, Cell, Enrolment, Quota, Seat, Study

from .definition import Definition
from .profiles import with_codes
from .reading import parse

Outcome = Enrolment.Outcome
State = Seat.State
ACTIVE = (State.RESERVED, State.CONFIRMED)
# The reason of a seat that its owner lost although they are complete, as the panel does not pay them; it is
# not taken again by a new version of the quotas (the statement in reseating.py says the same).
GIVEN_BACK = "given back"
# The first half of the advisory lock's key; the second is the study.
_LOCK = 7_301_001


class NoPlace(Exception):
    """The cell has no free place."""

    def __init__(self, cell: int) -> None:
        super().__init__(cell)
        self.cell = cell


@lru_cache(maxsize=64)
def definition_of(quota: int) -> Definition:
    """The definition of a version; its row never changes."""
    return parse(Quota.objects.values_list("document", flat=True).get(pk=quota))


@lru_cache(maxsize=64)
def _cells_of(quota: int) -> dict[tuple[str, str], int]:
    rows = Cell.objects.filter(quota=quota).values_list("table", "key", "pk")
    return {(table, key): pk for table, key, pk in rows}


def claim(enrolment: Enrolment) -> Outcome | None:
    """Reserve the person's seats once their profile is known; a profile changed since moves them.

    None when the person may go on; otherwise the outcome with which their part ends. Test people and previews
    take no seat.
    """
    quota = enrolment.study.quota_id
    if not quota or enrolment.is_test:
        return None
    answers = _profile(enrolment, quota)
    held = _held(enrolment)
    if answers is None or (held and held == _wanted(enrolment, quota, answers)):
        return None
    return _seated(enrolment)


def keep(enrolment: Enrolment) -> Outcome | None:
    """Look after somebody who is back: a seat that ran out is taken again if it is free."""
    if not _counts(enrolment):
        return None
    states = list(enrolment.seats.values_list("state", flat=True))
    active = sum(state in ACTIVE for state in states)
    if active == len(definition_of(enrolment.study.quota_id).tables):
        return None
    return claim(enrolment) if states or enrolment.survey_finished_at else None


def renew(enrolment: Enrolment) -> None:
    """The person is here, so their seats are kept for another while."""
    if _counts(enrolment):
        seats = Seat.objects.filter(enrolment=enrolment, state=State.RESERVED)
        seats.update(expires_at=Now() + F("hold"))


def settle(enrolment: Enrolment, outcome: Outcome) -> Outcome:
    """Confirm or release the seats with the outcome, in its transaction; returns the outcome that holds.

    Somebody who completes without a seat, because it ran out on the way, gets one if there is one; otherwise
    the outcome is quota full, and what they sent is kept.
    """
    if not _counts(enrolment):
        return outcome
    if outcome != Outcome.COMPLETE:
        end(enrolment, State.RELEASED, reason=outcome)
        return outcome
    problem = _seated(enrolment, is_complete=True)
    if problem:
        end(enrolment, State.RELEASED, reason=problem)
        return problem
    end(enrolment, State.CONFIRMED)
    return outcome


def end(enrolment: Enrolment, state: State, *, reason: str = "") -> int:
    """Confirm the reserved seats, or release whatever is active; how many there were."""
    before = [State.RESERVED] if state == State.CONFIRMED else list(ACTIVE)
    with transaction.atomic():
        hold_definition(enrolment.study_id)
        seats = Seat.objects.filter(enrolment=enrolment, state__in=before)
        cells = set(seats.values_list("cell", flat=True))
        lock(cells)
        return close(seats.filter(cell__in=cells), state, reason)


def sweep() -> int:
    """For beat: release the seats that ran out; how many."""
    late = Seat.objects.filter(state=State.RESERVED, expires_at__lte=Now())
    cells = late.order_by("cell").values_list("cell", flat=True).distinct()
    return sum(_free_late(cell) for cell in list(cells))


def forget(enrolments: QuerySet[Enrolment]) -> int:
    """Release and delete the seats of people who are erased: a cell tells their strata."""
    seats = Seat.objects.filter(enrolment__in=enrolments)
    with transaction.atomic():
        for study in seats.order_by("enrolment__study").values_list("enrolment__study", flat=True).distinct():
            hold_definition(study)
        cells = set(seats.filter(state__in=ACTIVE).values_list("cell", flat=True))
        lock(cells)
        close(seats.filter(state__in=ACTIVE, cell__in=cells), State.RELEASED, Outcome.WITHDRAWN)
        return seats.delete()[0]


def hold_definition(study: int, *, alone: bool = False) -> None:
    """Within a transaction: nobody changes the study's definition (alone: nobody takes or ends a seat)."""
    lock = "pg_advisory_xact_lock" if alone else "pg_advisory_xact_lock_shared"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {lock}(%s, %s)", [_LOCK, study])


def _counts(enrolment: Enrolment) -> bool:
    return enrolment.study.quota_id is not None and not enrolment.is_test


def _profile(enrolment: Enrolment, quota: int | None, *, is_complete: bool = False) -> dict[str, Any] | None:
    """The answers that make the strata; None while one of the questions is still to come."""
    if not quota:
        return None
    definition = definition_of(quota)
    questions = definition.questions
    rows = Answer.objects.filter(submission__enrolment=enrolment, question__in=questions).order_by("id")
    answers = {
        key: value if status == Answer.Status.ANSWERED else None
        for key, value, status in rows.values_list("question", "value", "status")
    }
    is_known = is_complete or enrolment.survey_finished_at or questions <= answers.keys()
    return with_codes(enrolment, definition, answers) if is_known else None


def wanted_now(enrolment: Enrolment, quota: int) -> set[int] | None:
    """The cells that the person's answers give by what is decided so far; None while these are not known."""
    answers = _profile(enrolment, quota, is_complete=enrolment.outcome == Outcome.COMPLETE)
    return None if answers is None else _wanted(enrolment, quota, answers)


def _seated(enrolment: Enrolment, *, is_complete: bool = False) -> Outcome | None:
    """Take the seats of the present definition; the outcome when there is none for this person."""
    with transaction.atomic():
        is_over = Enrolment.objects.select_for_update().get(pk=enrolment.pk).is_over
        hold_definition(enrolment.study_id)
        quota = Study.objects.values_list("quota", flat=True).get(pk=enrolment.study_id)
        answers = _profile(enrolment, quota, is_complete=is_complete)
        if not quota or answers is None or (is_over and not is_complete):
            return None
        return _take(enrolment, quota, answers)


def _wanted(enrolment: Enrolment, quota: int, answers: Mapping[str, Any]) -> set[int]:
    """The cells of a person with these answers; none in a table that refuses them."""
    cells, keys = _cells_of(quota), definition_of(quota).keys(answers, enrolment.arrived_at.year)
    return {cells[pair] for pair in keys.items() if pair in cells}


def _held(enrolment: Enrolment) -> set[int]:
    return set(enrolment.seats.filter(state__in=ACTIVE).values_list("cell", flat=True))


def _take(enrolment: Enrolment, quota: int, answers: Mapping[str, Any]) -> Outcome | None:
    """The seats of these answers. Who held one before the policy was to refuse people like them stays."""
    wanted, held = _wanted(enrolment, quota, answers), _held(enrolment)
    if not held and len(wanted) < len(definition_of(quota).tables):
        return Outcome.SCREENED_OUT
    if wanted == held:
        renew(enrolment)
        return None
    try:
        with transaction.atomic():
            if held:  # the profile was changed: all cells in their order, then from one to the other
                lock(wanted | held)
                left = Seat.objects.filter(enrolment=enrolment, cell__in=held - wanted, state__in=ACTIVE)
                close(left, State.RELEASED, "profile")
            _reserve(enrolment, sorted(wanted - held), definition_of(quota))
    except NoPlace as full:
        Cell.objects.filter(pk=full.cell).update(refused=F("refused") + 1)
        return Outcome.QUOTA_FULL
    return None


def _reserve(enrolment: Enrolment, cells: Iterable[int], definition: Definition) -> None:
    """One seat in each cell; raises NoPlace where there is none, for the transaction around to undo."""
    tables = dict(Cell.objects.filter(pk__in=cells).values_list("pk", "table"))
    for cell in cells:
        if not take_place(cell):
            raise NoPlace(cell)
    now = timezone.now()
    Seat.objects.bulk_create(
        Seat(
            enrolment=enrolment,
            cell_id=cell,
            table=tables[cell],
            hold=definition.hold,
            reserved_at=now,
            expires_at=now + definition.hold,
        )
        for cell in cells
    )


def take_place(cell: int, field: str = "reserved") -> bool:
    """Count one more in a cell, if need be in the place of a seat that ran out; whether there was a place."""
    return _add_one(cell, field) or bool(_free_late(cell) and _add_one(cell, field))


def _add_one(cell: int, field: str) -> bool:
    """Take a place by compare-and-set."""
    has_place = Q(target=None) | Q(reserved__lt=F("target") + F("extra") - F("complete"))
    return bool(Cell.objects.filter(has_place, pk=cell).update(**{field: F(field) + 1}))


def _free_late(cell: int) -> int:
    """Release the seats of a cell that ran out, so that the next arrival finds them free at once."""
    late = Seat.objects.filter(cell=cell, state=State.RESERVED, expires_at__lte=Now())
    if not late.exists():
        return 0
    with transaction.atomic():
        lock([cell])
        return close(late, State.RELEASED, "expired")


def lock(cells: Iterable[int]) -> None:
    """Within a transaction: these cells, in the order that everybody keeps."""
    list(Cell.objects.select_for_update().filter(pk__in=list(cells)).order_by("pk").values_list("pk"))


def close(seats: QuerySet[Seat], state: State, reason: str) -> int:
    """Confirm or release seats whose cells are locked, and count it in these; how many they were."""
    # Locked, so that a seat renewed in this very moment is not taken for one that ran out.
    chosen = list(seats.select_for_update(of=("self",)).order_by("pk").values_list("pk", "cell", "state"))
    ended = Seat.objects.filter(pk__in=[pk for pk, _, _ in chosen])
    ended.update(state=state, reason=reason, ended_at=timezone.now())
    for (cell, before), number in Counter((cell, before) for _, cell, before in chosen).items():
        field = "reserved" if before == State.RESERVED else "complete"
        changes = {field: F(field) - number}
        if state == State.CONFIRMED:
            changes["complete"] = F("complete") + number
        Cell.objects.filter(pk=cell).update(**changes)
    return len(chosen)
