"""What a survey page asks of the database, each in one statement: read answers, store a page, show one."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from prism.lib import statements
from surveys.models import Device, Enrolment

_LOCK = "SELECT outcome FROM surveys_enrolment WHERE id = %s FOR UPDATE"
_READ = """
    SELECT s.id, s.page, s.key, s.device_id, s.questionnaire_id, a.question, a.value, a.status
    FROM surveys_pagesubmission s LEFT JOIN surveys_answer a ON a.submission_id = s.id
    WHERE s.enrolment_id = %s ORDER BY s.id, a.id
"""
_STORE = """
    WITH submission AS (
        INSERT INTO surveys_pagesubmission
            (enrolment_id, questionnaire_id, device_id, page, key, shown_at, language, submitted_at)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s) RETURNING id
    ), answers AS (
        INSERT INTO surveys_answer (submission_id, question, value, status, trace)
        SELECT submission.id, given.question, given.value::jsonb, given.status, given.trace::jsonb
        FROM submission, unnest(%s::text[], %s::text[], %s::text[], %s::text[])
            WITH ORDINALITY AS given (question, value, status, trace, place)
        ORDER BY given.place
    ), draft AS (
        DELETE FROM surveys_draft WHERE enrolment_id = %s AND page = %s
    )
    SELECT id FROM submission
"""
_SHOW = """
    WITH view AS (
        INSERT INTO surveys_pageview (enrolment_id, page, shown_at) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING
    )
    SELECT fields FROM surveys_draft
    WHERE enrolment_id = %s AND page = %s AND (%s OR device_id = %s) ORDER BY updated_at
"""


@dataclass(frozen=True)
class Given:
    """An answer row to be stored; `value` and `trace` are JSON values, None is no value."""

    question: str
    value: Any
    status: str
    trace: dict[str, Any]


def lock(enrolment: Enrolment) -> str:
    """Hold the enrolment's row to the end of the transaction; gives its outcome."""
    return str(statements.rows(_LOCK, [enrolment.pk])[0][0])


def read(enrolment: Enrolment) -> list[tuple[Any, ...]]:
    """Every submit of the person, oldest first, and beside it each answer that came with it (or nulls):
    submission, page, form key, device, version, question, value, status."""
    return [
        (*row[:6], None if row[6] is None else json.loads(row[6]), row[7])
        for row in statements.rows(_READ, [enrolment.pk])
    ]


def store(
    device: Device,
    version: int,
    page: str,
    *,
    key: str,
    shown_at: datetime | None,
    language: str,
    given: Iterable[Given],
) -> int:
    """Store a submit with its answers, drop the page's drafts; gives the submission's id."""
    answers = list(given)
    columns = [
        [answer.question for answer in answers],
        [None if answer.value is None else json.dumps(answer.value) for answer in answers],
        [answer.status for answer in answers],
        [json.dumps(answer.trace) for answer in answers],
    ]
    submission = [device.enrolment_id, version, device.pk, page, key, shown_at, language, timezone.now()]
    draft = [device.enrolment_id, f"survey:{page}"]
    return int(statements.rows(_STORE, [*submission, *columns, *draft])[0][0])


def show(device: Device, page: str) -> dict[str, list[str]]:
    """Note the first time that the page is shown; gives what was typed there and is not sent yet."""
    place = [device.enrolment_id, f"survey:{page}", device.is_trusted, device.pk]
    drafts = statements.rows(_SHOW, [device.enrolment_id, page[:80], timezone.now(), *place])
    return {name: given for (fields,) in drafts for name, given in json.loads(fields).items()}
