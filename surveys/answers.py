"""A participant's answers: which page is next, what was answered so far, and what a submit writes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from surveys.models import Answer, Device, Draft, Enrolment, PageSubmission, Presentation, Questionnaire
from surveys.questionnaires import Page, PageReading, display_order
from surveys.questionnaires import Questionnaire as Document

Orders = dict[str, list[str]]
MAXIMUM_DRAFT = 200_000
MOST_DRAFTS = 100


def questionnaire_for(enrolment: Enrolment) -> Questionnaire:
    """The version this person began with; the study's present one before the first page."""
    begun = enrolment.page_submissions.select_related("questionnaire").order_by("-id").first()
    version = begun.questionnaire if begun else enrolment.study.questionnaire
    if version is None:
        raise Questionnaire.DoesNotExist(f"study {enrolment.study.slug} has no questionnaire")
    return version


def current_rows(enrolment: Enrolment, questionnaire: Questionnaire) -> dict[str, Answer]:
    """The newest answer row of each question."""
    rows = Answer.objects.filter(submission__enrolment=enrolment, submission__questionnaire=questionnaire)
    return {row.question: row for row in rows.select_related("submission").order_by("id")}


def values(rows: Mapping[str, Answer]) -> dict[str, Any]:
    return {key: row.value for key, row in rows.items() if row.status != Answer.Status.NOT_SHOWN}


def is_page_done(document: Document, page: Page, rows: Mapping[str, Answer], submitted: set[str]) -> bool:
    """Submitted, and no question is shown now that was hidden when it was."""
    if page.key not in submitted:
        return False
    shown = document.visible_questions(page, values(rows))
    return all(
        question.type == "information"
        or (question.key in rows and rows[question.key].status != Answer.Status.NOT_SHOWN)
        for question in shown
    )


def first_open_page(enrolment: Enrolment, questionnaire: Questionnaire) -> Page | None:
    """The first page that this person still has to submit; None when the survey is finished."""
    document, rows = questionnaire.parsed(), current_rows(enrolment, questionnaire)
    submitted = set(
        enrolment.page_submissions.filter(questionnaire=questionnaire).values_list("page", flat=True)
    )
    pages = document.visible_pages(values(rows))
    return next((page for page in pages if not is_page_done(document, page, rows, submitted)), None)


def orders_for(enrolment: Enrolment, questionnaire: Questionnaire, page: Page) -> Orders:
    """The order of every question's options or items on the page; recorded when first shown."""
    known = dict(enrolment.presentations.filter(questionnaire=questionnaire).values_list("question", "order"))
    orders = {q.key: known.get(q.key) or display_order(q, enrolment.order_seed) for q in page.questions}
    fresh = [q.key for q in page.questions if q.shuffle and q.key not in known]
    Presentation.objects.bulk_create(
        [
            Presentation(enrolment=enrolment, questionnaire=questionnaire, question=key, order=orders[key])
            for key in fresh
        ],
        ignore_conflicts=True,
    )
    return orders


def submit(
    enrolment: Enrolment,
    questionnaire: Questionnaire,
    page: Page,
    reading: PageReading,
    *,
    device: Device,
    key: str,
    shown_at: datetime | None,
) -> bool:
    """Store a valid page as events and drop its draft.

    False when this very form was stored before, or when the person's part has ended meanwhile.
    """
    with transaction.atomic():
        is_over = Enrolment.objects.select_for_update().get(pk=enrolment.pk).is_over
        if is_over or enrolment.page_submissions.filter(key=key).exists():
            return False
        submission = PageSubmission.objects.create(
            enrolment=enrolment,
            questionnaire=questionnaire,
            device=device,
            page=page.key,
            key=key,
            shown_at=shown_at,
        )
        Answer.objects.bulk_create(_answers(submission, reading))
        _hide_what_no_longer_shows(enrolment, questionnaire, submission)
        Draft.objects.filter(enrolment=enrolment, page=f"survey:{page.key}").delete()
        if first_open_page(enrolment, questionnaire) is None:
            Enrolment.objects.filter(pk=enrolment.pk, survey_finished_at=None).update(
                survey_finished_at=timezone.now()
            )
    enrolment.refresh_from_db(fields=["survey_finished_at"])
    return True


def _answers(submission: PageSubmission, reading: PageReading) -> list[Answer]:
    return [
        Answer(
            submission=submission,
            question=key,
            value=reading.values.get(key),
            status=status,
            trace=reading.traces.get(key, {}),
        )
        for key, status in reading.statuses.items()
    ]


def _hide_what_no_longer_shows(
    enrolment: Enrolment, questionnaire: Questionnaire, submission: PageSubmission
) -> None:
    """An earlier answer was changed and hides later questions: say so by rows of their own."""
    rows = current_rows(enrolment, questionnaire)
    shown = questionnaire.parsed().shown_answers(values(rows))
    hidden = [
        key
        for key, row in rows.items()
        if row.status != Answer.Status.NOT_SHOWN and key not in shown and row.submission_id != submission.pk
    ]
    Answer.objects.bulk_create(
        [Answer(submission=submission, question=key, status=Answer.Status.NOT_SHOWN) for key in hidden]
    )


def save_draft(enrolment: Enrolment, device: Device, page: str, fields: dict[str, list[str]]) -> bool:
    """Keep what is typed on a page; False when it is too much, or the person's part has ended meanwhile."""
    if sum(len(name) + sum(map(len, given)) for name, given in fields.items()) > MAXIMUM_DRAFT:
        return False
    with transaction.atomic():
        is_over = Enrolment.objects.select_for_update().get(pk=enrolment.pk).is_over
        if is_over or Draft.objects.filter(device=device).exclude(page=page).count() >= MOST_DRAFTS:
            return False
        Draft.objects.update_or_create(
            enrolment=enrolment,
            device=device,
            page=page,
            defaults={"fields": _storable(fields), "updated_at": timezone.now()},
        )
    return True


def _storable(fields: dict[str, list[str]]) -> dict[str, list[str]]:
    """Without the zero character, which PostgreSQL does not store."""
    return {
        name.replace("\x00", ""): [value.replace("\x00", "") for value in values]
        for name, values in fields.items()
    }


def draft_for(device: Device, page: str) -> dict[str, list[str]]:
    """The newest draft of a page that this device may read; empty when there is none."""
    return drafts_for(device, [page])


def drafts_for(device: Device, pages: list[str]) -> dict[str, list[str]]:
    """The fields of the newest drafts of several forms that stand on one page."""
    drafts = Draft.objects.filter(enrolment_id=device.enrolment_id, page__in=pages)
    if not device.is_trusted:
        drafts = drafts.filter(device=device)
    newest = {draft.page: draft.fields for draft in drafts.order_by("updated_at")}
    return {name: given for fields in newest.values() for name, given in fields.items()}
