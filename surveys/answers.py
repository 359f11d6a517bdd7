"""A participant's answers: which page is next, what was answered so far, and what a submit writes."""

from django.db import transaction
from django.utils import timezone

from surveys.models import Answer, Device, Draft, Enrolment, Presentation, Questionnaire
from surveys.questionnaires import Page, display_order

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


def orders_for(enrolment: Enrolment, questionnaire: int, page: Page) -> Orders:
    """The order of every question's options or items on the page; recorded when first shown."""
    if not any(question.shuffle for question in page.questions):
        return {question.key: display_order(question, "") for question in page.questions}
    known = dict(enrolment.presentations.filter(questionnaire=questionnaire).values_list("question", "order"))
    orders = {q.key: known.get(q.key) or display_order(q, enrolment.order_seed) for q in page.questions}
    fresh = [q.key for q in page.questions if q.shuffle and q.key not in known]
    Presentation.objects.bulk_create(
        [
            Presentation(enrolment=enrolment, questionnaire_id=questionnaire, question=key, order=orders[key])
            for key in fresh
        ],
        ignore_conflicts=True,
    )
    return orders


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
