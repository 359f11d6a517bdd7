"""What was submitted stays as it was submitted: the database itself refuses to change it."""

from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, models, transaction

from annotations.models import FirstLook, PromptSet, Task
from conversations.models import Attempt, Conversation, Opening, Repeat, RepeatRating, SystemPrompt
from surveys import audit, erasure, journey
from surveys.models import Answer, Coding, CodingRuling, CodingScheme
from surveys.quality import deciding
from tests.annotations.making import make_assignment, make_batch, make_task, make_whole_annotation
from tests.factories import (
    make_conversation,
    make_enrolment,
    make_reaction,
    make_report,
    make_study,
    make_text_check,
    make_user,
    make_vote,
)

CODED = ["CodingScheme", "Coding", "CodingRuling"]
JUDGED = ["Vote", "Reaction", "Report", "TextCheck", "Opening", "Repeat", "RepeatRating", "SystemPrompt"]
RULED = ["Ruling", "FirstLook", "PromptSet"]
EVENTS = {
    "surveys": ["Consent", "Answer", "PageSubmission", "EnrolmentEvent", "AuditEvent", "Decision", *CODED],
    "conversations": ["Turn", "Draw", "Rating", "Choice", "Feedback", *JUDGED],
    "annotations": ["RubricVersion", "Annotation", "Values", "ItemAnswer", "ErrorFound", *RULED],
}
MODELS = [apps.get_model(app, name) for app, names in EVENTS.items() for name in names]
TABLES = {model._meta.db_table: model._meta.pk_fields[-1].column for model in MODELS}


def submit_everything() -> Any:
    """Somebody who left at least one row in every append-only table."""
    study = make_study()
    enrolment = make_enrolment(study, finished_survey=True)
    judge(make_conversation(enrolment))
    journey.note(enrolment, "arrived", signed=False)
    audit.record(None, "study.opened", study=study)
    code(enrolment)
    deciding.decide([enrolment], "pay", "All is well", make_user())
    annotate(make_task(make_batch(study)))
    return enrolment


def annotate(task: Task) -> None:
    make_whole_annotation(make_assignment(task))
    FirstLook.objects.create(task=task, side=1, position=0, by=make_user())
    PromptSet.objects.get_or_create(key="own", number=1, defaults={"text": "Judge.", "sha256": "0" * 64})


def judge(talk: Conversation) -> None:
    turn = talk.turns.get(number=0)
    make_vote(turn)
    make_reaction(turn.responses.all()[0])
    make_report(talk)
    make_text_check(talk)
    SystemPrompt.objects.get_or_create(sha256="0" * 64, defaults={"text": "Be brief."})
    Opening.objects.create(conversation=talk, chance=0.5, seed="seed")
    repeat = Repeat.objects.create(after=talk, turn=turn, chance=0.5, seed="seed")
    RepeatRating.objects.create(repeat=repeat, response=turn.responses.all()[0], slot="A", score=50)


def code(enrolment: Any) -> None:
    scheme, _made = CodingScheme.objects.get_or_create(key="ethnicity", version=1)
    answer = Answer.objects.get(submission__enrolment=enrolment, question="ethnicity_text")
    judge = make_user()
    Coding.objects.create(answer=answer, scheme=scheme, coder=judge, place=1, category="Asian")
    CodingRuling.objects.create(
        answer=answer, scheme=scheme, by=judge, category="Asian", reason="It says so."
    )


def run(sql: str) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
        return int(cursor.rowcount)


@pytest.mark.django_db
def test_the_database_refuses_to_change_what_was_submitted():
    submit_everything()
    for table, key in TABLES.items():
        count = run(f"SELECT 1 FROM {table}")
        assert count > 0, table
        for statement in (f"UPDATE {table} SET {key} = {key}", f"DELETE FROM {table}"):
            with pytest.raises(IntegrityError, match=f"rows of {table} are append-only"):
                run(statement)
        assert run(f"SELECT 1 FROM {table}") == count


@pytest.mark.django_db
def test_neither_does_it_let_the_code_change_a_row():
    submit_everything()
    for model in MODELS:
        row = model._default_manager.first()
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            row.save()
        same = {field.attname: getattr(row, field.attname) for field in model._meta.pk_fields}
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            model._default_manager.filter(pk=row.pk).update(**same)
        model._default_manager.get(pk=row.pk)


@pytest.mark.django_db
def test_deleting_a_participant_with_all_that_hangs_on_them_is_refused():
    enrolment = submit_everything()
    with pytest.raises((IntegrityError, models.ProtectedError)), transaction.atomic():
        enrolment.participant.delete()
    assert Answer.objects.filter(submission__enrolment=enrolment).exists()


@pytest.mark.django_db
def test_exactly_these_tables_carry_the_rule():
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'append_only'")
        ruled = {row[0] for row in cursor.fetchall()}
    ours = {table for table in ruled if table.partition("_")[0] in EVENTS}
    assert ours == set(TABLES)
    assert Attempt._meta.db_table not in ruled  # an attempt ends, so that its row changes


@pytest.mark.django_db(transaction=True)
def test_only_a_transaction_that_erases_may_change_them():
    submit_everything()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL prism.erasing = 'on'")
        for table, key in TABLES.items():
            cursor.execute(f"UPDATE {table} SET {key} = {key}")
            assert cursor.rowcount > 0
    for table, key in TABLES.items():
        with pytest.raises(IntegrityError, match="append-only"):
            run(f"UPDATE {table} SET {key} = {key}")


@pytest.mark.django_db
def test_after_an_erasure_the_same_transaction_may_change_them_no_more():
    enrolment, other = submit_everything(), submit_everything()
    with transaction.atomic():
        erasure.erase(enrolment.participant, reason="asked for it")
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            Answer.objects.filter(submission__enrolment=other).update(value=None)
