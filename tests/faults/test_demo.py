"""`manage.py demo` as a person runs it: its ready line, a port in use, Ctrl-C, and a second start."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from prism.embedded import stop
from prism.embedded_servers import Place
from prism.lib.processes import CHECKOUT, free_port
from tests.faults.house import wait_until

OURS = ("DATABASE_URL", "REDIS_URL", "PRISM_EMBEDDED")
LINK = re.compile(
    r"^ +(Take part|From the panel|Coordinator|Annotator|Sent mail) +(http://\S+)$", re.MULTILINE
)


class Demo:
    """One start of the demonstration, in a process group of its own as in a terminal."""

    def __init__(self, var: Path, port: int) -> None:
        self.said = var / f"demo-{free_port()}.txt"
        environment = {name: value for name, value in os.environ.items() if name not in OURS}
        with self.said.open("wb") as output:
            self.popen = subprocess.Popen(
                [sys.executable, "manage.py", "demo", "--port", str(port)],
                env=environment | {"PRISM_VAR": str(var), "PYTHONUNBUFFERED": "1"},
                cwd=CHECKOUT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def text(self) -> str:
        return self.said.read_text()

    def wait_until_ready(self) -> dict[str, str]:
        """The links that it prints."""
        wait_until(lambda: "Ctrl-C stops everything" in self.text or self.popen.poll() is not None, 240)
        assert self.popen.poll() is None, self.text
        return dict(LINK.findall(self.text))

    def press_ctrl_c(self) -> int:
        """The exit status."""
        os.killpg(self.popen.pid, signal.SIGINT)
        return self.popen.wait(60)


@pytest.fixture
def var(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    var = tmp_path / "var"
    var.mkdir()
    yield var
    monkeypatch.setenv("PRISM_VAR", str(var))
    stop()


def members(var: Path) -> list[str]:
    """The command lines of all processes that belong to the demonstration in `var`."""
    marks = [os.fsencode(var), os.fsencode(Place(var).sockets)]
    found = []
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            command = (directory / "cmdline").read_bytes()
            belongs = any(mark in command + (directory / "environ").read_bytes() for mark in marks)
        except (OSError, ProcessLookupError):
            continue
        if belongs and command:
            found.append(command.replace(b"\0", b" ").decode())
    return found


def test_the_demonstration_starts_says_so_stops_whole_and_goes_on_where_it_was(var: Path) -> None:
    port = free_port()
    first = Demo(var, port)
    links = first.wait_until_ready()
    assert f"Prism is ready at http://127.0.0.1:{port}" in first.text
    assert sorted(links) == ["Annotator", "Coordinator", "From the panel", "Sent mail", "Take part"]
    browser = httpx2.Client(follow_redirects=True, trust_env=False, timeout=30)
    assert_opens(browser, links["Take part"], "/studies/demo/consent/")
    assert_opens(httpx2.Client(follow_redirects=True, trust_env=False, timeout=30), links["Coordinator"], "")

    # The fake panel sends somebody by a link that it signed, and the study accepts the signature.
    sent = httpx2.get(links["From the panel"])
    assert sent.headers["Location"].startswith(f"http://127.0.0.1:{port}/studies/demo/?PROLIFIC_PID=")
    assert_opens(httpx2.Client(follow_redirects=True, trust_env=False), sent.headers["Location"], "/consent/")

    second = Demo(var, port)
    assert second.popen.wait(120) == 1
    assert f"Port {port} is in use" in second.text
    assert "Traceback" not in second.text
    assert_opens(browser, f"http://127.0.0.1:{port}/studies/demo/", "/studies/demo/consent/")

    assert first.press_ctrl_c() == 0
    assert "Traceback" not in first.text
    wait_until(lambda: not members(var), 30)

    again = Demo(var, port)
    again.wait_until_ready()
    # The person of before is still known, by the cookie of before.
    assert_opens(browser, f"http://127.0.0.1:{port}/studies/demo/", "/studies/demo/consent/")
    assert again.press_ctrl_c() == 0


def assert_opens(browser: httpx2.Client, url: str, path: str) -> None:
    answer = browser.get(url)
    assert answer.status_code == 200
    assert answer.url.path.endswith(path)
