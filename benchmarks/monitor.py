"""How fast the coordinator's views of a large study are: people made by SQL, views asked as whole requests.

Run on a database of its own: `measure` leaves the study there.
"""

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from surveys.models import (
    Answer,
    Consent,
    ConsentDocument,
    Decision,
    Device,
    Enrolment,
    Membership,
    PageSubmission,
    PageView,
    PanelSubmission,
    Participant,
    Questionnaire,
    Study,
)
from surveys.models.people import Role
from surveys.quality import assessing
from surveys.quotas import versions

LIMIT_MS = 300
LIMIT_QUERIES = 12
PAGES = 12
BOXES = [{"key": "consent", "label": "I agree", "required": True}]
_PAGE = """
  - key: page{number}
    title: Page {number} of a survey that many people answer, with a few words to read on it
    minutes: 1
    questions:
      - {{key: choice{number}, type: single, text: Which of these?, options: [red, green, blue]}}
      - {{key: story{number}, type: long_text, text: Why?, required: false}}
"""
QUOTAS = """\
format: prism-quotas/1
strata:
  - {key: first, question: choice1, categories: {Red: [red], Green: [green], Blue: [blue]}}
  - {key: second, question: choice2, categories: {Red: [red], Green: [green], Blue: [blue]}}
tables:
  - key: one
    strata: [first]
    undisclosed: outside
    targets: [{cell: [Red], places: 4000}, {cell: [Green], places: 4000}, {cell: [Blue], places: 4000}]
  - key: two
    strata: [second]
    undisclosed: outside
    targets: [{cell: [Red], places: 4000}, {cell: [Green], places: 4000}, {cell: [Blue], places: 4000}]
"""
_HEAD = "format: prism-questionnaire/1\nkey: {key}\ntitle: Many people\nlanguage: en\npages:"

# A person's number decides how far they came, so that every run is the same.
_IS_OVER = "number %% 5 > 0"
_REACHED = f"""
    FROM surveys_enrolment enrolment CROSS JOIN generate_series(1, %(pages)s) AS page
    WHERE enrolment.study_id = %(study)s AND ({_IS_OVER} OR page <= enrolment.number %% 12)
"""
_SHOWN = "arrived_at + page * interval '1 minute'"
_SENT = """
    FROM surveys_pagesubmission submission JOIN surveys_enrolment enrolment ON enrolment.id = enrolment_id
    WHERE enrolment.study_id = %(study)s
"""
_END = "now() - at * interval '20 seconds'"


@dataclass(frozen=True)
class Fill:
    """Rows of a table: the columns that matter, as SQL, and where they come from. The rest is as usual."""

    model: type[Model]
    columns: Mapping[str, str]
    source: str

    def run(self, cursor: Any, given: Mapping[str, Any]) -> int:
        fields = [field for field in self.model._meta.concrete_fields if not field.primary_key]
        rest = [field for field in fields if field.column not in self.columns and not field.null]
        usual = {f"usual_{field.column}": _default(field) for field in rest}
        names = [*self.columns, *(str(field.column) for field in rest)]
        values = [*self.columns.values(), *(f"%({name})s" for name in usual)]
        table = self.model._meta.db_table
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(names)}) SELECT {', '.join(values)} {self.source}",
            {**given, **usual},
        )
        made: int = cursor.rowcount
        cursor.execute(f"ANALYZE {table}")
        return made


def _default(field: Any) -> Any:
    return field.get_db_prep_save(field.get_default(), connection)


