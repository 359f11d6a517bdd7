"""One participant's time on each page beside the median of the study when it was last looked through."""

from dataclasses import dataclass

from django.db import connection

from surveys.models import Enrolment

_TIMES = """
    WITH sent AS (
        SELECT page, min(submitted_at) AS sent_at, min(shown_at) AS said_at
        FROM surveys_pagesubmission WHERE enrolment_id = %(enrolment)s GROUP BY page
    ), timed AS (
        SELECT sent.*, EXTRACT(EPOCH FROM sent_at - GREATEST(said_at, view.shown_at))::float AS seconds
        FROM sent LEFT JOIN surveys_pageview view
            ON view.enrolment_id = %(enrolment)s AND view.page = sent.page
    )
    SELECT page, seconds, (norm ->> 'median')::float, coalesce((norm ->> 'n')::int, 0)
    FROM timed
    LEFT JOIN surveys_assessment ON study_id = %(study)s
    CROSS JOIN LATERAL (SELECT norms -> 'counted' -> page -> 'times') AS known (norm)
    WHERE seconds >= 0 ORDER BY sent_at
"""


@dataclass(frozen=True)
class PageTime:
    """Seconds of the first sending of a page; the median is that of `n` people, None while none is known."""

    page: str
    seconds: float
    median: float | None
    n: int


def page_times(enrolment: Enrolment) -> list[PageTime]:
    """The pages that the person sent, in order, with their times."""
    with connection.cursor() as cursor:
        cursor.execute(_TIMES, {"enrolment": enrolment.pk, "study": enrolment.study_id})
        return [PageTime(*row) for row in cursor.fetchall()]
