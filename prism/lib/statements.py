"""SQL that is written once, for the few statements on the way of every page of a participant.

A queryset is put into words anew for each use, which takes several times as long as the database takes to
answer. Where a page is measured in milliseconds a statement stands as text; elsewhere a queryset is better.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from django.db import connection, models

Row = TypeVar("Row", bound=models.Model)


def rows(sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
    """What the database answers; JSON comes as text."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()


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
