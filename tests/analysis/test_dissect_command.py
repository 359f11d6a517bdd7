"""`manage.py dissect FILE --out DIR`: from annotated pairs to tables."""

import csv
import json
from io import StringIO

import numpy as np
import polars as pl
import pytest
from django.core.management import CommandError, call_command

from analysis.dissection.properties import PLACE, SLUGS
from tests.analysis.annotated_pairs import judged, record, write_lines

QUICK = ("--chains", "2", "--warmup", "50", "--draws", "150", "--folds", "3")
TABLES = ("probabilities", "groups", "means", "similarity", "correlation")


def dissect(*arguments):
    out, err = StringIO(), StringIO()
    call_command("dissect", *map(str, arguments), stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_one_command_leads_from_pairs_to_tables_that_it_reads_again(tmp_path):
    rng = np.random.default_rng(8)
    weights = np.zeros(29)
    weights[[PLACE["clear"], PLACE["no_severe_errors"], PLACE["funny"]]] = 1.5, 1.2, -1.5
    rows = judged(rng, 420, {"human": weights, "llama-7b": -weights})
    for number, row in enumerate(rows):
        row["scenario_group"] = "Code" if number < 220 else "Advice" if number < 400 else "My own"
    rows[0]["errors_response_2"] = {"applicable or not": "not applicable", "errors": []}
    rows[1]["preference_labels"]["human"] = "tie"
    rows[2]["basic_response_1"]["polite"] = "much"
    path, out = write_lines(tmp_path / "pairs.jsonl", [*rows, {"query": "?"}]), tmp_path / "out"
    said, heard = dissect(path, "--out", out, "--json", *QUICK)
    found = json.loads(said)
    assert found == json.loads((out / "dissection.json").read_text())
    assert "Code …" in heard
    told = found["file"]
    assert (told["rows"], told["pairs"], told["not_applicable"], told["flagged"]) == (421, 420, 1, 1)
    assert told["skipped"] == {"no ratings of either response": 1}
    assert found["scenarios"] == ["Advice", "Code", "My own"]
    code = next(fit for fit in found["fits"] if (fit["judge"], fit["group"]) == ("human", "Code"))
    assert (code["pairs"], code["used"], code["not_applicable"], code["ties"]) == (220, 218, 1, 1)
    own = next(fit for fit in found["fits"] if fit["group"] == "My own")
    assert (own["too_few"], own["properties"], own["held_out"]) == (True, [], None)
    assert set(found["mean_over_scenarios"]["human"].values()) == {None}  # a scenario has too few pairs
    whole = {fit["judge"]: fit for fit in found["fits"] if fit["group"] == "all"}
    by_slug = {row["property"]: row for row in whole["human"]["properties"]}
    assert list(by_slug) == list(SLUGS)
    assert by_slug["clear"]["marked"]
    assert 50 < by_slug["clear"]["low"] < by_slug["clear"]["probability"] < by_slug["clear"]["high"]
    assert by_slug["funny"]["high"] < 50
    held = whole["human"]["held_out"]
    assert held["model"]["accuracy"] > held["majority"]["accuracy"]
    assert found["probability"]["human"]["all"]["clear"] == by_slug["clear"]["probability"]
    assert found["similarity"]["matrix"][0][1] < -0.5
    for name in TABLES:
        lines, listed = rows_of(out / f"{name}.csv"), json.loads((out / f"{name}.json").read_text())
        assert len(lines) == len(listed) == pl.read_parquet(out / f"{name}.parquet").height > 0
        assert list(lines[0]) == list(listed[0])
    line = next(
        row
        for row in rows_of(out / "probabilities.csv")
        if (row["judge"], row["group"], row["property"]) == ("human", "all", "clear")
    )
    assert (float(line["probability"]), line["n"]) == (by_slug["clear"]["probability"], "418")
    again = json.loads(dissect("--weights", out / "weights", "--json")[0])
    assert again["probability"]["llama-7b"]["Code"] == found["probability"]["llama-7b"]["Code"]


def test_what_cannot_be_done_is_said_in_one_sentence(tmp_path):
    rng = np.random.default_rng(9)
    path = write_lines(tmp_path / "pairs.jsonl", [record(rng)])
    for arguments, said in [
        ([], "Name either"),
        ([path, "--weights", tmp_path], "Name either"),
        ([path], "Say with --out"),
        ([path, "--json", "--folds", "1"], "One fold"),
        ([path, "--json", "--draws", "3"], "--draws must be at least 20"),
        ([path, "--json", "--judge", "gpt"], "no labels of gpt; it has those of: human"),
        ([tmp_path / "none.jsonl", "--json"], "cannot be read"),
        (["--weights", tmp_path], "has no files"),
    ]:
        with pytest.raises(CommandError, match=said):
            dissect(*arguments)
    said = dissect(path, "--out", tmp_path / "out", *QUICK)[0]
    assert "not every scenario has enough pairs" in said
    assert "too few pairs" in said
