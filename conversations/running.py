"""Starting the whole of Prism on this machine: for the demo, for bots and for measurements."""

import os
import secrets
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from conversations.demo import SLUG
from prism.lib.processes import (
    CHECKOUT,
    Supervisor,
    beat_command,
    free_port,
    http_answers,
    log_says,
    web_command,
    worker_command,
)

LIVE_SLOTS = 512
LIVE_WORKERS = WEB_WORKERS = min(2, os.cpu_count() or 1)
WORK_SLOTS = 12  # of them eight lanes of a judge at most, unless more are asked for
PANEL_STUDY = "5f" + "0" * 22


@dataclass(frozen=True)
class Ports:
    web: int
    fake: int = field(default_factory=free_port)
    panel: int = field(default_factory=free_port)

    @property
    def web_url(self) -> str:
        return f"http://127.0.0.1:{self.web}"

    @property
    def fake_url(self) -> str:
        return f"http://127.0.0.1:{self.fake}/v1"

    @property
    def panel_url(self) -> str:
        return f"http://127.0.0.1:{self.panel}"


def add_prism(
    house: Supervisor,
    ports: Ports,
    *,
    speed: float = 1.0,
    live_workers: int = LIVE_WORKERS,
    web_workers: int = WEB_WORKERS,
    env: Mapping[str, str] | None = None,
) -> None:
    """Register fake provider, web, workers and beat; servers must be provided and migrated already.

    `env` adds to their environment, for example DEBUG=0 where their speed is measured.
    """
    fake = ["fakellm", "--port", str(ports.fake), "--speed", str(speed)]
    house.add(
        "fake provider",
        manage(*fake),
        ready=http_answers(f"http://127.0.0.1:{ports.fake}/health"),
        stops_last=True,
    )
    for number in range(live_workers):
        name = f"live worker {number + 1}" if live_workers > 1 else "live worker"
        house.add(name, worker_command("live", LIVE_SLOTS), env, ready=_celery_is_ready(house, name))
    house.add(
        "work worker",
        worker_command("work", WORK_SLOTS, "bulk"),
        env,
        ready=_celery_is_ready(house, "work worker"),
    )
    house.add("beat", beat_command(), env)
    house.add(
        "web",
        web_command(ports.web, workers=web_workers),
        env,
        ready=http_answers(f"{ports.web_url}/health/"),
    )


def add_panel(house: Supervisor, ports: Ports, public_url: str) -> dict[str, str]:
    """Register the fake panel, whose people come to the demo study; returns Prism's environment with it."""
    entry = f"{ports.web_url}/studies/{SLUG}/"
    keys = f"{ports.panel_url}/.well-known/study/jwks.json"
    house.add(
        "fake panel",
        manage("fakepanel", "--port", str(ports.panel), "--study", PANEL_STUDY, "--entry", entry),
        {"PUBLIC_URL": public_url},
        ready=http_answers(keys),
    )
    return {
        "PUBLIC_URL": public_url,
        "PROLIFIC_URL": f"{ports.panel_url}/api/v1/",
        "PROLIFIC_JWKS_URL": keys,
    }


def manage(*arguments: str) -> list[str]:
    """The command line of a management command of this checkout."""
    return [sys.executable, str(CHECKOUT / "manage.py"), *arguments]


def _celery_is_ready(house: Supervisor, name: str) -> Callable[[], bool]:
    return log_says(house.log(name), "ready.")


def participant_link(base_url: str, slug: str = SLUG) -> str:
    """A panel link of somebody who was never here."""
    person, session = secrets.token_hex(12), secrets.token_hex(12)
    return f"{base_url}/studies/{slug}/?PROLIFIC_PID={person}&STUDY_ID={PANEL_STUDY}&SESSION_ID={session}"
