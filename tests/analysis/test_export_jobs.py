"""Exports as jobs: claimed once, taken up when lost, never half published, gone with the people in them."""

import errno
import zipfile
from datetime import timedelta

import pytest
from django.utils import timezone

from analysis.exports import jobs, writing
from analysis.exports.release import Scope
from analysis.models import Export
from analysis.tasks import run_export, sweep_exports
from surveys.erasure import erase
from surveys.models import AuditEvent
from tests.analysis.releases import study_with_talks
from tests.factories import make_user

pytestmark = pytest.mark.django_db
State = Export.State


@pytest.fixture(autouse=True)
def export_dir(settings, tmp_path):
    settings.EXPORT_DIR = tmp_path / "exports"
    return settings.EXPORT_DIR


@pytest.fixture
def talks():
    return study_with_talks()


@pytest.fixture
def waiting(talks):
    return jobs.request_export(Scope(talks[0]), make_user())


def test_a_finished_export_has_its_files_and_one_archive(waiting, export_dir):
    run_export(waiting.pk)
    waiting.refresh_from_db()
    assert waiting.state == State.DONE
    assert waiting.rows_done == waiting.rows_expected
    written = {path.name for path in jobs.folder(waiting).iterdir()}
    assert set(jobs.packed(waiting)) - written == {"ratings.jsonl"}  # all answers were rated by sliders
    with zipfile.ZipFile(jobs.archive(waiting)) as packed:
        names = [name.rpartition("/")[2] for name in packed.namelist()]
    assert names == [name for name in jobs.packed(waiting) if name in written]
    assert AuditEvent.objects.filter(action="export.finished", actor=waiting.requested_by).exists()


def test_a_second_run_of_the_same_export_does_nothing(waiting):
    assert jobs.run(waiting.pk) is not None
    written_at = (jobs.folder(waiting) / "manifest.json").stat().st_mtime_ns
    assert jobs.run(waiting.pk) is None
    assert (jobs.folder(waiting) / "manifest.json").stat().st_mtime_ns == written_at


def test_a_run_under_way_is_not_taken_and_one_without_a_sign_of_life_is(waiting):
    Export.objects.update(state=State.RUNNING, lease_at=timezone.now())
    assert jobs.run(waiting.pk) is None
    Export.objects.update(lease_at=timezone.now() - jobs.LEASE - timedelta(seconds=1))
    finished = jobs.run(waiting.pk)
    assert finished is not None
    assert finished.state == State.DONE


def test_a_run_that_lost_its_lease_publishes_nothing(waiting, monkeypatch):
    written = writing.written

    def taken_meanwhile(*arguments):
        Export.objects.update(lease_at=timezone.now() + timedelta(seconds=1))
        return written(*arguments)

    monkeypatch.setattr(jobs, "written", taken_meanwhile)
    assert jobs.run(waiting.pk) is None
    assert not jobs.folder(waiting).exists()
    assert not jobs.archive(waiting).exists()
    waiting.refresh_from_db()
    assert waiting.state == State.RUNNING


def test_an_export_deleted_while_it_runs_leaves_nothing(waiting, monkeypatch):
    pack = jobs._pack
    monkeypatch.setattr(jobs, "_pack", lambda *given: (pack(*given), jobs.delete(waiting, None)))
    assert jobs.run(waiting.pk) is None
    waiting.refresh_from_db()
    assert waiting.state == State.DELETED
    assert not jobs.folder(waiting).exists()
    assert not jobs.archive(waiting).exists()


def test_a_full_disk_is_said_plainly_and_leaves_nothing(waiting, export_dir, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(writing.JsonLines, "write", full)
    failed = jobs.run(waiting.pk)
    assert failed is not None
    assert failed.state == State.FAILED
    assert "No space left on device" in failed.failure
    assert list(export_dir.iterdir()) == []


def test_an_unexpected_error_is_logged_without_what_people_wrote(waiting, monkeypatch, caplog):
    written_by_somebody = "I try to be fair"

    def broken(*_):
        raise ValueError(written_by_somebody)

    monkeypatch.setattr(writing.prism_format, "survey_row", broken)
    failed = jobs.run(waiting.pk)
    assert failed is not None
    assert failed.state == State.FAILED
    assert "ValueError" in caplog.text
    assert written_by_somebody not in caplog.text + failed.failure


def test_somebody_who_withdraws_while_files_are_written_is_not_released(waiting, talks, monkeypatch):
    pack = jobs._pack

    def withdrawn_meanwhile(*given):
        pack(*given)
        talks[1].outcome, talks[1].outcome_at = "withdrawn", timezone.now()
        talks[1].save()

    monkeypatch.setattr(jobs, "_pack", withdrawn_meanwhile)
    failed = jobs.run(waiting.pk)
    assert failed is not None
    assert failed.state == State.FAILED
    assert "withdrew" in failed.failure
    assert not jobs.folder(waiting).exists()


def test_erasing_a_person_removes_the_finished_exports_they_may_be_in(
    waiting, talks, django_capture_on_commit_callbacks
):
    jobs.run(waiting.pk)
    with django_capture_on_commit_callbacks(execute=True):
        erase(talks[1].participant, reason="asked for it")
    waiting.refresh_from_db()
    assert waiting.state == State.DELETED
    assert not jobs.folder(waiting).exists()
    assert not jobs.archive(waiting).exists()


def test_erasing_somebody_leaves_exports_of_other_studies_alone(waiting):
    jobs.run(waiting.pk)
    _, stranger = study_with_talks()
    erase(stranger.participant, reason="asked for it")
    waiting.refresh_from_db()
    assert waiting.state == State.DONE


def test_forgotten_and_abandoned_exports_are_handed_out_again(talks, monkeypatch):
    def requested(**changed):
        export = jobs.request_export(Scope(talks[0]), make_user())
        Export.objects.filter(pk=export.pk).update(**changed)
        return export.pk

    long_ago = timezone.now() - timedelta(hours=1)
    forgotten = requested(requested_at=long_ago)
    abandoned = requested(state=State.RUNNING, lease_at=long_ago)
    requested()
    requested(state=State.RUNNING, lease_at=timezone.now(), requested_at=long_ago)
    requested(state=State.DONE, requested_at=long_ago)
    requested(requested_at=long_ago, filters={"source": jobs.BY_COMMAND})
    handed_out: list[int] = []
    monkeypatch.setattr(run_export, "delay", handed_out.append)
    sweep_exports()
    assert handed_out == [forgotten, abandoned]
