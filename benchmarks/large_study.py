"""The rows of a large study, made by SQL: everything that hangs on its people, as after weeks of running."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Model

from analysis.models import Export
from conversations.models import Attempt, Conversation, Rating, Response, Turn
from surveys.models import (
    Answer,
    AuditEvent,
    Bonus,
    BonusPayment,
    Coding,
    Consent,
    Credit,
    Decision,
    Device,
    Enrolment,
    EntryLink,
    InvitedPerson,
    PageSubmission,
    PageView,
    PanelSubmission,
    Participant,
)

PAGES = 12

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
_TALKS = "FROM conversations_conversation talk"
_ANSWERS = """
    FROM conversations_response response JOIN conversations_turn turn ON turn.id = turn_id
    JOIN conversations_conversation talk ON talk.id = conversation_id WHERE talk.study_id = %(study)s
"""
_PEOPLE = "FROM surveys_enrolment WHERE study_id = %(study)s"
_IS_FAILED = "(turn.id + slot) %% 97 = 0"


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
        _PEOPLE,
    ),
    Fill(
        Consent,
        {"enrolment_id": "id", "document_id": "%(document)s", "document_sha256": "''", "agreed": "true"},
        _PEOPLE,
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
        _PEOPLE,
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
        _PEOPLE,
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
    # Every third person described themself in their own words; half of those texts are coded.
    Fill(
        Answer,
        {
            "submission_id": "submission.id",
            "question": "question",
            "value": "CASE question WHEN 'ethnicity' THEN '\"other\"'::jsonb ELSE"
            " jsonb_build_object('other', 'my own words ' || submission.id) END",
            "status": "'answered'",
        },
        "FROM surveys_pagesubmission submission JOIN surveys_enrolment person ON person.id = enrolment_id"
        " CROSS JOIN unnest(ARRAY['ethnicity', 'ethnicity_text']) AS question"
        " WHERE person.study_id = %(study)s AND page = 'page1' AND person.number %% 3 = 0",
    ),
    Fill(
        Coding,
        {
            "answer_id": "answer.id",
            "scheme_id": "%(scheme)s",
            "coder_id": "%(user)s",
            "place": "1",
            "category": "%(category)s",
        },
        "FROM surveys_answer answer JOIN surveys_pagesubmission submission ON submission.id = submission_id"
        " JOIN surveys_enrolment enrolment ON enrolment.id = enrolment_id"
        " WHERE enrolment.study_id = %(study)s AND question = 'ethnicity_text' AND answer.id %% 2 = 0",
    ),
    # Half of those have their second code, and one of these in twenty differs from the first.
    Fill(
        Coding,
        {
            "answer_id": "first.answer_id",
            "scheme_id": "%(scheme)s",
            "coder_id": "%(second_user)s",
            "place": "2",
            "category": "CASE WHEN first.answer_id %% 80 = 0 THEN %(other)s ELSE first.category END",
        },
        "FROM surveys_coding first JOIN surveys_answer answer ON answer.id = first.answer_id"
        " JOIN surveys_pagesubmission submission ON submission.id = submission_id"
        " JOIN surveys_enrolment enrolment ON enrolment.id = enrolment_id"
        " WHERE enrolment.study_id = %(study)s AND place = 1 AND first.answer_id %% 4 = 0",
    ),
    Fill(
        Conversation,
        {
            "enrolment_id": "enrolment.id",
            "study_id": "enrolment.study_id",
            "protocol_id": "%(protocol)s",
            "device_id": "device.id",
            "type": "'unguided'",
            "number": "10 * (enrolment.number - 100000000) + talk",
            "state": "'complete'",
            "started_at": "arrived_at",
        },
        "FROM surveys_device device JOIN surveys_enrolment enrolment ON enrolment.id = device.enrolment_id"
        f" CROSS JOIN generate_series(1, 2) AS talk WHERE enrolment.study_id = %(study)s AND {_IS_OVER}",
    ),
    Fill(
        Turn,
        {"conversation_id": "talk.id", "number": "at", "key": "'k' || at", "text": "'What is fair?'"},
        f"{_TALKS} CROSS JOIN generate_series(0, 1) AS at WHERE talk.study_id = %(study)s",
    ),
    Fill(
        Response,
        {
            "turn_id": "turn.id",
            "model_id": "(%(models)s::bigint[])[1 + (turn.id + slot) %% 8]",
            "slot": "substr('ABCD', slot, 1)",
            "seed": "1",
            "state": f"CASE WHEN {_IS_FAILED} THEN 'failed' ELSE 'done' END",
            "text": "repeat('An answer of some length. ', 8)",
            "first_text_ms": "200 + (turn.id + slot) %% 900",
        },
        f"{_TALKS} JOIN conversations_turn turn ON talk.id = conversation_id CROSS JOIN LATERAL"
        " generate_series(1, CASE turn.number WHEN 0 THEN 4 ELSE 2 END) AS slot"
        " WHERE talk.study_id = %(study)s",
    ),
    Fill(Rating, {"response_id": "response.id", "score": "1 + response.id %% 100"}, _ANSWERS),
    Fill(
        Attempt,
        {
            "response_id": "response.id",
            "number": "1",
            "state": "CASE response.state WHEN 'failed' THEN 'failed' ELSE 'finished' END",
            "failure": "CASE response.state WHEN 'failed' THEN 'cut' ELSE '' END",
        },
        _ANSWERS,
    ),
    Fill(
        AuditEvent,
        {
            "actor_id": "%(user)s",
            "study_id": "study_id",
            "action": "'participant.' || act",
            "subject": "'user' || number",
            "at": "seen_at + act * interval '1 second'",
        },
        "FROM surveys_enrolment CROSS JOIN generate_series(1, 5) AS act WHERE study_id = %(study)s",
    ),
    Fill(
        EntryLink,
        {
            "study_id": "study_id",
            "number": "number",
            "digest": "%(prefix)s || id",
            "enrolment_id": "id",
            "used_at": "arrived_at",
        },
        _PEOPLE,
    ),
    Fill(
        InvitedPerson,
        {
            "study_id": "study_id",
            "link_id": "id",
            "digest": "%(prefix)s || id",
            "state": "(ARRAY['waiting', 'sent', 'failed'])[1 + number %% 3]",
        },
        "FROM surveys_entrylink WHERE study_id = %(study)s",
    ),
    Fill(
        BonusPayment,
        {"study_id": "%(study)s", "made_by_id": "%(user)s"},
        "FROM generate_series(1, 100)",
    ),
    # One person in three has a bonus that waits; the others have theirs in one of the payments.
    Fill(
        Bonus,
        {
            "enrolment_id": "id",
            "reason": "'Thanks'",
            "amount": "1.50",
            "payment_id": "CASE WHEN number %% 3 > 0 THEN (SELECT min(id) FROM surveys_bonuspayment"
            " WHERE study_id = %(study)s) + number %% 100 END",
            "made_by_id": "%(user)s",
        },
        _PEOPLE,
    ),
    Fill(
        Credit,
        {
            "enrolment_id": "id",
            "state": "(ARRAY['granted', 'granted', 'refused', 'unknown', 'waiting'])[1 + number %% 5]",
            "asked_at": "seen_at",
        },
        _PEOPLE,
    ),
    Fill(
        Export,
        {
            "code": "%(prefix)s || at",
            "study_id": "%(study)s",
            "state": "'deleted'",
            "requested_by_id": "%(user)s",
        },
        "FROM generate_series(1, 200) AS at",
    ),
]
