"""A whole Prism as processes, to be harmed: kill a part, bring it back, look at what is left."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
import redis
from django.conf import settings

from conversations.fakellm import server as fakellm
from conversations.running import Ports, add_prism
from prism.embedded_servers import redis_binary
from prism.lib.processes import Child, Supervisor, free_port

START_SECONDS = 120.0
LIVE_WORKERS = ("live worker 1", "live worker 2")


def wait_until(what: Callable[[], Any], seconds: float = 60) -> float:
    """Seconds until `what` holds; fails when it does not within `seconds`."""
    begun = time.monotonic()
    while not what():
        assert time.monotonic() < begun + seconds, f"it did not happen within {seconds} seconds"
        time.sleep(0.05)
    return time.monotonic() - begun


@dataclass
class House:
    """`prism` runs what a demonstration runs; `around` what a study depends on and does not start itself."""

    place: Path
    ports: Ports
    around: Supervisor
    prism: Supervisor
    provider_url: str
    redis_url: str

    @property
    def url(self) -> str:
        return self.ports.web_url

    def child(self, name: str) -> Child:
        return next(c for c in [*self.around.children, *self.prism.children] if c.name == name)

    def kill(self, *names: str) -> None:
        """kill -9, noticed by nobody but those who talk to it."""
        for name in names:
            popen = self.child(name).popen
            assert popen is not None
            popen.kill()
            popen.wait()

    def kill_live_workers(self) -> None:
        """All that run; a test may leave one dead."""
        self.kill(*(name for name in LIVE_WORKERS if self.pid(name)))

    def watch(self) -> None:
        """What the demonstration does all the time: start again what has ended."""
        self.around.watch_once()
        self.prism.watch_once()

    def revive(self, *names: str) -> None:
        """Return once the processes that were killed run again and, where they tell, are ready."""
        for name in names:
            self._revive(self.child(name))

    def _revive(self, child: Child) -> None:
        wait_until(lambda: self._runs(child), START_SECONDS)
        if child.ready is not None:
            wait_until(child.ready, START_SECONDS)

    def _runs(self, child: Child) -> bool:
        """Whether it runs; one that is missing starts at once, also one that does not come back by itself."""
        self.watch()
        if child.popen is None:
            child.due = 0.0
        return child.popen is not None

    def start_again(self) -> None:
        """All that was stopped."""
        self.prism.start(START_SECONDS)

    def forget_redis(self) -> None:
        """Remove what Redis keeps on disk; while it is down."""
        shutil.rmtree(self.place / "redis")
        (self.place / "redis").mkdir()

    def live_worker(self, worker: str) -> str:
        """The name of the process that signs its responses so."""
        pid = int(worker.rpartition(":")[2])
        return next(name for name in LIVE_WORKERS if self.pid(name) == pid)

    def pid(self, name: str) -> int | None:
        popen = self.child(name).popen
        return popen.pid if popen else None

    def calls(self) -> list[str]:
        """The X-Prism-Attempt header of every call that the fake provider received."""
        url = self.provider_url.removesuffix("/v1") + "/calls"
        return sorted(call["attempt"] for call in httpx2.get(url, trust_env=False).json())

    def redis(self) -> redis.Redis:
        return redis.Redis.from_url(self.redis_url)


@contextmanager
def running(place: Path, database: str, **environment: str) -> Iterator[House]:
    """A house with its own Redis on the database of this test run; `environment` is for its processes."""
    ports, redis_port = Ports(web=free_port()), free_port()
    redis_url = f"redis://127.0.0.1:{redis_port}/0"
    with pytest.MonkeyPatch.context() as patch, fakellm.running(speed=1) as provider_url:
        ours = {"DATABASE_URL": _address(database), "REDIS_URL": redis_url, "PRISM_VAR": str(place)}
        for name, value in (ours | environment).items():
            patch.setenv(name, value)
        with Supervisor(place / "log") as around, Supervisor(place / "log") as prism:
            around.add("redis", _redis(place, redis_port), ready=_answers(redis_url))
            add_prism(prism, ports, live_workers=len(LIVE_WORKERS), web_workers=1)
            prism.children = [child for child in prism.children if child.name != "fake provider"]
            for child in prism.children:
                # One is enough for what follows the death of both; each start costs seconds.
                child.restart = child.name != LIVE_WORKERS[1]
            around.start(START_SECONDS)
            prism.start(START_SECONDS)
            yield House(place, ports, around, prism, provider_url, redis_url)


def _address(database: str) -> str:
    head, _, options = settings.DATABASE_URL.partition("?")
    return f"{head.rpartition('/')[0]}/{database}?{options}"


def _redis(place: Path, port: int) -> list[str]:
    """As compose.yaml and the embedded server run it: what it was told survives a kill."""
    (place / "redis").mkdir(parents=True, exist_ok=True)
    keeps = ["--appendonly", "yes", "--save", "", "--dir", str(place / "redis")]
    return [redis_binary(), "--port", str(port), "--bind", "127.0.0.1", *keeps]


def _answers(url: str) -> Callable[[], bool]:
    def check() -> bool:
        try:
            with redis.Redis.from_url(url) as client:
                return bool(client.ping())
        except (redis.RedisError, OSError):
            return False

    return check
