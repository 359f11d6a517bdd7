"""The journey's stages. A stage says whether it is due, whether it is done, where it is, and what it lacks.

Upper apps add theirs in AppConfig.ready(); the journey leads to the first stage that is due and not done.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.functional import Promise

from surveys.models import Enrolment, Study


def nothing_missing(study: Study) -> str:
    """For stages that any study is ready for."""
    return ""


def no_trouble(enrolments: list[int]) -> dict[int, str]:
    """For stages in which nothing fails without the participant."""
    return {}


def needs_a_survey(study: Study) -> bool:
    """For stages that only go with a questionnaire."""
    return False


@dataclass(frozen=True)
class Stage:
    """`gap` says what the stage would lack if the study opened as it is; empty when nothing.

    `stands_alone` says whether a study may open with this stage and without a questionnaire.
    `troubles` says what went wrong for whom, by the ids of enrolments, in one query for all of them.
    """

    key: str
    label: str | Promise
    order: int
    is_due: Callable[[Enrolment], bool]
    is_done: Callable[[Enrolment], bool]
    url: Callable[[Enrolment], str]
    gap: Callable[[Study], str] = nothing_missing
    troubles: Callable[[list[int]], dict[int, str]] = no_trouble
    stands_alone: Callable[[Study], bool] = needs_a_survey


_stages: dict[str, Stage] = {}


def register(stage: Stage) -> None:
    _stages[stage.key] = stage


def known() -> list[Stage]:
    """Every stage that there is, in order; which are due depends on the study and the person."""
    return sorted(_stages.values(), key=lambda stage: stage.order)


def due(enrolment: Enrolment) -> list[Stage]:
    """The stages of this enrolment, in order."""
    return [stage for stage in known() if stage.is_due(enrolment)]


def first_open(enrolment: Enrolment) -> Stage | None:
    """The first stage that is not done; nothing is asked about those behind it."""
    return next((one for one in known() if one.is_due(enrolment) and not one.is_done(enrolment)), None)
