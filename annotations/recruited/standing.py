"""How far a participant is with their tasks, and what becomes of who finds none."""

from __future__ import annotations

from annotations.assigning import Annotator, is_suited
from annotations.models import Assignment, Batch, RecruitedTasks
from surveys import journey
from surveys.models import Enrolment, Study

RAN_OUT = "tasks_ran_out"


def asked_of(study: Study) -> RecruitedTasks | None:
    """What the study's participants annotate; None where they do not, or it is not settled which batch."""
    found: RecruitedTasks | None = getattr(study, "recruited_tasks", None)
    return found if found and found.batch_id else None


def done(enrolment: Enrolment) -> int:
    """Their finished tasks, without training."""
    mine = Assignment.objects.filter(enrolment=enrolment, state=Assignment.State.SUBMITTED)
    return mine.filter(task__is_training=False).count()


def skipped(enrolment: Enrolment) -> int:
    return Assignment.objects.filter(enrolment=enrolment, state=Assignment.State.SKIPPED).count()


def is_finished(enrolment: Enrolment) -> bool:
    """Whether they did as many as the study asks for, or as there were for them."""
    asked = asked_of(enrolment.study)
    return asked is None or done(enrolment) >= asked.tasks or _ran_out(enrolment)


def _ran_out(enrolment: Enrolment) -> bool:
    return enrolment.events.filter(kind=RAN_OUT).exists()


def end_without_tasks(enrolment: Enrolment, batch: Batch) -> None:
    """Nothing is left for this person: what they did is enough, and who did nothing came too late.

    Who lacks what the batch asks for is not among the people it needs. A batch that was not opened yet
    ends nobody's part.
    """
    if batch.state == Batch.State.DRAFT or is_finished(enrolment):
        return
    if done(enrolment):
        journey.note(enrolment, RAN_OUT, done=done(enrolment))
    elif is_suited(batch, Annotator(enrolment=enrolment)):
        journey.finish(enrolment, Enrolment.Outcome.QUOTA_FULL)
    else:
        journey.finish(enrolment, Enrolment.Outcome.SCREENED_OUT)
