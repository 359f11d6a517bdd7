"""The participants of a study as a live list: what the filter asks for, in its order, a slice at a time."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, Exists, ExpressionWrapper, F, OuterRef, QuerySet, fields
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.functional import Promise

from surveys import stages
from surveys.models import Decision, Enrolment, PageView, Seat, Signal, Study
from surveys.monitor.shown import STAGE
from surveys.quality.deciding import MATTER, newest_value

# The field of each order and the type of its values; the primary key breaks ties.
SORTS: dict[str, tuple[str, type]] = {
    "code": ("number", int),
    "arrived": ("arrived_at", datetime),
    "seen": ("seen_at", datetime),
    "duration": ("duration", timedelta),
    "signals": ("signal_count", int),
}
Text = str | Promise
ACTIVE = ["reserved", "confirmed"]


def listed(study: Study, wanted: dict[str, Any]) -> QuerySet[Enrolment]:
    """The enrolments that the cleaned filter asks for, in no order yet."""
    left = Coalesce("outcome_at", "seen_at")
    rows: QuerySet[Enrolment] = study.enrolments.annotate(
        left_at=left,
        duration=ExpressionWrapper(left - F("arrived_at"), output_field=fields.DurationField()),
    )
    rows = rows.filter(is_imported=wanted.get("test") == "imported")
    if wanted.get("test") not in ("with", "imported"):
        rows = rows.filter(is_test=wanted.get("test") == "only")
    if wanted.get("outcome"):
        rows = rows.filter(outcome="" if wanted["outcome"] == "none" else wanted["outcome"])
    if wanted.get("stage"):
        rows = rows.filter(stage=wanted["stage"])
    if wanted.get("idle"):
        rows = _idle(rows, int(wanted["idle"]))
    if wanted.get("signal"):
        rows = _with_signal(rows, wanted["signal"])
    if wanted.get("decision"):
        rows = rows.annotate(decided=newest_value(MATTER[Decision.Value(wanted["decision"])]))
        rows = rows.filter(decided=wanted["decision"])
    if wanted.get("q"):
        rows = _with_code(rows, wanted["q"])
    return rows


def _idle(rows: QuerySet[Enrolment], minutes: int) -> QuerySet[Enrolment]:
    """Those in progress who were not seen for so long; for a negative number, who were."""
    moment = timezone.now() - timedelta(minutes=abs(minutes))
    rows = rows.filter(outcome="")
    return rows.filter(seen_at__gte=moment) if minutes < 0 else rows.filter(seen_at__lt=moment)


def _with_signal(rows: QuerySet[Enrolment], kind: str) -> QuerySet[Enrolment]:
    signals = Signal.objects.filter(enrolment=OuterRef("pk"))
    if kind == "none":
        return rows.filter(~Exists(signals))
    return rows.filter(Exists(signals if kind == "any" else signals.filter(kind=kind)))


def _with_code(rows: QuerySet[Enrolment], text: str) -> QuerySet[Enrolment]:
    digits = text.strip().lower().removeprefix("user")
    return rows.filter(number__startswith=digits) if digits.isascii() and digits.isdigit() else rows.none()


def sortable(rows: QuerySet[Enrolment], order: str) -> QuerySet[Enrolment]:
    """The rows with what the order needs; signals are counted only where somebody sorts by them."""
    return rows.annotate(signal_count=Count("signals")) if order == "signals" else rows


def detailed(rows: QuerySet[Enrolment]) -> QuerySet[Enrolment]:
    """The rows with page, signals, decisions and seats, all in the one query that reads them."""
    own = {"enrolment": OuterRef("pk")}
    pages = PageView.objects.filter(**own).exclude(page__startswith=STAGE).order_by("-shown_at", "-pk")
    signals = Signal.objects.filter(**own).order_by("kind").values("kind").distinct()
    decisions = Decision.objects.filter(**own).exclude(matter=Decision.Matter.NOTE)
    newest = decisions.order_by("matter", "-id").distinct("matter").values("value")
    seats = Seat.objects.filter(**own, state__in=ACTIVE).order_by("state").values("state").distinct()
    return rows.annotate(
        page=pages.values("page")[:1],
        signal_kinds=ArraySubquery(signals),
        decided_values=ArraySubquery(newest),
        seat_states=ArraySubquery(seats),
    )


@dataclass(frozen=True)
class Line:
    """A row of the list in words; `enrolment` carries what `detailed` read."""

    enrolment: Enrolment
    stage: Text
    signals: list[Text]
    decisions: list[Text]
    seats: list[Text]
    troubles: list[str]
    idle: timedelta | None


def lines(rows: Iterable[Enrolment], now: datetime) -> list[Line]:
    """The rows with their labels and, for those in progress, how long they were not seen."""
    rows, known = list(rows), stages.known()
    stage_labels = {stage.key: stage.label for stage in known}
    troubles = [stage.troubles([row.pk for row in rows]) for stage in known] if rows else []
    return [_line(row, stage_labels, troubles, now) for row in rows]


def _line(row: Any, stage_labels: Mapping[str, Text], troubles: list[dict[int, str]], now: datetime) -> Line:
    return Line(
        enrolment=row,
        stage=stage_labels.get(row.stage, row.stage),
        signals=[Signal.Kind(kind).label for kind in row.signal_kinds],
        decisions=[Decision.Value(value).label for value in row.decided_values],
        seats=[Seat.State(state).label for state in row.seat_states],
        troubles=[found[row.pk] for found in troubles if row.pk in found],
        idle=None if row.is_over else max(timedelta(), now - row.seen_at),
    )
