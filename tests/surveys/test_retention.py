"""Periods of retention: what goes when, at most once, with a trace; and a run that only says so."""

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from surveys import retention
from surveys.erasure import Part
from surveys.models import Answer, AuditEvent, Enrolment, Identity, PanelSubmission, Study
from surveys.tasks import enforce_retention
from tests.conversations.talking import at_once
from tests.factories import make_member
from tests.surveys.visitors import (
    START,
    address,
    make_small_study,
    newcomer,
    submit,
    tables_with,
    where,
)

pytestmark = pytest.mark.django_db
WORDS = "zebra finches"
RULES = {"identity_days": 30, "texts_days": 90, "everything_days": 365}


@pytest.fixture
def study() -> Study:
    return make_small_study(slug="values", retention=RULES)


def ended(study: Study, days_ago: float, words: str = WORDS) -> tuple[Client, Enrolment]:
    client, enrolment = newcomer(study)
    submit(client, study, "start", START | {"why": words})
    moment = timezone.now() - timedelta(days=days_ago)
    Enrolment.objects.filter(pk=enrolment.pk).update(outcome="complete", outcome_at=moment, stage="done")
    enrolment.refresh_from_db()
    return client, enrolment


@pytest.mark.parametrize(
    ("days", "gone"),
    [
        (29.9, set()),
        (30.1, {Part.IDENTITY}),
        (89.9, {Part.IDENTITY}),
        (90.1, {Part.IDENTITY, Part.TEXTS}),
        (364.9, {Part.IDENTITY, Part.TEXTS}),
        (365.1, {Part.IDENTITY, Part.TEXTS, Part.REST}),
    ],
)
def test_each_part_goes_on_its_day(study, days, gone):
    _, enrolment = ended(study, days)
    retention.enforce(study)
    enrolment.refresh_from_db()
    assert (Identity.objects.get().encrypted_id == "") is (Part.IDENTITY in gone)
    assert PanelSubmission.objects.exists() is (Part.IDENTITY not in gone)
    assert (tables_with(WORDS) == set()) is (Part.TEXTS in gone)
    assert Answer.objects.exclude(value=None).exists() is (Part.REST not in gone)
    assert enrolment.outcome == "complete"


def test_it_happens_once_and_says_so(study):
    _, enrolment = ended(study, 100)
    assert retention.enforce(study) == {Part.IDENTITY: 1, Part.TEXTS: 1, Part.REST: 0}
    assert retention.enforce(study) == {Part.IDENTITY: 0, Part.TEXTS: 0, Part.REST: 0}
    tombs = AuditEvent.objects.filter(action="retention.erased", subject=enrolment.code)
    assert sorted(event.detail["reason"] for event in tombs) == [
        "retention: identity after 30 days",
        "retention: texts after 90 days",
    ]
    run = AuditEvent.objects.get(action="retention.enforced")
    assert (run.actor, run.study, run.detail) == (None, study, {"identity": 1, "texts": 1})


def test_who_never_came_to_an_end_counts_from_when_they_were_last_seen(study):
    client, enrolment = newcomer(study)
    submit(client, study, "start", START | {"why": WORDS})
    retention.enforce(study)
    assert tables_with(WORDS)
    Enrolment.objects.filter(pk=enrolment.pk).update(seen_at=timezone.now() - timedelta(days=400))
    retention.enforce(study)
    enrolment.refresh_from_db()
    assert tables_with(WORDS) == set()
    assert enrolment.outcome == "timed_out"
    assert client.get(address(study)).status_code == 403


def test_another_study_and_one_without_periods_keep_everything(study):
    elsewhere = make_small_study(slug="elsewhere")
    ended(elsewhere, 4000, "grey herons")
    ended(study, 4000)
    enforce_retention()
    assert tables_with(WORDS) == set()
    assert tables_with("grey herons")


def test_an_identity_that_another_study_still_needs_stays(study):
    _, enrolment = ended(study, 40)
    other = make_small_study(slug="elsewhere")
    Enrolment.objects.create(participant=enrolment.participant, study=other)
    retention.enforce(study)
    assert Identity.objects.get().encrypted_id != ""
    assert not PanelSubmission.objects.exists()


def test_large_studies_are_done_in_groups(study, monkeypatch):
    for _ in range(5):
        ended(study, 40)
    monkeypatch.setattr(retention, "AT_ONCE", 2)
    assert retention.enforce(study)[Part.IDENTITY] == 5