FILLS = [
    Fill(
        Participant,
        {"code": "%(prefix)s || lpad(at::text, 8, '0')"},
        "FROM generate_series(1, %(people)s) AS at",
    ),
    Fill(
        Enrolment,
        {
            "participant_id": "id",
            "study_id": "%(study)s",
            "number": "100000000 + at",
            "stage": "CASE WHEN at %% 5 > 0 THEN 'done' ELSE 'survey' END",
            "outcome": "CASE WHEN at %% 5 = 0 THEN '' WHEN at %% 7 = 0 THEN 'screened_out'"
            " ELSE 'complete' END",
            "outcome_at": f"CASE WHEN at %% 5 > 0 THEN {_END} END",
            "survey_finished_at": f"CASE WHEN at %% 5 > 0 THEN {_END} END",
            "arrived_at": f"{_END} - interval '30 minutes'",
            "seen_at": _END,
        },
        "FROM (SELECT id, right(code, 8)::int AS at FROM surveys_participant"
        " WHERE code LIKE %(prefix)s || '%%') AS person",
    ),
    Fill(
        Device,
        {"enrolment_id": "id", "key": "%(prefix)s || id", "created_at": "arrived_at"},
        "FROM surveys_enrolment WHERE study_id = %(study)s",
    ),
    Fill(
        Consent,
        {"enrolment_id": "id", "document_id": "%(document)s", "document_sha256": "''", "agreed": "true"},
        "FROM surveys_enrolment WHERE study_id = %(study)s",
    ),
    Fill(
        PanelSubmission,
        {
            "enrolment_id": "id",
            "digest": "%(prefix)s || id",
            "encrypted_session": "''",
            "state": "(ARRAY['', 'ACTIVE', 'AWAITING REVIEW', 'APPROVED', 'RETURNED'])[1 + number %% 5]",
            "state_at": "seen_at",
            "arrived_at": "arrived_at",
        },
        "FROM surveys_enrolment WHERE study_id = %(study)s",
    ),
    Fill(PageView, {"enrolment_id": "enrolment.id", "page": "'page' || page", "shown_at": _SHOWN}, _REACHED),
    Fill(
        PageSubmission,
        {
            "enrolment_id": "enrolment.id",
            "questionnaire_id": "%(questionnaire)s",
            "device_id": "device.id",
            "page": "'page' || page",
            "key": "%(prefix)s || page",
            "shown_at": _SHOWN,
            "submitted_at": f"{_SHOWN} + (10 + (hashtext(enrolment.id::text || page) & 1023) / 20.0)"
            " * interval '1 second'",
        },
        f"FROM surveys_device device JOIN (SELECT enrolment.*, page {_REACHED}) enrolment"
        " ON enrolment.id = device.enrolment_id",
    ),
    Fill(
        Decision,
        {"enrolment_id": "id", "matter": "'payment'", "value": "'pay'", "reason": "'x'", "by_id": "%(user)s"},
        "FROM surveys_enrolment WHERE study_id = %(study)s",
    ),
    Fill(
        Answer,
        {
            "submission_id": "submission.id",
            "question": "'choice' || substr(page, 5)",
            "value": "to_jsonb((ARRAY['red', 'green', 'blue'])[1 + submission.id %% 3])",
            "status": "'answered'",
        },
        _SENT,
    ),
    # One person in fifty wrote what others wrote too.
    Fill(
        Answer,
        {
            "submission_id": "submission.id",
            "question": "'story' || substr(page, 5)",
            "value": "to_jsonb((SELECT string_agg(md5(word || CASE WHEN submission.id %% 50 > 0"
            " THEN submission.id::text ELSE '' END), ' ') FROM generate_series(1, 20) AS word))",
            "status": "'answered'",
        },
        f"{_SENT} AND page IN ('page1', 'page2', 'page3')",
    ),
]


