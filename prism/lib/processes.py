"""Starting, watching and stopping the processes that Prism consists of, and the commands that start them."""

from __future__ import annotations

import contextlib
import ctypes
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType

CHECKOUT = Path(__file__).resolve().parent.parent.parent
PR_SET_PDEATHSIG = 1  # linux/prctl.h
LONGEST_PAUSE = 30.0  # seconds between two starts of a process that keeps failing
CELERY = [sys.executable, "-m", "celery", "-A", "prism.celery"]
STEADY = 60.0  # seconds after which a process counts as well again


class ProcessFailedError(Exception):
    """A process did not become ready; the message names it and ends with its last lines of output."""


@dataclass
class Child:
    """One supervised process: what starts it, and how its present life goes."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    ready: Callable[[], bool] | None
    restart: bool
    stops_last: bool = False
    popen: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    failures: int = 0
    due: float | None = None

    def note_end(self) -> None:
        """Decide when to start again: 0.5 s after a first failure, then twice as long each time."""
        if time.monotonic() - self.started > STEADY:
            self.failures = 0
        self.due = time.monotonic() + min(0.5 * 2**self.failures, LONGEST_PAUSE)
        self.failures += 1


@dataclass
class Supervisor:
    """Runs several processes as one: starts them together, restarts what crashes, leaves nothing behind.

    Each child leads a process group of its own and writes to `logs/<name>.log`. `say` gets one line for each
    thing a person may want to know. All methods must be called from one thread, which must live as long as
    the children do: the kernel ends them with the thread that started them.
    """

    logs: Path
    say: Callable[[str], None] = lambda line: print(line, file=sys.stderr, flush=True)
    children: list[Child] = field(default_factory=list)
    _guard: subprocess.Popen[bytes] | None = None
    _asked_to_stop: threading.Event = field(default_factory=threading.Event)

    def add(
        self,
        name: str,
        argv: Sequence[str],
        env: Mapping[str, str] | None = None,
        ready: Callable[[], bool] | None = None,
        restart: bool = True,
        stops_last: bool = False,
    ) -> None:
        """Register a process. `env` adds to this process's environment; `ready` says that it can be used.

        One that `stops_last` ends after all others: they may need it to finish what they do.
        """
        self.children.append(Child(name, argv, env or {}, ready, restart, stops_last))

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def start(self, timeout: float = 60.0) -> None:
        """Start all at once and return when all are ready; loading keeps every core busy that way.

        Raises ProcessFailedError when one ends early or is not ready within `timeout` seconds; what runs by
        then has been stopped.
        """
        self.logs.mkdir(parents=True, exist_ok=True)
        self._guard = start_guard()
        try:
            for child in self.children:
                self._begin(child)
            end = time.monotonic() + timeout
            for child in self.children:
                self._wait_for(child, end, timeout)
        except BaseException:
            self.stop()
            raise

    def run(self) -> None:
        """Watch until SIGINT, SIGTERM or `ask_to_stop`, restarting what ends; then stop everything."""
        with self._signals():
            while not self._asked_to_stop.wait(0.2):
                self.watch_once()
            self.stop()

    def ask_to_stop(self) -> None:
        """Let `run` end; the only method that other threads and signal handlers may call."""
        self._asked_to_stop.set()

    def watch_once(self) -> None:
        """Notice what ended since the last look and start again what is due."""
        for child in self.children:
            if child.popen is not None and child.popen.poll() is not None:
                self._note_end(child)
            elif child.due is not None and time.monotonic() >= child.due:
                self._spawn(child)

    def stop(self, grace: float = 10.0) -> None:
        """Ask every process group to end, wait `grace` seconds for all of them, then kill what is left."""
        for is_last in (False, True):
            wave = [c.popen for c in self.children if c.popen is not None and c.stops_last == is_last]
            stop_groups([popen.pid for popen in wave], grace)
            for popen in wave:
                popen.wait()
        for child in self.children:
            child.popen = child.due = None
        if self._guard is not None:
            self._guard.communicate()
            self._guard = None

    def __enter__(self) -> Supervisor:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _begin(self, child: Child) -> None:
        self.say(f"Starting {child.name} …")
        with contextlib.suppress(FileNotFoundError):
            self.log(child.name).replace(self.logs / f"{child.name}.previous.log")
        self._spawn(child)

    def _wait_for(self, child: Child, end: float, timeout: float) -> None:
        while child.ready is not None and not child.ready():
            for other in self.children:
                status = other.popen.poll() if other.popen and other.ready else None
                if status is not None:
                    raise self._failed(other, f"ended with status {status} before it was ready")
            if time.monotonic() > end:
                raise self._failed(child, f"was not ready within {timeout:.0f} seconds")
            time.sleep(0.1)

    def _spawn(self, child: Child) -> subprocess.Popen[bytes]:
        child.started, child.due = time.monotonic(), None
        with self.log(child.name).open("ab") as log:
            child.popen = subprocess.Popen(
                child.argv,
                env=os.environ | dict(child.env),
                cwd=CHECKOUT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=die_with_parent,
            )
        self._tell_guard(f"+{child.popen.pid}")
        return child.popen

    def _tell_guard(self, line: str) -> None:
        if self._guard is not None and self._guard.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._guard.stdin.write(f"{line}\n".encode())
                self._guard.stdin.flush()

    def _note_end(self, child: Child) -> None:
        assert child.popen is not None
        status, pid = child.popen.returncode, child.popen.pid
        stop_groups([pid], grace=1.0)  # what it started itself must not outlive it
        self._tell_guard(f"-{pid}")
        child.popen = None
        if not child.restart:
            self.say(f"{child.name} ended with status {status}.")
            return
        child.note_end()
        self.say(f"{child.name} ended with status {status} and is started again; see {self.log(child.name)}")

    def _failed(self, child: Child, what: str) -> ProcessFailedError:
        log = self.log(child.name)
        return ProcessFailedError(f"{child.name} {what}. The end of {log}:\n{last_lines(log)}")

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        def handle(number: int, frame: FrameType | None) -> None:
            if self._asked_to_stop.is_set():
                # Asked twice: somebody is in a hurry.
                signal_groups([child.popen.pid for child in self.children if child.popen], signal.SIGKILL)
            self.ask_to_stop()

        before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def die_with_parent() -> None:
    """In a new child: let the kernel end it when its parent is gone, however that ended (Linux only)."""
    if sys.platform == "linux":
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


# Loaded before any fork: loading a library in a child of a process with threads may block for ever.
_libc = ctypes.CDLL(None)


def start_guard() -> subprocess.Popen[bytes]:
    """A process that ends whole groups once its standard input closes; no `kill -9` can prevent that."""
    command = [sys.executable, "-m", "prism.lib.processes"]
    return subprocess.Popen(command, stdin=subprocess.PIPE, cwd=CHECKOUT, start_new_session=True)


def guard(lines: Iterator[str]) -> None:
    """Follow `+pid` and `-pid` until the lines end, then stop the groups that are left."""
    groups: set[int] = set()
    for line in lines:
        (groups.add if line[0] == "+" else groups.discard)(int(line[1:]))
    stop_groups(groups, grace=10.0)


def stop_groups(groups: Sequence[int] | set[int], grace: float) -> None:
    """SIGTERM to process groups, SIGKILL to those that still have a living member `grace` seconds later."""
    signal_groups(groups, signal.SIGTERM)
    end = time.monotonic() + grace
    while time.monotonic() < end and any(has_members(group) for group in groups):
        time.sleep(0.05)
    signal_groups(groups, signal.SIGKILL)


def signal_groups(groups: Sequence[int] | set[int], number: signal.Signals) -> None:
    for group in groups:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, number)


def has_members(group: int) -> bool:
    """Whether a living process is in the group; one that ended and was not waited for does not count."""
    if not Path("/proc/self/stat").exists():
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, 0)
            return True
        return False
    return any(
        int(fields[2]) == group and fields[0] not in "ZX"
        for fields in (process_fields(path.name) for path in Path("/proc").glob("[0-9]*"))
        if fields
    )


def process_fields(pid: int | str) -> list[str]:
    """State, parent, process group, … of /proc/<pid>/stat; empty when there is no such process."""
    try:
        # The name before them stands in brackets and may itself contain spaces and brackets.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def is_alive(pid: int) -> bool:
    """Whether the process runs; one that ended but was not waited for does not."""
    if Path("/proc/self/stat").exists():
        return process_fields(pid)[:1] not in ([], ["Z"], ["X"])
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def last_lines(log: Path, count: int = 12) -> str:
    """The end of a log, to show in an error; reads at most 8 kB."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 8192))
            return "\n".join(file.read().decode(errors="replace").splitlines()[-count:])
    except FileNotFoundError:
        return ""


