"""What is stored of a participant up to the conversations, as the person themself may see it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from surveys import retention
from surveys.answers import current_rows, questionnaire_for, statuses_for
from surveys.declined import DECLINED
from surveys.identity import masked
from surveys.models import Answer, Consent, Enrolment, PageSubmission
from surveys.questionnaires import Question, filled
from surveys.questionnaires.conditions import NOT_APPLICABLE
from surveys.wording import document_for


@dataclass(frozen=True)
class Said:
    """One answer in words: the question as it was put, and what was said to it."""

    question: str
    answer: str
    status: str


@dataclass(frozen=True)
class Section:
    """What an upper app stores of a person: `record` for the download, under `key`, and `said` in words.

    Each entry of `said` is a title with lines of what was asked and what the person said.
    """

    key: str
    label: str | Promise
    record: Callable[[Enrolment], list[dict[str, Any]]]
    said: Callable[[Enrolment], list[tuple[str, list[tuple[str, str]]]]]


_sections: dict[str, Section] = {}


def register(section: Section) -> None:
    """For upper apps, in AppConfig.ready()."""
    _sections[section.key] = section


def sections() -> list[Section]:
    return list(_sections.values())


def record(enrolment: Enrolment) -> dict[str, Any]:
    """Code, consents, answers with all earlier ones, times, devices, and what upper apps have of a person."""
    return {
        "code": enrolment.code,
        "outcome": enrolment.outcome,
        "times": times(enrolment),
        "panel": {"id": masked(enrolment), "arrivals": enrolment.panel_submissions.count()},
        "devices": enrolment.devices.count(),
        "consents": consents(enrolment),
        "answers": answers(enrolment),
        "earlier_answers": list(earlier_answers(enrolment)),
        "messages": list(enrolment.notices.order_by("pk").values("text", "sent_at")),
        "drafts": list(enrolment.drafts.order_by("pk").values("page", "fields", "updated_at")),
        **{section.key: section.record(enrolment) for section in sections()},
    }


def times(enrolment: Enrolment) -> dict[str, Any]:
    return {
        "arrived": enrolment.arrived_at,
        "last_seen": enrolment.seen_at,
        "survey_finished": enrolment.survey_finished_at,
        "ended": enrolment.outcome_at,
    }


def consents(enrolment: Enrolment) -> list[dict[str, Any]]:
    """Every decision, the first one first, with the version and hash of the text that it is about."""
    rows = Consent.objects.filter(enrolment=enrolment).order_by("pk")
    columns = ("document__key", "document__version", "document_sha256", "agreed", "boxes", "language", "at")
    return list(rows.values(*columns))


def answers(enrolment: Enrolment) -> dict[str, Any]:
    """The present answer to each question, and what became of those without one; nothing before the first."""
    rows = _current(enrolment)
    found = statuses_for(enrolment) if rows else {}
    return {key: _present(status, rows.get(key)) for key, status in found.items()}


def _present(status: str, row: Answer | None) -> dict[str, Any]:
    if row is None:
        return {"value": None, "status": status, "at": None}
    return {"value": row.value, "status": status, "at": row.submission.submitted_at}


def earlier_answers(enrolment: Enrolment) -> Iterator[dict[str, Any]]:
    """Answers that a later one took the place of."""
    kept = {row.pk for row in _current(enrolment).values()}
    rows = Answer.objects.filter(submission__enrolment=enrolment).exclude(pk__in=kept)
    for row in rows.select_related("submission").order_by("pk"):
        yield {
            "question": row.question,
            "value": row.value,
            "status": row.status,
            "at": row.submission.submitted_at,
        }


def said(enrolment: Enrolment, language: str) -> list[Said]:
    """The present answers in the words and the order in which the person met the questions."""
    if not PageSubmission.objects.filter(enrolment=enrolment).exists():
        return []
    version = questionnaire_for(enrolment)
    document, rows = document_for(enrolment, version.pk, language), current_rows(enrolment, version)
    shown = {key: row.value for key, row in rows.items() if row.status != Answer.Status.NOT_SHOWN}
    return [
        Said(question.text, _answer_in_words(question, rows), rows[question.key].get_status_display())
        for page in document.pages
        for question in filled(document, page, shown).questions
        if question.key in shown
    ]


def _current(enrolment: Enrolment) -> dict[str, Answer]:
    if not PageSubmission.objects.filter(enrolment=enrolment).exists():
        return {}
    return current_rows(enrolment, questionnaire_for(enrolment))


def _answer_in_words(question: Question, rows: dict[str, Answer]) -> str:
    beside = rows.get(question.text_key)
    return in_words(question, rows[question.key].value, (beside and beside.value) or {})


def in_words(question: Question, value: Any, texts: Mapping[str, str]) -> str:
    """An answer as its question puts it, with the texts typed beside its options."""
    labels = {DECLINED: _("Prefer not to say")}
    labels |= {option.value: option.label for option in question.options}
    labels |= {item.key: item.label for item in question.items}
    if question.scale:
        labels[NOT_APPLICABLE] = _("Not applicable")
    return "; ".join(part for part in [_plain(value, labels), *texts.values()] if part)


def _plain(value: Any, labels: dict[str, str]) -> str:
    if isinstance(value, list):
        return ", ".join(_plain(part, labels) for part in value)
    if isinstance(value, dict):
        given = {key: part for key, part in value.items() if part is not None}
        return ", ".join(f"{labels.get(key, key)}: {_plain(part, labels)}" for key, part in given.items())
    if value is True:
        return _("Yes")
    return "" if value is None else labels.get(str(value), str(value))


def planned_erasure(enrolment: Enrolment) -> list[tuple[str, datetime]]:
    """What will be erased without being asked, and when; nothing for somebody who is still on the way."""
    if enrolment.outcome_at is None:
        return []
    rules = retention.days(enrolment.study)
    return [
        (str(retention.LABELS[part]), enrolment.outcome_at + timedelta(days=number))
        for part, number in rules.items()
    ]
