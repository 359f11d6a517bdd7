"""PostgreSQL and Redis of a test run, loaded by pytest before anything reads the settings.

One pair of embedded servers serves the whole run, apart from those of the checkout. With pytest-xdist the
controller starts them and the workers, its children, find them in the environment; each worker has its own
database of PostgreSQL (pytest-django names it) and of Redis.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from prism.embedded import provide, release, stop
from prism.lib.urls import with_redis_database

WORKER = os.environ.get("PYTEST_XDIST_WORKER")
started_here: Path | None = None


def start() -> Path:
    """Start this run's own servers; returns the directory that holds them."""
    var = Path(tempfile.mkdtemp(prefix="prism-test-"))
    for name in ("DATABASE_URL", "REDIS_URL", "PRISM_EMBEDDED"):
        os.environ.pop(name, None)
    os.environ |= {"PRISM_VAR": str(var), "PRISM_EMBEDDED_FSYNC": "off", "PRISM_ENV": "development"}
    provide()
    return var


def use_own_redis_database(worker: str) -> None:
    number = int(worker.removeprefix("gw")) + 1
    os.environ["REDIS_URL"] = with_redis_database(os.environ["REDIS_URL"], number)


def pytest_unconfigure(config: pytest.Config) -> None:
    if started_here is None:
        return
    release()
    # A process that a test left running keeps the servers; the watcher stops them after it.
    if stop():
        shutil.rmtree(started_here, ignore_errors=True)


# At import: pytest-django reads the settings in the first hook there is.
if WORKER is None:
    started_here = start()
else:
    use_own_redis_database(WORKER)
