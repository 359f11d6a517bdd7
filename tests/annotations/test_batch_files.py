"""Files of tasks: three formats and two shapes, faults by line, and a file that need not be chosen twice."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client

from annotations.batches import from_file, uploads
from annotations.models import Batch
from annotations.rubric_versions import shipped_version
from conversations.demo import load_demo
from surveys.models.people import Role
from tests.annotations.batch_forms import at, filled, send, texts
from tests.annotations.making import make_rubric_version
from tests.factories import make_member, make_study

pytestmark = pytest.mark.django_db
ROWS: list[dict[str, Any]] = [
    {
        "key": "a",
        "query": "Why, jane.doe@example.org?",
        "response_1": "One.\nTwo.",
        "response_2": "Three, “four”.",
    },
    {"key": "b", "query": "Wie?", "response_1": "So.", "response_2": "Oder so."},
]
ROWS[0] |= {"language": "en", "tags": ["law"], "gold": {"clear": [3, 1]}, "model_1": "maker/secret"}
ROWS[1] |= {"language": "de", "tags": ["law", "health"], "gold": None, "model_1": "maker/secret"}


@pytest.fixture(autouse=True)
def kept_apart(settings: Any, tmp_path: Path) -> None:
    settings.EXPORT_DIR = tmp_path / "exports"


@pytest.fixture
def study():
    return make_study()


@pytest.fixture
def client(study):
    client = Client()
    client.force_login(make_member(study, Role.COORDINATOR))
    return client


def jsonl(*rows: Any) -> SimpleUploadedFile:
    lines = "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows)
    return SimpleUploadedFile("tasks.jsonl", lines.encode())


def as_csv(rows: list[dict[str, Any]]) -> SimpleUploadedFile:
    table = io.StringIO()
    writer = csv.DictWriter(table, list(rows[0]))
    writer.writeheader()
    for row in rows:
        gold = json.dumps(row["gold"]) if row["gold"] else ""
        writer.writerow(row | {"tags": "; ".join(row["tags"]), "gold": gold})
    return SimpleUploadedFile("tasks.csv", table.getvalue().encode("utf-8-sig"))


def parquet(rows: list[dict[str, Any]]) -> SimpleUploadedFile:
    table = io.BytesIO()
    pl.DataFrame(rows).write_parquet(table)
    return SimpleUploadedFile("tasks.PARQUET", table.getvalue())


@pytest.mark.parametrize("file", [lambda: jsonl(*ROWS), lambda: as_csv(ROWS), lambda: parquet(ROWS)])
def test_each_format_gives_the_same_tasks(client, study, file):
    batch = filled(client, study, source="file", file=file())
    first, second = batch.tasks.all()
    assert (first.key, first.query, first.language) == ("a", "Why, [EMAIL]?", "en")
    assert texts(first) == ["One.\nTwo.", "Three, “four”."]
    assert (first.gold, second.gold) == ({"clear": [3, 1]}, None)
    assert batch.tasks.filter(gold__isnull=False).count() == 1
    assert (first.tags, second.tags) == (["law"], ["law", "health"])
    assert [side.model_name for side in first.sides.all()] == ["maker/secret", ""]
    assert list(uploads.folder().iterdir()) == []  # read and gone
    for page in (at(study, "batch", batch.slug), at(study, "batch_task", batch.slug, 1)):
        assert "secret" not in client.get(page).content.decode()


def test_a_file_is_looked_at_first_and_kept_for_the_person_who_sent_it(client, study):
    shown = send(
        client, study, "preview", source="file", file=jsonl(*ROWS, {**ROWS[0], "key": "c", "mood": "blue"})
    )
    page = shown.content.decode()
    assert (shown.context["size"].tasks, shown.context["size"].models) == (3, 1)
    assert "secret" not in page
    assert "<code>mood</code>" in page
    assert "[EMAIL]" in page
    token = shown.context["form"].kept
    kept = send(client, study, "preview", source="file", kept=token, title="")
    assert kept.status_code == 422
    assert "<strong>tasks.jsonl</strong> is kept" in kept.content.decode()
    other = Client()
    other.force_login(make_member(study, Role.OWNER))
    assert send(other, study, source="file", kept=token).status_code == 422
    assert filled(client, study, source="file", kept=token).tasks.count() == 3


def test_faults_are_named_by_line_and_nothing_typed_is_lost(client, study):
    bad = [
        ROWS[0],
        "no json",
        {"query": "Why?", "response_1": "One."},
        {**ROWS[1], "key": "a"},
        {**ROWS[1], "gold": {"clear": [9, 1]}},
        {**ROWS[1], "gold": {"unheard of": [1, 1]}},
        {**ROWS[1], "query": ["no text"]},
        {**ROWS[1], "key": "x" * 121},
        {**ROWS[1], "preference_labels": {"human": "neither"}},
    ]
    refused = send(client, study, source="file", file=jsonl(*bad), guidelines="Typed for an hour.")
    said = refused.context["form"].errors["file"]
    assert refused.status_code == 422
    assert [line.partition(":")[0] for line in said] == [f"Line {number}" for number in range(2, 10)]
    assert "no JSON" in said[0]
    assert "“response_2”" in said[1]
    assert "“a”" in said[2]
    assert "clear" in said[3]
    page = refused.content.decode()
    assert "Typed for an hour." in page
    assert "First pairs" in page
    assert not Batch.objects.exists()
    assert list(uploads.folder().iterdir()) == []
    wrong = {
        "tasks.txt": b"{}",
        "tasks.parquet": b"no parquet",
        "tasks.csv": "query,response_1\nWhy\xe9".encode("latin-1"),
        "empty.jsonl": b"\n",
    }
    for name, content in wrong.items():
        answer = send(client, study, source="file", file=SimpleUploadedFile(name, content))
        assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["file"])
    assert "Choose the file" in send(client, study, source="file").content.decode()


def test_more_tasks_or_bytes_than_fit_are_refused(client, study, monkeypatch):
    monkeypatch.setattr(from_file, "MOST_TASKS", 1)
    refused = send(client, study, source="file", file=jsonl(*ROWS))
    assert "more than 1 tasks" in refused.context["form"].errors["file"][0]
    monkeypatch.setattr(uploads, "MOST_BYTES", 10)
    refused = send(client, study, source="file", file=jsonl(*ROWS))
    assert "too large" in refused.context["form"].errors["file"][0]


def test_published_records_fit_as_they_are(client, study):
    record = {
        "query": "Write to the mayor in 50 words",
        "scenario_auto-j": "functional_writing",
        "scenario_group": "Functional Writing",
        "response_1": {"content": "Dear mayor", "model": "vicuna", "num_words": 14},
        "response_2": {"content": "To the mayor", "model": "claude", "num_words": 144},
        "gpt-4-turbo_reference": "Dear Ms Mayor",
        "clear intent": "Yes",
        "explicitly express feelings": "No",
        "explicit constraints": ["50 words"],
        "explicit subjective stances": [],
        "explicit mistakes or biases": None,
        "preference_labels": {"human": "response_1", "gpt-4-1106-preview": "response_2"},
        "basic_response_1": {"friendly": 2},
    }
    task = filled(client, study, source="file", file=jsonl(record)).tasks.get()
    assert [(side.words, side.counter) for side in task.sides.all()] == [(14, "file"), (144, "file")]
    assert (task.scenario, task.scenario_group) == ("functional_writing", "Functional Writing")
    assert task.scenario_source == "import"
    assert task.reference == "Dear Ms Mayor"
    stated = {"intent_clear": True, "feelings_voiced": False, "constraints": ["50 words"], "stances": []}
    assert task.facts == stated
    assert task.preferences == record["preference_labels"]
    single = filled(
        client, study, source="file", kind="single", file=jsonl({"query": "Why?", "response": "So."})
    )
    assert texts(single.tasks.get()) == ["So."]


def test_a_rubric_is_taken_for_the_kind_of_task_that_it_suits_and_from_this_study(client, study):
    pairs = shipped_version("pairwise_preference").pk
    assert (
        send(client, study, source="file", kind="single", rubric=pairs, file=jsonl(*ROWS)).status_code == 422
    )
    foreign = make_rubric_version(make_study()).pk
    assert send(client, study, source="file", rubric=foreign, file=jsonl(*ROWS)).status_code == 422
    own = make_rubric_version(study)
    assert filled(client, study, source="file", rubric=own.pk, file=jsonl(*ROWS)).rubric_version == own


def test_the_demonstration_has_a_batch_that_is_open_and_made_once(capsys):
    study = load_demo()
    call_command("demo_batch")
    call_command("demo_batch")
    assert capsys.readouterr().out == "8 tasks made.\n0 tasks made.\n"
    batch = study.batches.get()
    assert (batch.state, batch.tasks.free().count()) == ("open", 8)
    assert all(len(set(texts(task))) == 2 for task in batch.tasks.all())
