"""One participant's time on each page beside the median of the study."""

from dataclasses import dataclass

from django.db import connection

from surveys.models import Enrolment
from surveys.quality.timing import PAGE_TIMES

_TIMES = f"""
    WITH times AS ({PAGE_TIMES}),
    norm AS (
        SELECT page, count(*) AS n, percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) AS median
        FROM times WHERE seconds >= 0 GROUP BY page
    )
    SELECT page, seconds, median, n FROM times JOIN norm USING (page)
    WHERE enrolment_id = %(enrolment)s AND seconds >= 0 ORDER BY page
"""  # noqa: S608 - put together from constants


@dataclass(frozen=True)
class PageTime:
    """Seconds of the first sending of a page; the median is that of `n` people who count."""

    page: str
    seconds: float
    median: float
    n: int


def page_times(enrolment: Enrolment) -> list[PageTime]:
    """The pages that the person sent, with their times; a test participant is compared with test ones too."""
    given = {"study": enrolment.study_id, "with_test": enrolment.is_test, "enrolment": enrolment.pk}
    with connection.cursor() as cursor:
        cursor.execute(_TIMES, given)
        return [PageTime(*row) for row in cursor.fetchall()]
