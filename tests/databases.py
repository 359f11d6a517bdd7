"""Databases with all tables in them, copied from one that was migrated once for the whole run."""

import fcntl
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from prism.embedded_servers import postgres_binary, postgres_version
from prism.lib.processes import CHECKOUT

KEPT, MOST_KEPT = CHECKOUT / "var" / "test-tables", 4


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
            kept = KEPT / f"{fingerprint()}.sql"
            if not restored(kept):
                command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
                subprocess.run(command, cwd=CHECKOUT, check=True)
                keep(kept)
            done.touch()


def fingerprint() -> str:
    """Of all that decides how the tables look."""
    files = [CHECKOUT / "requirements.txt", *sorted(CHECKOUT.glob("*/migrations/*.py"))]
    read = hashlib.sha256(f"PostgreSQL {postgres_version()}".encode())
    for file in files:
        read.update(f"{file.relative_to(CHECKOUT)} {file.stat().st_size} ".encode() + file.read_bytes())
    return read.hexdigest()[:20]


def restored(kept: Path) -> bool:
    """Whether the tables of an earlier run with the same migrations are there now. CI migrates always."""
    if "CI" in os.environ or not kept.exists():
        return False
    command = [postgres_binary("psql"), "--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1"]
    command += ["--single-transaction", "--file", str(kept), "--dbname", os.environ["DATABASE_URL"]]
    return subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode == 0


def keep(kept: Path) -> None:
    """For the runs after this one; those of other migrations go, but the newest few."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    command = [postgres_binary("pg_dump"), "--no-owner", os.environ["DATABASE_URL"]]
    dumped = subprocess.run(command, capture_output=True, check=False)
    if dumped.returncode == 0:  # no program for it, or another version's: the next run migrates again
        part = kept.with_suffix(f".{os.getpid()}")
        part.write_bytes(dumped.stdout)
        part.replace(kept)
    for old in sorted(kept.parent.glob("*.sql"), key=lambda file: file.stat().st_mtime)[:-MOST_KEPT]:
        old.unlink(missing_ok=True)


if __name__ == "__main__":
    migrate_template()
