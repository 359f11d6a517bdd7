"""Annotating as a stage of the participant's journey."""

from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from annotations.models import RecruitedTasks
from annotations.recruited.standing import RAN_OUT, asked_of, is_finished
from surveys.models import Enrolment, EnrolmentEvent, Study
from surveys.stages import Stage

KEY = "annotations"


def is_due(enrolment: Enrolment) -> bool:
    return asked_of(enrolment.study) is not None


def gap(study: Study) -> str:
    """No batch, or one that nobody is given tasks of."""
    found = RecruitedTasks.objects.select_related("batch").filter(study=study).first()
    if found is None or (found.batch and found.batch.is_open):
        return ""
    if found.batch is None:
        return gettext("Participants are to annotate, and no batch is chosen: choose one under “Batches”.")
    return gettext("The batch that participants annotate is not open: they find no task in it.")


def troubles(enrolments: list[int]) -> dict[int, str]:
    """Who had fewer tasks than the study asks for, because there were no more."""
    ran_out = EnrolmentEvent.objects.filter(enrolment__in=enrolments, kind=RAN_OUT)
    return {pk: gettext("Ran out of tasks") for pk in ran_out.values_list("enrolment", flat=True)}


ANNOTATIONS = Stage(
    key=KEY,
    label=_("Judging answers"),
    order=40,
    is_due=is_due,
    is_done=is_finished,
    url=lambda enrolment: reverse("recruited:home", args=[enrolment.study.slug]),
    gap=gap,
    troubles=troubles,
    stands_alone=lambda study: asked_of(study) is not None,
)
