"""What every test of this directory starts from."""

import pytest
from django.db import connection


@pytest.fixture(scope="module")
def database(django_db_setup: None) -> str:
    """The name of this run's database, which the processes share with the tests."""
    return str(connection.settings_dict["NAME"])
