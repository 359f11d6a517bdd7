"""How many people saw and sent each page, and how long it took them; counted in PostgreSQL.

For a large study that takes longer than anybody wants to wait for: there the figures are those of its last
assessment, which a worker makes every few minutes while people send pages.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils import timezone

from surveys.models import Assessment, Study

LARGE = 2000  # people

# Of who sent a page twice the first time counts; what was sent was shown, whether or not that is noted.
_PAGES = """
    WITH sent AS (
        SELECT submission.enrolment_id, submission.page, min(submission.submitted_at) AS sent_at,
            min(submission.shown_at) AS said_at
        FROM surveys_enrolment enrolment
        JOIN surveys_pagesubmission submission ON submission.enrolment_id = enrolment.id
        WHERE enrolment.study_id = %(study)s AND (%(with_test)s OR NOT enrolment.is_test)
            AND NOT enrolment.is_imported
        GROUP BY submission.enrolment_id, submission.page
    ), seen AS (
        SELECT view.enrolment_id, view.page, view.shown_at
        FROM surveys_pageview view JOIN surveys_enrolment enrolment ON enrolment.id = view.enrolment_id
        WHERE enrolment.study_id = %(study)s AND (%(with_test)s OR NOT enrolment.is_test)
            AND NOT enrolment.is_imported
    ), pages AS (
        SELECT page, sent_at,
            EXTRACT(EPOCH FROM sent_at - GREATEST(said_at, shown_at))::float AS seconds
        FROM sent FULL JOIN seen USING (enrolment_id, page)
    )
    SELECT page, count(*) AS shown, count(sent_at) AS sent,
        count(seconds) FILTER (WHERE seconds >= 0) AS timed,
        percentile_cont(ARRAY[0.25, 0.5, 0.75]) WITHIN GROUP (ORDER BY seconds) FILTER (WHERE seconds >= 0)
    FROM pages GROUP BY page
"""


@dataclass(frozen=True)
class Times:
    """Quartiles of the seconds on a page, over `n` people."""

    low: float
    median: float
    high: float
    n: int


@dataclass(frozen=True)
class PageCounts:
    """How many people a page was shown to, and how many sent it; times are None where none is known."""

    shown: int
    sent: int
    times: Times | None


NOBODY = PageCounts(0, 0, None)
Pages = dict[str, PageCounts]


def count(study: Study, *, with_test: bool) -> Pages:
    """The figures of this moment, by page; stages are pages whose key says so."""
    with connection.cursor() as cursor:
        cursor.execute(_PAGES, {"study": study.pk, "with_test": with_test})
        return {page: _counts(*row) for page, *row in cursor.fetchall()}


def _counts(shown: int, sent: int, timed: int, quartiles: list[float]) -> PageCounts:
    low, median, high = quartiles if timed else (0.0, 0.0, 0.0)
    return PageCounts(shown, sent, Times(low, median, high, timed) if timed else None)


def stored(study: Study) -> dict[str, Any]:
    """The figures as an assessment keeps them, without test participants and with them."""
    return {
        name: {page: asdict(counts) for page, counts in count(study, with_test=with_test).items()}
        for name, with_test in (("counted", False), ("all", True))
    }


def latest(study: Study, *, with_test: bool) -> tuple[datetime, Pages]:
    """The newest figures there are without a long wait, and of when they are."""
    assessment: Assessment | None = getattr(study, "assessment", None)
    kept = assessment.norms.get("all" if with_test else "counted") if assessment else None
    if assessment and kept and assessment.people >= LARGE:
        return assessment.at, {page: _read(row) for page, row in kept.items()}
    return timezone.now(), count(study, with_test=with_test)


def _read(row: dict[str, Any]) -> PageCounts:
    return PageCounts(row["shown"], row["sent"], Times(**row["times"]) if row["times"] else None)
