"""How the database is emptied after a test that commits: only the tables with rows in them, loaded by pytest.

Django truncates every table and then writes its permissions and content types again, which takes longer than
most tests. Those rows are the same for all tests, so they stay.
"""

from functools import cache
from typing import Any

import psycopg
import pytest
from django.apps import apps
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection, models
from django.test import TransactionTestCase

from tests import databases

KEPT: list[type[models.Model]] = [ContentType, Permission]


def tables() -> list[str]:
    """The tables of all models, those between two models included, without the ones that stay."""
    kept = {model._meta.db_table for model in KEPT}
    found = (model._meta.db_table for model in apps.get_models(include_auto_created=True))
    return sorted(set(found) - kept)


def empty_database() -> None:
    """Delete every row; triggers that guard rows against change are passed by, as a truncation does."""
    _apart(connection.settings_dict["NAME"]).execute("SELECT pg_temp.empty_tables()")


@cache
def _apart(database: str) -> psycopg.Connection:
    """A connection for nothing else, which keeps the plans of its statements: to make them takes longer than
    to carry them out, and in the test's own connection each change of the role would drop them."""
    own = psycopg.connect(databases.address(database), autocommit=True)
    quoted = map(connection.ops.quote_name, tables())
    acts = "".join(f"IF EXISTS (SELECT FROM {name}) THEN DELETE FROM {name}; END IF; " for name in quoted)
    own.execute("SET session_replication_role = replica")
    own.execute(f"CREATE FUNCTION pg_temp.empty_tables() RETURNS void LANGUAGE plpgsql AS 'BEGIN {acts} END'")
    return own


@pytest.fixture(scope="session", autouse=True)
def quick_emptying() -> None:
    """Every test that commits, Django's own class and pytest's fixture alike, ends with our emptying."""

    def teardown(self: Any) -> None:
        empty_database()

    patch = pytest.MonkeyPatch()
    patch.setattr(TransactionTestCase, "_fixture_teardown", teardown)
