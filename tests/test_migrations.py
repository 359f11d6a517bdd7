"""Baselines stand for the migrations they replace; a database that has some of those takes the others."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations import RunPython, RunSQL, operations
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from prism.lib.baselines import AllAtOnce
from tests import databases

# Whose whole effect on an empty database is in the tables as they are at the end.
ON_PAPER = (
    *(operations.CreateModel, operations.AddField, operations.AlterField),
    *(operations.AddIndex, operations.AddConstraint, operations.RemoveConstraint),
)
FILLS_ROWS = [("surveys", "0009_consent_files")]  # of which an empty database has none


@pytest.fixture(scope="module")
def replaced() -> MigrationLoader:
    return without_baselines(MigrationLoader(None))


def without_baselines(loader: MigrationLoader) -> MigrationLoader:
    """As for a database that has some of the migrations that each baseline replaces."""
    loader.replace_migrations = False
    loader.build_graph()
    for one in baselines(loader).values():
        loader.graph.remove_replacement_node((one.app_label, one.name), one.replaces)
    return loader


def baselines(loader: MigrationLoader) -> dict[str, Any]:
    return {
        migration.app_label: migration
        for migration in loader.disk_migrations.values()
        if any(isinstance(operation, AllAtOnce) for operation in migration.operations)
    }


def test_a_baseline_leads_to_the_models_that_the_migrations_lead_to(replaced: MigrationLoader) -> None:
    with_baselines = MigrationLoader(None)
    assert baselines(with_baselines).keys() == {"surveys", "conversations", "annotations", "analysis"}
    for one in baselines(with_baselines).values():
        assert (one.app_label, one.name) in with_baselines.graph.nodes
    at_once = described(with_baselines)
    assert len(at_once) > 100
    assert at_once == described(replaced)


def described(loader: MigrationLoader) -> dict[tuple[str, str], Any]:
    """Every model with its columns in their order."""
    state = loader.project_state()
    described = MigrationAutodetector(state, state).deep_deconstruct
    return {
        key: ([(name, described(field)[1:]) for name, field in model.fields.items()], model.options)
        for key, model in state.models.items()
    }


def test_a_baseline_replaces_only_what_can_be_done_at_once(replaced: MigrationLoader) -> None:
    for app, migration in baselines(replaced).items():
        names = sorted(name for of, name in replaced.disk_migrations if of == app and "squashed" not in name)
        assert [name for _app, name in migration.replaces] == names[: len(migration.replaces)]
        for key in migration.replaces:
            for operation in replaced.disk_migrations[key].operations:
                if isinstance(operation, RunSQL):
                    assert operation.state_operations == []
                elif isinstance(operation, RunPython):
                    assert key in FILLS_ROWS
                else:
                    assert type(operation) in ON_PAPER, f"{key}: {operation}"


@pytest.mark.django_db
def test_a_new_database_counts_as_migrated_by_baselines_and_by_what_they_replace() -> None:
    executor = MigrationExecutor(connection)
    assert executor.migration_plan(executor.loader.graph.leaf_nodes()) == []
    recorded = executor.recorder.applied_migrations()
    assert set(executor.loader.disk_migrations) - set(baselines(executor.loader)) <= recorded.keys()


SCHEMA = """
SELECT table_name, column_name, ordinal_position::text, data_type, is_nullable FROM information_schema.columns
WHERE table_schema = 'public'
UNION ALL SELECT 'index', tablename, indexname, indexdef, '' FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid), ''
FROM pg_constraint WHERE connamespace = 'public'::regnamespace
UNION ALL SELECT 'trigger', tgrelid::regclass::text, tgname, pg_get_triggerdef(oid), ''
FROM pg_trigger WHERE NOT tgisinternal
"""


def schema(database: BaseDatabaseWrapper) -> set[tuple[str, ...]]:
    """All that the tables consist of; how a list is written in a condition differs after a copy."""
    with database.cursor() as cursor:
        cursor.execute(SCHEMA)
        return {tuple(re.sub(r"::[a-z ]+|[][()]", "", part) for part in row) for row in cursor.fetchall()}


@pytest.fixture
def earlier() -> Iterator[BaseDatabaseWrapper]:
    """A database of its own with all tables and no record of any baseline."""
    name = f"earlier_{secrets.token_hex(4)}"
    with databases.own(name):
        database = connection.copy("earlier")
        database.settings_dict["NAME"] = name
        connections["earlier"] = database
        MigrationRecorder(database).migration_qs.filter(name__contains="squashed").delete()
        yield database
        del connections["earlier"]
        database.close()
        database.close_pool()


@pytest.mark.django_db
def test_a_database_of_an_earlier_version_takes_the_migrations_that_it_lacks(
    earlier: BaseDatabaseWrapper,
) -> None:
    whole = schema(earlier)
    back = MigrationExecutor(earlier)
    without_baselines(back.loader)
    back.migrate([("analysis", "0006_exports_held_back")])
    assert schema(earlier) < whole
    assert any(table == "analysis_dissection" for table, *_rest in whole - schema(earlier))

    forward = MigrationExecutor(earlier)
    assert ("analysis", "0001_squashed_0007_dissection") not in forward.loader.graph.nodes
    forward.migrate(forward.loader.graph.leaf_nodes())
    assert schema(earlier) == whole
    recorded = MigrationRecorder(earlier).applied_migrations()
    assert recorded.keys() >= MigrationExecutor(earlier).loader.disk_migrations.keys()
