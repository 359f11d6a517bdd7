"""Codes of annotators: what they are called where their name does not matter."""

from __future__ import annotations

from collections.abc import Callable

from annotations.models import Annotation, Assignment
from prism.lib.numbering import numbering
from surveys.models import Study

# Codes are drawn by this word; an export that is released draws others by its own seed.
UNNUMBERED = "annotators"


def coder(study: Study, seed: str = "") -> Callable[[int], str]:
    """From a person's primary key to their code in the study."""
    drawn = numbering(study.slug, "annotator", seed or UNNUMBERED)
    return lambda pk: f"annotator{drawn(pk)}"


def people_by_code(study: Study) -> dict[str, int]:
    """{code: primary key} of members and of all who annotated in the study."""
    code = coder(study)
    given = Assignment.objects.filter(task__batch__study=study).exclude(annotator=None).order_by()
    keys = {*study.memberships.values_list("user", flat=True)}
    keys |= set(given.values_list("annotator", flat=True).distinct())
    return {code(pk): pk for pk in keys}


def name_of(annotation: Annotation, code: Callable[[int], str]) -> str:
    """An annotator's code, a participant's code, or what a judge or a file is called."""
    given = annotation.assignment
    if given is None:
        return annotation.source
    if given.enrolment is not None:
        return given.enrolment.code
    return code(given.annotator_id or 0)
