"""Reading the published record schema, with its traps."""

import json

import numpy as np
import polars as pl
import pytest

from analysis.dissection.features import features
from analysis.dissection.properties import ALL, PLACE, RATED
from analysis.dissection.record_values import UnusableRecord, read_pair
from analysis.dissection.records import UnusableRecords, read_records
from tests.analysis.annotated_pairs import record, write_lines

CONSTRAINTS, STANCES = "satisfying explicit constraints", "supporting explicit subjective stances"
MISTAKES = "correcting explicit mistakes or biases"


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def specific(rng, side=1, **answers):
    """A record with two items of each kind, and these answers on one side."""
    items = {"explicit constraints": ["a", "b"], "explicit subjective stances": ["a", "b"]}
    made = record(rng, **items, **{"explicit mistakes or biases": ["a | b", "c"], "clear intent": "No"})
    made[f"query-specific_response_{side}"] = {
        "clarify user intent": 0,
        "showing empathetic": None,
        CONSTRAINTS: ["a | 3", "b | 0"],
        STANCES: ["a | Neutral", "b | Neutral"],
        MISTAKES: ["a | b | pointed out and corrected", "c | neither pointed out nor corrected"],
    } | answers
    return made


def value(pair, slug, side=1):
    return pair.values[side - 1, PLACE[slug]]


def test_ratings_are_read_as_numbers_or_text_and_what_is_neither_is_missing_and_flagged(rng):
    made = record(rng)
    made["basic_response_1"] |= {
        "friendly": " 2 ",
        "polite": "3.0",
        "repetitive": 7,
        "clear and understandable": None,
    }
    made["basic_response_1"] |= {"persuade user": True, "innovative and novel": "very"}
    made["basic_response_1"]["Harmlessness"] = made["basic_response_1"].pop("harmlessness")
    made["response_2"] = {"content": "x"}
    pair = read_pair(made)
    assert (value(pair, "friendly"), value(pair, "polite")) == (2, 3)
    assert not np.isnan(value(pair, "harmless"))
    assert np.isnan([value(pair, slug) for slug in ("non_repetitive", "clear", "persuasive", "novel")]).all()
    assert np.isnan(value(pair, "lengthy", 2))
    assert set(pair.flags) == {
        "non_repetitive: unknown score", "clear: no score", "persuasive: unknown score",
        "novel: unknown score", "lengthy: no count of words",
    }  # fmt: skip


def test_items_are_split_at_the_last_separator_and_counted_against_the_query(rng):
    pair = read_pair(specific(rng))
    assert (value(pair, "satisfies_constraints"), value(pair, "corrects_mistakes")) == (1.5, 1.5)
    assert value(pair, "clarifies_intent") == 0  # an answer, and not the same as none
    by_text = read_pair(specific(rng, **{CONSTRAINTS: {"a": "3", "b reworded": " 2"}}))
    assert value(by_text, "satisfies_constraints") == 2.5
    for answers, reason in [
        (["a | 3"], "not as many answers as items"),
        (["a | 3", "b | 3", "c | 3"], "not as many answers as items"),
        (["a | 3", "b | 4"], "unknown label"),
        (None, "asked but not answered"),
        ([], "asked but not answered"),
        ("a | 3", "not as many answers as items"),
    ]:
        pair = read_pair(specific(rng, **{CONSTRAINTS: answers}))
        assert np.isnan(value(pair, "satisfies_constraints"))
        assert f"satisfies_constraints: {reason}" in pair.flags


def test_what_the_query_does_not_ask_for_is_no_value_and_no_feature(rng):
    made = specific(rng, **{"showing empathetic": 3})
    made |= {"explicit constraints": [], "express feelings": "NO", "clear intent": "yes"}
    del made["explicitly express feelings"]
    pair = read_pair(made)
    absent = ["clarifies_intent", "empathetic", "satisfies_constraints"]
    assert np.isnan([value(pair, slug) for slug in absent]).all()
    assert [pair.facts[slug] for slug in absent] == [False] * 3
    assert "empathetic: answered though not asked" in pair.flags
    found = features(pair.values[:1], pair.values[1:])
    assert not found[0, [PLACE[slug] for slug in absent]].any()


def test_both_codings_of_stances_tell_the_same(rng):
    labels = specific(rng, **{STANCES: ["a | STRONGLY supported ", "b | weakly opposed"]})
    shifted = specific(rng, **{STANCES: ["a | 4", "b | 1"]})
    signed = specific(rng, **{STANCES: ["a | 2", "b | -1"]})
    assert value(read_pair(labels), "supports_stances") == 0.5
    assert value(read_pair(signed), "supports_stances") == 0.5
    assert value(read_pair(labels, "shifted"), "supports_stances") == 0.5
    assert value(read_pair(shifted, "shifted"), "supports_stances") == 0.5
    for made, coding in ((shifted, "signed"), (signed, "shifted")):
        assert "supports_stances: unknown label" in read_pair(made, coding).flags


