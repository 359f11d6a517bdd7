"""Which kind of request a query is: groups, suggestions by tag and classifier, and people who override."""

from __future__ import annotations

import gzip
import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from analysis.dissection.properties import SCENARIOS
from annotations import tasks
from annotations.models import ScenarioClassifier, Task
from annotations.scenarios.classifier import packed, terms, train, unpacked
from annotations.scenarios.groups import GroupsError, parse, shipped_text
from annotations.scenarios.suggesting import suggest
from surveys.models import AuditEvent
from surveys.models.people import Role
from tests.annotations.making import make_batch, make_task
from tests.factories import make_member, make_study

AUTOJ = Path(__file__).parents[3] / "shared" / "data" / "autoj"
CODE = ["write a python function that sorts a list", "fix this javascript loop", "explain this sql query"]
ADVICE = [
    "how do I ask my boss for a raise",
    "what should I do about my noisy neighbour",
    "how to sleep better",
]


@pytest.fixture
def labelled(tmp_path):
    rows = [{"category": "code_generation", "instruction": f"{text} {n}"} for n in range(8) for text in CODE]
    rows += [
        {"scenario": "seeking_advice", "query": f"{text}, please {n}"} for n in range(8) for text in ADVICE
    ]
    path = tmp_path / "labelled.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_the_shipped_groups_are_those_of_the_dissection_and_hold_every_class_once():
    groups = parse(shipped_text())
    assert set(groups.names) == set(SCENARIOS)
    assert sum(map(len, groups.classes.values())) == 61
    assert groups.group_of("functional_writing") == "Functional Writing"
    assert groups.group_of("default") == "Others"
    assert groups.group_of("no such class") == ""
    assert groups.is_unsafe(["Toxic ", "x"])
    assert not groups.is_unsafe(["x"])
    for wrong, said in (
        ("groups: [", "line"),
        ("groups: {A: [one]}\nunsafe: {group: B, tags: []}", "none of the groups"),
        ("groups: {A: [one], B: [one]}\nunsafe: {group: A, tags: []}", "two places"),
        ("groups: {A: one}\nunsafe: {group: A}", "should be a list"),
        ("[]", "should hold names"),
    ):
        with pytest.raises(GroupsError, match=said):
            parse(wrong)


def test_a_classifier_tells_texts_apart_and_survives_being_stored():
    found = train([*CODE, *ADVICE], ["code"] * 3 + ["advice"] * 3)
    kept = unpacked(found.classes, packed(found))
    for classifier in (found, kept):
        assert [classifier.tell(text) for text in ("sort a python list", "how should I sleep", "")] == [
            "code",
            "advice",
            "",
        ]
    assert len(terms("a a b")[0]) == len(set(terms("a a b")[0]))


@pytest.mark.skipif(not AUTOJ.exists(), reason="the labelled files are not on this machine")
def test_published_labels_are_told_as_well_as_a_linear_model_can():
    with gzip.open(AUTOJ / "scenario_classifier_traindata.jsonl.gz", "rt", encoding="utf-8") as file:
        seen = [json.loads(line) for line in file][::2]
    lines = (AUTOJ / "scenario_classifier_testdata.jsonl").read_text("utf-8").splitlines()
    held = [json.loads(line) for line in lines]
    found = train([f"{row['instruction']} {row['input']}" for row in seen], [row["category"] for row in seen])
    right = sum(found.tell(f"{row['instruction']} {row['input']}") == row["category"] for row in held)
    assert right / len(held) > 0.40  # the commonest class alone: 0.127


@pytest.mark.django_db
def test_a_command_trains_on_a_studys_own_file(labelled, tmp_path):
    study = make_study(questionnaire=None)
    out = StringIO()
    call_command("train_scenarios", study.slug, labelled, stdout=out)
    assert (
        "Trained on 48 queries of 2 classes. Of 10 that were held out 100.0 % were told right"
        in out.getvalue()
    )
    call_command("train_scenarios", study.slug, labelled, stdout=out)
    row = ScenarioClassifier.objects.get(study=study)
    assert (row.classes, row.rows, row.accuracy) == (["code_generation", "seeking_advice"], 48, 1.0)
    assert row.majority < 0.8
    for content, said in (
        ("{}\n", "Line 1 has no text"),
        ("{\n", "Line 1 is no JSON"),
        ("", "At least 20 rows"),
    ):
        bad = tmp_path / "bad.jsonl"
        bad.write_text(content)
        with pytest.raises(CommandError, match=said):
            call_command("train_scenarios", study.slug, bad)
    with pytest.raises(CommandError, match="no study"):
        call_command("train_scenarios", "nowhere", labelled)
    assert ScenarioClassifier.objects.get().pk == row.pk


