"""Writing down the first time that a page or a stage was shown to somebody."""

from django.db import connection
from django.utils import timezone

from surveys.models import Enrolment

# One statement without a transaction around it: this is on the way of every page of the survey.
_FIRST = """
    INSERT INTO surveys_pageview (enrolment_id, page, shown_at) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING
"""
STAGE = "stage:"


def note_page(enrolment: Enrolment, page: str) -> None:
    """A page of the survey is being shown."""
    with connection.cursor() as cursor:
        cursor.execute(_FIRST, [enrolment.pk, page[:80], timezone.now()])


def note_stage(enrolment: Enrolment, stage: str) -> None:
    """The person came to a stage."""
    note_page(enrolment, f"{STAGE}{stage}")
