"""Files of annotated pairs in the published record schema become tasks, sides and annotations."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from annotations.batches.making import NotPossible, open_it
from annotations.imports import parsing
from annotations.imports.published import Published, Stored
from annotations.imports.reading import Reader
from annotations.imports.storing import Wanted, import_records
from annotations.models import Annotation, Batch, ErrorFound, ItemAnswer, Side, Status, Task, Values
from annotations.records import UnusableRecords
from surveys.models import AuditEvent
from tests.annotations.published_records import RUBRIC, plain_record, record, write_lines
from tests.factories import make_study

pytestmark = pytest.mark.django_db


def position(slug: str) -> int:
    return next(found.position for found in RUBRIC.fields if found.slug == slug)


def imported(path, rows, **wanted):
    study = make_study()
    batch, told = import_records(
        write_lines(path / "rows.jsonl", rows), Wanted(study, "them", **wanted), None
    )
    return batch, told


def test_a_record_becomes_rows_that_can_be_filtered_by_property(tmp_path):
    batch, told = imported(tmp_path, [record(), plain_record()], source="gpt-4-1106-preview")
    assert (told.rows, told.stored, told.flagged) == (2, 2, 0)
    assert (batch.kind, batch.source, batch.state) == ("pair", "file", Batch.State.CLOSED)
    with pytest.raises(NotPossible, match="as they were"):
        open_it(batch, None)  # nobody masked these texts
    first, second = batch.tasks.order_by("number")
    assert (first.key, first.query, first.scenario_group) == ("1", record()["query"], "Functional Writing")
    assert first.preferences == record()["preference_labels"]
    sides = Side.objects.filter(task=first).values_list("number", "text", "words", "model_name")
    assert list(sides) == [(1, "Answer 1.\\n", 30, "model-1"), (2, "Answer 2.\\n", 60, "model-2")]
    said = Annotation.objects.get(task=first)
    assert (said.origin, said.source, said.flag, said.assignment) == (
        "import",
        "gpt-4-1106-preview",
        "",
        None,
    )
    values = {row.side: row for row in Values.objects.filter(annotation=said)}
    asked, one = values[0], values[1]
    assert [asked.scores[position(s)] for s in ("intent_clear", "feelings_voiced", "constraints")] == [
        0,
        1,
        2,
    ]
    assert one.scores[position("harmless")] == 1
    assert one.statuses[position("harmless")] == Status.CHOSEN
    counts = [one.scores[position(f"no_{severity}_errors")] for severity in ("minor", "moderate", "severe")]
    assert counts == [2, 0, 1]
    assert one.is_checkable is True
    assert one.statuses[position("lengthy")] == Status.NOT_ASKED
    assert one.scores[position("clarifies_intent")] == 0  # 0 is an answer
    items = ItemAnswer.objects.filter(annotation=said, position=position("satisfies_constraints"), side=2)
    assert list(items.values_list("number", "text", "score")) == [
        (1, "at most | 100 words", 0),
        (2, "no lists", 2),
    ]
    stance = ItemAnswer.objects.get(annotation=said, position=position("supports_stances"), side=1)
    assert (stance.label, stance.score) == ("Strongly opposed", -2)
    types = ErrorFound.objects.filter(annotation=said, side=1).values_list("type", "severity")
    assert list(types) == [("factual", "severe"), ("math", "minor"), ("other", "minor")]
    plain = Values.objects.get(annotation__task=second, side=2)
    assert plain.is_checkable is False
    assert plain.scores[position("no_severe_errors")] is None
    assert plain.statuses[position("empathetic")] == Status.NOT_ASKED
    # A property is filtered in SQL, without JSON.
    assert Values.objects.filter(side=1, **{f"scores__{position('harmless')}__gte": 1}).count() == 2
    assert AuditEvent.objects.get(action="batch.imported").detail == {"rows": 2, "stored": 2, "flagged": 0}


@pytest.mark.parametrize(
    ("changed", "flag"),
    [
        ({"basic_response_1": {**record()["basic_response_1"], "friendly": "7"}}, "friendly: unknown score"),
        ({"explicit constraints": ["one", "two", "three"]}, "not as many answers as items"),
        ({"explicitly express feelings": "maybe"}, "feelings_voiced: not told"),
        (
            {"errors_response_1": {"applicable or not": "applicable", "errors": [{"severity": "awful"}]}},
            "severity",
        ),
        ({"query-specific_response_1": None}, "asked but not answered"),
        ({"preference_labels": {"human": "left"}}, "human: unknown label"),
    ],
)
def test_what_cannot_be_read_is_missing_and_flagged_and_never_0(tmp_path, changed, flag):
    _batch, told = imported(tmp_path, [record(**changed)])
    assert told.flagged == 1
    assert any(flag in reason for reason in told.flags)
    assert Annotation.objects.get().flag
    values = Values.objects.get(side=1)
    for score, status in zip(values.scores, values.statuses, strict=True):
        assert (status == Status.CHOSEN) or score is None


def test_other_shapes_of_the_same_content_are_read():
    reader = Reader(RUBRIC)
    raw = record(preference_labels={"gpt-4-turbo": "model_a"})
    raw["basic_response_1"] = {k.upper(): str(v) for k, v in raw["basic_response_1"].items()}
    raw["query-specific_response_1"]["satisfying explicit constraints"] = {"reworded": "3", "at all": 0}
    raw["query-specific_response_1"]["supporting explicit subjective stances"] = ["x |  strongly SUPPORTED "]
    raw["feelings"] = raw["express feelings"] = raw.pop("explicitly express feelings")
    raw["response_1"]["num_words"] = "30"
    plain, other = reader.read("1", record()), reader.read("1", raw)
    assert other.flags == []
    assert other.preferences == {"gpt-4-1106-preview": "response_1"}
    assert other.scores[0] == plain.scores[0]
    assert other.scores[1] == plain.scores[1]
    answers = {(i.position, i.number): (i.text, i.score) for i in other.items if i.side == 1}
    assert answers[position("satisfies_constraints"), 1] == ("reworded", 3)
    assert answers[position("supports_stances"), 1] == ("x", 2)
    numbers = record()["query-specific_response_1"] | {"supporting explicit subjective stances": ["x | 0"]}
    shifted = Reader(RUBRIC, "shifted").read("1", record(**{"query-specific_response_1": numbers}))
    scores = [i.score for i in shifted.items if (i.side, i.position) == (1, position("supports_stances"))]
    assert scores == [-2]


def test_rows_that_are_no_pairs_are_left_out_and_told(tmp_path):
    file = tmp_path / "rows.jsonl"
    rows = [record(id=7), record(id=7), {"id": 8}, record(id=9, query="a\0b"), record(id=10, query="\ud83d")]
    rows.append(record(id=11, **{"explicit constraints": ["so long a list"] * 40_000}))
    write_lines(file, rows)
    with file.open("a") as lines:
        lines.write("{no json\n")
    _batch, told = import_records(file, Wanted(make_study(), "them"), None)
    assert (told.rows, told.stored, sum(told.skipped.values())) == (7, 1, 6)
    assert [task.key for task in Task.objects.all()] == ["7"]
    assert [example.split(":")[0] for example in told.examples] == [f"row {number}" for number in range(2, 8)]


def test_a_file_without_pairs_stores_nothing_and_a_taken_name_is_refused(tmp_path):
    study = make_study()
    nothing = write_lines(tmp_path / "nothing.jsonl", [{"query": "?"}])
    with pytest.raises(UnusableRecords, match="no ratings"):
        import_records(nothing, Wanted(study, "them"), None)
    assert not Batch.objects.exists()
    good = write_lines(tmp_path / "good.jsonl", [record()])
    said = StringIO()
    arguments = (str(good), "--study", study.slug, "--batch", "them", "--json")
    call_command("import_annotations", *arguments, stdout=said)
    assert json.loads(said.getvalue())["stored"] == 1
    for wrong, why in [
        (arguments, "already"),
        ((str(tmp_path / "none.jsonl"), *arguments[1:3], "--batch", "b"), "read"),
    ]:
        with pytest.raises(CommandError, match=why):
            call_command("import_annotations", *wrong)
    assert Batch.objects.count() == Task.objects.count() == 1


STORED = Stored(batch=3, task=17, number=5, annotation=23)
ODD = (None, "", "x", "a\\b\t\n\r|é🙂", "\x1f", "\0", "x" * 300, "Yes", " no", "minor", "SEVERE", "model_a")
NUMBERS = (0, 1, 2.0, "3", 7, 30, -1, 2**40, True, "factual error", "at most | 100 words | 2")
NESTED = ([], ["x"], ["one | 3"], ["a | b | Neutral", "c"], {}, {"x": 1}, [{"severity": "minor"}])
ANYTHING = st.sampled_from((*ODD, *NUMBERS, *NESTED))


def places(part, path=()):
    """The way to everything in a record."""
    inner = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    for key, value in inner:
        yield (*path, key)
        yield from places(value, (*path, key))


@st.composite
def records(draw):
    """Records of which up to two things are changed, missing, or under another name."""
    made = json.loads(json.dumps(draw(st.sampled_from([record(), plain_record(), record(id="one")]))))
    for _change in range(draw(st.integers(0, 2))):
        *path, last = draw(st.sampled_from(list(places(made))))
        part = made
        for key in path:
            part = part[key]
        value = part.pop(last)
        act = draw(st.sampled_from(["change", "drop", "rename"]))
        if act == "change" and isinstance(part, list):
            part.insert(last, draw(ANYTHING))
        elif act != "drop" and isinstance(part, dict):
            part[str(last).upper() if act == "rename" else last] = (
                value if act == "rename" else draw(ANYTHING)
            )
    return made


class _Batch:
    """What a batch is for rows: a key and an overlap."""

    pk, overlap = STORED.batch, 1


@given(records(), st.sampled_from(["signed", "shifted"]), st.booleans())
def test_the_quick_way_says_what_the_other_says_or_leaves_the_record_to_it(made, stances, is_ascii):
    reader, tables = Reader(RUBRIC, stances), parsing.Tables(_Batch(), "a\tjudge\\")
    line = json.dumps(made, ensure_ascii=is_ascii).encode()
    quick = Published(reader, tables.tails()).read(line, lambda found: str(found or 9), STORED)
    if quick is None:
        return
    slow = reader.read(str(made.get("id") or 9), made)
    parsing.refuse_unstorable(slow)
    assert slow.flags == []
    assert quick == tables.rows(slow, STORED)


def test_texts_are_escaped_wherever_they_stand():
    odd = "\t\\n\r\n\x1f | \\"
    made = record(id=odd, **dict.fromkeys(["query", "scenario_group", "gpt-4-turbo_reference"], odd))
    made |= {"explicit constraints": [odd, "no lists"], "preference_labels": {f"judge {odd}!": "tie"}}
    for side in (1, 2):
        made[f"response_{side}"] |= {"content": odd, "model": odd}
        made[f"errors_response_{side}"]["errors"][0]["brief description"] = odd
        answers = made[f"query-specific_response_{side}"]
        answers["satisfying explicit constraints"] = [f"{odd} | 1", "no lists | 2"]
    reader, tables = Reader(RUBRIC), parsing.Tables(_Batch(), odd)
    quick = Published(reader, tables.tails()).read(json.dumps(made).encode(), str, STORED)
    assert quick == tables.rows(reader.read(odd, made), STORED)


def test_what_is_published_goes_the_quick_way_and_a_large_file_through_a_process_beside(
    tmp_path, monkeypatch
):
    quick = Published(Reader(RUBRIC), parsing.Tables(_Batch(), "").tails())
    for made in (record(), plain_record(), record(id=1)):
        assert quick.read(json.dumps(made).encode(), str, STORED)
    rows = [record(id=1), plain_record(id=2), record(id=1), {"id": 3}, record(id=4, **{"clear intent": "?"})]
    rows += [record(id=number, query=f"\x1f{number}") for number in range(5, 30)]
    monkeypatch.setattr(parsing, "RECORDS_AT_ONCE", 7)
    file, contents = write_lines(tmp_path / "rows.jsonl", rows), []
    for small in (parsing.SMALL, 0):
        monkeypatch.setattr(parsing, "SMALL", small)
        batch, told = import_records(file, Wanted(make_study(), "them"), None)
        assert (told.rows, told.stored, told.flagged) == (30, 28, 1)
        assert told.examples == [
            "row 3: an id that an earlier row has",
            "row 4: no ratings of either response",
        ]
        tasks = Task.objects.filter(batch=batch)
        contents.append([list(tasks.values_list("number", "key", "query"))])
        for model in (Values, ItemAnswer, ErrorFound):
            of = model.objects.filter(annotation__task__batch=batch)
            names = [f.name for f in model._meta.fields if f.name not in ("pk", "annotation")]
            contents[-1].append(
                list(of.order_by("annotation__task__number", *model._meta.ordering).values_list(*names))
            )
    assert contents[0] == contents[1]
    assert [number for number, *_rest in contents[0][0]] == list(range(1, 29))
    broken = tmp_path / "broken.jsonl"
    broken.write_bytes(file.read_bytes() + b'{"query": "\xff"}\n')
    with pytest.raises(UnusableRecords, match="UTF-8"):
        import_records(broken, Wanted(make_study(), "them"), None)
    assert Batch.objects.count() == 2
