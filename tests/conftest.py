"""Fixtures of the whole suite."""

from collections.abc import Iterator

import pytest
import redis
from django.conf import settings


@pytest.fixture(autouse=True)
def empty_redis(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every test that may touch the servers begins with an empty Redis of this worker's own."""
    if "django_db" in request.keywords or "db" in request.fixturenames or "live_server" in request.fixturenames:
        with redis.Redis.from_url(settings.REDIS_URL) as client:
            client.flushdb()
    yield
