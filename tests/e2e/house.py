"""A whole Prism for tests in a browser: real processes on the test run's servers, with an own database."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from conversations.running import Ports, add_prism, manage, participant_link
from prism.lib.processes import CHECKOUT, Supervisor, free_port
from prism.lib.urls import with_redis_database
from tests import databases

WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))


@dataclass(frozen=True)
class House:
    url: str
    database: str
    cookies: list[dict[str, str]]  # those of tests.e2e.annotating

    def link(self, slug: str) -> str:
        """A panel link of somebody who was never here."""
        return participant_link(self.url, slug)

    def set_models(self, options: str = "") -> None:
        """Give every model options of the fake provider, such as `rate=5` or `fail=500`; none resets them."""
        with psycopg.connect(self.database) as connection:
            connection.execute(
                "UPDATE conversations_languagemodel SET identifier = split_part(identifier, ';', 1) || %s",
                [options and f";{options}"],
            )


@contextmanager
def running(place: Path, speed: float) -> Iterator[House]:
    """Fake provider, web and a live worker with the studies of tests.e2e.studies, until the context ends."""
    ports = Ports(web=free_port())
    with databases.own(f"browser_{secrets.token_hex(4)}") as database, Supervisor(place / "log") as house:
        own = {
            "DATABASE_URL": database,
            "REDIS_URL": with_redis_database(os.environ["REDIS_URL"], 30 + WORKER),
            "PRISM_VAR": str(place),
            "RATE_LIMITS": "0",
            "DEBUG": "0",
        }
        build = f"from tests.e2e.studies import build; build({ports.fake_url!r})"
        said = subprocess.check_output(
            manage("shell", "-v", "0", "-c", build), env=os.environ | own, cwd=CHECKOUT, text=True
        )
        add_prism(house, ports, speed=speed, live_workers=1, web_workers=1)
        # Nothing is lost here that the clock would have somebody look for.
        house.children = [child for child in house.children if child.name not in {"beat", "work worker"}]
        for child in house.children:
            child.env = own
        house.start(timeout=120)
        name, *values = json.loads(said.splitlines()[-1])
        cookies = [{"name": name, "value": value, "url": ports.web_url} for value in values]
        yield House(ports.web_url, database, cookies)
