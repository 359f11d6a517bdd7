"""A first migration in one step: the tables of an empty database as all migrations leave them.

Django draws up every related model anew for each operation of a migration. With hundreds of operations over a
hundred models that was nine tenths of a first start. A baseline replays the same operations on paper, then
makes each table once, as it is at the end. A database that has some of the migrations goes on with the others
one by one, as Django does with all squashed migrations.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from itertools import chain
from pkgutil import iter_modules
from typing import Any

from django.db.migrations import Migration, RunSQL
from django.db.migrations.operations.base import Operation


class AllAtOnce(Operation):
    """Operations on an empty database, of which only statements in SQL run by themselves, after the tables.

    What the others change in rows there is nothing for; a test keeps their kinds to those this is true for.
    """

    reversible = False
    atomic = True

    def __init__(self, operations: Sequence[Operation]) -> None:
        self.operations = operations

    def state_forwards(self, app_label: str, state: Any) -> None:
        # Drawn up again, once, by the first who asks.
        state.__dict__.pop("apps", None)
        for operation in self.operations:
            operation.state_forwards(app_label, state)

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        for model in to_state.apps.get_app_config(app_label).get_models():
            if model._meta.can_migrate(schema_editor.connection):
                schema_editor.create_model(model)
        # References between tables, which are made last, may be what a statement is about.
        for statement in schema_editor.deferred_sql:
            schema_editor.execute(statement, None)
        schema_editor.deferred_sql.clear()
        for operation in self.operations:
            if isinstance(operation, RunSQL):
                operation.database_forwards(app_label, schema_editor, from_state, to_state)

    def describe(self) -> str:
        return f"Make the tables of {len(self.operations)} operations"


def baseline(app: str, until: str) -> type[Migration]:
    """The migration that stands for the app's first ones, `until` the one named and with it."""
    names = [name for name in _names(app) if name <= until and "squashed" not in name]
    replaced = [import_module(f"{app}.migrations.{name}").Migration for name in names]
    needed = chain.from_iterable(migration.dependencies for migration in replaced)
    parts = {
        "initial": True,
        "replaces": [(app, name) for name in names],
        "dependencies": list(dict.fromkeys(other for other in needed if other[0] != app)),
        "operations": [AllAtOnce(list(chain.from_iterable(one.operations for one in replaced)))],
    }
    return type("Migration", (Migration,), parts)


def _names(app: str) -> list[str]:
    return sorted(found.name for found in iter_modules(import_module(f"{app}.migrations").__path__))
