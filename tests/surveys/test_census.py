"""Census tables: what is shipped, and tables that are refused."""

from __future__ import annotations

import copy
import csv
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from surveys import census
from surveys.census import CensusError, census_table, read, shipped

REFERENCE = Path(__file__).parents[3] / "shared" / "data" / "census"
needs_reference = pytest.mark.skipif(not REFERENCE.is_dir(), reason="the reference data are not here")


def rows(file: str) -> list[dict[str, str]]:
    with (REFERENCE / file).open() as lines:
        return list(csv.DictReader(lines))


def given(key: str) -> dict[str, Any]:
    """A shipped table as plain values, to be spoilt."""
    return copy.deepcopy(yaml.safe_load((census.HERE / f"{key}.yaml").read_text()))


def origin_table(parts: dict[str, list[str]], counts: dict[str, int], total: int) -> dict[str, Any]:
    table = given("us-2022-origin") | {"total": total, "dimensions": {"origin": {"parts": parts}}}
    return table | {"counts": [[name, count] for name, count in counts.items()]}


def test_three_tables_are_shipped_with_source_year_and_licence() -> None:
    assert shipped() == ["england-wales-2021", "us-2020", "us-2022-origin"]
    assert [len(census_table(key).counts) for key in shipped()] == [60, 12, 3]
    for key in shipped():
        table = census_table(key)
        assert table.source
        assert table.licence
        assert table.year in (2020, 2021, 2022)
        assert abs(sum(table.counts.values()) - table.total) <= table.tolerance


def test_england_and_wales_is_nowhere_called_the_united_kingdom() -> None:
    table = census_table("england-wales-2021")
    assert "not the United Kingdom" in table.notes
    for text in (table.key, table.name, table.place, table.population, table.source):
        assert "UK" not in text
        assert "United Kingdom" not in text


@needs_reference
def test_the_counts_are_those_of_the_reference_files() -> None:
    ew = {
        (r["age_band"], r["sex"], r["ethnicity"]): int(r["population"])
        for r in rows("ew2021_adults_age_sex_ethnicity.csv")
    }
    us = {(r["age_band"], r["sex"]): int(r["population"]) for r in rows("us2020_adults_age_sex.csv")}
    assert census_table("england-wales-2021").counts == ew
    assert census_table("us-2020").counts == us
    origin = [int(row["population"]) for row in rows("us2022_adults_origin.csv")]
    assert list(census_table("us-2022-origin").counts.values()) == origin


@needs_reference
def test_adults_of_england_and_wales_are_the_sums_of_their_single_years() -> None:
    table, sums = census_table("england-wales-2021"), Counter[tuple[str, ...]]()
    for row in rows("ew2021_single_year_age_sex_ethnic_group.csv"):
        age = int(row["age"].rstrip("+"))
        band = next(
            (name for name, (first, last) in table.bands["age"].items() if first <= age <= last), None
        )
        if band:
            sums[band, row["sex"], row["ethnicity"]] += int(row["population"])
    assert dict(sums) == dict(table.counts)


@needs_reference
def test_the_american_tables_by_origin_are_refused_as_strata() -> None:
    sums: Counter[str] = Counter()
    for row in rows("us2022_adults_age_sex_by_origin_table.csv"):
        sums[row["group"]] += int(row["population"])
    as_published = origin_table({name: [name] for name in sums}, dict(sums), 260_836_730)
    with pytest.raises(CensusError, match="298,477,760"):
        read(as_published)
    # Even a total that was made to fit does not help once each category says whom it counts.
    parts = {name: [f"{name}, not Hispanic", "Hispanic"] for name in sums}
    with pytest.raises(CensusError, match="both count Hispanic"):
        read(origin_table(parts, dict(sums), sum(sums.values())))


@needs_reference
def test_the_double_counted_frame_of_prism_is_refused() -> None:
    counts = [
        [r["age_band"], r["sex"], r["ethnicity"], int(r["population_double_counted"])]
        for r in rows("us2022_prism_target_cells_double_counted.csv")
    ]
    frame = given("england-wales-2021") | {"total": 260_836_730, "tolerance": 0, "counts": counts}
    with pytest.raises(CensusError, match="298,477,760"):
        read(frame)


def test_hispanic_and_white_not_hispanic_with_the_remainder_are_accepted() -> None:
    table = read(given("us-2022-origin"))
    assert sum(table.counts.values()) == table.total == 260_836_730
    assert table.counts["All other",] / table.total == pytest.approx(0.223, abs=5e-4)


def test_a_margin_is_a_sum_and_a_joint_distribution_is_not_made_up() -> None:
    table = census_table("us-2020")
    assert sum(table.margin(["sex"]).values()) == table.total
    assert table.margin(["sex"])["Female",] / table.total == pytest.approx(0.515, abs=5e-4)
    assert next(iter(table.margin(["sex", "age"]))) == ("Female", "18-24")
    with pytest.raises(CensusError, match="never made up"):
        table.margin(["age", "origin"])


def spoilt(change: str) -> dict[str, Any]:
    table = given("us-2020")
    match change:
        case "format":
            table["format"] = "prism-census/2"
        case "licence":
            table["licence"] = " "
        case "total":
            table["total"] = "many"
        case "no dimensions":
            table["dimensions"] = {}
        case "two kinds":
            table["dimensions"]["sex"]["parts"] = {"Female": ["women"]}
        case "overlapping bands":
            table["dimensions"]["age"]["bands"]["18-24"] = [18, 25]
        case "broken band":
            table["dimensions"]["age"]["bands"]["18-24"] = [18, 20, 24]
        case "category twice":
            table["dimensions"]["sex"]["categories"].append("Male")
        case "cell twice":
            table["counts"].append(table["counts"][0])
        case "cell missing":
            table["counts"].pop()
        case "unknown cell":
            table["counts"][0][1] = "Woman"
        case "one too few":
            table["counts"][0][2] -= 1
        case "count is text":
            table["counts"][0][2] = "15,385,520"
    return table


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("format", "prism-census/1"),
        ("licence", "licence"),
        ("total", "whole number"),
        ("no dimensions", "no dimensions"),
        ("two kinds", "exactly one"),
        ("overlapping bands", "overlap"),
        ("broken band", "first and last year"),
        ("category twice", "given twice"),
        ("cell twice", "counted twice"),
        ("cell missing", "has no count"),
        ("unknown cell", "no cell Woman|no cell 18-24 / Woman"),
        ("one too few", "258,343,280"),
        ("count is text", "whole number"),
    ],
)
def test_a_table_that_is_no_sound_frame_is_refused_with_the_reason(change: str, words: str) -> None:
    with pytest.raises(CensusError, match=words):
        read(spoilt(change))


def test_a_sum_within_the_stated_rounding_is_accepted_and_one_beyond_is_not() -> None:
    table = given("england-wales-2021")
    assert read(table | {"total": table["total"] + 522}).total == 47_205_392
    with pytest.raises(CensusError, match="within 522"):
        read(table | {"total": table["total"] + 523})


def test_an_unknown_table_is_named_with_the_known_ones() -> None:
    with pytest.raises(CensusError, match="us-2022-origin"):
        census_table("uk-2021")
