"""PostgreSQL and Redis of a test run, loaded by pytest before anything reads the settings.

One pair of embedded servers serves the whole run, apart from those of the checkout. With pytest-xdist the
controller starts them and the workers, its children, find them in the environment; each worker has its own
database of PostgreSQL (pytest-django names it) and of Redis.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from prism.embedded import provide, release, stop
from prism.lib.memory import collect_rarely
from prism.lib.processes import CHECKOUT
from prism.lib.urls import with_redis_database

WORKER = os.environ.get("PYTEST_XDIST_WORKER")
COMPILING = "PRISM_TESTS_COMPILING"  # set in the process that only compiles tests
FEW = 20  # files of tests that every worker may compile, before one process does it for all
TESTPATHS = ("tests",)
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


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Before several workers begin: what each of them would do again, or wait for, is done once.

    One process compiles the tests with pytest's own additions, where many are new, and one makes the tables.
    """
    if not getattr(session.config.option, "numprocesses", None) or session.config.args != list(TESTPATHS):
        return
    tables = subprocess.Popen([sys.executable, "-m", "tests.databases"], cwd=CHECKOUT)
    if sum(map(is_not_compiled, (CHECKOUT / "tests").rglob("test_*.py"))) > FEW:
        tests = [sys.executable, "-m", "pytest", "--collect-only", "-qq", "-p", "no:cacheprovider"]
        subprocess.run(tests, cwd=CHECKOUT, env=os.environ | {COMPILING: "1"}, stdout=subprocess.DEVNULL)
    tables.wait()


def is_not_compiled(file: Path) -> bool:
    """Whether each worker would compile the tests of a file itself."""
    tag = f"{sys.implementation.cache_tag}-pytest-{pytest.__version__}"
    compiled = file.parent / "__pycache__" / f"{file.stem}.{tag}.pyc"
    return not compiled.exists() or compiled.stat().st_mtime < file.stat().st_mtime


def pytest_unconfigure(config: pytest.Config) -> None:
    if started_here is None:
        return
    release()
    # A process that a test left running keeps the servers; the watcher stops them after it.
    if stop():
        shutil.rmtree(started_here, ignore_errors=True)


collect_rarely()  # before all that the tests bring is loaded
# Workers are more than cores: threads of mathematics beside them would only wait for each other.
os.environ |= dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "POLARS_MAX_THREADS"), "1")
# At import: pytest-django reads the settings in the first hook there is.
if WORKER is not None:
    use_own_redis_database(WORKER)
elif COMPILING not in os.environ:
    started_here = start()
