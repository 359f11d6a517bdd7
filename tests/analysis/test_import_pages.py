"""The page on which a coordinator imports tables, watches, and sees what was refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from analysis import tasks
from analysis.imports import jobs
from analysis.models import Import
from conversations.models import Dataset, Vote
from surveys.models import AuditEvent
from surveys.models.people import Role
from tests.analysis.arena_tables import conversation, lines, vote
from tests.analysis.arena_votes import make_arena
from tests.factories import make_member, make_study

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume asynchronous iterators"),
]


@pytest.fixture
def arena(settings: Any, tmp_path: Path):
    settings.EXPORT_DIR = tmp_path / "exports"
    return make_arena()[0]


def table(name: str, *rows: dict[str, Any]) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, lines(rows).encode())


def sent(client: Client, study: Any, *files: SimpleUploadedFile, **fields: str) -> Any:
    given = {"key": "compar-ia", "licence": "Etalab 2.0", "tables": list(files), **fields}
    return client.post(reverse("analysis:imports", args=[study.slug]), given)


def test_a_coordinator_imports_tables_and_sees_what_was_refused(arena, django_capture_on_commit_callbacks):
    client = Client()
    client.force_login(make_member(arena, Role.COORDINATOR))
    url = reverse("analysis:imports", args=[arena.slug])
    assert "Nothing imported yet" in client.get(url).content.decode()
    files = [
        table("comparia-conversations.jsonl", conversation()),
        table("v_votes.jsonl", vote(), vote(id=8)),
    ]
    with django_capture_on_commit_callbacks() as waiting:
        trial = sent(client, arena, *files, is_dry_run="on")
    assert (trial.status_code, len(waiting)) == (302, 1)
    row = Import.objects.get()
    assert sorted(path.name for path in jobs.folder(row).iterdir()) == ["conversations.jsonl", "votes.jsonl"]
    assert "Waiting for a worker" in client.get(url).content.decode()
    tasks.run_import(row.pk)
    page = client.get(url).content.decode()
    assert "An import of these files would do this" in page
    assert not Vote.objects.exists()
    assert not jobs.folder(row).exists()
    for file in files:
        file.seek(0)
    sent(client, arena, *files)
    row = Import.objects.first()
    tasks.run_import(row.pk)
    page = client.get(url).content.decode()
    assert "duplicate" in page
    assert Vote.objects.count() == 1
    faults = client.get(reverse("analysis:import_faults", args=[arena.slug, row.code]))
    assert b"".join(faults.streaming_content).decode().splitlines() == [
        "table,row,reason",
        "votes,2,duplicate",
    ]
    part = client.get(reverse("analysis:import", args=[arena.slug, row.code]), headers={"HX-Request": "true"})
    assert "hx-get" not in part.content.decode()
    public = reverse("analysis:dataset_public", args=[arena.slug, "compar-ia"])
    assert client.post(public).status_code == 302
    assert Dataset.objects.get().is_public
    late = client.post(reverse("analysis:import_stop", args=[arena.slug, row.code]), follow=True)
    assert "is over already" in late.content.decode()
    done = set(AuditEvent.objects.values_list("action", flat=True))
    assert {"import.requested", "import.finished", "dataset.offered"} <= done


def test_what_will_not_do_is_said_beside_its_field_and_nothing_is_kept(arena, settings):
    client = Client()
    client.force_login(make_member(arena, Role.OWNER))

    def problem(*files: SimpleUploadedFile, **fields: str) -> str:
        answer = sent(client, arena, *files, **fields)
        assert answer.status_code == 422
        return answer.content.decode()

    assert "none of these tables" in problem(table("people.csv", vote()))
    assert "Two files have the table" in problem(
        table("votes.jsonl", vote()), table("old-votes.parquet", vote())
    )
    assert "This word stands for a filter" in problem(table("votes.jsonl", vote()), key="all")
    sent(client, arena, table("votes.jsonl", vote()))
    assert "is under way" in problem(table("votes.jsonl", vote()))
    stopped = client.post(reverse("analysis:import_stop", args=[arena.slug, Import.objects.get().code]))
    assert stopped.status_code == 302
    assert (Import.objects.get().state, list((jobs.folder(Import.objects.get()).parent).iterdir())) == (
        "stopped",
        [],
    )
    settings.IMPORT_MAX_BYTES = 10
    assert "too large" in problem(table("votes.jsonl", vote()))
    arena.protocols.all().delete()
    settings.IMPORT_MAX_BYTES = 10_000
    assert "has no conversations" in problem(table("votes.jsonl", vote()))
    assert Import.objects.count() == 1


def test_only_those_who_run_the_study_import_into_it(arena):
    stranger = Client()
    stranger.force_login(make_member(make_study(questionnaire=None), Role.OWNER))
    analyst = Client()
    analyst.force_login(make_member(arena, Role.ANALYST))
    row = jobs.request_import(jobs.Wanted(arena, "one"), None)
    names = {"imports": [], "import": [row.code], "import_faults": [row.code]}
    for client, status in ((stranger, 404), (analyst, 403), (Client(), 302)):
        for name, more in names.items():
            address = reverse(f"analysis:{name}", args=[arena.slug, *more])
            assert client.get(address).status_code == status
        assert sent(client, arena, table("votes.jsonl", vote())).status_code == status
        for name, more in (("import_stop", row.code), ("dataset_public", "one")):
            assert client.post(reverse(f"analysis:{name}", args=[arena.slug, more])).status_code == status
    owner = Client(enforce_csrf_checks=True)
    owner.force_login(make_member(arena, Role.OWNER))
    assert sent(owner, arena, table("votes.jsonl", vote())).status_code == 403
    row.refresh_from_db()
    assert (row.state, Dataset.objects.get().is_public, Import.objects.count()) == ("waiting", False, 1)
    # A code of another study's import is none here.
    member = Client()
    other = make_study(questionnaire=None)
    member.force_login(make_member(other, Role.OWNER))
    assert member.get(reverse("analysis:import_faults", args=[other.slug, row.code])).status_code == 404
