"""Fixtures of the whole suite."""

import os
from functools import cache
from typing import Any

import pytest
import redis
import xdist.scheduler
from django.conf import settings as configured
from django.db import connection
from hypothesis import HealthCheck
from hypothesis import settings as examples

import prism.celery  # noqa: F401
from prism.lib.memory import settle
from tests import databases
from tests.emptying import quick_emptying  # noqa: F401
from tests.signing_in import quick_signing_in  # noqa: F401

# HYPOTHESIS_PROFILE=thorough looks much longer. A busy machine draws examples slowly, which is no fault.
examples.register_profile(
    "suite", max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
examples.register_profile("thorough", examples.get_profile("suite"), max_examples=1000)
examples.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))
HOUSE = "tests/e2e/"
# About half of what it takes: in one house all the rest would be done long before.
NEXT_DOOR = tuple(f"{HOUSE}test_{name}.py" for name in ("annotate", "judging", "questions", "scales"))
SLOW = (HOUSE, "tests/faults/", "tests/conversations/test_bots.py", "tests/test_production.py")


class ByHouse(xdist.scheduler.LoadScopeScheduling):
    """A module of tests goes to one worker, and so do all that share a house of tests/e2e."""

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith(HOUSE):
            return f"{HOUSE}{nodeid.startswith(NEXT_DOOR)}"
        return str(super()._split_scope(nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByHouse | None:
    return ByHouse(config, log) if config.getvalue("dist") == "loadscope" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long goes first, so that no worker is left alone with it at the end."""
    items.sort(key=lambda item: (not item.nodeid.startswith(HOUSE), not item.nodeid.startswith(SLOW)))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Whatever runs beside the house lets it go first: in its one long chain each step waits for the last."""
    if "PYTEST_XDIST_WORKER" in os.environ and not item.nodeid.startswith(HOUSE):
        give_way()


@cache
def give_way() -> None:
    os.nice(5)


def pytest_collection_finish() -> None:
    """What is loaded by now stays to the end; Python need not look through it again and again."""
    settle()


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_modify_db_settings: None) -> None:
    """A database of this worker's own, by a copy that lacks no migration; it goes with the servers."""
    settings = connection.settings_dict
    name = settings["TEST"]["NAME"] or f"test_{settings['NAME']}"
    databases.create(name)
    connection.close()
    settings["NAME"] = configured.DATABASES[connection.alias]["NAME"] = name


@pytest.fixture(scope="session", autouse=True)
def no_rate_limits() -> None:
    """Every test comes from the same address; tests of a limit switch it on, each for itself."""
    configured.RATE_LIMITS_ON = False


@cache
def own_redis() -> redis.Redis:
    """Kept for the whole run: a new client looks up its own version among the packages each time."""
    return redis.Redis.from_url(configured.REDIS_URL)


@pytest.fixture(autouse=True)
def empty_redis(request: pytest.FixtureRequest) -> None:
    """Every test that may touch the servers begins with an empty Redis of this worker's own."""
    if "django_db" in request.keywords or {"db", "live_server"} & set(request.fixturenames):
        own_redis().flushdb()
