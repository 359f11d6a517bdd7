"""SQL that is written once, for the few statements on the way of every page of a participant.

A queryset is put into words anew for each use, which takes several times as long as the database takes to
answer. Where a page is measured in milliseconds a statement stands as text; elsewhere a queryset is better.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, Generic, TypeVar

from django.db import connection, models

Row = TypeVar("Row", bound=models.Model)


def rows(sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
    """What the database answers; JSON comes as text."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()


def run(sql: str, params: Sequence[Any]) -> int:
    """How many rows a statement changed."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.rowcount


class Insert(Generic[Row]):
    """Writes new rows of a model; its statement is put into words once."""

    def __init__(self, model: type[Row], unless: str = "") -> None:
        """`unless`: what follows ON CONFLICT, such as `(study_id, number) DO NOTHING`."""
        self.fields = [field for field in model._meta.concrete_fields if not field.primary_key]
        quote = connection.ops.quote_name
        names = ", ".join(quote(str(field.column)) for field in self.fields)
        self.begin = f"INSERT INTO {quote(model._meta.db_table)} ({names}) VALUES "  # noqa: S608 - no values
        self.row = f"({', '.join(['%s'] * len(self.fields))})"
        self.end = f"{f' ON CONFLICT {unless}' if unless else ''} RETURNING {quote(str(_key(model)))}"

    def __call__(self, *new: Row) -> bool:
        """True once all rows are there, with their keys; False when a conflict kept one away."""
        if not new:
            return True
        values = [
            field.get_db_prep_save(field.pre_save(one, True), connection)
            for one in new
            for field in self.fields
        ]
        keys = rows(self.begin + ", ".join([self.row] * len(new)) + self.end, values)
        if len(keys) < len(new):
            return False
        for one, (key,) in zip(new, keys, strict=True):
            one.pk, one._state.adding, one._state.db = key, False, connection.alias
        return True


@cache
def inserting(model: type[Row], unless: str = "") -> Insert[Row]:
    """The statement for new rows of a model; without a connection it could not be written at import."""
    return Insert(model, unless)


def _key(model: type[models.Model]) -> str | None:
    return model._meta.pk.column if model._meta.pk else None


class Columns(Generic[Row]):
    """All columns of a model under an alias, to be named in a SELECT and to make a row of what comes back."""

    def __init__(self, model: type[Row], alias: str) -> None:
        fields = model._meta.concrete_fields
        quote = connection.ops.quote_name
        self.model = model
        self.names = [field.attname for field in fields]
        self.sql = ", ".join(f"{alias}.{quote(str(field.column))}" for field in fields)
        self._readers = [
            (place, field.from_db_value)
            for place, field in enumerate(fields)
            if hasattr(field, "from_db_value")
        ]

    def __len__(self) -> int:
        return len(self.names)

    def read(self, values: Sequence[Any]) -> Row:
        """The model's row, as a queryset would have made it."""
        found = list(values)
        for place, from_db_value in self._readers:
            found[place] = from_db_value(found[place], None, connection)
        return self.model.from_db(connection.alias, self.names, found)