@pytest.mark.django_db(transaction=True)
def test_two_runs_at_once_erase_everybody_once():
    study = make_small_study(retention=RULES)
    for _ in range(4):
        ended(study, 40)
    done = at_once(lambda: retention.enforce(study), lambda: retention.enforce(study))
    assert sum(each[Part.IDENTITY] for each in done) == 4
    assert AuditEvent.objects.filter(action="retention.erased").count() == 4


def test_whoever_is_erased_by_retention_is_not_asked_again_by_their_link(study):
    client, _ = ended(study, 400)
    assert where(client, study) == "done/"
    retention.enforce(study)
    assert client.get(address(study, "done/")).status_code == 403


def told(*arguments: str) -> str:
    out = StringIO()
    call_command("retention", *arguments, stdout=out)
    return out.getvalue()


def test_a_dry_run_says_what_is_due_and_changes_nothing(study):
    ended(study, 40)
    before = tables_with(WORDS)
    printed = told("--dry-run")
    assert "values: identity after 30 days: 1 people would be erased" in printed
    assert tables_with(WORDS) == before
    assert Identity.objects.get().encrypted_id != ""
    assert not AuditEvent.objects.filter(action__startswith="retention").exists()


def test_it_speaks_json_too_and_erases_without_dry_run(study):
    _, enrolment = ended(study, 40)
    facts = json.loads(told("--json", "--study", "values"))
    assert [(each["part"], each["days"], each["people"]) for each in facts] == [
        ("identity", 30, 1),
        ("texts", 90, 0),
        ("rest", 365, 0),
    ]
    next_at = enrolment.outcome_at + timedelta(days=90)
    assert facts[1]["next_at"] == next_at.isoformat()
    assert Identity.objects.get().encrypted_id == ""


def test_an_unknown_study_is_named(study):
    with pytest.raises(CommandError, match="no study nowhere"):
        told("--study", "nowhere")


@pytest.mark.parametrize(
    "rules",
    [
        {"identity_days": 3},
        {"texts_days": -1},
        {"texts_days": "soon"},
        {"everything_days": True},
        {"some_days": 5},
        {"everything_days": 10**9},
    ],
)
def test_periods_that_cannot_be_kept_are_refused(rules):
    assert retention.problems(rules, 14)


def test_the_periods_of_the_fixture_can_be_kept():
    assert retention.problems(RULES, 14) == []


def page(study: Study, user: Any, fields: dict[str, Any] | None = None) -> Any:
    client = Client()
    if user:
        client.force_login(user)
    path = f"/coordinate/studies/{study.slug}/retention/"
    return client.post(path, fields) if fields is not None else client.get(path)


FORM = {"withdrawal_days": "14", "withdrawal": "anonymise", "ethics_board": "Board", "ethics_email": ""}


def test_the_page_shows_what_is_due_and_stores_new_periods_with_a_trace(study):
    ended(study, 40)
    owner = make_member(study, "owner")
    assert "The id that the panel gave" in page(study, owner).content.decode()
    assert page(study, owner, FORM | {"texts_days": "60"}).status_code == 302
    study.refresh_from_db()
    assert (study.retention, study.withdrawal) == ({"texts_days": 60}, "anonymise")
    event = AuditEvent.objects.get(action="study.edited")
    assert event.actor == owner
    assert set(event.detail["fields"]) == {"retention", "withdrawal", "ethics_board"}


def test_a_period_shorter_than_the_window_of_withdrawal_is_refused_with_a_reason(study):
    answer = page(study, make_member(study, "owner"), FORM | {"identity_days": "3"})
    assert answer.status_code == 422
    assert "needed for 14 days" in answer.content.decode()
    study.refresh_from_db()
    assert study.retention == RULES


@pytest.mark.parametrize(("role", "status"), [("coordinator", 200), ("analyst", 403), (None, 404)])
def test_only_those_who_run_the_study_see_and_change_it(study, role, status):
    member = make_member(study if role else make_small_study(), role or "owner")
    assert page(study, member).status_code == status
    if status != 200:
        assert page(study, member, FORM).status_code == status
        study.refresh_from_db()
        assert study.withdrawal == "erase"


def test_a_visitor_is_asked_to_sign_in(study):
    assert page(study, None).status_code == 302