def log_says(log: Path, text: str) -> Callable[[], bool]:
    """A readiness check for `Supervisor.add`: the log contains `text`."""
    return lambda: log.exists() and text.encode() in log.read_bytes()


def http_answers(url: str) -> Callable[[], bool]:
    """A readiness check for `Supervisor.add`: `url` answers with a status below 500."""

    def check() -> bool:
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - our own address
                return True
        except urllib.error.HTTPError as error:
            return error.code < 500
        except (OSError, ValueError):
            return False

    return check


def wait_for_http(url: str, timeout: float) -> None:
    """Return once `url` answers below 500; raises TimeoutError after `timeout` seconds."""
    check = http_answers(url)
    end = time.monotonic() + timeout
    while not check():
        if time.monotonic() > end:
            raise TimeoutError(f"{url} did not answer within {timeout:.0f} seconds")
        time.sleep(0.1)


def port_is_free(host: str, port: int) -> bool:
    """Whether a server could listen there now."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as listener:
        # As uvicorn does, so that connections of a server that has just ended do not count.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            listener.listen(1)
        except OSError:
            return False
        return True


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on at this moment."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def var_directory() -> Path:
    """Where this checkout keeps what it writes: PRISM_VAR, else `var/`."""
    return Path(os.environ.get("PRISM_VAR") or CHECKOUT / "var")


def web_command(port: int, host: str = "127.0.0.1", workers: int = 1) -> list[str]:
    """The web server; its access log leaves out what identifies a person (prism.lib.accesslog)."""
    where = ["--host", host, "--port", str(port), *(["--workers", str(workers)] if workers > 1 else [])]
    how = ["--log-config", str(CHECKOUT / "prism" / "logging.json"), "--timeout-graceful-shutdown", "5"]
    # Longer than people think over a page: a request must not meet a connection that is just being closed.
    how += ["--timeout-keep-alive", "75"]
    return [sys.executable, "-m", "uvicorn", "prism.asgi:application", *where, *how]


def worker_command(queue: str, concurrency: int, *also: str) -> list[str]:
    """A Celery worker of one queue, or `also` of others, with so many threads, under a name no other has."""
    name = f"{queue}-{secrets.token_hex(4)}@%h"
    # Every worker also looks for what others lost, so that no long job can keep that from being noticed.
    queues = ",".join([queue, *also, "sweep"])
    slots = ["-P", "threads", "-c", str(concurrency), "--prefetch-multiplier", "1"]
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "INFO"]
    return [*CELERY, "worker", "-Q", queues, "-n", name, *slots, *quiet]


def beat_command(schedule: Path | None = None) -> list[str]:
    """Celery's clock; `schedule` is the file in which it remembers what it did."""
    file = schedule or var_directory() / "beat-schedule"
    # Without a pid file: after a kill -9 it would keep beat from starting.
    remembers = ["--schedule", str(file), "--pidfile", ""]
    return [*CELERY, "beat", *remembers, "--loglevel", "INFO"]


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    guard(sys.stdin)
