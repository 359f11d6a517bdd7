"""What a recruited annotator said, for the person themself; the texts that it was said of are others'."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from annotations import at_work
from annotations.models import Annotation, Draft, Status
from annotations.rubric_documents import Fact, FactKind, Property
from annotations.sheets import ONCE, side_name
from annotations.told import Reading
from surveys.models import Enrolment
from surveys.own import Section

Line = tuple[str, str]


def record(enrolment: Enrolment) -> list[dict[str, Any]]:
    """Every annotation with all that was stored of it, corrected ones too, and what was not sent yet."""
    told = [_told(annotation) for annotation in _annotations(enrolment)]
    drafts = Draft.objects.filter(assignment__enrolment=enrolment).order_by("pk")
    return told + [
        {
            "task": draft.assignment.task.number,
            "batch": draft.assignment.task.batch.title,
            "draft": draft.data,
        }
        for draft in drafts.select_related("assignment__task__batch")
    ]


def said(enrolment: Enrolment) -> list[tuple[str, list[Line]]]:
    """The present annotations in words."""
    newest = {annotation.assignment_id: annotation for annotation in _annotations(enrolment)}
    return [(_title(annotation), list(_lines(annotation))) for annotation in newest.values()]


def _annotations(enrolment: Enrolment) -> QuerySet[Annotation]:
    given = Annotation.objects.filter(assignment__enrolment=enrolment).order_by("pk")
    related = ("assignment__task__batch__rubric_version", "task__batch")
    return given.select_related(*related).prefetch_related("values", "items", "errors")


def _title(annotation: Annotation) -> str:
    task = annotation.task
    return _("%(batch)s, task %(number)d") % {"batch": task.batch.title, "number": task.number}


def _told(annotation: Annotation) -> dict[str, Any]:
    return {
        "batch": annotation.task.batch.title,
        "task": annotation.task.number,
        "revision": annotation.revision,
        "submitted_at": annotation.submitted_at,
        "seconds": annotation.seconds,
        "active_seconds": annotation.active_seconds,
        "answers": [{"question": asked, "answer": answer} for asked, answer in _lines(annotation)],
        "flag": annotation.flag,
        "comment": annotation.comment,
    }


def _reading_of(annotation: Annotation) -> Reading:
    assert annotation.assignment is not None  # a person's
    return at_work.reading_of(annotation.assignment)


def _lines(annotation: Annotation) -> Iterator[Line]:
    reading = _reading_of(annotation)
    is_single = len(reading.sides) == 1  # the page does not number what it shows one of
    shown = {side: ONCE if is_single else key for key, side in reading.sides.items()} | {0: ONCE}
    for values in annotation.values.all():
        for field, score, status in zip(
            reading.document.fields, values.scores, values.statuses, strict=False
        ):
            if status in (Status.CONFIRMED, Status.CHOSEN) and score is not None:
                seen = -score if reading.is_swapped and _is_mirrored(field) else score
                yield _about(field.title, shown[values.side]), _in_words(field, seen)
    for item in annotation.items.all():
        title = reading.document.fields[item.position].title
        yield _about(title, shown[item.side]), ": ".join(filter(None, [item.text, item.label]))
    for error in annotation.errors.all():
        words = [error.type, error.get_severity_display(), error.description]
        yield _about(_("Error"), shown[error.side]), ", ".join(filter(None, words))
    if annotation.comment:
        yield _("Comment"), annotation.comment


def _is_mirrored(field: Property | Fact) -> bool:
    """Whether its score is stored as seen from the first side of the source, and not as it was shown."""
    return isinstance(field, Property) and field.mirrored


def _about(title: str, shown: str) -> str:
    return title if shown == ONCE else f"{title}, {side_name(shown)}"


def _in_words(field: Property | Fact, score: int) -> str:
    if isinstance(field, Fact):
        return str(score) if field.kind == FactKind.LIST else (_("Yes") if score else _("No"))
    level = field.scale.level(score) if field.scale else None
    return level.label if level else str(score)


ANNOTATIONS = Section("annotations", gettext_lazy("Your judgements"), record, said)
