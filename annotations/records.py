"""The published record schema of annotated pairs: its names, and files of it read row by row."""

import codecs
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

Row = Mapping[str, Any]

RUBRIC = "preference_dissection"
SIDES = (1, 2)
SEPARATOR = " | "  # between an item and its answer; a description may hold it, so the last one counts
QUERY, SCENARIO, SCENARIO_GROUP = "query", "scenario_auto-j", "scenario_group"
REFERENCE, PREFERENCES = "gpt-4-turbo_reference", "preference_labels"
APPLICABLE, NOT_APPLICABLE = "applicable", "not applicable"
ROWS_AT_ONCE = 500
BYTES_AT_ONCE = 2**18  # a line is several kilobytes long: few fit in what is read at once otherwise

# The card's example names a judge otherwise than data and weights do.
JUDGE_ALIASES = {"gpt-4-turbo": "gpt-4-1106-preview"}


class UnusableRecords(Exception):
    """The file holds no annotated pairs; the text says why."""


def judge_named(name: str) -> str:
    return JUDGE_ALIASES.get(name.strip(), name.strip())


def read_lines(path: Path) -> Iterator[tuple[int, object]]:
    """Rows with their numbers from 1: lines of JSON as bytes, or rows of Parquet. Raises UnusableRecords."""
    if path.suffix not in (".jsonl", ".parquet"):
        raise UnusableRecords("The file must end in .jsonl or .parquet.")
    try:
        yield from enumerate(_parquet(path) if path.suffix == ".parquet" else _lines(path), start=1)
    except OSError as error:
        raise UnusableRecords(f"{path.name} cannot be read: {error.strerror or error}.") from error


def parsed(line: bytes) -> object:
    """What a line says; None where it is no JSON. Raises UnusableRecords."""
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        raise UnusableRecords("The file is not in UTF-8.") from error
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb", buffering=BYTES_AT_ONCE) as file:
        for number, line in enumerate(file):
            line = line.removeprefix(codecs.BOM_UTF8) if number == 0 else line
            if line.strip():
                yield line


def _parquet(path: Path) -> Iterator[dict[str, Any]]:
    # Here, because it takes 40 MB that a process which serves pages never needs.
    import polars as pl

    try:
        table = pl.scan_parquet(path)
        many = table.select(pl.len()).collect().item()
        for start in range(0, many, ROWS_AT_ONCE):
            yield from table.slice(start, ROWS_AT_ONCE).collect().iter_rows(named=True)
    except pl.exceptions.PolarsError as error:
        raise UnusableRecords(f"{path.name} is no Parquet file that can be read.") from error