def measure(people: int) -> dict[str, Any]:
    """Milliseconds and queries of each view of a study of so many people; seconds to look it through.

    Returns {"people", "answers", "views": {name: {"ms", "worst_ms", "queries"}}, "assess_s", "quotas_s",
    "quotas_queries", "is_met"}; the quotas are those of the second version, when everybody has seats.
    """
    study, user = _study(), User.objects.create_user(f"bench-{secrets.token_hex(4)}@example.org")
    Membership.objects.create(study=study, user=user, role=Role.OWNER)
    answers = fill(study, user, people)
    begun = time.monotonic()
    assessing.assess(study)
    assess_s = time.monotonic() - begun
    client = Client(SERVER_NAME=next(iter(settings.ALLOWED_HOSTS), "localhost").lstrip("."))
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    quotas_s, quotas_queries = _store_quotas(study, user)
    views = {name: _view(client, path) for name, path in paths(study).items()}
    return {
        "people": people,
        "answers": answers,
        "views": views,
        "assess_s": round(assess_s, 1),
        "quotas_s": quotas_s,
        "quotas_queries": quotas_queries,
        "is_met": all(v["ms"] < LIMIT_MS and v["queries"] <= LIMIT_QUERIES for v in views.values()),
    }


def _study() -> Study:
    key = f"bench-{secrets.token_hex(4)}"
    pages = "".join(_PAGE.format(number=number) for number in range(1, PAGES + 1))
    return Study.objects.create(
        slug=key,
        title="Many people",
        state=Study.State.OPEN,
        questionnaire=Questionnaire.load(_HEAD.format(key=key) + pages),
        consent_document=ConsentDocument.load(key, "Taking part", "What it is about.", BOXES),
    )


def fill(study: Study, user: User, people: int) -> int:
    """Make the people with all that hangs on them; how many answers they gave."""
    given = {
        "study": study.pk,
        "questionnaire": study.questionnaire_id,
        "document": study.consent_document_id,
        "user": user.pk,
        "people": people,
        "pages": PAGES,
        "prefix": secrets.token_hex(3),
    }
    with connection.cursor() as cursor:
        made = [(one.model, one.run(cursor, given)) for one in FILLS]
    return sum(number for model, number in made if model is Answer)


def _store_quotas(study: Study, user: User) -> tuple[float, int]:
    """Store quotas twice; seconds and queries of the second time."""
    versions.store(study, QUOTAS, user, before=None)
    begun = time.monotonic()
    with CaptureQueriesContext(connection) as found:
        versions.store(study, QUOTAS, user, before=study.quota_id)
    return round(time.monotonic() - begun, 2), len(found)


def paths(study: Study) -> dict[str, str]:
    """Every view of the monitor, with the orders and filters that ask most of the database."""
    base = f"/coordinate/studies/{study.slug}"
    people = f"{base}/participants/"
    code = study.enrolments.order_by("number").first()
    return {
        "list": people,
        "list by code": f"{people}?sort=code",
        "list by last seen": f"{people}?sort=seen",
        "list by time taken": f"{people}?sort=-duration",
        "list by signals": f"{people}?sort=-signals",
        "list in progress and idle": f"{people}?outcome=none&idle=5&sort=seen",
        "list with a signal": f"{people}?signal=same_text",
        "list with a decision": f"{people}?decision=pay",
        "list by part of a code": f"{people}?q=user10000",
        "funnel, times and outcomes": f"{base}/monitor/",
        "the same with test people": f"{base}/monitor/?test=1",
        "figures of the chart": f"{base}/monitor/over-time.json",
        "quality": f"{base}/quality/",
        "one participant": f"{people}{code}/quality/",
        "submissions": f"{base}/panel/submissions/",
        "submissions, last page": f"{base}/panel/submissions/?page=200",
        "submissions of one state": f"{base}/panel/submissions/?state=APPROVED",
        "quotas": f"{base}/quotas/",
    }


def _view(client: Client, path: str) -> dict[str, float | int]:
    times = []
    for _ in range(5):
        begun = time.monotonic()
        with CaptureQueriesContext(connection) as found:
            response = client.get(path)
        times.append(1000 * (time.monotonic() - begun))
        if response.status_code != 200:
            raise RuntimeError(f"{path} answered {response.status_code}")
    return {"ms": round(median(times)), "worst_ms": round(max(times)), "queries": len(found)}
