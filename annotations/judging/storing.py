"""What comes of a judged task, stored once: annotations, a preference, quarantine, or nothing."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from annotations.judging import reading
from annotations.judging.asking import Answers, Protocol, Subject
from annotations.judging.claiming import LeaseLost, held
from annotations.models import (
    Annotation,
    ErrorFound,
    ItemAnswer,
    JudgeCall,
    JudgedTask,
    Quarantine,
    Task,
    Values,
)
from annotations.scenarios import suggesting
from annotations.scenarios.suggesting import groups_of

State = JudgedTask.State


def store_annotations(judged: JudgedTask, protocol: Protocol, subject: Subject, answers: Answers) -> None:
    """One annotation for each order that was asked. Raises LeaseLost."""
    with transaction.atomic():
        if not _is_there(judged):
            return
        made = {
            is_swapped: _stored(judged, reading.annotation(protocol, subject, answers, is_swapped=is_swapped))
            for is_swapped in protocol.orders(subject)
        }
        _end(judged, State.DONE, annotation=made[False], swapped_annotation=made.get(True))


def store_preference(judged: JudgedTask, protocol: Protocol, subject: Subject, answers: Answers) -> None:
    """The verdict, also among the task's own preferences under the judge's name. Raises LeaseLost."""
    found = reading.preference(protocol, subject, answers)
    with transaction.atomic():
        if not _is_there(judged):
            return
        task = Task.objects.select_for_update().get(pk=judged.task_id)
        task.preferences[judged.run.judge.name] = found
        task.save(update_fields=["preferences"])
        _end(judged, State.DONE, preference=found)


def store_scenario(judged: JudgedTask, protocol: Protocol, answers: Answers) -> None:
    """The class that was said, and the task's group by it where nobody else decided. Raises LeaseLost."""
    found = answers[protocol.prompts.steps[0].key, False]["scenario"]
    with transaction.atomic():
        if not _is_there(judged):
            return
        suggesting.take_from_judge(judged.task_id, found, groups_of(judged.run.batch.study))
        _end(judged, State.DONE, scenario=found)


def quarantine(judged: JudgedTask, call: JudgeCall, reason: str) -> None:
    with transaction.atomic():
        if held(judged).select_for_update().first():
            Quarantine.objects.create(judged=judged, call=call, reason=reason)
            _end(judged, State.QUARANTINED)


def leave_out(judged: JudgedTask) -> None:
    """Its texts were erased, or what is asked is known without a call."""
    _end(judged, State.LEFT_OUT)


def _is_there(judged: JudgedTask) -> bool:
    """Whether the task still has its texts; one without is left out. Raises LeaseLost."""
    if held(judged).select_for_update().first() is None:
        raise LeaseLost
    if Task.objects.filter(pk=judged.task_id, erased_at=None).select_for_update().first():
        return True
    leave_out(judged)
    return False


def _end(judged: JudgedTask, state: JudgedTask.State, **result: Any) -> None:
    held(judged).update(state=state, lease_until=None, due_at=None, finished_at=timezone.now(), **result)


def _stored(judged: JudgedTask, said: reading.Said) -> Annotation:
    name = judged.run.judge.name
    made = Annotation.objects.create(task_id=judged.task_id, origin=Annotation.Origin.JUDGE, source=name)
    Values.objects.bulk_create(Values(annotation=made, **row) for row in said.values)
    ItemAnswer.objects.bulk_create(ItemAnswer(annotation=made, **row) for row in said.items)
    ErrorFound.objects.bulk_create(ErrorFound(annotation=made, **row) for row in said.errors)
    return made
