"""`manage.py export`."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from analysis.models import Export
from conversations.models import Turn
from conversations.privacy import versions
from surveys.erasure import append_only_lifted
from surveys.models import AuditEvent
from tests.analysis.releases import study_with_talks
from tests.factories import make_study

pytestmark = pytest.mark.django_db


def export(*arguments: object, **options: object) -> str:
    out = StringIO()
    call_command("export", *map(str, arguments), stdout=out, **options)
    return out.getvalue()


def test_it_writes_exactly_the_files_of_a_release(tmp_path):
    study, _ = study_with_talks()
    said = export(study.slug, "--format", "prism", "--out", tmp_path / "new" / "folder")
    assert sorted(path.name for path in (tmp_path / "new" / "folder").iterdir()) == [
        "conversations.jsonl",
        "manifest.json",
        "metadata.jsonl",
        "models.jsonl",
        "survey.jsonl",
        "utterances.jsonl",
    ]
    assert "survey.jsonl" in said


def test_it_leaves_a_row_and_audit_events_without_an_actor(tmp_path):
    study, _ = study_with_talks()
    export(study.slug, "--out", tmp_path)
    row = Export.objects.get()
    assert (row.state, row.is_full, row.requested_by) == (Export.State.DONE, True, None)
    assert row.rows_done == row.rows_expected > 0
    events = AuditEvent.objects.filter(study=study).order_by("id")
    assert [(event.action, event.actor, event.subject) for event in events] == [
        ("export.requested", None, row.code),
        ("export.finished", None, row.code),
    ]


def test_as_json_it_prints_one_document_on_one_line(tmp_path):
    study, _ = study_with_talks()
    said = export(study.slug, "--out", tmp_path, "--json")
    assert said.count("\n") == 1
    assert json.loads(said)["rows"]["survey.jsonl"] == 2


def test_options_narrow_and_widen_what_is_written(tmp_path):
    study = make_study()
    export(study.slug, "--out", tmp_path, "--de-identified", "--include-test", "--release-seed", "s")
    row = Export.objects.get()
    assert (row.is_full, row.filters["include_test"], row.release_seed) == (False, True, "s")


def test_what_the_rules_warn_of_is_written_only_when_it_is_released_anyway(tmp_path):
    study, _ = study_with_talks()
    with append_only_lifted():
        Turn.objects.update(text="I am at amina.khan@orange.fr")
    versions.store(study, {"export": {"email": "warn"}}, None)
    with pytest.raises(CommandError, match="warn of something in it"):
        export(study.slug, "--out", tmp_path)
    assert not [*tmp_path.iterdir()]
    export(study.slug, "--out", tmp_path, "--release-anyway")
    assert "amina.khan@orange.fr" in (tmp_path / "conversations.jsonl").read_text(encoding="utf-8")
    assert AuditEvent.objects.filter(action="export.requested").latest("pk").detail["is_released"] is True


def test_an_unknown_study_or_format_is_one_clear_line(tmp_path):
    study = make_study()
    with pytest.raises(CommandError, match=f"no study “nowhere”. Studies here: {study.slug}"):
        export("nowhere", "--out", tmp_path)
    with pytest.raises(CommandError, match="no format “csv”"):
        export(study.slug, "--out", tmp_path, "--format", "csv")
    assert not Export.objects.exists()


def test_the_demonstration_is_loaded_when_it_is_missing(tmp_path):
    said = export("demo", "--out", tmp_path, "--json")
    assert json.loads(said)["rows"]["survey.jsonl"] == 0
    assert json.loads(said)["rows"]["models.jsonl"] >= 4


def test_a_folder_that_cannot_be_made_is_one_clear_line(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CommandError, match="cannot be used: "):
        export(make_study().slug, "--out", tmp_path / "file" / "folder")


def test_a_release_seed_that_is_too_long_is_refused(tmp_path):
    with pytest.raises(CommandError, match="at most 80 characters"):
        export(make_study().slug, "--out", tmp_path, "--release-seed", "x" * 81)
