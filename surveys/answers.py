"""A participant's answers: which page is next, what was answered so far, and what a submit writes."""

import json

from django.db import transaction
from django.utils import timezone

from prism.lib import statements
from surveys.models import Answer, Device, Draft, Enrolment, Presentation, Questionnaire
from surveys.questionnaires import (
    PAGES,
    Page,
    display_order,
    has_page_order,
    page_name,
    question_order,
    statuses,
)
from surveys.questionnaires import Questionnaire as Document
from surveys.wording import document_for

Orders = dict[str, list[str]]
MAXIMUM_DRAFT = 200_000
MOST_DRAFTS = 100

DRAFTS = """
    SELECT page, fields FROM surveys_draft
    WHERE enrolment_id = %s AND page = ANY(%s) AND (%s OR device_id = %s) ORDER BY updated_at
"""


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


def statuses_for(enrolment: Enrolment) -> dict[str, str]:
    """What became of every question of this person's version: exactly one status for each answer key."""
    return {key: status for _, found in statuses_by_page(enrolment) for key, status in found.items()}


def statuses_by_page(enrolment: Enrolment) -> list[tuple[Page, dict[str, str]]]:
    """The same for each page, in the order in which this person meets them. Judged in the language of the
    last page sent, for conditions may ask for it."""
    last = enrolment.page_submissions.select_related("questionnaire").order_by("-id").first()
    version = last.questionnaire if last else questionnaire_for(enrolment)
    rows = current_rows(enrolment, version)
    values = {key: row.value for key, row in rows.items() if row.status != Answer.Status.NOT_SHOWN}
    document = document_for(enrolment, version.pk, last.language if last else "")
    found = statuses(document, values, {key: row.status for key, row in rows.items()})
    return [(page, {key: found[key] for key in page.answer_keys}) for page in document.pages]


def orders_for(enrolment: Enrolment, version: int, document: Document, page: Page) -> Orders:
    """The order of the page's questions (under page_name) and of each one's options or items; what was drawn
    is recorded when first shown, and the order of the pages with it."""
    orders = {question.key: display_order(question, enrolment.order_seed) for question in page.questions}
    orders[page_name(page)] = question_order(page, enrolment.order_seed)
    drawn = [question.key for question in page.questions if question.shuffle]
    drawn += [page_name(page)] if page.randomise else []
    if has_page_order(document):
        orders[PAGES] = [shown.key for shown in document.pages]
        drawn.append(PAGES)
    return orders | _recorded(enrolment, version, {name: orders[name] for name in drawn}) if drawn else orders


def _recorded(enrolment: Enrolment, version: int, drawn: Orders) -> Orders:
    """The orders that this person was shown first; those drawn now are recorded where there were none."""
    rows = enrolment.presentations.filter(questionnaire=version, question__in=drawn)
    known: Orders = dict(rows.values_list("question", "order"))
    Presentation.objects.bulk_create(
        [
            Presentation(enrolment=enrolment, questionnaire_id=version, question=name, order=order)
            for name, order in drawn.items()
            if name not in known
        ],
        ignore_conflicts=True,
    )
    return drawn | known


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
    found = statements.rows(DRAFTS, [device.enrolment_id, pages, device.is_trusted, device.pk])
    newest: dict[str, dict[str, list[str]]] = {page: json.loads(fields) for page, fields in found}
    return {name: given for fields in newest.values() for name, given in fields.items()}
