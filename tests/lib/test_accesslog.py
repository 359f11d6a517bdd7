"""The access log, written by the real web server under the configuration it runs with."""

from __future__ import annotations

import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from prism.lib.accesslog import quiet_path
from prism.lib.processes import CHECKOUT, free_port, wait_for_http, web_command

APPLICATION = """
async def application(scope, receive, send):
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"ok"})
"""


@pytest.fixture
def access_log(tmp_path: Path) -> str:
    """What the server prints about one request of a participant with a panel's identifiers."""
    (tmp_path / "tiny.py").write_text(APPLICATION)
    port = free_port()
    command = ["tiny:application" if part == "prism.asgi:application" else part for part in web_command(port)]
    server = subprocess.Popen(
        [*command, "--app-dir", str(tmp_path), "--lifespan", "off"],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        wait_for_http(f"http://127.0.0.1:{port}/health", 20)
        token = "s1gned" * 10
        for path in (
            "/studies/demo/?PROLIFIC_PID=panel-person-7&STUDY_ID=x",
            f"/studies/demo/resume/{token}/",
        ):
            urllib.request.urlopen(f"http://127.0.0.1:{port}{path}").read()
    finally:
        server.terminate()
        output, _ = server.communicate()
    return output


def test_the_access_log_names_the_page_but_no_person(access_log: str) -> None:
    assert '"GET /studies/demo/ HTTP/1.1" 200' in access_log
    assert "panel-person-7" not in access_log
    assert "PROLIFIC_PID" not in access_log
    assert "127.0.0.1:" not in access_log.replace("http://127.0.0.1:", "")


def test_the_access_log_does_not_hold_the_key_of_a_signed_link(access_log: str) -> None:
    assert "/studies/demo/resume/…/" in access_log
    assert "s1gned" not in access_log


def test_a_web_server_command_runs_this_python_and_asks_for_our_log() -> None:
    command = web_command(8123, host="0.0.0.0")
    assert command[:4] == [sys.executable, "-m", "uvicorn", "prism.asgi:application"]
    assert command[command.index("--port") + 1] == "8123"
    assert command[command.index("--host") + 1] == "0.0.0.0"
    assert command[command.index("--log-config") + 1].endswith("prism/logging.json")


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/a/?x=1", "/a/"),
        ("/a/?x=1?y=2", "/a/"),
        ("/c/8f14e45f-ceea-467f-9575-1a2b3c4d5e6f/", "/c/8f14e45f-ceea-467f-9575-1a2b3c4d5e6f/"),
        ("/r/" + "a" * 40, "/r/…"),
    ],
)
def test_only_the_ordinary_parts_of_a_path_remain(target: str, expected: str) -> None:
    assert quiet_path(target) == expected
