"""`manage.py export --format properties`: the published record schema, and a long table."""

import csv
import json

import polars as pl
import pytest
from django.core.management import call_command
from django.db import connection

from analysis.exports import properties_sql
from annotations.imports.storing import Wanted, import_records
from annotations.models import Annotation, Assignment, ErrorFound, ItemAnswer, Ruling, Status, Task, Values
from annotations.rubric_versions import shipped_version
from surveys.models import Enrolment
from surveys.quality.deciding import decide
from surveys.withdrawal import withdraw
from tests.annotations.making import make_assignment, make_batch, make_task
from tests.annotations.published_records import RUBRIC, plain_record, record, write_lines
from tests.factories import make_conversation, make_enrolment, make_study, make_user

pytestmark = pytest.mark.django_db
PLACE = {found.slug: found.position for found in RUBRIC.fields}


def exported(study, folder, *options):
    call_command("export", study.slug, "--format", "properties", "--out", str(folder), *options)
    lines = (folder / "records.jsonl").read_text().splitlines()
    sources = (folder / "sources.jsonl").read_text().splitlines()
    with (folder / "annotations.csv").open() as file:
        return (
            [json.loads(row) for row in lines],
            [json.loads(row) for row in sources],
            list(csv.DictReader(file)),
        )


def test_what_was_imported_comes_back_as_it_was(tmp_path):
    rows = [record(), plain_record(), record(preference_labels={"human": "response_2"}, query="")]
    study = make_study()
    import_records(write_lines(tmp_path / "in.jsonl", rows), Wanted(study, "them", source="=a judge"), None)
    back, sources, long = exported(study, tmp_path / "out")
    assert back == rows
    for before, after in zip(rows, back, strict=True):
        assert list(before) == list(after)  # in the published order
        assert list(before["basic_response_1"]) == list(after["basic_response_1"])
    assert sources[0] == {
        "batch": "them",
        "task": "1",
        "origin": "import",
        "annotations": 1,
        "suggested": 0,
        "adjudicated": [],
        "human_backed": False,
    }
    packed = pl.read_parquet(tmp_path / "out" / "records.parquet")
    assert packed.columns == list(rows[0])
    assert packed["query"].to_list() == [row["query"] for row in rows]
    again = make_study()
    import_records(tmp_path / "out" / "records.parquet", Wanted(again, "again"), None)
    assert exported(again, tmp_path / "second")[0] == rows
    length = [row for row in long if row["property"] == "lengthy" and row["task"] == "1"]
    assert [(row["side"], row["value"], row["status"]) for row in length] == [
        ("1", "30", "not asked"),
        ("2", "60", "not asked"),
    ]
    assert {row["annotator"] for row in long} == {"'=a judge"}
    assert len([r for r in long if r["task"] == "2" and not r["item"]]) == 2 * 29 + 5


