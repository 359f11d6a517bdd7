"""The one consequence without a person: announced attention checks that end a participation."""

from collections.abc import Mapping

from surveys import journey
from surveys.models import Answer, Enrolment, Questionnaire
from surveys.quality.documents import failed_checks
from surveys.quality.rules import END, in_force, least_failures
from surveys.questionnaires.definitions import Question


def end_if_failed(
    enrolment: Enrolment, questionnaire: Questionnaire, rows: Mapping[str, Answer] | None = None
) -> bool:
    """Finish with the outcome "failed checks" if the study announced that, and enough failed; else False.

    `rows` are the person's current answers by question, where the caller has them. Costs no query in a
    questionnaire without checks.
    """
    checked = [question for question in questionnaire.parsed().questions() if question.checks]
    if not checked or enrolment.is_over:
        return False
    checks = in_force(enrolment.study).checks
    if checks.consequence != END or not checks.announced:
        return False
    limit = max(checks.fail_after, least_failures(enrolment.study))
    if len(_failed(checked, rows if rows is not None else _current(enrolment, checked))) < limit:
        return False
    return journey.finish(enrolment, Enrolment.Outcome.FAILED_CHECKS)


def _current(enrolment: Enrolment, questions: list[Question]) -> dict[str, Answer]:
    keys = [question.key for question in questions]
    rows = Answer.objects.filter(submission__enrolment=enrolment, question__in=keys).order_by("id")
    return {row.question: row for row in rows}


def _failed(questions: list[Question], rows: Mapping[str, Answer]) -> list[str]:
    return [
        key
        for question in questions
        if question.key in rows and rows[question.key].status == Answer.Status.ANSWERED
        for key in failed_checks(question, rows[question.key].value)
    ]
