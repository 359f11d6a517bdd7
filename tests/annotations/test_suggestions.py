"""Suggestions of a judge: who is shown them, that nothing is chosen by them, and what is recorded."""

import csv
import json
import re

import pytest
from django.core.management import call_command
from django.urls import reverse

from annotations import suggestions
from annotations.models import (
    Annotation,
    Assignment,
    Batch,
    Status,
)
from annotations.rubric_versions import shipped_version
from surveys.models import AuditEvent
from surveys.models.people import Role
from tests.annotations.making import make_batch, make_task
from tests.annotations.suggesting import judge, make_run
from tests.factories import make_member, make_study

pytestmark = pytest.mark.django_db
C, X = Status.CONFIRMED, Status.CHOSEN


@pytest.fixture
def batch() -> Batch:
    return make_batch(make_study(), rubric_version=shipped_version("preference_dissection"), order_seed=5)


def begin(client, batch: Batch) -> str:
    return client.post(reverse("annotations:begin", args=[batch.pk]))["Location"]


def test_what_is_taken_over_is_chosen_by_an_act_and_recorded_while_it_stays_the_same(client, batch, tmp_path):
    run = make_run(batch)
    suggested = judge(run, make_task(batch))
    Batch.objects.filter(pk=batch.pk).update(suggestions="on", suggestion_run=run)
    client.force_login(make_member(batch.study, Role.ANNOTATOR))
    address = begin(client, batch)
    Assignment.objects.update(is_swapped=True)  # response 1 of the source stands on the right
    page = client.get(address).content.decode()
    assert Assignment.objects.get().suggestion == suggested
    form = page.split("annotate-below")[0]
    assert "checked" not in form
    assert len(re.findall(r'data-take="p\d+-[ab]"', form)) == 40
    assert "2+2=5" in form
    assert run.judge.name not in page
    assert run.judge.model.name not in page
    took = "p0-b p1-b p2-a fact-constraints fact-intent_clear errors-b p4-a p99-a"
    said = {
        "p0-b": "2",
        "p1-b": "3",
        "p2-a": "1",
        "p3-b": "2",
        "confirm-facts": "1",
        "fact-intent_clear": "1",
        "fact-constraints": "no lists\r\n",
        "errors-b": "some",
        "error-b-1-type": "math",
        "error-b-1-severity": "minor",
        "error-b-1-text": "2+2=5",
    }
    assert client.post(address, said | {"took": took}).status_code == 302
    made = Annotation.objects.get(assignment__isnull=False)
    assert (made.suggestion_shown, made.suggested_by) == (True, run)
    taken = dict(made.values.values_list("side", "taken_over"))
    # p1 was changed afterwards, p3 chosen without the act, p4 named and left, p99 is none.
    assert taken == {0: [29, 31], 1: [0, 20, 21, 22], 2: [2]}
    one = made.values.get(side=1)
    assert (one.scores[:4], one.statuses[0], one.statuses[4]) == ([2, 3, None, 2], X, Status.UNTOUCHED)
    assert made.values.get(side=0).statuses[30] == C
    # A correction keeps what it does not change.
    page = client.get(address).content.decode()
    kept = re.search(r'name="took" value="([^"]*)"', page)
    assert set(kept[1].split()) == {"p0-b", "p2-a", "fact-constraints", "fact-intent_clear", "errors-b"}
    client.post(address, said | {"took": kept[1], "p0-b": "1"})
    newest = Annotation.objects.current().get(assignment__isnull=False)
    assert newest.values.get(side=1).taken_over == [20, 21, 22]
    # Exports say so of each value, and of whom.
    call_command("export", batch.study.slug, "--format", "properties", "--out", str(tmp_path))
    (source,) = (tmp_path / "sources.jsonl").read_text().splitlines()
    assert json.loads(source)["suggested"] == 1
    with (tmp_path / "annotations.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["origin"] == "person"]
    assert {row["suggested_by"] for row in rows} == {run.judge.name}
    over = {(row["side"], row["property"]) for row in rows if row["taken_over"] == "t"}
    names = [field.slug for field in batch.rubric_version.parsed().fields]
    assert over == {("2", names[2]), ("0", names[29]), ("0", names[31])} | {
        ("1", names[place]) for place in (20, 21, 22)
    }


def test_half_of_the_tasks_are_drawn_by_the_seed_and_others_look_as_ever(client, batch):
    run = make_run(batch)
    tasks = [make_task(batch) for _number in range(12)]
    for task in tasks[:-1]:
        judge(run, task)
    Batch.objects.filter(pk=batch.pk).update(suggestions="half", suggestion_run=run)
    batch.refresh_from_db()
    drawn = {task.number for task in tasks if suggestions.is_drawn(batch, task)}
    assert 2 < len(drawn) < 10
    client.force_login(make_member(batch.study, Role.ANNOTATOR))
    for task in tasks:
        address = begin(client, batch)
        page = client.get(address).content.decode()
        is_shown = task.number in drawn and task != tasks[-1]
        assert ("data-take" in page) == ("ask-machine" in page) == is_shown
        client.post(address, {"p0-a": "1", "took": "p0-a"})
        made = Annotation.objects.get(assignment__task=task)
        assert (made.suggestion_shown, made.suggested_by) == (is_shown, run if is_shown else None)
        over = [row.taken_over for row in made.values.all() if row.taken_over]
        shown = is_shown and not made.assignment.is_swapped
        assert over == ([] if not is_shown or shown else [[0]])


def test_who_runs_the_study_chooses_whose_suggestions_are_shown(client, batch):
    run, preferring = make_run(batch), make_run(batch, "preference")
    page = reverse("annotating:batch_suggestions", args=[batch.study.slug, batch.slug])
    assert client.get(page).status_code == 302
    stranger, annotator = make_member(make_study()), make_member(batch.study, Role.ANNOTATOR)
    for somebody, status in ((stranger, 404), (annotator, 403)):
        client.force_login(somebody)
        assert client.post(page, {"suggestions": "on", "suggestion_run": run.pk}).status_code == status
    client.force_login(make_member(batch.study, Role.COORDINATOR))
    shown = client.get(page).content.decode()
    assert run.judge.name in shown
    assert preferring.judge.name not in shown
    for wrong in ({"suggestions": "on"}, {"suggestions": "on", "suggestion_run": preferring.pk}):
        assert client.post(page, wrong).status_code == 422
    assert client.post(page, {"suggestions": "half", "suggestion_run": run.pk}).status_code == 302
    batch.refresh_from_db()
    assert (batch.suggestions, batch.suggestion_run) == ("half", run)
    event = AuditEvent.objects.get(action="batch.suggestions_changed")
    assert (event.subject, event.detail["judge"]) == (batch.slug, run.judge.name)
