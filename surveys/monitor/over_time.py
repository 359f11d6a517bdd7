"""Arrivals and outcomes over time, in hours, days or weeks, whichever a chart can still show."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Max, Min, QuerySet
from django.db.models.functions import Greatest, Trunc
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from surveys.models import Enrolment, Study

Counts = dict[tuple[str, datetime], int]
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)
# The unit for a study whose events lie so far apart.
UNITS = [(3 * DAY, "hour", HOUR), (200 * DAY, "day", DAY)]


@dataclass(frozen=True)
class Series:
    """A line or stack of the chart: a number for each time."""

    key: str
    label: str | Promise
    values: list[int]

    @property
    def total(self) -> int:
        return sum(self.values)


@dataclass(frozen=True)
class Timeline:
    """Arrivals first, then every outcome that occurred; `times` are the beginnings of the units, in UTC."""

    unit: str
    times: list[datetime]
    series: list[Series]


def timeline(study: Study, *, with_test: bool = False) -> Timeline:
    """What happened when, in three queries; empty where nobody arrived."""
    people = study.enrolments.all() if with_test else study.enrolments.counted()
    span = people.aggregate(first=Min("arrived_at"), last=Greatest(Max("arrived_at"), Max("outcome_at")))
    if span["first"] is None:
        return Timeline("hour", [], [])
    apart = span["last"] - span["first"]
    unit, step = next(((name, step) for most, name, step in UNITS if apart <= most), ("week", WEEK))
    counts = _arrivals(people, unit) | _ends(people, unit)
    begin, end = min(when for _key, when in counts), max(when for _key, when in counts)
    times = [begin + number * step for number in range((end - begin) // step + 1)]
    return Timeline(unit, times, _series(counts, times))


def _arrivals(people: QuerySet[Enrolment], unit: str) -> Counts:
    rows = people.annotate(when=Trunc("arrived_at", unit)).values("when").annotate(n=Count("pk")).order_by()
    return {("arrived", row["when"]): row["n"] for row in rows}


def _ends(people: QuerySet[Enrolment], unit: str) -> Counts:
    ended = people.exclude(outcome="").annotate(when=Trunc("outcome_at", unit))
    rows = ended.values("when", "outcome").annotate(n=Count("pk")).order_by()
    return {(row["outcome"], row["when"]): row["n"] for row in rows}


def _series(counts: Counts, times: list[datetime]) -> list[Series]:
    labels = {"arrived": _("arrived"), **{str(v): label for v, label in Enrolment.Outcome.choices if v}}
    present = {key for key, _when in counts}
    return [
        Series(key, label, [counts.get((key, when), 0) for when in times])
        for key, label in labels.items()
        if key in present
    ]
