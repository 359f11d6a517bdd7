"""oTree in an environment of its own, serving the same survey by its production server and SQLite."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from prism.lib.processes import free_port, port_is_free, var_directory

PROJECT = Path(__file__).parent / "otree"
LONGEST_INSTALL = 600.0  # seconds


def environment() -> Path:
    """The folder of its programs; made and filled at first use. Raises SubprocessError when it fails."""
    place = var_directory() / "otree"
    if not (place / "bin" / "otree").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", place], check=True)
        pip = [str(place / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check"]
        wanted = ["-r", str(PROJECT / "requirements.txt")]
        subprocess.run([*pip, *wanted], check=True, stdout=sys.stderr, timeout=LONGEST_INSTALL)
    return place / "bin"


@contextmanager
def running() -> Iterator[str]:
    """Its address while it runs, with a fresh database. Raises TimeoutError when it does not come up."""
    programs, port = environment(), free_port()
    log = var_directory() / "log" / "otree.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, log.open("wb") as written:
        project = Path(folder) / "project"
        shutil.copytree(PROJECT, project)
        process = subprocess.Popen(
            [programs / "otree", "prodserver", str(port)],
            env=_environment(programs),
            cwd=project,
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            _wait(port)
            yield f"http://127.0.0.1:{port}"
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _environment(programs: Path) -> dict[str, str]:
    """Its production mode; without our database's address, so that it keeps to its own SQLite."""
    ours = {"DATABASE_URL", "REDIS_URL"}
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    return {**kept, "OTREE_PRODUCTION": "1", "PATH": f"{programs}:{os.environ['PATH']}"}


def _wait(port: int) -> None:
    end = time.monotonic() + 60
    while port_is_free("127.0.0.1", port):
        if time.monotonic() > end:
            raise TimeoutError("oTree did not come up within a minute")
        time.sleep(0.2)


def links(base_url: str, people: int) -> list[str]:
    """The addresses of so many new participants."""
    session = _call(f"{base_url}/api/sessions", {"session_config_name": "survey", "num_participants": people})
    found = _call(f"{base_url}/api/sessions/{session['code']}")
    return [f"{base_url}/InitializeParticipant/{person['code']}" for person in found["participants"]]


def _call(url: str, body: dict[str, object] | None = None) -> dict[str, Any]:
    data = json.dumps(body).encode() if body else None
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})  # noqa: S310 - our own
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        found: dict[str, Any] = json.load(answer)
        return found
