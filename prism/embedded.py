"""PostgreSQL and Redis for a checkout that has neither: nothing to install, nothing to configure.

`provide()` makes the servers that DATABASE_URL and REDIS_URL do not name run under `var/` (or PRISM_VAR)
and sets both variables. The servers listen on sockets in a private directory, never on a TCP port, and all
commands of a checkout share them.

Two lock files make this safe; the kernel releases them however a process ends:

* `embedded.lock` is held by whoever starts or stops servers, and by nobody else.
* `users.lock` is held, shared, by every process that uses them. It is taken only while holding
  `embedded.lock`.

A small watcher looks once a second, holding `embedded.lock`: a crashed server is started again, and when
nobody holds `users.lock` the servers are stopped. Nobody can become a user in between.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from prism.embedded_servers import EmbeddedServerError, Place, servers
from prism.lib.processes import var_directory

__all__ = ["EmbeddedServerError", "hold", "provide", "release", "stop"]

CHECKOUT = Path(__file__).resolve().parent.parent
IDLE_LOOKS_BEFORE_STOP = 3  # so that commands typed one after the other share one start


def provide() -> None:
    """Join the users of the embedded servers, starting what is needed, and set DATABASE_URL and REDIS_URL.

    Does nothing for a server that its variable names already, and nothing at all in production. Safe to call
    in several processes at once and again in a child process, which then no longer depends on its parent.
    Raises EmbeddedServerError.
    """
    if os.environ.get("PRISM_ENV") == "production":
        return
    place = Place(var_directory())
    wanted = [server for server in servers(place) if server.is_wanted()]
    if not wanted:
        return
    try:
        place.create()
        with locked(place):
            join(place)
            place.secure_sockets()
            # First the watcher: it also looks after what this command starts and does not live to use.
            start_watcher(place)
            for server in wanted:
                server.ensure()
    except OSError as error:
        raise EmbeddedServerError(
            f"The embedded servers cannot use {place.var}: {error}. Check who owns it, choose another place "
            "with PRISM_VAR, or set DATABASE_URL and REDIS_URL."
        ) from error
    for server in wanted:
        if not os.environ.get(server.variable):
            os.environ[server.variable] = server.url
    os.environ["PRISM_EMBEDDED"] = "1"


def hold() -> None:
    """In a child process: keep the servers that the parent provided, even if the parent ends first."""
    if os.environ.get("PRISM_EMBEDDED"):
        provide()


def release() -> None:
    """Stop being a user; the servers stop soon after the last one has left."""
    while _held:
        _held.pop().close()


def stop() -> bool:
    """Leave, and stop the servers at once; False when other processes still use them."""
    place = Place(var_directory())
    leave(place)
    place.create()
    with locked(place):
        if has_users(place):
            return False
        end_watcher(place)
        stop_all(place)
        return True


def leave(place: Place) -> None:
    """Stop being a user of the servers there, and of no others."""
    for file in [file for file in _held if file.name == str(place.var / "users.lock")]:
        _held.remove(file)
        file.close()


# The open lock file is what makes this process a user: it must live as long as the process.
_held: list[IO[bytes]] = []


@contextlib.contextmanager
def locked(place: Place) -> Iterator[None]:
    """The right to start and stop servers, to one process at a time."""
    with (place.var / "embedded.lock").open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def join(place: Place) -> None:
    path = place.var / "users.lock"
    if any(file.name == str(path) for file in _held):
        return
    file = open(str(path), "ab")  # noqa: SIM115 - held until the process ends
    fcntl.flock(file, fcntl.LOCK_SH)
    _held.append(file)


def has_users(place: Place) -> bool:
    with (place.var / "users.lock").open("ab") as file:
        return not try_lock(file)


def try_lock(file: IO[bytes]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def start_watcher(place: Place) -> None:
    """Start the watcher unless there is one; it inherits its lock, so that there is never a second."""
    with (place.var / "watcher.lock").open("ab") as lock, (place.log / "embedded.log").open("ab") as log:
        if not try_lock(lock):
            return
        watcher = subprocess.Popen(
            [sys.executable, "-m", "prism.embedded", "watch", str(lock.fileno())],
            pass_fds=[lock.fileno()],
            cwd=CHECKOUT,
            env=os.environ | {"PRISM_VAR": str(place.var)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        watcher.returncode = 0  # it outlives this command
        lock.truncate(0)
        lock.write(str(watcher.pid).encode())


def end_watcher(place: Place) -> None:
    """End the watcher, if there is one; only while holding `embedded.lock`, so that it is not at work."""
    with (place.var / "watcher.lock").open("a+b") as lock:
        if not try_lock(lock):
            lock.seek(0)
            os.kill(int(lock.read()), signal.SIGTERM)
            fcntl.flock(lock, fcntl.LOCK_EX)


def watch(lock: int) -> None:
    """Restart crashed servers while they have users; stop them and return when they have none."""
    place = Place(var_directory())
    idle = 0
    while idle < IDLE_LOOKS_BEFORE_STOP:
        time.sleep(1)
        if not place.var.exists():
            return
        with locked(place):
            idle = 0 if has_users(place) else idle + 1
            if idle == IDLE_LOOKS_BEFORE_STOP:
                stop_all(place)
                # Given up before embedded.lock: the next command must see that there is no watcher.
                os.close(lock)
            elif idle == 0:
                heal(place)


def heal(place: Place) -> None:
    for server in servers(place):
        if server.has_crashed():
            try:
                server.ensure()
                print(f"{server.name} had crashed and runs again", flush=True)
            except (EmbeddedServerError, OSError) as error:
                print(error, flush=True)


def stop_all(place: Place) -> None:
    for server in servers(place):
        server.stop()
    shutil.rmtree(place.sockets, ignore_errors=True)


if __name__ == "__main__" and sys.argv[1:2] == ["watch"]:
    watch(int(sys.argv[2]))
