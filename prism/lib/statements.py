"""SQL that is written once, for the few statements on the way of every page of a participant.

A queryset is put into words anew for each use, which takes several times as long as the database takes to
answer. Where a page is measured in milliseconds a statement stands as text; elsewhere a queryset is better.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from types import MappingProxyType
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
        self.end = f"{f' ON CONFLICT {unless}' if unless else ''} RETURNING {quote(str(_key(model)))} AS key"

    def __call__(self, *new: Row) -> bool:
        """True once all rows are there, with their keys; False when a conflict kept one away."""
        if not new:
            return True
        keys = rows(*self.of(new))
        if len(keys) < len(new):
            return False
        for one, (key,) in zip(new, keys, strict=True):
            _note(one, key)
        return True

    def of(self, new: Sequence[Row], made: Mapping[int, str] = MappingProxyType({})) -> tuple[str, list[Any]]:
        """The statement and its values. `made`: by id(), rows that have no key yet, and how SQL names it."""
        words: list[str] = []
        values: list[Any] = []
        for one in new:
            row = []
            for field in self.fields:
                if made and id(_related(one, field)) in made:
                    row.append(made[id(_related(one, field))])
                    continue
                value = field.get_db_prep_save(field.pre_save(one, True), connection)
                plain = _plain(value)
                row.append(plain or "%s")
                if not plain:
                    values.append(value)
            words.append(f"({', '.join(row)})")
        return self.begin + ", ".join(words) + self.end, values


def insert_all(*groups: Sequence[models.Model], beside: tuple[str, Sequence[Any]] | None = None) -> None:
    """Write rows of several models in one statement, a group for each; empty groups are left out.

    A row may refer to a row without a key that is alone in a group before its own. `beside`: another
    statement that changes rows, and its values.
    """
    groups = tuple(filter(None, groups))
    made: dict[int, str] = {}
    words = [f"beside AS ({beside[0]})"] if beside else []
    values = list(beside[1]) if beside else []
    for number, group in enumerate(groups):
        statement, more = inserting(type(group[0])).of(group, made)
        words.append(f"new_{number} AS ({statement})")
        values += more
        if len(group) == 1:
            made[id(group[0])] = f"(SELECT key FROM new_{number})"  # noqa: S608 - our own number
    keys = ", ".join(f"ARRAY(SELECT key FROM new_{n})" for n in range(len(groups)))  # noqa: S608 - ours
    found = rows(f"WITH {', '.join(words)} SELECT {keys}", values)[0]
    for group, group_keys in zip(groups, found, strict=True):
        for one, key in zip(group, group_keys, strict=True):
            _note(one, key)
            for field in one._meta.concrete_fields:
                there = _related(one, field)
                if there is not None and id(there) in made:
                    setattr(one, field.attname, there.pk)


def _plain(value: Any) -> str:
    """The word for a value that many rows have alike; "" for others.

    As a word it costs nothing, and psycopg remembers only statements with few values.
    """
    if value is None:
        return "NULL"
    if value is True or value is False:
        return str(value)
    return "''" if isinstance(value, str) and not value else ""


def _related(one: models.Model, field: models.Field[Any, Any]) -> models.Model | None:
    """The row that a foreign key was given as an object; None for other fields."""
    return one._state.fields_cache.get(field.name) if field.is_relation else None


def _note(one: models.Model, key: Any) -> None:
    """It is stored, under this key."""
    one.pk, one._state.adding, one._state.db = key, False, connection.alias


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
