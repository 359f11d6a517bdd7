"""The pages of exports over HTTP: owner, analyst, annotator, stranger; with and without scripts."""

import io
import json
import zipfile

import pytest
from django.db import connection
from django.urls import reverse

from analysis.exports import jobs
from analysis.exports.release import Scope
from analysis.models import Export
from analysis.tasks import run_export
from conversations.models import Turn
from conversations.privacy import versions
from surveys import erasure
from surveys.erasure import append_only_lifted
from surveys.models import AuditEvent
from surveys.models.people import Role
from tests.analysis.releases import study_with_talks
from tests.factories import make_member, make_study, make_user

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume asynchronous iterators"),
]


@pytest.fixture(autouse=True)
def export_dir(settings, tmp_path):
    settings.EXPORT_DIR = tmp_path / "exports"
    return settings.EXPORT_DIR


@pytest.fixture
def study():
    return study_with_talks()[0]


@pytest.fixture
def owner(study):
    return make_member(study, Role.OWNER, may_export_full=True)


@pytest.fixture
def analyst(study):
    return make_member(study, Role.ANALYST)


def page_of(study, name="exports", *more):
    return reverse(f"analysis:{name}", args=[study.slug, *more])


def finished(study, by=None, **wanted):
    export = jobs.run(jobs.request_export(Scope(study, **wanted), by).pk)
    assert export is not None
    return export


def signed_in(client, user):
    client.force_login(user)
    return client


def body(response):
    return b"".join(response)


def test_a_study_without_exports_says_so_and_an_analyst_cannot_ask_for_everything(client, study, analyst):
    assert client.get(page_of(study)).url.startswith("/accounts/login/")
    page = signed_in(client, analyst).get(page_of(study))
    assert page.status_code == 200
    assert "No export yet" in page.text
    answer = client.post(page_of(study), {"content": "full"})
    assert answer.status_code == 422
    assert "The export was not started" in answer.text
    assert not Export.objects.exists()


def test_an_owner_starts_a_full_export_and_a_worker_gets_it(
    client, study, owner, monkeypatch, django_capture_on_commit_callbacks
):
    handed_out: list[int] = []
    monkeypatch.setattr(run_export, "delay", handed_out.append)
    with django_capture_on_commit_callbacks(execute=True):
        answer = signed_in(client, owner).post(
            page_of(study), {"content": "full", "include_test": "on", "release_seed": "s"}
        )
    assert answer.status_code == 302
    export = Export.objects.get()
    assert handed_out == [export.pk]
    assert (export.is_full, export.release_seed, export.requested_by) == (True, "s", owner)
    assert AuditEvent.objects.get(action="export.requested").actor == owner


def test_a_broker_that_is_away_loses_no_export(
    client, study, owner, monkeypatch, django_capture_on_commit_callbacks
):
    def away(_):
        raise ConnectionError

    monkeypatch.setattr(run_export, "delay", away)
    with django_capture_on_commit_callbacks(execute=True):
        answer = signed_in(client, owner).post(page_of(study), {"content": "de-identified"})
    assert answer.status_code == 302
    assert Export.objects.get().state == Export.State.WAITING


def test_a_double_click_starts_one_export(client, study, owner):
    signed_in(client, owner)
    for _ in range(2):
        client.post(page_of(study), {"content": "de-identified"})
    assert Export.objects.count() == 1


def test_an_analyst_takes_a_de_identified_export(client, study, analyst):
    export = finished(study, analyst, is_full=False)
    signed_in(client, analyst)
    assert "conversations.jsonl" in client.get(page_of(study)).text
    survey = client.get(page_of(study, "export_file", export.code, "survey.jsonl"))
    assert survey["Content-Disposition"] == 'attachment; filename="survey.jsonl"'
    rows = [json.loads(line) for line in body(survey).splitlines()]
    assert len(rows) == 2
    assert {row["self_description"] for row in rows} == {None}
    event = AuditEvent.objects.get(action="export.downloaded")
    assert (event.actor, event.subject, event.detail) == (analyst, export.code, {"file": "survey.jsonl"})


