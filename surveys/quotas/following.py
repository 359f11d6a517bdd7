"""Places that follow a decision about somebody's own words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import F, QuerySet
from django.utils import timezone

from surveys.models import Cell, Enrolment, Seat, Study

from . import seats
from .seats import ACTIVE, State

REASON = "coded"


def follow(enrolment: Enrolment) -> dict[str, Any]:
    """Move the person's seats to the cells of what was just decided, in the transaction of the decision,
    which holds the enrolment. Gives what the audit may know, which is not where to; empty where none moved.

    Nobody is sent away by it: where a cell is full, the place is a further one. Who has no seat now, or one
    that ran out, is left to their next step.
    """
    seats.hold_definition(enrolment.study_id)
    quota = Study.objects.values_list("quota", flat=True).get(pk=enrolment.study_id)
    held = Seat.objects.filter(enrolment=enrolment, state__in=ACTIVE)
    if not quota or not held.exists():
        return {}
    wanted = seats.wanted_now(enrolment, quota)
    before = set(held.values_list("cell", flat=True))
    if wanted is None or wanted == before:
        return {}
    seats.lock(wanted | before)
    return _moved(held.filter(cell__in=before - wanted), wanted - before)


def _moved(left: QuerySet[Seat], wanted: Iterable[int]) -> dict[str, Any]:
    """Give each seat's table its new cell, kept for as long as the old one was."""
    old = {seat.table: seat for seat in left.select_for_update(of=("self",)).order_by("pk")}
    cells = {cell.table: cell for cell in Cell.objects.filter(pk__in=list(wanted))}
    if any(seat.state == State.RESERVED and seat.expires_at <= timezone.now() for seat in old.values()):
        return {}
    seats.close(left, State.RELEASED, REASON)
    pairs = [(old[table], cells[table]) for table in old if table in cells]
    further = sum(not _place(seat, cell) for seat, cell in pairs)
    Seat.objects.bulk_create(_seat(seat, cell) for seat, cell in pairs)
    return {"seats_moved": sorted(old), "further_places": further}


def _place(seat: Seat, cell: Cell) -> bool:
    """Count the place, a further one where there is none; whether there was one."""
    field = "reserved" if seat.state == State.RESERVED else "complete"
    if seats.take_place(cell.pk, field):
        return True
    Cell.objects.filter(pk=cell.pk).update(**{field: F(field) + 1, "extra": F("extra") + 1})
    return False


def _seat(old: Seat, cell: Cell) -> Seat:
    return Seat(
        enrolment_id=old.enrolment_id,
        cell=cell,
        table=cell.table,
        state=old.state,
        hold=old.hold,
        reserved_at=old.reserved_at,
        expires_at=old.expires_at,
        ended_at=old.ended_at,
    )
