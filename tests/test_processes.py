"""Supervised processes: started together, restarted, stopped, and never left behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from prism.lib import processes
from prism.lib.processes import (
    CHECKOUT,
    Child,
    ProcessFailedError,
    Supervisor,
    beat_command,
    free_port,
    has_members,
    is_alive,
    log_says,
    port_is_free,
    wait_for_http,
    worker_command,
)

SLEEP = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(600)",
]
# A process that starts one of its own, as a shell or a pool does.
FAMILY = [
    sys.executable,
    "-c",
    "import subprocess, time; print(subprocess.Popen(['sleep', '600']).pid, flush=True); time.sleep(600)",
]


def wait_until(what: Callable[[], Any], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def supervisor(tmp_path: Path, said: list[str]) -> Iterator[Supervisor]:
    with Supervisor(tmp_path / "log", say=said.append) as supervisor:
        yield supervisor


def pid_of(supervisor: Supervisor, number: int = 0) -> int:
    popen = supervisor.children[number].popen
    assert popen is not None
    return popen.pid


def test_processes_start_at_once_and_the_start_waits_for_all(supervisor: Supervisor, tmp_path: Path) -> None:
    hot, warm = tmp_path / "hot", tmp_path / "warm"
    waits = "import pathlib, time\nwhile not pathlib.Path({!r}).exists(): time.sleep(.02)\n"
    first = waits.format(str(hot)) + f"pathlib.Path({str(warm)!r}).touch(); time.sleep(600)"
    second = f"import pathlib, time; time.sleep(.5); pathlib.Path({str(hot)!r}).touch(); time.sleep(600)"
    supervisor.add("first", [sys.executable, "-c", first], ready=warm.exists)
    supervisor.add("second", [sys.executable, "-c", second], ready=hot.exists)
    supervisor.start()  # the first is ready only after the second
    assert warm.exists()


def test_a_process_gets_the_environment_it_was_given_and_its_output_is_kept(supervisor: Supervisor) -> None:
    code = "import os, time; print('flavour', os.environ['FLAVOUR'], flush=True); time.sleep(600)"
    log = supervisor.log("speaker")
    supervisor.add(
        "speaker", [sys.executable, "-c", code], {"FLAVOUR": "plum"}, log_says(log, "flavour plum")
    )
    supervisor.start()
    assert "flavour plum" in log.read_text()


def test_a_process_that_ends_before_it_is_ready_is_named_with_its_last_words(supervisor: Supervisor) -> None:
    supervisor.add("steady", SLEEP)
    supervisor.add("broken", [sys.executable, "-c", "raise SystemExit('no key found')"], ready=lambda: False)
    with pytest.raises(ProcessFailedError, match=r"broken ended with status 1(.|\n)*no key found"):
        supervisor.start()
    assert all(child.popen is None for child in supervisor.children), "the others were left running"


def test_a_process_that_is_never_ready_is_given_up(supervisor: Supervisor) -> None:
    supervisor.add("endless", SLEEP, ready=lambda: False)
    with pytest.raises(ProcessFailedError, match="not ready within 1 seconds"):
        supervisor.start(timeout=1)


def test_a_crashed_process_is_started_again(supervisor: Supervisor, said: list[str]) -> None:
    supervisor.add("worker", SLEEP)
    supervisor.start()
    first = pid_of(supervisor)
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: supervisor.watch_once() or said[-1].startswith("worker ended with status -9"))
    wait_until(lambda: supervisor.watch_once() or supervisor.children[0].popen)
    assert pid_of(supervisor) != first
    assert is_alive(pid_of(supervisor))


def test_what_a_crashed_process_had_started_does_not_stay(supervisor: Supervisor) -> None:
    supervisor.add("family", FAMILY, ready=log_says(supervisor.log("family"), "\n"), restart=False)
    supervisor.start()
    grandchild = int(supervisor.log("family").read_text())
    os.kill(pid_of(supervisor), signal.SIGKILL)
    wait_until(lambda: supervisor.watch_once() or not is_alive(grandchild))


def test_a_process_that_may_end_is_not_started_again(supervisor: Supervisor, said: list[str]) -> None:
    supervisor.add("once", [sys.executable, "-c", "pass"], restart=False)
    supervisor.start()
    wait_until(lambda: supervisor.watch_once() or said[-1] == "once ended with status 0.")
    assert supervisor.children[0].due is None


def test_a_process_that_keeps_failing_is_started_less_and_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    child = Child("worker", SLEEP, {}, None, True)
    now = 1000.0
    monkeypatch.setattr(processes.time, "monotonic", lambda: now)
    pauses = []
    for _ in range(9):
        child.started = now
        child.note_end()
        pauses.append((child.due or 0) - now)
    assert pauses == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    child.started = now - 3600
    child.note_end()
    assert child.due == now + 0.5


def test_stopping_ends_whole_groups_even_those_that_will_not_hear(supervisor: Supervisor) -> None:
    supervisor.add("family", FAMILY, ready=log_says(supervisor.log("family"), "\n"))
    supervisor.add("stubborn", STUBBORN, ready=log_says(supervisor.log("stubborn"), "up"))
    supervisor.start()
    groups = [pid_of(supervisor, 0), pid_of(supervisor, 1)]
    assert all(has_members(group) for group in groups)
    supervisor.stop(grace=1)
    assert not any(has_members(group) for group in groups)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_run_and_everything_in_it(supervisor: Supervisor, number: signal.Signals) -> None:
    supervisor.add("worker", SLEEP)
    supervisor.start()
    pid, before = pid_of(supervisor), signal.getsignal(number)
    threading.Timer(0.5, os.kill, (os.getpid(), number)).start()
    supervisor.run()
    assert not is_alive(pid)
    assert signal.getsignal(number) is before


PARENT = """
import sys
from pathlib import Path
from prism.lib.processes import Supervisor, log_says
supervisor = Supervisor(Path(sys.argv[1]))
for name, code in zip(("family", "stubborn"), sys.argv[2:]):
    supervisor.add(name, [sys.executable, "-c", code], ready=log_says(supervisor.log(name), "\\n"))
