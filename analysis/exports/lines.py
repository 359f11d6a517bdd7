"""Files of one row a line, counted and digested while they are written."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from analysis.exports.gate import Gate
from prism.lib.spreadsheets import defused

Row = dict[str, Any]
BUFFERED = 1 << 20  # bytes
as_json = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode  # made once, not for each row


class JsonLines:
    """One JSON object a line. What is withheld is emptied in the row that is given to `write`, and the rest
    goes through the gate for personal data."""

    def __init__(self, path: Path, withheld: Sequence[str] = (), gate: Gate | None = None) -> None:
        self.rows = 0
        self.bytes = 0
        self._path = path
        self._withheld = withheld
        self._gate = gate
        self._digest = hashlib.sha256()
        self._file: IO[bytes]

    def __enter__(self) -> Self:
        self._file = self._path.open("wb", buffering=BUFFERED)
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._file.close()

    def write(self, row: Row, without: Sequence[str] = ()) -> None:
        """`without` names what is withheld of this row alone."""
        for column in (*self._withheld, *without):
            withhold(row, column.replace("[]", "").split("."))
        if self._gate:
            self._gate.clean(self._path.name, row)
        self._write(self._line(row))
        self.rows += 1

    def write_line(self, text: str) -> None:
        """A row that is JSON already, of which nothing is withheld and nobody's words need the gate."""
        self._write(f"{text}\n")
        self.rows += 1

    def facts(self) -> dict[str, Any]:
        return {"rows": self.rows, "bytes": self.bytes, "sha256": self._digest.hexdigest()}

    def _line(self, row: Row) -> str:
        return as_json(row) + "\n"

    def _write(self, line: str) -> None:
        written = line.encode()
        self._file.write(written)
        self._digest.update(written)
        self.bytes += len(written)


class CsvLines(JsonLines):
    """The same rows as comma-separated values under a line of names: lists and objects as JSON, null as
    nothing, and no text that a spreadsheet would take for a formula."""

    def __init__(
        self, path: Path, columns: Sequence[str], withheld: Sequence[str] = (), gate: Gate | None = None
    ) -> None:
        super().__init__(path, withheld, gate)
        self._columns = columns

    def __enter__(self) -> Self:
        super().__enter__()
        self._write(_csv(self._columns))
        return self

    def _line(self, row: Row) -> str:
        return _csv([_cell(row[column]) for column in self._columns])


def _csv(cells: Sequence[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return defused(value) if isinstance(value, str) else as_json(value)


def withhold(part: Any, path: Sequence[str]) -> None:
    """Empty what stands at `path` of a row, in every item of a list on the way."""
    if isinstance(part, list):
        for item in part:
            withhold(item, path)
    elif len(path) > 1:
        withhold(part[path[0]], path[1:])
    else:
        part[path[0]] = None
