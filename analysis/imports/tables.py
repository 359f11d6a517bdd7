"""Finding and reading the tables of a folder, as Parquet or JSON lines."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

Row = dict[str, Any]
TABLES = ("votes", "reactions", "conversations", "turns")
ROWS_AT_ONCE = 5000


class UnusableTable(Exception):
    """A table cannot be read; the text says which, where and why."""


def find_tables(folder: Path) -> dict[str, Path]:
    """The files of a folder by table: its name stands at the end of the file's. Raises UnusableTable.

    Where a table is there in both kinds, Parquet is taken.
    """
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix in (".parquet", ".jsonl"))
    except OSError as error:
        raise UnusableTable(f"The folder {folder} cannot be read: {error.strerror}.") from error
    found = {table: _of(table, paths) for table in TABLES}
    return {table: path for table, path in found.items() if path}


def stored_name(name: str) -> str | None:
    """Under which name a file that is handed in is kept: that of its table; None where it is of none."""
    path = Path(name)
    table = next((one for one in TABLES if re.search(rf"(^|[-_]){one}$", path.stem)), None)
    return f"{table}{path.suffix}" if table and path.suffix in (".parquet", ".jsonl") else None


def _of(table: str, paths: Sequence[Path]) -> Path | None:
    named = [path for path in paths if re.search(rf"(^|[-_]){table}$", path.stem)]
    of_one_kind = [path for path in named if path.suffix == ".parquet"] or named
    if len(of_one_kind) > 1:
        names = ", ".join(path.name for path in of_one_kind)
        raise UnusableTable(f"More than one file has the table “{table}”: {names}. Leave one of them.")
    return of_one_kind[0] if of_one_kind else None


def read_rows(path: Path, needed: Sequence[str]) -> Iterator[tuple[int, Row]]:
    """Rows with their numbers from 1. Raises UnusableTable, also where a needed column is missing."""
    rows = _parquet(path) if path.suffix == ".parquet" else _lines(path)
    try:
        for number, row in enumerate(rows, start=1):
            if missing := [name for name in needed if name not in row]:
                raise UnusableTable(f"{path.name}, row {number}: there is no column {', '.join(missing)}.")
            yield number, row
    except OSError as error:
        raise UnusableTable(f"{path.name} cannot be read: {error.strerror}.") from error


def look_through(path: Path, needed: Sequence[str]) -> Iterator[tuple[int, Row | str]]:
    """Rows with their numbers from 1; in place of one that cannot be read, why not.

    Raises UnusableTable where nothing can be read, or the first row shows that this is another table.
    """
    rows = _parquet(path) if path.suffix == ".parquet" else _lines_or_faults(path)
    try:
        for number, row in enumerate(rows, start=1):
            missing = [] if isinstance(row, str) else [name for name in needed if name not in row]
            if missing and number == 1:
                raise UnusableTable(f"{path.name}, row 1: there is no column {', '.join(missing)}.")
            yield number, f"no column {missing[0]}" if missing else row
    except OSError as error:
        raise UnusableTable(f"{path.name} cannot be read: {error.strerror}.") from error


def count_rows(path: Path) -> int:
    """Raises UnusableTable."""
    import polars as pl

    try:
        if path.suffix == ".parquet":
            return int(pl.scan_parquet(path).select(pl.len()).collect().item())
        with path.open("rb") as file:
            return sum(1 for _ in file)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise UnusableTable(f"{path.name} cannot be read.") from error


def _lines(path: Path) -> Iterator[Row]:
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                row = json.loads(line)
            except ValueError as error:
                raise UnusableTable(f"{path.name}, row {number}: this is no JSON.") from error
            if not isinstance(row, dict):
                raise UnusableTable(f"{path.name}, row {number}: this is no object.")
            yield row


def _lines_or_faults(path: Path) -> Iterator[Row | str]:
    with path.open("rb") as file:
        for line in file:
            try:
                row = json.loads(line)
            except ValueError:
                yield "no JSON"
                continue
            yield row if isinstance(row, dict) else "no object"


def _parquet(path: Path) -> Iterator[Row]:
    # Here, because it takes 40 MB that a process which serves pages never needs.
    import polars as pl

    try:
        table = pl.scan_parquet(path)
        total = table.select(pl.len()).collect().item()
        for first in range(0, total, ROWS_AT_ONCE):
            yield from table.slice(first, ROWS_AT_ONCE).collect().iter_rows(named=True)
    except pl.exceptions.PolarsError as error:
        raise UnusableTable(f"{path.name} is no Parquet file that can be read.") from error
