"""The one consequence without a person: announced attention checks that end a participation."""

from collections.abc import Mapping
from typing import Any, Protocol

from surveys import journey
from surveys.models import Answer, Enrolment, Study
from surveys.quality.documents import failed_checks
from surveys.quality.rules import END, in_force, least_failures
from surveys.questionnaires.definitions import Question
from surveys.questionnaires.definitions import Questionnaire as Document


class Answered(Protocol):
    """A current answer, as a row or as a standing keeps it."""

    @property
    def value(self) -> Any: ...
    @property
    def status(self) -> str: ...


def end_if_failed(enrolment: Enrolment, document: Document, rows: Mapping[str, Answered]) -> bool:
    """Finish with the outcome "failed checks" if the study announced that, and enough failed; else False.

    `rows` are the person's current answers by question. Costs no query in a questionnaire without checks.
    """
    checked = [question for question in document.questions() if question.checks]
    if not checked or enrolment.is_over:
        return False
    limit = _limit(enrolment.study)
    if limit is None or len(_failed(checked, rows)) < limit:
        return False
    return journey.finish(enrolment, Enrolment.Outcome.FAILED_CHECKS)


def announced(study: Study) -> int | None:
    """From how many failed checks on a participation ends, to be told beforehand; None where none can."""
    document = study.questionnaire.parsed() if study.questionnaire else None
    has_checks = document is not None and any(question.checks for question in document.questions())
    return _limit(study) if has_checks else None


def _limit(study: Study) -> int | None:
    checks = in_force(study).checks
    may_end = checks.consequence == END and checks.announced
    return max(checks.fail_after, least_failures(study)) if may_end else None


def _failed(questions: list[Question], rows: Mapping[str, Answered]) -> list[str]:
    return [
        key
        for question in questions
        if question.key in rows and rows[question.key].status == Answer.Status.ANSWERED
        for key in failed_checks(question, rows[question.key].value)
    ]
