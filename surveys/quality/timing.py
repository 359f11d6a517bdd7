"""Pages and surveys that were done very fast: below a stated rule, and faster than one can read.

A time counts from when we first showed the page, or later if the form says so: an early time that a browser
sends makes nobody look slower.
"""

from dataclasses import dataclass
from typing import Any

from django.db import connection

from surveys.models import Study
from surveys.quality.documents import Documents
from surveys.quality.found import Found
from surveys.quality.rules import Timing

# Seconds of each page at its first submit; grouped and not sorted, which makes it fast for many people.
PAGE_TIMES = """
    SELECT submission.enrolment_id, submission.page, min(submission.questionnaire_id) AS questionnaire_id,
        min(enrolment.survey_finished_at) AS survey_finished_at,
        EXTRACT(EPOCH FROM min(submission.submitted_at)
            - GREATEST(min(submission.shown_at), min(view.shown_at)))::float AS seconds
    FROM surveys_enrolment enrolment
    JOIN surveys_pagesubmission submission ON submission.enrolment_id = enrolment.id
    LEFT JOIN surveys_pageview view ON view.enrolment_id = enrolment.id AND view.page = submission.page
    WHERE enrolment.study_id = %(study)s AND (%(with_test)s OR NOT enrolment.is_test)
        AND NOT enrolment.is_imported
    GROUP BY submission.enrolment_id, submission.page
"""
# Times are compared as logarithms: they are skewed, and their logarithms nearly normal.
_FAST = """
    , norm AS (
        SELECT page, count(*) AS n, avg(ln(seconds)) AS middle, stddev_samp(ln(seconds)) AS spread,
            percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) AS median
        FROM times GROUP BY page HAVING count(*) >= %(least)s
    )
    SELECT enrolment_id, questionnaire_id, page, seconds, n, median
    FROM times JOIN norm USING (page)
    WHERE ln(seconds) < middle - %(deviations)s * spread
    ORDER BY enrolment_id, page
"""
_PAGES = f"""
    WITH raw AS ({PAGE_TIMES}), times AS (
        SELECT enrolment_id, questionnaire_id, page, greatest(seconds, 0.05) AS seconds
        FROM raw WHERE seconds >= 0
    ) {_FAST}
"""  # noqa: S608 - put together from constants
_SURVEYS = f"""
    WITH raw AS ({PAGE_TIMES}), times AS (
        SELECT enrolment_id, max(questionnaire_id) AS questionnaire_id, ''::text AS page,
            greatest(sum(seconds), 0.05) AS seconds
        FROM raw WHERE survey_finished_at IS NOT NULL GROUP BY enrolment_id HAVING count(*) = count(seconds)
    ) {_FAST}
"""  # noqa: S608


@dataclass(frozen=True)
class Fast:
    """A page (or, without a page, the whole survey) that took `seconds`; the median is that of `n` people."""

    enrolment: int
    questionnaire: int
    page: str
    seconds: float
    n: int
    median: float


def fast(study: Study, rules: Timing, documents: Documents) -> list[Found]:
    """The signals of very fast pages and surveys."""
    found = [_signal(row, rules, documents) for sql in (_PAGES, _SURVEYS) for row in _rows(sql, study, rules)]
    return [signal for signal in found if signal is not None]


def _rows(sql: str, study: Study, rules: Timing) -> list[Fast]:
    given: dict[str, Any] = {
        "study": study.pk,
        "with_test": False,
        "least": rules.least_people,
        "deviations": rules.deviations,
    }
    with connection.cursor() as cursor:
        cursor.execute(sql, given)
        return [Fast(*row) for row in cursor.fetchall()]


def _signal(row: Fast, rules: Timing, documents: Documents) -> Found | None:
    reading = reading_seconds(_words(row, documents), rules.words_per_minute)
    if row.seconds >= reading:
        return None
    detail = {
        "seconds": round(row.seconds, 1),
        "median": round(row.median, 1),
        "reading": round(reading, 1),
        "deviations": rules.deviations,
    }
    return Found(row.enrolment, "fast_page" if row.page else "fast_survey", row.page, detail, row.n)


def _words(row: Fast, documents: Documents) -> int:
    pages = [row.page] if row.page else documents.pages.get(row.questionnaire, {})
    return sum(documents.text(row.questionnaire, page).length for page in pages)


def reading_seconds(words: int, words_per_minute: int) -> float:
    """How long it takes to read so many words."""
    return 60 * words / words_per_minute
