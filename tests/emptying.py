"""How the database is emptied after a test that commits: only the tables with rows in them, loaded by pytest.

Django truncates every table and then writes its permissions and content types again, which takes longer than
most tests. Those rows are the same for all tests, so they stay.
"""

from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection, models
from django.test import TransactionTestCase

KEPT: list[type[models.Model]] = [ContentType, Permission]


def tables() -> list[str]:
    """The tables of all models, those between two models included, without the ones that stay."""
    kept = {model._meta.db_table for model in KEPT}
    found = (model._meta.db_table for model in apps.get_models(include_auto_created=True))
    return sorted(set(found) - kept)


def empty_database() -> None:
    """Delete every row; triggers that guard rows against change are passed by, as a truncation does."""
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        cursor.execute(
            " UNION ALL ".join(
                f"SELECT '{name}' WHERE EXISTS (SELECT FROM {quote(name)})" for name in tables()
            )
        )
        filled = [name for (name,) in cursor.fetchall()]
        if filled:
            deletes = "; ".join(f"DELETE FROM {quote(name)}" for name in filled)
            cursor.execute(f"BEGIN; SET LOCAL session_replication_role = replica; {deletes}; COMMIT")


@pytest.fixture(scope="session", autouse=True)
def quick_emptying() -> None:
    """Every test that commits, Django's own class and pytest's fixture alike, ends with our emptying."""

    def teardown(self: Any) -> None:
        empty_database()

    patch = pytest.MonkeyPatch()
    patch.setattr(TransactionTestCase, "_fixture_teardown", teardown)
