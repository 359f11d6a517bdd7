"""What erasing does to annotations.

Two people may be meant. Of whoever wrote the annotated query, the texts go, and with them all that may quote
them; the scores are what others said of the responses and stay. Of a recruited annotator, everything goes
that they said, and the task is free for somebody else.
"""

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from annotations.models import (
    AgreementReport,
    Annotation,
    Assignment,
    Batch,
    Contest,
    Draft,
    ErrorFound,
    FirstLook,
    ItemAnswer,
    JudgeCall,
    JudgedTask,
    Quarantine,
    Ruling,
    Side,
    Task,
    Values,
)
from annotations.models.assignment import AssignmentQuerySet
from surveys import erasure
from surveys.erasure import Enrolments, Part


def _written_by(enrolments: Enrolments) -> QuerySet[Task]:
    """The tasks whose texts are these people's, or answer them."""
    asked = Q(turn__conversation__enrolment__in=enrolments)
    answered = Q(sides__response__turn__conversation__enrolment__in=enrolments)
    return Task.objects.filter(pk__in=Task.objects.filter(asked | answered).values("pk"))


def blank_tasks(enrolments: Enrolments) -> int:
    """Nobody is given such a task any more."""
    blank: dict[str, object] = {
        "query": "",
        "context": [],
        "reference": "",
        "facts": {},
        "gold": None,
        "tags": [],
    }
    return _written_by(enrolments).update(**blank, erased_at=timezone.now())


def blank_sides(enrolments: Enrolments) -> int:
    return Side.objects.filter(task__in=_written_by(enrolments)).update(text="")


def give_back(enrolments: Enrolments) -> int:
    """Open assignments end: of tasks without texts, and of people who left. Reasons may quote either."""
    _end(_assignments(enrolments).open())
    return _assignments(enrolments).update(reason="")


def _assignments(enrolments: Enrolments) -> AssignmentQuerySet:
    mine = Q(task__in=_written_by(enrolments)) | Q(enrolment__in=enrolments)
    return Assignment.objects.filter(mine)


def give_back_submitted(enrolments: Enrolments) -> int:
    """What a recruited annotator said is gone, so that the task waits for somebody else."""
    gone = Assignment.objects.filter(enrolment__in=enrolments, state=Assignment.State.SUBMITTED)
    return _end(gone)


def _end(assignments: AssignmentQuerySet) -> int:
    """Return these and count their tasks anew."""
    tasks = list(assignments.values_list("task_id", flat=True))
    returned = assignments.update(state=Assignment.State.RETURNED, ended_at=timezone.now())
    held = Q(
        assignments__state__in=[Assignment.State.OPEN, Assignment.State.SUBMITTED], assignments__is_test=False
    )
    done = Q(assignments__state=Assignment.State.SUBMITTED, assignments__is_test=False)
    counted = Task.objects.filter(pk__in=tasks, needed__gt=0).annotate(
        now_taken=Count("assignments", filter=held), now_done=Count("assignments", filter=done)
    )
    for task in counted:
        Task.objects.filter(pk=task.pk).update(taken=task.now_taken, done=task.now_done)
    return returned


def drop_drafts(enrolments: Enrolments) -> int:
    return Draft.objects.filter(assignment__in=_assignments(enrolments)).delete()[0]


def _annotations(enrolments: Enrolments) -> QuerySet[Annotation]:
    """Those that may quote these people, or that they gave."""
    mine = Q(task__in=_written_by(enrolments)) | Q(assignment__enrolment__in=enrolments)
    return Annotation.objects.filter(mine)


def blank_comments(enrolments: Enrolments) -> int:
    return _annotations(enrolments).update(comment="")


def blank_items(enrolments: Enrolments) -> int:
    return ItemAnswer.objects.filter(annotation__in=_annotations(enrolments)).update(text="")


def blank_errors(enrolments: Enrolments) -> int:
    return ErrorFound.objects.filter(annotation__in=_annotations(enrolments)).update(description="")


def blank_values(enrolments: Enrolments) -> int:
    values = Values.objects.filter(annotation__assignment__enrolment__in=enrolments)
    return values.update(scores=[], statuses=[], is_checkable=None)


def drop_items(enrolments: Enrolments) -> int:
    return ItemAnswer.objects.filter(annotation__assignment__enrolment__in=enrolments).delete()[0]


def drop_errors(enrolments: Enrolments) -> int:
    return ErrorFound.objects.filter(annotation__assignment__enrolment__in=enrolments).delete()[0]


def blank_rulings(enrolments: Enrolments) -> int:
    return Ruling.objects.filter(task__in=_written_by(enrolments)).update(reason="", items=[])


def drop_contests(enrolments: Enrolments) -> int:
    """Nobody decides about texts that are gone."""
    return Contest.objects.filter(task__in=_written_by(enrolments)).delete()[0]


def drop_reports(enrolments: Enrolments) -> int:
    """Figures that rest on what these people said as annotators, with what was contested by it; made anew."""
    batches = Batch.objects.filter(tasks__assignments__enrolment__in=enrolments).values("pk")
    AgreementReport.objects.filter(batch__in=batches).delete()
    return Contest.objects.filter(task__batch__in=batches).delete()[0]


def blank_calls(enrolments: Enrolments) -> int:
    """What judges replied may quote these people; what the calls cost stays counted."""
    calls = JudgeCall.objects.filter(judged__task__in=_written_by(enrolments))
    return calls.update(text="", answer={}, detail="")


def drop_quarantine(enrolments: Enrolments) -> int:
    return Quarantine.objects.filter(judged__task__in=_written_by(enrolments)).delete()[0]


def register() -> None:
    erasure.register(Task, blank_tasks, Part.TEXTS)
    erasure.register(Side, blank_sides, Part.TEXTS)
    erasure.register(Assignment, give_back, Part.TEXTS)
    erasure.register(Assignment, give_back_submitted, Part.REST)
    erasure.register(Draft, drop_drafts, Part.TEXTS)
    erasure.register(Annotation, blank_comments, Part.TEXTS)
    erasure.register(ItemAnswer, blank_items, Part.TEXTS)
    erasure.register(ItemAnswer, drop_items, Part.REST)
    erasure.register(ErrorFound, blank_errors, Part.TEXTS)
    erasure.register(ErrorFound, drop_errors, Part.REST)
    erasure.register(Values, blank_values, Part.REST)
    erasure.register(Ruling, blank_rulings, Part.TEXTS)
    erasure.register(JudgeCall, blank_calls, Part.TEXTS)
    erasure.register(Quarantine, drop_quarantine, Part.TEXTS)
    erasure.exempt(JudgedTask, "states of a judge's work, and a verdict without a word")
    erasure.register(Contest, drop_contests, Part.TEXTS)
    erasure.register(Contest, drop_reports, Part.REST)
    erasure.exempt(FirstLook, "a score that an adjudicator gave a response, without a word of it")
