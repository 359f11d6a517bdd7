"""People whom a coordinator excluded from the data: left out of releases, counted, back when taken back."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts.models import User
from analysis.exports import jobs, release
from analysis.exports.release import Scope
from analysis.models import Export
from surveys import withdrawal
from surveys.models import AuditEvent, Enrolment, Study
from surveys.models.people import Role
from tests.analysis.releases import export_to, manifest_of, released, study_with_talks
from tests.factories import make_enrolment, make_member, make_user

pytestmark = pytest.mark.django_db
State = Export.State
DECIDE = "/coordinate/studies/{}/participants/{}/decide/"
EXPORTS = "/coordinate/studies/{}/exports/"


@pytest.fixture(autouse=True)
def export_dir(settings: Any, tmp_path: Path) -> Path:
    settings.EXPORT_DIR = tmp_path / "exports"
    return tmp_path / "exports"


@pytest.fixture
def talks() -> tuple[Study, Enrolment]:
    return study_with_talks()


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def decide(client: Client, person: Enrolment, value: str) -> None:
    """By the page on which coordinators decide."""
    answer = client.post(
        DECIDE.format(person.study.slug, person.code), {"value": value, "reason": "Copied every answer"}
    )
    assert answer.status_code == 302


def people(rows: dict[str, list[dict[str, Any]]]) -> dict[str, set[str]]:
    """Whose rows are in each file that names people."""
    return {name: {row["user_id"] for row in found} for name, found in rows.items() if name != "models"}


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def test_who_is_excluded_is_in_no_file_until_the_decision_is_taken_back(talks, tmp_path):
    study, talker = talks
    client = signed_in(make_member(study))
    before = people(released(tmp_path / "before", study))
    assert all(talker.code in found for found in before.values())
    decide(client, talker, "exclude")
    left = released(tmp_path / "excluded", study)
    assert all(talker.code not in found for found in people(left).values())
    assert (len(left["survey"]), left["conversations"]) == (1, [])
    decide(client, talker, "keep")
    assert people(released(tmp_path / "kept", study)) == before
    assert contents(tmp_path / "before") == contents(tmp_path / "kept")


def test_other_decisions_leave_the_person_in(talks, tmp_path):
    study, talker = talks
    client = signed_in(make_member(study))
    for value in ("hold", "leave_out", "marked"):
        decide(client, talker, value)
    assert talker.code in people(released(tmp_path, study))["survey"]


def test_the_manifest_counts_each_of_those_who_were_left_out_once(talks, tmp_path):
    study, talker = talks
    client = signed_in(make_member(study))
    test_person = make_enrolment(study, finished_survey=True, is_test=True)
    for outcome in ("failed_checks", "withdrawn"):
        make_enrolment(study, finished_survey=True, outcome=outcome, outcome_at=timezone.now())
    make_enrolment(study)  # still in the survey
    decide(client, talker, "exclude")
    decide(client, test_person, "exclude")
    rows = released(tmp_path, study)
    manifest = manifest_of(tmp_path)
    assert manifest["left_out"] == {"withdrawn_or_erased": 1, "turned_away": 1, "test": 1, "excluded": 1}
    assert manifest["filters"]["include_excluded"] is False
    finished = study.enrolments.exclude(survey_finished_at=None).count()
    assert len(rows["survey"]) + sum(manifest["left_out"].values()) == finished
    text = (tmp_path / "manifest.json").read_text()
    assert talker.code not in text
    assert "Copied every answer" not in text


def test_a_test_person_comes_in_by_their_own_door_only(talks, tmp_path):
    study, _talker = talks
    client = signed_in(make_member(study))
    test_person = make_enrolment(study, finished_survey=True, is_test=True)
    decide(client, test_person, "exclude")
    asked = {"include_test": {"include_test": True}, "excluded": {"include_excluded": True}}
    for name, wanted in asked.items():
        assert test_person.code not in people(released(tmp_path / name, study, **wanted))["survey"]
    both = released(tmp_path / "both", study, include_test=True, include_excluded=True)
    assert test_person.code in people(both)["survey"]


def test_releases_with_one_seed_are_the_same_bytes_whoever_is_left_out(talks, tmp_path):
    study, _talker = talks
    client = signed_in(make_member(study))
    decide(client, make_enrolment(study, finished_survey=True), "exclude")
    export_to(tmp_path / "first", study, release_seed="2026")
    export_to(tmp_path / "second", study, release_seed="2026")
    assert contents(tmp_path / "first") == contents(tmp_path / "second")


def test_a_person_keeps_their_code_of_a_seed_when_somebody_else_is_excluded(talks, tmp_path):
    study, talker = talks
    before = people(released(tmp_path / "before", study, release_seed="s"))["survey"]
    decide(signed_in(make_member(study)), talker, "exclude")
    after = people(released(tmp_path / "after", study, release_seed="s"))["survey"]
    assert after < before
    assert len(after) == len(before) - 1


def test_the_command_leaves_them_out_and_says_how_many_unless_asked(talks, tmp_path):
    study, talker = talks
    decide(signed_in(make_member(study)), talker, "exclude")

    def said(*options: str) -> str:
        out = StringIO()
        call_command("export", study.slug, "--out", str(tmp_path), *options, stdout=out)
        return out.getvalue()

    assert "0 turned away, 0 test, 1 excluded" in said()
    assert json.loads(said("--json"))["left_out"]["excluded"] == 1
    assert talker.code not in (tmp_path / "survey.jsonl").read_text()
    found = json.loads(said("--json", "--include-excluded"))
    assert (found["left_out"]["excluded"], found["rows"]["survey.jsonl"]) == (0, 2)
    assert talker.code in (tmp_path / "survey.jsonl").read_text()
    assert manifest_of(tmp_path)["filters"]["include_excluded"] is True
    asked = AuditEvent.objects.filter(action="export.requested").order_by("-id").first()
    assert asked is not None
    assert asked.detail["include_excluded"] is True


def test_the_page_includes_them_only_where_that_was_ticked_and_it_is_audited(talks):
    study, talker = talks
    owner = make_member(study, may_export_full=True)
    client, page = signed_in(owner), EXPORTS.format(study.slug)
    decide(client, talker, "exclude")
    assert "1 person was excluded from the data and is left out" in client.get(page).text
    client.post(page, {"content": "full"})
    client.post(page, {"content": "full", "include_excluded": "on"})
    with_them, without = Export.objects.all()
    for export in (with_them, without):
        jobs.run(export.pk)
    assert talker.code not in (jobs.folder(without) / "survey.jsonl").read_text()
    assert talker.code in (jobs.folder(with_them) / "survey.jsonl").read_text()
    shown = client.get(page).text
    assert "1 excluded from the data, 0 test, 0 turned away, 0 withdrawn or erased" in shown
    assert ", with excluded people" in shown
    asked = AuditEvent.objects.filter(action="export.requested").order_by("id")
    assert [(e.actor, e.detail["include_excluded"]) for e in asked] == [(owner, False), (owner, True)]


@pytest.mark.parametrize(
    ("maker", "status"),
    [
        (lambda study: make_member(study, Role.ANALYST), 302),
        (lambda study: make_member(study, Role.ANNOTATOR), 403),
        (lambda study: make_user(), 404),
    ],
    ids=["analyst", "annotator", "stranger"],
)
def test_who_may_ask_for_excluded_people(talks, maker, status):
    study, _talker = talks
    wanted = {"content": "de-identified", "include_excluded": "on"}
    answer = signed_in(maker(study)).post(EXPORTS.format(study.slug), wanted)
    assert answer.status_code == status
    assert study.exports.count() == (1 if status == 302 else 0)


def test_somebody_excluded_while_the_files_are_written_is_in_no_files(talks, monkeypatch):
    study, talker = talks
    client = signed_in(make_member(study))
    is_allowed = release.is_still_allowed

    def excluded_first(scope: Scope) -> bool:
        decide(client, talker, "exclude")
        return is_allowed(scope)

    monkeypatch.setattr(release, "is_still_allowed", excluded_first)
    export = jobs.run(jobs.request_export(Scope(study), None).pk)
    assert export is not None
    assert (export.state, jobs.folder(export).exists()) == (State.FAILED, False)
    assert "was excluded while the files were written" in export.failure


@pytest.mark.parametrize(
    ("decisions", "since", "is_held"),
    [
        ([], "exclude", True),
        (["exclude"], "keep", False),
        (["exclude", "keep"], "", True),
        (["keep", "exclude"], "keep", False),
    ],
    ids=["never excluded", "excluded before", "taken back before", "excluded again before"],
)
def test_a_withdrawal_marks_exactly_the_exports_that_hold_the_person(talks, decisions, since, is_held):
    study, talker = talks
    client = signed_in(make_member(study))
    for value in decisions:
        decide(client, talker, value)
    export = jobs.run(jobs.request_export(Scope(study), None).pk)
    assert export is not None
    assert (talker.code in (jobs.folder(export) / "survey.jsonl").read_text()) is is_held
    if since:
        decide(client, talker, since)
    assert withdrawal.withdraw(talker)
    export.refresh_from_db()
    assert (export.state, export.people_erased) == ((State.DELETED, 1) if is_held else (State.DONE, 0))
