"""Exports and people's rights: who withdrew leaves them, and unpublished words are not in them."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from analysis.exports import jobs
from analysis.exports.release import Scope
from analysis.models import Export
from surveys import erasure, withdrawal
from surveys.consent_documents import PUBLICATION
from surveys.models import Consent, ConsentDocument, Enrolment, Study
from tests.analysis.releases import export_to, released, study_with_talks
from tests.factories import CONSENT_BOXES, make_enrolment, make_member

pytestmark = pytest.mark.django_db
State = Export.State
ASKS = [*CONSENT_BOXES, {"key": PUBLICATION, "label": "Publish my words", "required": False}]


@pytest.fixture(autouse=True)
def export_dir(settings, tmp_path):
    settings.EXPORT_DIR = tmp_path / "exports"
    return settings.EXPORT_DIR


def finished(study: Study, **wanted: Any) -> Export:
    export = jobs.run(jobs.request_export(Scope(study, **wanted), None).pk)
    assert export is not None
    assert export.state == State.DONE
    return export


def page(study: Study, user: Any) -> str:
    client = Client()
    client.force_login(user)
    return client.get(f"/coordinate/studies/{study.slug}/exports/").content.decode()


@pytest.mark.parametrize("mode", ["erase", "anonymise"])
def test_a_withdrawal_deletes_the_files_and_marks_the_export(mode, django_capture_on_commit_callbacks):
    study, talker = study_with_talks()
    Study.objects.filter(pk=study.pk).update(withdrawal=mode)
    export = finished(study)
    with django_capture_on_commit_callbacks(execute=True):
        assert withdrawal.withdraw(talker)
    export.refresh_from_db()
    assert (export.state, export.people_erased) == (State.DELETED, 1)
    assert not jobs.folder(export).exists()
    owner = make_member(study, may_export_full=True)
    shown = page(study, owner)
    assert "It contains data of 1 person who has withdrawn" in shown
    assert "Build it again without them" in shown


def test_an_export_that_a_command_wrote_is_marked_too(tmp_path):
    study, talker = study_with_talks()
    export = export_to(tmp_path, study)
    withdrawal.withdraw(talker)
    export.refresh_from_db()
    assert (export.state, export.people_erased) == (State.DONE, 1)


def test_every_person_is_counted_once_and_only_where_they_are(tmp_path):
    study, talker = study_with_talks()
    before = export_to(tmp_path / "before", study)
    other = study.enrolments.exclude(pk=talker.pk).get()
    late = make_enrolment(study)
    Enrolment.objects.filter(pk=late.pk).update(survey_finished_at=timezone.now())
    tester = make_enrolment(study, finished_survey=True, is_test=True)
    for enrolment in (talker, other, late, tester):
        withdrawal.withdraw(enrolment)
    erasure.erase(talker.participant, reason="and asked for it as well")
    before.refresh_from_db()
    assert before.people_erased == 2
    empty = export_to(tmp_path / "after", study)
    assert empty.people_erased == 0


def test_the_next_release_is_without_them(tmp_path):
    study, talker = study_with_talks()
    withdrawal.withdraw(talker)
    rows = released(tmp_path, study)
    assert talker.code not in {row["user_id"] for row in rows["survey"]}
    assert len(rows["survey"]) == 1


def test_words_of_people_who_did_not_agree_to_publication_are_null_and_all_else_stays(tmp_path):
    study, talker = study_with_talks()
    agree(study, talker, publication=False)
    other = study.enrolments.exclude(pk=talker.pk).get()
    agree(study, other, publication=True)
    rows = released(tmp_path, study)
    survey = {row["user_id"]: row for row in rows["survey"]}
    assert survey[talker.code]["self_description"] is None
    assert survey[talker.code]["ethnicity"]["self_described"] is None
    assert survey[talker.code]["age"] is not None
    assert survey[other.code]["self_description"]
    assert rows["conversations"]
    assert all(row["opening_prompt"] is None for row in rows["conversations"])
    assert all(
        turn["content"] is None for row in rows["conversations"] for turn in row["conversation_history"]
    )
    assert {(row["user_prompt"], row["model_response"]) for row in rows["utterances"]} == {(None, None)}
    assert all(row["score"] is not None for row in rows["utterances"])


def test_who_takes_the_purpose_back_is_heeded_from_the_next_release_on(tmp_path):
    study, talker = study_with_talks()
    agree(study, talker, publication=True)
    assert any(row["opening_prompt"] for row in released(tmp_path / "a", study)["conversations"])
    agree(study, talker, publication=False)
    assert not any(row["opening_prompt"] for row in released(tmp_path / "b", study)["conversations"])


def test_where_nobody_was_asked_everything_is_released(tmp_path):
    study, _ = study_with_talks()
    assert all(row["opening_prompt"] for row in released(tmp_path, study)["conversations"])


def agree(study: Study, enrolment: Enrolment, *, publication: bool) -> None:
    """A further row, as the consent page or the person's own page stores it."""
    document = ConsentDocument.load("asks", "Taking part", "Text.", ASKS)
    Consent.objects.create(
        enrolment=enrolment,
        document=document,
        document_sha256=document.sha256,
        agreed=True,
        boxes={"consent": True, "consent_age": True, PUBLICATION: publication},
        revision=enrolment.consents.filter(document=document).count(),
    )