def test_errors_that_cannot_be_judged_take_the_pair_out_and_are_not_zero_errors(rng):
    errors = [
        {"severity": " Severe"},
        {"severity": "minor", "type": "of another kind"},
        {"severity": "MINOR"},
    ]
    pair = read_pair(record(rng, errors_response_1={"applicable or not": "Applicable", "errors": errors}))
    assert [value(pair, f"no_{word}_errors") for word in ("minor", "moderate", "severe")] == [2, 0, 1]
    assert pair.applicable
    for found in (999, {"applicable or not": "not applicable", "errors": []}):
        for side in (1, 2):
            pair = read_pair(record(rng, **{f"errors_response_{side}": found}))
            assert not pair.applicable
            assert np.isnan(value(pair, "no_severe_errors", side))
            assert not pair.flags
    strange = {"applicable or not": "applicable", "errors": [{"severity": "grave"}]}
    pair = read_pair(record(rng, errors_response_2=strange))
    assert pair.applicable
    assert np.isnan(value(pair, "no_minor_errors", 2))
    assert "errors: unknown severity" in pair.flags


def test_files_are_read_by_id_with_every_loss_counted(tmp_path, rng):
    ties = {"human": "tie", "gpt-4-turbo": "response_2", "x": "inconsistent", "y": None, "z": "maybe"}
    rows = [record(rng, id=str(number), weight=2) for number in range(6)]
    rows[1]["preference_labels"] = ties
    rows[2]["id"] = "0"
    rows[3] = {"query": "no annotation"}
    rows[4]["scenario_group"] = "My own"
    rows[5]["weight"] = "-1"
    path = write_lines(tmp_path / "pairs.jsonl", rows)
    with path.open("a") as file:
        file.write("{no json\n\n[1]\n")
    pairs, told = read_records(path, weight="Weight")
    assert pairs.keys == ("id 0", "id 1", "id 4")
    assert pairs.weights.tolist() == [2, 2, 2]
    assert (told.rows, dict(told.skipped)) == (8, {
        "no JSON object": 2, "an id that an earlier row has": 1, "no ratings of either response": 1,
        "no weight above 0": 1,
    })  # fmt: skip
    assert "row 4: no ratings of either response" in told.examples
    assert told.flags["z: unknown label"] == told.flagged == 1
    assert pairs.votes["human"].ties.tolist() == [0, 1, 0]
    assert pairs.votes["gpt-4-1106-preview"].for_b.tolist() == [0, 1, 0]
    assert pairs.votes["x"].inconsistent.sum() == 1
    assert pairs.votes["y"].decided.sum() == 0
    assert list(pairs.groups)[-1] == ALL
    assert pairs.groups["My own"].tolist() == [False, False, True]
    assert pairs.groups["w_constraints"].tolist() == [
        bool(rows[number]["explicit constraints"]) for number in (0, 1, 4)
    ]


def test_parquet_tells_the_same_as_lines(tmp_path, rng):
    rows = [record(rng) for _ in range(700)]
    rows[3]["errors_response_1"] = {"applicable or not": "not applicable", "errors": []}
    lines, told = read_records(write_lines(tmp_path / "pairs.jsonl", rows))
    pl.DataFrame(rows, infer_schema_length=None).write_parquet(tmp_path / "pairs.parquet")
    columns, also = read_records(tmp_path / "pairs.parquet")
    assert (told, told.flagged, len(lines)) == (also, 0, 700)
    assert np.array_equal(lines.a, columns.a, equal_nan=True)
    assert np.array_equal(lines.b, columns.b, equal_nan=True)
    assert lines.keys == columns.keys
    assert lines.applicable.tolist() == columns.applicable.tolist() == [number != 3 for number in range(700)]
    assert all(np.array_equal(lines.groups[name], columns.groups[name]) for name in lines.groups)
    assert lines.votes["human"].for_a.tolist() == columns.votes["human"].for_a.tolist()


def test_what_is_no_file_of_pairs_is_refused(tmp_path, rng):
    (tmp_path / "a.parquet").write_text("no")
    (tmp_path / "b.jsonl").write_bytes(b"\xff\xfe")
    (tmp_path / "c.jsonl").write_text("\n")
    (tmp_path / "d.jsonl").write_text(json.dumps({"query": 1}))
    for name, said in [
        ("a.parquet", "no Parquet"),
        ("b.jsonl", "UTF-8"),
        ("c.jsonl", "no rows"),
        ("d.jsonl", "row 1: no ratings"),
        ("e.jsonl", "cannot be read"),
        ("f.csv", "must end in"),
    ]:
        with pytest.raises(UnusableRecords, match=said):
            read_records(tmp_path / name)
    with pytest.raises(UnusableRecord):
        read_pair({"basic_response_1": [1]})
    assert len(RATED) == 20
