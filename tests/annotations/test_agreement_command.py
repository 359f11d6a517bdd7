"""`manage.py agreement FILE.csv`."""

import csv
import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from tests.annotations import published


def written(path, rows, header=("item", "annotator", "property", "value")):
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def agreement(path, *arguments):
    out = StringIO()
    call_command("agreement", str(path), *arguments, stdout=out)
    return out.getvalue()


def observers(path):
    """Krippendorff's example twice: as numbers and as names."""
    numbers = [
        (f"u{unit}", "ABCD"[rater], "number", "" if value != value else f"{value:g}")
        for unit, row in enumerate(published.OBSERVERS)
        for rater, value in enumerate(row)
    ]
    names = [(unit, rater, "name", value and f"level {value}") for unit, rater, _, value in numbers]
    return written(path, numbers + names)


def test_it_prints_published_values_as_json(tmp_path):
    found = json.loads(agreement(observers(tmp_path / "a.csv"), "--json", "--replicates", "50"))
    number, name = ({one["measure"]: one for one in told["coefficients"]} for told in found)
    assert [told["metric"] for told in found] == ["ordinal", "nominal"]
    assert [told["weights"] for told in found] == ["quadratic", "identity"]
    assert found[0]["levels"] == [1, 2, 3, 4, 5]
    assert number["alpha"]["value"] == pytest.approx(0.815, abs=5e-4)
    assert name["alpha"]["value"] == pytest.approx(0.743, abs=5e-4)
    assert name["ac1"]["value"] == number["ac1"]["value"] == pytest.approx(0.77544, abs=5e-6)
    assert number["alpha"]["low"] < 0.815 < number["alpha"]["high"]
    assert number["alpha"]["units"] == 11
    assert set(number) - set(name) == {"ac2"}
    ratio = json.loads(agreement(observers(tmp_path / "a.csv"), "--json", "--metric", "ratio"))
    alphas = [told["coefficients"][-1] for told in ratio]
    assert alphas[0]["value"] == pytest.approx(0.797, abs=5e-4)
    assert (alphas[1]["value"], alphas[1]["why"]) == (None, "not_numeric")


def test_it_prints_a_table_with_annotators_and_reasons(tmp_path):
    path = observers(tmp_path / "a.csv")
    said = agreement(path, "--annotators", "--replicates", "50").splitlines()
    assert said[0] == "number: 12 items, 4 annotators, 5 levels, ordinal"
    assert any("Krippendorff's α" in line and " 0.815 " in line for line in said)
    assert len([line for line in said if "against the others" in line]) == 8
    assert len([line for line in said if " and " in line and line.endswith("pairs")]) == 12
    alone = written(tmp_path / "b.csv", [("a", "x", "p", "1"), ("b", "x", "p", "2")])
    assert "fewer than two annotators" in agreement(alone)


def test_other_columns_levels_and_clusters_are_taken(tmp_path):
    said = {"x": lambda n: n % 2, "y": lambda n: n % 2 if n % 3 else 0}
    rows = [(f"{n}-{side}", n, who, "p", said[who](n)) for n in range(30) for side in "abcd" for who in "xy"]
    path = written(tmp_path / "a.csv", rows, ("response", "pair", "who", "asked", "said"))
    columns = ["--item-column", "response", "--annotator-column", "who", "--property-column", "asked"]
    columns += ["--value-column", "said", "--levels", "0,1,2", "--json"]
    alone, clustered = (
        json.loads(agreement(path, *columns, *more))[0] for more in ([], ["--cluster-column", "pair"])
    )
    assert (alone["items"], alone["levels"]) == (120, [0, 1, 2])
    assert "cohen" in {one["measure"] for one in alone["coefficients"]}
    for one, other in zip(alone["coefficients"], clustered["coefficients"], strict=True):
        assert one["value"] == other["value"] < 1
        assert other["high"] - other["low"] > 1.5 * (one["high"] - one["low"])


@pytest.mark.parametrize(
    ("rows", "arguments", "complaint"),
    [
        ([("a", "x", "p", "1"), ("a", "x", "p", "2")], [], "p: 'x' rated 'a' twice"),
        ([("a", "x", "p", "7")], ["--levels", "0,1"], "p: not levels of the scale: 7.0"),
        ([("a", "", "p", "7")], [], "Row 2 lacks"),
        ([], [], "has no ratings"),
        ([("a", "x", "p", "7")], ["--item-column", "unit"], "has no column unit. Its columns are item"),
        ([("a", "x", "p", "7")], ["--seed", "-1"], "A seed is zero or more"),
    ],
)
def test_a_file_that_cannot_be_compared_is_refused_in_words(tmp_path, rows, arguments, complaint):
    with pytest.raises(CommandError, match=complaint):
        agreement(written(tmp_path / "a.csv", rows), *arguments)


def test_no_file_is_refused_in_words(tmp_path):
    with pytest.raises(CommandError, match="cannot be read"):
        agreement(tmp_path / "none.csv")