@pytest.mark.django_db
def test_suggestions_put_unsafe_first_and_never_replace_what_people_files_and_judges_said(labelled):
    batch = make_batch()
    call_command("train_scenarios", batch.study.slug, labelled, stdout=StringIO())
    code = make_task(batch, query=CODE[0])
    unsafe = make_task(batch, query=CODE[1], tags=["toxic"])
    person = make_task(batch, query=CODE[2], scenario_group="Others", scenario_source="person")
    judge = make_task(batch, query=CODE[2], tags=["toxic"], scenario_group="Code", scenario_source="judge")
    file = make_task(batch, query=CODE[2], scenario="planning", scenario_source="import")
    wordless = make_task(batch, query="")
    assert suggest(batch) == 3

    def now(task: Task) -> tuple[str, str, str]:
        task.refresh_from_db()
        return task.scenario, task.scenario_group, task.scenario_source

    assert now(code) == ("code_generation", "Code", "classifier")
    assert now(unsafe) == ("", "Unsafe Queries", "tag")
    assert now(person) == ("", "Others", "person")
    assert now(judge) == ("", "Code", "judge")
    assert now(file) == ("planning", "Daily Tasks", "import")
    assert now(wordless) == ("", "", "")


@pytest.mark.django_db
def test_a_coordinator_lets_scenarios_be_suggested_corrects_them_and_changes_the_list(
    labelled, django_capture_on_commit_callbacks
):
    batch = make_batch(title="First pairs")
    study = batch.study
    call_command("train_scenarios", study.slug, labelled, stdout=StringIO())
    for query in (CODE[0], ADVICE[0], "<b>bold</b>"):
        make_task(batch, query=query)
    client = Client()
    client.force_login(make_member(study, Role.COORDINATOR))
    address = {
        name: reverse(f"annotating:{name}", args=[study.slug, *more])
        for name, more in (
            ("scenarios", []),
            ("change_scenario_groups", []),
            ("batch_scenarios", [batch.slug]),
            ("correct_scenarios", [batch.slug]),
            ("suggest_scenarios", [batch.slug]),
        )
    }
    overview = client.get(address["scenarios"]).content.decode()
    assert "First pairs" in overview
    assert "100 % right" in overview
    with django_capture_on_commit_callbacks() as waiting:
        client.post(address["suggest_scenarios"])
    assert len(waiting) == 1
    tasks.suggest_scenarios(batch.pk)
    page = client.get(address["batch_scenarios"], {"group": "Code"}).content.decode()
    assert CODE[0] in page
    assert ADVICE[0] not in page
    assert (
        "&lt;b&gt;bold" in client.get(address["batch_scenarios"], {"source": "classifier"}).content.decode()
    )
    assert "No task here" in client.get(address["batch_scenarios"], {"group": "none"}).content.decode()
    wanted = {"group-1": "Others", "group-2": "Advice", "group-3": "no such group", "back": "group=Code"}
    answer = client.post(address["correct_scenarios"], wanted)
    assert answer.url == f"{address['batch_scenarios']}?group=Code"
    said = dict(batch.tasks.values_list("number", "scenario_source"))
    assert (said[1], said[2]) == ("person", "classifier")
    assert batch.tasks.get(number=1).scenario_group == "Others"
    # Another list: whatever a classifier named moves with its class, what the person said stays.
    changed = shipped_text().replace("[asking_how_to_question, seeking_advice]", "[asking_how_to_question]")
    wrong = client.post(address["change_scenario_groups"], {"text": "groups: ["})
    assert (wrong.status_code, "groups: [" in wrong.content.decode()) == (422, True)
    changed = changed.replace("[chitchat,", "[seeking_advice, chitchat,")
    assert client.post(address["change_scenario_groups"], {"text": changed}).status_code == 302
    assert batch.tasks.get(number=2).scenario_group == "Communication"
    assert batch.tasks.get(number=1).scenario_group == "Others"
    acts = set(AuditEvent.objects.filter(study=study).values_list("action", flat=True))
    assert {"scenarios.suggested", "scenarios.corrected", "scenarios.grouped", "scenarios.trained"} <= acts


@pytest.mark.django_db
def test_only_members_see_scenarios_and_only_who_runs_the_study_changes_them():
    batch = make_batch()
    task = make_task(batch)
    study = batch.study
    stranger, analyst, annotator, owner = Client(), Client(), Client(), Client(enforce_csrf_checks=True)
    stranger.force_login(make_member(make_study(questionnaire=None), Role.OWNER))
    analyst.force_login(make_member(study, Role.ANALYST))
    annotator.force_login(make_member(study, Role.ANNOTATOR))
    owner.force_login(make_member(study, Role.OWNER))
    reads = [reverse("annotating:scenarios", args=[study.slug])]
    reads.append(reverse("annotating:batch_scenarios", args=[study.slug, batch.slug]))
    acts = [reverse("annotating:change_scenario_groups", args=[study.slug])]
    acts += [
        reverse(f"annotating:{name}", args=[study.slug, batch.slug])
        for name in ("correct_scenarios", "suggest_scenarios")
    ]
    for client, seen, done in (
        (stranger, 404, 404),
        (analyst, 200, 403),
        (annotator, 403, 403),
        (Client(), 302, 302),
    ):
        # Who may see no texts sees the counts alone.
        assert [client.get(url).status_code for url in reads] == [seen, done]
        assert [client.post(url, {"group-1": "Code", "text": "x"}).status_code for url in acts] == [done] * 3
    assert [owner.post(url, {"group-1": "Code"}).status_code for url in acts] == [403] * 3
    task.refresh_from_db()
    assert task.scenario_group == ""
    other = make_batch()
    member = Client()
    member.force_login(make_member(other.study, Role.OWNER))
    assert (
        member.get(reverse("annotating:batch_scenarios", args=[other.study.slug, batch.slug])).status_code
        == 404
    )
