"""The export's columns beside those of the published tables, by the reference and by samples."""

from __future__ import annotations

import re
from itertools import product
from typing import Any

import polars as pl
import pytest

from analysis.exports import arena_codebook
from analysis.exports.arena_schema import (
    MOMENT,
    NUMBER,
    REASONS,
    SCHEMAS,
    TEXT,
    TEXTS,
    TRUTH,
    WHOLE,
)
from analysis.exports.parquet import write_parquet
from prism.lib.processes import CHECKOUT

SHARED = CHECKOUT.parent / "shared"
REFERENCE = SHARED / "reference" / "arena.md"
LEGACY = SHARED / "data" / "arena" / "legacy"
KINDS = {
    "str": TEXT,
    "int": WHOLE,
    "float": NUMBER,
    "bool": TRUTH,
    "datetime": MOMENT,
    "JSON text": TEXT,
    "`a`/`b`": TEXT,
}
RAW_ONLY = ("excluded", "extra_metadata")  # of the restricted twin


def sections() -> dict[str, str]:
    """The text under each heading of the part on data."""
    part = REFERENCE.read_text(encoding="utf-8").split("## 6. Data")[1].split("## 7.")[0]
    found = re.split(
        r"^(?:### |)(Common columns:|Conversations only:|Votes only:|Reactions only:|6\.3.*)$",
        part,
        flags=re.M,
    )
    return dict(zip((title.split(" ")[0] for title in found[1::2]), found[2::2], strict=True))


def published(text: str) -> dict[str, str]:
    """Columns with their types, patterns such as `model_{a,b}_name` spelt out."""
    columns: dict[str, str] = {}
    for line in re.findall(r"^\| (`.*?) \| (.*?) \|", text, flags=re.M):
        patterns, kinds = re.findall(r"`([^`]+)`", line[0]), line[1].split(", ")
        is_each = len(kinds) == len(patterns) and all(kind in KINDS or kind == "list" for kind in kinds)
        for place, pattern in enumerate(patterns):
            for name in spelt(pattern):
                columns[name] = kinds[place] if is_each else line[1]
    return columns


def spelt(pattern: str) -> list[str]:
    parts = re.split(r"\{([^}]+)\}", pattern)
    choices = [part.split(",") if place % 2 else [part] for place, part in enumerate(parts)]
    return ["".join(one).replace(" ", "") for one in product(*choices)]


needs_reference = pytest.mark.skipif(not REFERENCE.is_file(), reason="the reference is not on this machine")


@needs_reference
@pytest.mark.parametrize(
    ("table", "parts", "without"),
    [
        ("conversations", ("Common", "Conversations"), ()),
        ("votes", ("Common", "Votes"), ("conv_a_id", "conv_b_id")),
        ("reactions", ("Common", "Reactions"), ("system_prompt_a", "system_prompt_b")),
    ],
)
def test_every_published_column_is_there_under_its_name_and_type(table, parts, without):
    schema, found = SCHEMAS[table], sections()
    columns = {name: kind for part in parts for name, kind in published(found[part]).items()}
    assert len(columns) > 20
    for name, kind in columns.items():
        if name in without or name == "reactions":
            continue
        if name == "system_prompt" and table != "reactions":
            continue
        assert name in schema, name
        word = kind.split(",")[0].split(" × ")[0].strip()
        if name == "model_pair_name":
            assert schema[name] == (TEXT if table == "conversations" else TEXTS)
        elif word.startswith("list"):
            assert isinstance(schema[name], list), name
        elif word in KINDS:
            assert schema[name] == KINDS[word], name
    assert {reason for reason in REASONS if f"conv_{reason}_a" in SCHEMAS["votes"]} == set(REASONS)


@needs_reference
def test_every_published_column_of_turns_is_there_under_its_name_and_type():
    schema, columns = SCHEMAS["turns"], published(sections()["6.3"])
    told = {name for name in columns if name.startswith("metadata.")}
    assert len(told) > 10
    for name, kind in columns.items():
        if name in RAW_ONLY:
            continue
        where, column = (schema["metadata"], name.partition(".")[2]) if name in told else (schema, name)
        assert column in where, name
        word = kind.split(",")[0].strip()
        if word.startswith("list"):
            assert isinstance(where[column], list), name
        elif word in KINDS:
            assert where[column] == KINDS[word], name


@pytest.mark.skipif(not LEGACY.is_dir(), reason="compar:IA's sample tables are not on this machine")
@pytest.mark.parametrize("table", ["votes", "reactions"])
def test_an_exported_table_has_the_types_of_the_published_samples(table, tmp_path):
    (tmp_path / "none.jsonl").touch()
    write_parquet(tmp_path / "none.jsonl", tmp_path / "ours.parquet", SCHEMAS[table])
    ours = pl.read_parquet_schema(tmp_path / "ours.parquet")
    theirs = pl.read_parquet_schema(LEGACY / f"sample_{table}.parquet")
    shared = theirs.keys() & ours.keys()
    # What the samples have beyond: places of visitors, always empty, and columns of another table joined on.
    beyond = set(theirs) - shared
    assert all(re.fullmatch(r"country|city|categories|(model|total_conv)_[ab]_\w+", name) for name in beyond)
    for name in shared - {"timestamp"}:
        assert ours[name] == theirs[name], name
    assert (ours["timestamp"], theirs["timestamp"]) == (pl.Datetime("us"), pl.Datetime("ns"))


def test_the_codebook_describes_every_column_with_its_type_and_whose_it_is():
    told = list(arena_codebook.rows())
    assert [(row["table"], row["column"]) for row in told] == [
        (table, column) for table, schema in SCHEMAS.items() for column in schema
    ]
    assert all(row["meaning"] and row["type"] for row in told)
    whose = {(row["table"], row["column"]): row["defined_by"] for row in told}
    assert whose["votes", "chosen_model_name"] == whose["turns", "respondent"] == "compar:IA"
    assert whose["votes", "blind"] == whose["turns", "attempts"] == "Prism"
    types = {row["column"]: row["type"] for row in told}
    assert types["model_a_total_params"] == "number"
    assert types["web_search_results"] == "list of {name: text, url: text, content: text}"


def test_columns_come_in_the_published_order_and_ours_follow():
    for table, last in {"votes": "is_unedited_prompt", "turns": "respondent", "reactions": "comment"}.items():
        names = list(SCHEMAS[table])
        assert names.index("source_row") > names.index(last)
    hidden: dict[str, Any] = {
        name: kind for name, kind in SCHEMAS["votes"].items() if name.startswith("conv_")
    }
    assert sum(kind == TRUTH for kind in hidden.values()) == 2 * len(REASONS)