def test_all_files_come_in_one_archive_and_nothing_else_nor_without_the_right(client, study, owner):
    export = finished(study, owner)
    answer = signed_in(client, owner).get(page_of(study, "export_file", export.code, "all.zip"))
    packed = body(answer)
    assert answer["Content-Length"] == str(len(packed))
    assert len(zipfile.ZipFile(io.BytesIO(packed)).namelist()) == 6
    for name in ("settings.py", "..%2fsecret", ".unfinished"):
        other = page_of(study, "export_file", export.code, "x").replace("/x", f"/{name}")
        assert client.get(other).status_code == 404
    study.memberships.update(may_export_full=False)  # a right that was taken away ends downloads
    again = client.get(page_of(study, "export_file", export.code, "survey.jsonl"))
    assert again.status_code == 403


def test_an_analyst_sees_a_full_export_but_gets_none_of_its_files(client, study, owner, analyst):
    export = finished(study, owner)
    signed_in(client, analyst)
    assert "you need the right to export in full" in client.get(page_of(study)).text
    for name in ("survey.jsonl", "all.zip"):
        assert client.get(page_of(study, "export_file", export.code, name)).status_code == 403
    assert client.post(page_of(study, "export_delete", export.code)).status_code == 403
    assert not AuditEvent.objects.filter(action="export.downloaded").exists()


def test_who_reaches_exports(client, study, owner):
    export = finished(study, owner, is_full=False)
    other = make_study()
    for user, status in (
        (make_member(study, Role.ANNOTATOR), 403),
        (make_user(), 404),
        (make_member(other, Role.OWNER, may_export_full=True), 404),
        (make_member(study, Role.COORDINATOR), 200),
    ):
        signed_in(client, user)
        assert client.get(page_of(study)).status_code == status
        fragment = client.get(page_of(study, "export", export.code), headers={"HX-Request": "true"})
        assert fragment.status_code == status
        assert client.get(page_of(study, "export_file", export.code, "survey.jsonl")).status_code == status
        # Nor is it reached through another study, whoever runs that.
        elsewhere = page_of(other, "export_file", export.code, "survey.jsonl")
        assert client.get(elsewhere).status_code == 404
        assert client.post(page_of(other, "export_delete", export.code)).status_code == 404
        deleted = client.post(page_of(study, "export_delete", export.code))
        assert deleted.status_code == (302 if status == 200 else status)


def test_progress_is_a_part_that_asks_again_until_the_export_is_finished(client, study, owner):
    export = jobs.request_export(Scope(study), owner)
    signed_in(client, owner)
    address = page_of(study, "export", export.code)
    without_scripts = client.get(address)
    assert (without_scripts.status_code, without_scripts.url) == (302, page_of(study))
    waiting = client.get(address, headers={"HX-Request": "true"})
    assert "Waiting for a worker" in waiting.text
    assert f'hx-get="{address}"' in waiting.text
    Export.objects.update(state=Export.State.RUNNING, rows_done=30, rows_expected=120)
    running = client.get(address, headers={"HX-Request": "true"})
    assert "30 of 120 rows" in running.text
    assert 'value="25"' in running.text
    Export.objects.update(state=Export.State.DONE)
    done = client.get(address, headers={"HX-Request": "true"})
    assert "hx-get" not in done.text
    assert done["HX-Retarget"] == f"#export-{export.code}"


def test_a_failure_is_shown_plainly(client, study, owner):
    export = jobs.request_export(Scope(study), owner)
    Export.objects.filter(pk=export.pk).update(state=Export.State.FAILED, failure="The disk is full.")
    page = signed_in(client, owner).get(page_of(study))
    assert "The disk is full." in page.text
    gone = client.get(page_of(study, "export_file", export.code, "survey.jsonl"))
    assert gone.status_code == 410
    assert "not finished yet" in gone.text