supervisor.start()
print(*(child.popen.pid for child in supervisor.children), flush=True)
supervisor.run()
"""


def test_no_process_outlives_a_supervisor_that_was_killed(tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path), FAMILY[-1], STUBBORN[-1]],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    groups = [int(word) for word in parent.stdout.readline().split()]
    assert [has_members(group) for group in groups] == [True, True]
    parent.kill()
    parent.communicate()
    wait_until(lambda: not any(has_members(group) for group in groups))


def test_a_log_begins_anew_and_the_one_before_is_kept(tmp_path: Path) -> None:
    for word in ("before", "after"):
        with Supervisor(tmp_path, say=lambda line: None) as supervisor:
            ready = log_says(supervisor.log("p"), word)
            supervisor.add("p", [sys.executable, "-c", f"print('{word}')"], ready=ready, restart=False)
            supervisor.start()
    assert (tmp_path / "p.log").read_text() == "after\n"
    assert (tmp_path / "p.previous.log").read_text() == "before\n"


def test_a_port_somebody_listens_on_is_not_free() -> None:
    port = free_port()
    assert port_is_free("127.0.0.1", port)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", port))
        listener.listen()
        assert not port_is_free("127.0.0.1", port)


def test_waiting_for_a_server_that_is_not_there_ends() -> None:
    with pytest.raises(TimeoutError, match="did not answer"):
        wait_for_http(f"http://127.0.0.1:{free_port()}/", timeout=0.3)


def test_each_worker_has_its_queue_its_slots_and_a_name_of_its_own() -> None:
    command = worker_command("live", 256)
    assert command[command.index("-Q") + 1] == "live,sweep"
    assert command[command.index("-c") + 1] == "256"
    assert command[command.index("-n") + 1] != worker_command("live", 256)[command.index("-n") + 1]


def test_celery_understands_the_options_of_the_worker_and_the_beat() -> None:
    from celery.bin.beat import beat
    from celery.bin.worker import worker

    for group, command in ((worker, worker_command("work", 2)), (beat, beat_command(Path("/tmp/schedule")))):
        options = command[command.index("worker" if group is worker else "beat") + 1 :]
        known = {name for parameter in group.params for name in parameter.opts + parameter.secondary_opts}
        assert {word for word in options if word.startswith("-")} <= known


def test_the_memory_of_the_clock_lies_with_the_other_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRISM_VAR", "/srv/prism")
    assert "/srv/prism/beat-schedule" in beat_command()
