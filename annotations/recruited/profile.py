"""What a participant is known to be able to annotate: by their answers in the survey."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from annotations.models import AnnotatorProfile, RecruitedTasks
from surveys.answers import current_rows, questionnaire_for
from surveys.models import Answer, Enrolment


def of_participant(enrolment: Enrolment, asked: RecruitedTasks | None) -> AnnotatorProfile:
    """Expertise and languages as a member's profile has them; not stored."""
    if asked is None or not (asked.tags_from or asked.languages_from) or not _has_answered(enrolment):
        return AnnotatorProfile()
    rows = current_rows(enrolment, questionnaire_for(enrolment))
    return AnnotatorProfile(
        tags=_values(rows, asked.tags_from), languages=_values(rows, asked.languages_from)
    )


def _has_answered(enrolment: Enrolment) -> bool:
    return enrolment.page_submissions.exists()


def _values(rows: dict[str, Answer], questions: Iterable[str]) -> list[str]:
    """The options that were chosen."""
    found: list[str] = []
    for question in questions:
        value: Any = rows[question].value if question in rows else None
        found += [str(one) for one in (value if isinstance(value, list) else [value]) if one is not None]
    return found