def test_deleting_removes_the_files_and_keeps_the_entry(
    client, study, owner, django_capture_on_commit_callbacks
):
    export = finished(study, owner)
    with django_capture_on_commit_callbacks(execute=True):
        signed_in(client, owner).post(page_of(study, "export_delete", export.code))
    assert not jobs.folder(export).exists()
    assert not jobs.archive(export).exists()
    assert "Its files were deleted" in client.get(page_of(study)).text
    assert client.get(page_of(study, "export_file", export.code, "survey.jsonl")).status_code == 410
    assert AuditEvent.objects.get(action="export.deleted").actor == owner


def test_the_page_takes_as_many_queries_for_one_export_as_for_many(
    client, study, owner, django_assert_max_num_queries
):
    signed_in(client, owner)
    for _ in range(5):
        jobs.request_export(Scope(study), owner)
    with django_assert_max_num_queries(12):
        client.get(page_of(study))


def test_no_more_than_thirty_exports_an_hour_are_started_by_one_person(client, study, owner, settings):
    settings.RATE_LIMITS_ON = True
    signed_in(client, owner)
    answers = [client.post(page_of(study), {"content": "full", "release_seed": n}) for n in range(31)]
    assert [answer.status_code for answer in answers] == [302] * 30 + [429]
    assert study.exports.count() == 30
    assert client.get(page_of(study)).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_a_download_holds_no_connection_to_the_database(client, study, owner):
    export = finished(study)
    answer = signed_in(client, owner).get(page_of(study, "export_file", export.code, "all.zip"))
    assert answer.status_code == 200
    assert connection.connection is None
    assert body(answer)


def test_an_export_that_the_rules_warn_of_waits_until_somebody_who_may_releases_it(client, study, owner):
    with append_only_lifted():
        Turn.objects.update(text="I am at amina.khan@orange.fr or 06 12 34 56 78")
    versions.store(study, {"export": {"email": "warn"}}, owner)
    export, plain = finished(study, owner), finished(study, owner, is_full=False)
    assert (export.state, plain.state) == (Export.State.HELD, Export.State.DONE)
    address = page_of(study, "export_file", export.code, "conversations.jsonl")
    release = page_of(study, "export_release", export.code)
    others = [make_member(study, Role.OWNER), make_member(study, Role.ANALYST), make_user()]
    for other, status in zip(others, (403, 403, 404), strict=True):
        assert signed_in(client, other).post(release).status_code == status
        assert "Release it anyway" not in client.get(page_of(study)).text
    signed_in(client, owner)
    assert client.get(address).status_code == 410
    shown = client.get(page_of(study)).text
    assert "Release it anyway" in shown
    assert "<code>opening_prompt</code>" in shown
    assert "amina" not in shown
    assert client.get(release).status_code == 405
    for _ in range(2):
        assert client.post(release).status_code == 302
    event = AuditEvent.objects.get(action="export.released")
    texts = export.manifest["personal_data"]["texts"]
    counted = sum(column["warned"] for columns in texts.values() for column in columns.values())
    assert (event.actor, event.subject, event.detail) == (owner, export.code, {"warned": counted})
    taken = [json.loads(line) for line in body(client.get(address)).splitlines()]
    assert {row["opening_prompt"] for row in taken} == {"I am at amina.khan@orange.fr or [PHONE]"}


def test_one_that_is_held_back_can_be_deleted_and_goes_with_a_person(client, study, owner):
    with append_only_lifted():
        Turn.objects.update(text="I am at amina.khan@orange.fr")
    versions.store(study, {"export": {"email": "warn"}}, owner)
    first, second = finished(study, owner), finished(study, owner)
    signed_in(client, owner)
    assert client.post(page_of(study, "export_delete", first.code)).status_code == 302
    erasure.erase(study.enrolments.earliest("pk").participant, reason="asked")
    assert client.post(page_of(study, "export_release", second.code)).status_code == 302
    assert [*study.exports.values_list("state", flat=True)] == ["deleted", "deleted"]
    assert client.get(page_of(study, "export_file", second.code, "all.zip")).status_code == 410
    assert not AuditEvent.objects.filter(action="export.released").exists()
