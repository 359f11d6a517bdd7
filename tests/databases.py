"""Databases with all tables in them, copied from one that was migrated once for the whole run."""

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from prism.lib.processes import CHECKOUT


def address(name: str) -> str:
    """The address of the database called so on the server of the tests."""
    parts = urlsplit(os.environ["DATABASE_URL"])
    return f"{parts.scheme}://{parts.netloc}/{name}?{parts.query}"


def create(name: str) -> None:
    """A database with all tables and no rows but those that migrations write."""
    migrate_template()
    template = urlsplit(os.environ["DATABASE_URL"]).path.lstrip("/")
    with psycopg.connect(address("postgres"), autocommit=True) as connection:
        query = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        connection.execute(query.format(sql.Identifier(name), sql.Identifier(template)))


def drop(name: str) -> None:
    with psycopg.connect(address("postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@contextmanager
def own(name: str) -> Iterator[str]:
    """The address of a database of this name, which goes with the block."""
    create(name)
    try:
        yield address(name)
    finally:
        drop(name)


def migrate_template() -> None:
    """Once a run, by whichever process comes first; in a process of its own, which leaves no connection."""
    done = Path(os.environ["PRISM_VAR"], "template-migrated")
    with done.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            command = [sys.executable, "manage.py", "migrate", "--verbosity", "0", "--skip-checks"]
            subprocess.run(command, cwd=CHECKOUT, check=True)
            done.touch()


if __name__ == "__main__":
    migrate_template()
