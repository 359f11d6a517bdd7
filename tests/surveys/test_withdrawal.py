"""Withdrawing: who may and until when, what goes, what stays, and what the person is told."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from django.conf import settings as configured
from django.test import Client
from django.utils import timezone

from conversations.live.wire import stream_key
from conversations.models import Attempt, Rating, Response, Turn
from surveys import erasure, withdrawal
from surveys.models import (
    Answer,
    AuditEvent,
    Consent,
    Device,
    Draft,
    Enrolment,
    Identity,
    PanelSubmission,
    Study,
)
from tests.factories import make_models, make_response
from tests.surveys.test_erasure import person_who_wrote
from tests.surveys.visitors import (
    START,
    USE,
    VIEWS,
    address,
    arrive,
    make_small_study,
    new_panel_id,
    newcomer,
    resume_link,
    same_browser,
    submit,
    tables_with,
    text_of,
    where,
)

pytestmark = pytest.mark.django_db
WORDS = "zebra finches"
CODES = {"codes": {"complete": "CDONE", "withdrawn": "CLEFT"}}


@pytest.fixture
def study() -> Study:
    return make_small_study(panel=CODES, contact_email="ask@example.org", ethics_email="board@example.org")


def withdraw(client: Client, study: Study) -> Any:
    return client.post(address(study, "mine/withdraw/"))


def writer(study: Study, words: str = WORDS) -> tuple[Client, Enrolment]:
    client, enrolment = newcomer(study)
    submit(client, study, "start", START | {"why": words})
    return client, enrolment


def ended(enrolment: Enrolment, *, days_ago: float, outcome: str = "complete") -> None:
    Enrolment.objects.filter(pk=enrolment.pk).update(
        outcome=outcome, outcome_at=timezone.now() - timedelta(days=days_ago), stage="done"
    )


def test_the_page_says_what_happens_and_changes_nothing_until_the_person_says_so(study):
    client, enrolment = writer(study)
    page = text_of(client.get(address(study, "mine/withdraw/")))
    assert "cannot be brought back" in page
    assert "Your payment does not depend on it" in page
    assert "Download your data first" in page
    enrolment.refresh_from_db()
    assert (enrolment.outcome, enrolment.erased_at) == ("", None)
    assert tables_with(WORDS) == {"surveys_answer"}


def test_who_withdraws_is_out_and_nothing_they_wrote_is_left(study):
    client, enrolment = writer(study)
    assert withdraw(client, study)["Location"] == address(study, "done/")
    enrolment.refresh_from_db()
    assert enrolment.outcome == "withdrawn"
    assert None not in (enrolment.erased_at, enrolment.texts_erased_at, enrolment.identity_erased_at)
    assert tables_with(WORDS) == set()
    assert not Answer.objects.exclude(value=None).exists()
    assert Identity.objects.get().encrypted_id == ""
    assert not PanelSubmission.objects.exists()
    page = text_of(client.get(address(study, "done/")))
    assert "You have withdrawn" in page
    assert "CLEFT" in page


def test_after_the_withdrawal_no_page_offers_data_or_to_continue(study):
    client, enrolment = writer(study)
    ended(enrolment, days_ago=1)
    offers = ("Your data and how to stop", "Continue later")
    before = text_of(client.get(address(study, "done/")))
    assert all(words in before for words in offers)
    withdraw(client, study)
    after = text_of(client.get(address(study, "mine/"), follow=True))
    assert "You have withdrawn" in after
    assert not [words for words in offers if words in after]


def test_the_proof_of_consent_and_a_tombstone_without_content_stay(study):
    client, enrolment = writer(study)
    withdraw(client, study)
    assert Consent.objects.get(enrolment=enrolment).agreed
    event = AuditEvent.objects.get(action="participant.withdrew")
    assert (event.actor, event.study, event.subject) == (None, study, enrolment.code)
    assert WORDS not in json.dumps(event.detail)


def test_every_browser_and_every_personal_link_is_shut_out(study):
    client, _enrolment = writer(study)
    link, other = resume_link(client, study), Client()
    other.get(link)
    assert where(other, study) == "survey/use/"
    keys = set(Device.objects.values_list("key", flat=True))
    withdraw(client, study)
    assert not keys & set(Device.objects.values_list("key", flat=True))
    assert other.get(address(study, "survey/use/")).status_code == 403
    assert Client().get(link).status_code == 404
    assert where(client, study) == "done/"


def test_the_panels_link_leads_to_the_end_and_stores_nobody_again(study):
    pid, client, again = new_panel_id(), Client(), Client()
    arrive(client, study, pid)
    client.post(address(study, "consent/"), {"consent": "on", "consent_age": "on"})
    withdraw(client, study)
    arrive(again, study, pid, session="60d1f5a0c0ffee0000000042")
    assert where(again, study) == "done/"
    assert not PanelSubmission.objects.exists()
    assert Identity.objects.get().encrypted_id == ""
    again.post(address(study, "survey/start/"), START)
    assert not Answer.objects.exists()


def test_whoever_was_done_keeps_the_code_they_are_paid_by(study):
    client, enrolment = writer(study)
    ended(enrolment, days_ago=3)
    withdraw(client, study)
    enrolment.refresh_from_db()
    assert enrolment.outcome == "withdrawn"
    page = text_of(client.get(address(study, "done/")))
    assert "CDONE" in page
    assert "CLEFT" not in page


@pytest.mark.parametrize(("days_ago", "may"), [(0, True), (13.9, True), (14.1, False), (400, False)])
def test_the_window_closes_after_the_days_that_the_study_gives(study, days_ago, may):
    client, enrolment = writer(study)
    ended(enrolment, days_ago=days_ago)
    answer = withdraw(client, study)
    assert answer.status_code == (302 if may else 409)
    assert (tables_with(WORDS) == set()) is may


def test_after_the_window_the_page_says_why_not_and_whom_to_write_to(study):
    client, enrolment = writer(study)
    ended(enrolment, days_ago=30)
    page = text_of(client.get(address(study, "mine/withdraw/")))
    assert "The time to withdraw here is over" in page
    assert "14 days after your part ended" in page
    assert "ask@example.org" in page
    assert "board@example.org" in page
    assert "Withdraw and erase" not in page


def test_a_second_withdrawal_does_nothing(study):
    client, enrolment = writer(study)
    withdraw(client, study)
    assert withdraw(client, study)["Location"] == address(study, "done/")
    assert withdrawal.withdraw(enrolment) is False
    assert AuditEvent.objects.filter(action="participant.withdrew").count() == 1


def test_only_a_trusted_device_withdraws(study):
    pid, client, other = new_panel_id(), Client(), Client()
    arrive(client, study, pid)
    arrive(other, study, pid, session="60d1f5a0c0ffee0000000042")
    assert withdraw(other, study).status_code == 403
    assert withdraw(Client(), study).status_code == 403
    assert Enrolment.objects.get().outcome == ""


def test_it_needs_the_token_of_the_form(study):
    client, enrolment = writer(study)
    strict = same_browser(client, enforce_csrf_checks=True)
    assert withdraw(strict, study).status_code == 403
    enrolment.refresh_from_db()
    assert enrolment.outcome == ""


def test_nobody_withdraws_somebody_else(study):
    _, enrolment = writer(study)
    stranger, theirs = newcomer(study)
    withdraw(stranger, study)
    enrolment.refresh_from_db()
    theirs.refresh_from_db()
    assert (enrolment.outcome, theirs.outcome) == ("", "withdrawn")
    assert tables_with(WORDS) == {"surveys_answer"}


def test_a_withdrawal_from_one_study_leaves_another_alone(study):
    client, enrolment = writer(study)
    elsewhere = make_small_study()
    second = Enrolment.objects.create(participant=enrolment.participant, study=elsewhere)
    withdraw(client, study)
    second.refresh_from_db()
    assert (second.outcome, second.erased_at) == ("", None)
    assert Identity.objects.get(participant=enrolment.participant).encrypted_id != ""
    erasure.clear(Enrolment.objects.filter(pk=second.pk), erasure.ANONYMOUS, reason="the last one")
    assert Identity.objects.get(participant=enrolment.participant).encrypted_id == ""


def test_everything_is_searched_and_nothing_is_found(study):
    """Every table, every key of Redis, every file of an export."""
    enrolment = person_who_wrote(WORDS, study)
    assert len(tables_with(WORDS)) == 8
    assert withdrawal.withdraw(enrolment)
    assert tables_with(WORDS) == set()
    assert redis_with(WORDS) == set()
    assert files_with(WORDS) == set()


def test_where_anonymous_rows_are_kept_choices_and_scores_stay_and_words_do_not(study):
    Study.objects.filter(pk=study.pk).update(withdrawal=Study.Withdrawal.ANONYMISE)
    enrolment = person_who_wrote(WORDS, study)
    assert withdrawal.withdraw(enrolment)
    assert tables_with(WORDS) <= {"conversations_feedback"}
    values = dict(
        Answer.objects.filter(submission__enrolment=enrolment, value__isnull=False).values_list(
            "question", "value"
        )
    )
    assert values["age"] == START["age"]
    assert values["purposes"] == USE["purposes"]
    assert values["level"] == VIEWS["level"]
    assert not {"why", "words", "story", "purposes_text", "colour_text"} & values.keys()
    assert Rating.objects.filter(score__isnull=False).exists()
    assert Identity.objects.get().encrypted_id == ""
    assert not Draft.objects.exists()
    enrolment.refresh_from_db()
    assert enrolment.erased_at is None
    assert enrolment.texts_erased_at is not None


def test_running_model_calls_end_and_what_redis_holds_goes(study, django_capture_on_commit_callbacks):
    _client, enrolment = writer(study)
    enrolment = person_who_wrote(WORDS, study)
    turn = Turn.objects.get(conversation__enrolment=enrolment, number=1)
    running = make_response(turn, "B", make_models(1)[0], state="streaming", finished_at=None, text=WORDS)
    attempt = Attempt.objects.create(response=running, number=0)
    with redis.Redis.from_url(configured.REDIS_URL) as store:
        store.xadd(stream_key(turn.pk), {"d": WORDS})
    assert redis_with(WORDS)
    with django_capture_on_commit_callbacks(execute=True):
        withdrawal.withdraw(enrolment)
    running.refresh_from_db()
    attempt.refresh_from_db()
    assert (running.state, running.failure, running.text) == (Response.State.FAILED, "erased", "")
    assert (attempt.state, attempt.failure) == (Attempt.State.LOST, "erased")
    assert redis_with(WORDS) == set()


def redis_with(words: str) -> set[str]:
    """The keys of Redis whose value holds the words."""
    with redis.Redis.from_url(configured.REDIS_URL) as store:
        keys = list(store.scan_iter())
        return {str(key) for key in keys if words.encode() in (store.dump(key) or b"")}


def files_with(words: str) -> set[str]:
    return {
        str(path)
        for path in Path(configured.EXPORT_DIR).rglob("*")
        if path.is_file() and words.encode() in path.read_bytes()
    }