@pytest.mark.django_db(transaction=True)
def test_a_large_batch_comes_by_two_connections_in_its_order_with_the_texts_of_its_people(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(properties_sql, "TASKS_AT_ONCE", 1)
    monkeypatch.setattr(properties_sql, "LARGE", 2)
    study = make_study()
    rows = [record(query=f"Query {number}") for number in range(7)]
    import_records(write_lines(tmp_path / "in.jsonl", rows), Wanted(study, "them"), None)
    released, test = (make_enrolment(study, finished_survey=True, is_test=held) for held in (False, True))
    numbers = dict(Task.objects.values_list("number", "pk"))
    for number, person in ((3, released), (6, test)):
        talk = make_conversation(person)
        Task.objects.filter(pk=numbers[number]).update(turn=talk.turns.first())
    back, sources, _long = exported(study, tmp_path / "out")
    assert [row["query"] for row in back] == [f"Query {number}" for number in (0, 1, 2, 3, 4, 6)]
    assert [source["task"] for source in sources] == ["1", "2", "3", "4", "5", "7"]
    with connection.cursor() as cursor:  # nothing of it stays on the connection
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'records%'")
        assert cursor.fetchone() == (0,)


def said(assignment, friendly, minor=0, wrote="it is wrong"):
    """A person's whole annotation of a pair whose query has one constraint."""
    size = len(RUBRIC.fields)
    made = Annotation.objects.create(task=assignment.task, assignment=assignment, origin="person")
    facts = {"intent_clear": 1, "feelings_voiced": 0, "constraints": 1, "stances": 0, "mistakes": 0}
    for side in (0, 1, 2):
        scores, statuses = [None] * size, [int(Status.NOT_ASKED)] * size
        given = facts if side == 0 else {"friendly": friendly, "no_minor_errors": minor}
        for slug, value in given.items():
            scores[PLACE[slug]], statuses[PLACE[slug]] = value, int(Status.CHOSEN)
        Values.objects.create(
            annotation=made, side=side, scores=scores, statuses=statuses, is_checkable=True if side else None
        )
        if side:
            of = {"annotation": made, "side": side, "position": PLACE["satisfies_constraints"], "number": 1}
            ItemAnswer.objects.create(**of, score=2)
    ItemAnswer.objects.create(
        annotation=made, side=0, position=PLACE["constraints"], number=1, text="be brief"
    )
    for number in range(minor):
        of = {"annotation": made, "side": 1, "position": PLACE["no_minor_errors"], "number": number + 1}
        ErrorFound.objects.create(**of, type="math", severity="minor", description=wrote)
    Assignment.objects.filter(pk=assignment.pk).update(state="submitted")
    return made


def test_several_annotators_make_one_record_and_rulings_stand_above_them(tmp_path):
    study, adjudicator = make_study(), make_user()
    batch = make_batch(study, rubric_version=shipped_version("preference_dissection"), overlap=3)
    task, other = make_task(batch), make_task(batch)
    makers = [make_user(), make_user(), make_user()]
    for maker, friendly in zip(makers, (0, 3, 2), strict=True):
        said(make_assignment(task, maker), friendly, minor=1, wrote="ask jane.roe@example.org")
    said(make_assignment(other, makers[0]), 1)
    judged = Annotation.objects.create(task=other, origin="judge", source="a model")
    Values.objects.create(annotation=judged, side=1, scores=[0] * 34, statuses=[2] * 34)
    ruled = {"task": task, "by": adjudicator}
    Ruling.objects.create(**ruled, side=1, position=PLACE["polite"], score=3)
    Ruling.objects.create(
        **ruled, side=2, position=PLACE["satisfies_constraints"], items=[{"text": "be brief", "score": 0}]
    )
    wrong = [{"type": "factual", "description": "no such town"}]
    Ruling.objects.create(**ruled, side=1, position=PLACE["no_severe_errors"], score=1, items=wrong)
    (first, second), sources, long = exported(study, tmp_path)
    assert first["basic_response_1"]["friendly"] == 2
    assert first["basic_response_1"]["polite"] == 3
    assert first["basic_response_2"]["polite"] is None  # nobody said
    assert first["query-specific_response_1"]["satisfying explicit constraints"] == ["be brief | 2"]
    assert first["query-specific_response_2"]["satisfying explicit constraints"] == ["be brief | 0"]
    errors = first["errors_response_1"]["errors"]
    assert [(e["severity"], e["type"]) for e in errors] == [
        ("minor", "math operation error"),
        ("severe", "factual error"),
    ]
    assert "jane.roe@example.org" not in (tmp_path / "records.jsonl").read_text()  # the gate looked at it
    assert sources[0]["annotations"] == 3
    assert sources[0]["human_backed"]
    assert not sources[1]["adjudicated"]
    assert sources[0]["adjudicated"] == ["polite", "no_severe_errors", "satisfies_constraints"]
    assert second["basic_response_1"]["friendly"] == 1
    assert sources[1]["origin"] == "person"
    friendly = [r for r in long if (r["task"], r["side"], r["property"]) == (task.key, "1", "friendly")]
    assert [row["value"] for row in friendly] == ["0", "3", "2"]
    assert len({r["annotator"] for r in friendly}) == 3
    polite = [r for r in long if (r["task"], r["side"], r["property"]) == (task.key, "1", "polite")]
    assert [(r["origin"], r["value"], r["adjudicated"]) for r in polite][-1] == ("ruling", "3", "t")
    assert all(row["adjudicated"] == "t" for row in polite)
    assert {r["adjudicated"] for r in friendly} == {"f"}
    assert not any(
        str(maker.pk) == row["annotator"] or maker.email in row.values() for maker in makers for row in long
    )


@pytest.mark.parametrize("rule", ["erase", "anonymise"])
def test_annotators_who_withdrew_or_are_excluded_are_in_none_of_the_files(tmp_path, rule):
    study = make_study(withdrawal=rule)
    batch = make_batch(study, rubric_version=shipped_version("preference_dissection"), overlap=3)
    both, alone = make_task(batch), make_task(batch)
    gone, excluded, stays = (make_enrolment(study) for _ in range(3))
    for person, friendly in ((gone, 0), (excluded, 1), (stays, 3)):
        said(make_assignment(both, enrolment=person), friendly)
    said(make_assignment(alone, enrolment=gone), 0)
    assert withdraw(gone)
    decide([excluded], "exclude", "pasted answers", make_user())
    assert Annotation.objects.filter(assignment__enrolment=gone).count() == 2
    assert Enrolment.objects.get(pk=gone.pk).outcome == Enrolment.Outcome.WITHDRAWN

    (record_of_both,), (source,), long = exported(study, tmp_path / "out")
    assert (source["task"], source["annotations"]) == (both.key, 1)
    assert record_of_both["basic_response_1"]["friendly"] == 3
    assert {row["task"] for row in long} == {both.key}
    assert len({row["annotator"] for row in long}) == 1
    _records, (source,), long = exported(study, tmp_path / "all", "--include-excluded")
    assert source["annotations"] == 2
    assert len({row["annotator"] for row in long}) == 2


def test_a_de_identified_release_has_values_and_no_texts(tmp_path):
    study = make_study()
    import_records(write_lines(tmp_path / "in.jsonl", [record()]), Wanted(study, "them"), None)
    (row,), _sources, long = exported(study, tmp_path / "out", "--de-identified")
    assert row["query"] is None
    assert row["response_1"] == {
        "content": None,
        "model": "model-1",
        "num_words": 30,
    }
    assert row["explicit constraints"] == ["", ""]
    assert row["basic_response_1"] == record()["basic_response_1"]
    assert row["query-specific_response_1"]["supporting explicit subjective stances"] == [
        " | Strongly opposed"
    ]
    text = "".join(path.read_text() for path in (tmp_path / "out").glob("*.[jc]s*"))
    assert not any(word in text for word in ("cats are best", "it says 1", "Answer 1", "A reference"))
    assert {row["submitted_at"] for row in long} == {""}
