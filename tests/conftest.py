"""Fixtures of the whole suite."""

from typing import Any

import pytest
import redis
from django.conf import settings as configured

import prism.celery  # noqa: F401


@pytest.fixture(autouse=True)
def no_rate_limits(settings: Any) -> None:
    """Every test comes from the same address; tests of a limit switch it on."""
    settings.RATE_LIMITS_ON = False


@pytest.fixture(autouse=True)
def empty_redis(request: pytest.FixtureRequest) -> None:
    """Every test that may touch the servers begins with an empty Redis of this worker's own."""
    if "django_db" in request.keywords or {"db", "live_server"} & set(request.fixturenames):
        with redis.Redis.from_url(configured.REDIS_URL) as client:
            client.flushdb()
