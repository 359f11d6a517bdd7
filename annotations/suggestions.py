"""What a judge said of a task, shown to people as a suggestion: to whom, and what they took over.

Nothing is ever chosen for anybody. A value counts as taken over where one act took it from the suggestion
(the form names it under `took`) and it still is the suggestion's when it is submitted; its status is
`chosen`.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict

from django.db.models import Q

from annotations.models import Annotation, Assignment, Batch, JudgedTask, JudgeRun, Task
from annotations.rubric_documents import Kind
from annotations.sheets import ONCE, Form
from annotations.submitting import Said
from annotations.told import Reading, form_of

TOOK = "took"
SCORED, ITEM = re.compile(r"p(\d+)-([0ab])"), re.compile(r"i(\d+)-([ab])-\d+")
FACT, ERRORS = re.compile(r"fact-([\w-]+)"), re.compile(r"errors-([ab])")
Taken = tuple[int, frozenset[int]]  # a side with positions
Suggestions = Batch.Suggestions


def is_drawn(batch: Batch, task: Task) -> bool:
    """Whether who works on the task is shown a suggestion where there is one; the same for everybody."""
    if batch.suggestions != Suggestions.HALF:
        return batch.suggestions == Suggestions.ON
    return random.Random(f"suggestion {batch.order_seed} {task.number}").random() < 0.5


def show(assignment: Assignment) -> Annotation | None:
    """What is shown beside the task. The first look decides, so that it stays what the person saw."""
    task = assignment.task
    if assignment.suggestion_id is None and is_drawn(task.batch, task):
        found = _finished(assignment)
        first = Assignment.objects.open().filter(pk=assignment.pk, suggestion=None)
        if found and first.update(suggestion=found):
            assignment.suggestion = found
    return assignment.suggestion


def _finished(assignment: Assignment) -> Annotation | None:
    """The judge's annotation, of the order in which the person sees the sides where it has both."""
    run = assignment.task.batch.suggestion_run_id
    done = JudgedTask.objects.filter(run=run, task=assignment.task, state=JudgedTask.State.DONE)
    judged = done.select_related("annotation", "swapped_annotation").first()
    if judged is None:
        return None
    return (judged.swapped_annotation if assignment.is_swapped else None) or judged.annotation


def form_shown(assignment: Assignment, reading: Reading) -> Form:
    """The suggestion as the form would have it filled in; empty where none was shown."""
    if assignment.suggestion is None:
        return {}
    filled = form_of(reading, assignment.suggestion)
    return {name: value for name, value in filled.items() if value and name not in ("comment", "flag")}


def run_of(annotation: Annotation) -> JudgeRun | None:
    """The run that a judge's annotation came from."""
    made = Q(judged__annotation=annotation) | Q(judged__swapped_annotation=annotation)
    return JudgeRun.objects.filter(made).first()


def mark(said: Said, assignment: Assignment, reading: Reading, form: Form) -> None:
    """Note in the rows what was shown, and which positions of each side were taken over."""
    if assignment.suggestion is None:
        return
    said.suggested_by = run_of(assignment.suggestion)
    suggested, taken = form_shown(assignment, reading), defaultdict[int, set[int]](set)
    for name in form.get(TOOK, "").split():
        meant = _meant(name, reading)
        if meant and name in suggested and _is_still(name, form, suggested):
            taken[meant[0]] |= meant[1]
    for row in said.values:
        row["taken_over"] = sorted(taken[row["side"]]) or None


def names_taken(annotation: Annotation, assignment: Assignment, reading: Reading) -> str:
    """The fields that an earlier annotation took over, for the form of its correction."""
    over = {row.side: set(row.taken_over or []) for row in annotation.values.all()}
    names = [(name, _meant(name, reading)) for name in form_shown(assignment, reading)]
    return " ".join(name for name, meant in names if meant and meant[1] <= over.get(meant[0], set()))


def _meant(name: str, reading: Reading) -> Taken | None:
    """The side of the source and the positions that a field of the form is about."""
    document, sides = reading.document, {**reading.sides, ONCE: 0}
    if found := SCORED.fullmatch(name) or ITEM.fullmatch(name):
        return sides[found[2]], frozenset({int(found[1])})
    if found := FACT.fullmatch(name):
        return 0, frozenset(fact.position for fact in document.facts if fact.slug == found[1])
    if found := ERRORS.fullmatch(name):
        return sides[found[1]], frozenset(p.id for p in document.properties if p.kind == Kind.ERRORS)
    return None


def _is_still(name: str, form: Form, suggested: Form) -> bool:
    """Whether the field, with what belongs to it, is as it was suggested."""
    parts = {name}
    if found := ITEM.fullmatch(name):
        parts = _beginning(f"i{found[1]}-{found[2]}-", form, suggested)
    elif found := ERRORS.fullmatch(name):
        parts |= _beginning(f"error-{found[1]}-", form, suggested)
    return all(_plain(form, part) == _plain(suggested, part) for part in parts)


def _beginning(start: str, *forms: Form) -> set[str]:
    return {name for form in forms for name in form if name.startswith(start)}


def _plain(form: Form, name: str) -> list[str]:
    return [line.strip() for line in form.get(name, "").split("\n") if line.strip()]
