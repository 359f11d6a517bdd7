"""Arrivals and outcomes over time, in hours, days or weeks, whichever a chart can still show."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from surveys.models import Enrolment, Study

Counts = dict[tuple[str, datetime], int]
STEPS = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(weeks=1)}
# The unit is the smallest that a chart can still show.
_MOMENTS = """
    WITH moment AS (
        SELECT 'arrived' AS key, arrived_at AS at FROM surveys_enrolment
        WHERE study_id = %(study)s AND (%(with_test)s OR NOT is_test) AND NOT is_imported
        UNION ALL
        SELECT outcome, outcome_at FROM surveys_enrolment
        WHERE study_id = %(study)s AND (%(with_test)s OR NOT is_test) AND NOT is_imported AND outcome <> ''
    ), span AS (
        SELECT CASE WHEN max(at) - min(at) <= interval '3 days' THEN 'hour'
            WHEN max(at) - min(at) <= interval '200 days' THEN 'day' ELSE 'week' END AS unit
        FROM moment
    )
    SELECT unit, key, date_trunc(unit, at, 'UTC') AS begin, count(*) FROM moment CROSS JOIN span
    GROUP BY unit, key, begin
"""


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
    """What happened when, in one query; empty where nobody arrived."""
    with connection.cursor() as cursor:
        cursor.execute(_MOMENTS, {"study": study.pk, "with_test": with_test})
        rows = cursor.fetchall()
    if not rows:
        return Timeline("hour", [], [])
    unit = rows[0][0]
    counts: Counts = {(key, when): number for _unit, key, when, number in rows}
    begin, end = min(when for _key, when in counts), max(when for _key, when in counts)
    times = [begin + number * STEPS[unit] for number in range((end - begin) // STEPS[unit] + 1)]
    return Timeline(unit, times, _series(counts, times))


def _series(counts: Counts, times: list[datetime]) -> list[Series]:
    labels = {"arrived": _("arrived"), **{str(v): label for v, label in Enrolment.Outcome.choices if v}}
    present = {key for key, _when in counts}
    return [
        Series(key, label, [counts.get((key, when), 0) for when in times])
        for key, label in labels.items()
        if key in present
    ]
