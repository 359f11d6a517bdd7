"""Judges' finished annotations of 29 properties, without a model being asked."""

from annotations.models import (
    Annotation,
    Batch,
    ErrorFound,
    ItemAnswer,
    JudgedTask,
    JudgeRun,
    Status,
    Task,
    Values,
)
from tests.annotations.judged import make_judge

NOWHERE = "http://127.0.0.1:1/v1"


def make_run(batch: Batch, prompts: str = "dissection") -> JudgeRun:
    return JudgeRun.objects.create(batch=batch, judge=make_judge(batch, NOWHERE, prompts), state="done")


def judge(run: JudgeRun, task: Task) -> Annotation:
    """The judge chose 2 for response 1 and 1 for response 2, and found a constraint and an error."""
    said = Annotation.objects.create(task=task, origin="judge", source=run.judge.name)
    facts = [None] * 29 + [1, 0, 1, 0, 0]
    rows = {0: facts, 1: [2] * 20 + [1, 0, 0] + [None] * 11, 2: [1] * 20 + [0] * 3 + [None] * 11}
    for side, scores in rows.items():
        statuses = [Status.NOT_ASKED if score is None else Status.CHOSEN for score in scores]
        checkable = True if side else None
        Values.objects.create(
            annotation=said, side=side, scores=scores, statuses=statuses, is_checkable=checkable
        )
    ItemAnswer.objects.create(annotation=said, side=0, position=31, number=1, text="no lists")
    ErrorFound.objects.create(
        annotation=said, side=1, position=20, number=1, type="math", severity="minor", description="2+2=5"
    )
    JudgedTask.objects.create(run=run, task=task, number=task.number, state="done", annotation=said)
    return said
