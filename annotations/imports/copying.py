"""Many rows into a table by PostgreSQL's COPY, in its text format."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, Literal

from django.db import connection
from django.db.models import Field, JSONField, Model

Cell = str | int | float | bool | None | Sequence[int | None]

NULL = "\\N"


class Copy:
    """Rows of a model with the columns that are named; each of the others has its default in every row.

    `format`: that of what is sent; `lines` are text.
    """

    def __init__(self, model: type[Model], *columns: str, format: Literal["text", "binary"] = "text") -> None:
        fields = {str(field.column): field for field in model._meta.concrete_fields}
        rest = [name for name in fields if name not in columns and not fields[name].primary_key]
        names = ", ".join((*columns, *rest))
        self._statement = f"COPY {model._meta.db_table} ({names}) FROM STDIN (FORMAT {format})"
        self.rest = [_default(fields[name]) for name in rest]
        self._end = "".join(f"\t{cell(value)}" for value in self.rest) + "\n"

    def lines(self, rows: Iterable[Sequence[Cell]]) -> str:
        """Rows as COPY reads them. Texts must not hold the null character, which no database keeps."""
        return "".join(["\t".join(map(cell, row)) + self._end for row in rows])

    def send(self, lines: bytes) -> None:
        with connection.cursor() as cursor, cursor.copy(self._statement) as copy:
            copy.write(lines)


def cell(value: Cell) -> str:
    """A value as COPY reads it. Whole types are asked first: this is called for every cell."""
    kind = type(value)
    if kind is int:
        return str(value)
    if isinstance(value, str):
        return value if value.isalnum() else escaped(value)
    if value is None:
        return NULL
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, int | float):
        return str(value)
    return _array(value)


def escaped(text: str) -> str:
    text = text.replace("\\", "\\\\").replace("\n", "\\n")
    return text.replace("\t", "\\t").replace("\r", "\\r")


def _array(numbers: Sequence[int | None]) -> str:
    return f"{{{','.join(map(str, numbers))}}}".replace("None", "NULL")


def _default(field: Field[Any, Any]) -> Cell:
    value = field.get_default()
    if isinstance(field, JSONField) and value is not None:
        return json.dumps(value)
    return value if value is None or isinstance(value, str | int | float) else str(value)


def reserve(model: type[Model], many: int) -> list[int]:
    """Primary keys that no other row will get."""
    with connection.cursor() as cursor:
        cursor.execute(
            # The sequence is looked up once, not for every key.
            "SELECT nextval(keys) FROM generate_series(1, %s),"
            " (SELECT pg_get_serial_sequence(%s, 'id')::regclass AS keys OFFSET 0) sequence",
            [many, model._meta.db_table],
        )
        return [pk for (pk,) in cursor.fetchall()]
