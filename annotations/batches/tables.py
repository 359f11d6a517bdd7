"""Rows of a JSONL, CSV or Parquet file, each with its line, in constant memory."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

KINDS = (".jsonl", ".csv", ".parquet")
ROWS_AT_ONCE = 500
LONGEST_CELL = 1_000_000
Raw = dict[str, Any]


class UnusableFile(Exception):
    """Nothing can be read from the file; the text says why."""


def read(path: Path) -> Iterator[tuple[int, Raw | str]]:
    """Line and row; in place of one that cannot be read, why not. Of Parquet the number of the row, from 1.

    Raises UnusableFile.
    """
    readers = {".jsonl": _json_lines, ".csv": _csv, ".parquet": _parquet}
    try:
        yield from readers[path.suffix](path)
    except OSError as error:
        raise UnusableFile(_("The file is not there any more. Choose it once more.")) from error


def _json_lines(path: Path) -> Iterator[tuple[int, Raw | str]]:
    with path.open("rb") as file:
        for line, text in enumerate(file, start=1):
            if text.strip():
                yield line, _json_row(text.removeprefix(b"\xef\xbb\xbf"))


def _json_row(text: bytes) -> Raw | str:
    try:
        row = json.loads(text)
    except (ValueError, RecursionError):
        return _("this is no JSON")
    return row if isinstance(row, dict) else _("this is no JSON object")


def _csv(path: Path) -> Iterator[tuple[int, Raw | str]]:
    csv.field_size_limit(LONGEST_CELL)
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, restkey="", restval=None)
        try:
            for row in reader:
                yield reader.line_num, _csv_row(row)
        except UnicodeDecodeError as error:
            raise UnusableFile(_("The file is no text in UTF-8. Save it as CSV UTF-8.")) from error
        except csv.Error as error:
            line = {"line": reader.line_num}
            raise UnusableFile(_("Line %(line)d cannot be read as CSV.") % line) from error


def _csv_row(row: Raw) -> Raw | str:
    """Cells that begin as JSON lists or objects do are read as these; what is none stays a text."""
    if "" in row:
        return _("there are more cells than column names")
    return {name: _cell(value) for name, value in row.items() if value not in (None, "")}


def _cell(text: str) -> Any:
    if not text.startswith(("[", "{")):
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _parquet(path: Path) -> Iterator[tuple[int, Raw | str]]:
    # Here, because it takes 40 MB that a process which serves pages rarely needs.
    import polars as pl

    try:
        table = pl.scan_parquet(path)
        total = table.select(pl.len()).collect().item()
        for first in range(0, total, ROWS_AT_ONCE):
            rows = table.slice(first, ROWS_AT_ONCE).collect().iter_rows(named=True)
            yield from enumerate(rows, start=first + 1)
    except pl.exceptions.PolarsError as error:
        raise UnusableFile(_("This is no Parquet file that can be read.")) from error
