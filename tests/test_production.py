"""Production, without an engine for images: every command of compose.yaml runs as a process, with the
settings of `.env.example` and servers of its own, and is asked as the proxy would ask it."""

from __future__ import annotations

import http.client
import os
import re
import runpy
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
import yaml
from django.core.exceptions import ImproperlyConfigured

from prism.celery import app
from prism.lib.processes import CHECKOUT, Supervisor, free_port, http_answers, log_says
from prism.lib.urls import with_redis_database
from scripts.check_production import production_environment
from tests import databases

COMPOSE: dict[str, Any] = yaml.safe_load((CHECKOUT / "compose.yaml").read_text())
OURS = {name: service for name, service in COMPOSE["services"].items() if service["image"] == "prism"}
WORKERS = sorted(name for name in OURS if name.startswith("worker-"))
HOST = "prism.example.org"
PANEL_ID = secrets.token_hex(12)
SESSION_ID = secrets.token_hex(12)
ENTRY = f"/studies/demo/?PROLIFIC_PID={PANEL_ID}&STUDY_ID={'5f' + '0' * 22}&SESSION_ID={SESSION_ID}"
# What beat hands over: whoever takes one of these away, or forgets to add one, reads it here.
SCHEDULED = {
    "accounts.tasks.clear_sessions",
    "analysis.tasks.recompute_leaderboard",
    "analysis.tasks.sweep_dissections",
    "analysis.tasks.sweep_exports",
    "analysis.tasks.sweep_imports",
    "annotations.tasks.expire_assignments",
    "annotations.tasks.sweep_batches",
    "annotations.tasks.sweep_judging",
    "conversations.tasks.check_providers",
    "conversations.tasks.sweep",
    "surveys.tasks.enforce_retention",
    "surveys.tasks.sweep_assessments",
    "surveys.tasks.sweep_panels",
    "surveys.tasks.sweep_seats",
}
LOAD_DEMO = "from conversations.demo import load_demo; load_demo()"


def env_example() -> dict[str, str]:
    """What `.env` holds once a person has filled in what is empty in the example."""
    lines = (CHECKOUT / ".env.example").read_text().splitlines()
    given = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    filled = {**production_environment(), "EMAIL_HOST_USER": "prism"}
    return {name: value or filled.get(name, secrets.token_hex(24)) for name, value in given.items()}


def interpolated(value: object, settings: dict[str, str]) -> str:
    """A value of compose.yaml as compose hands it on: ${NAME…} from .env, $$ a dollar."""
    text = re.sub(r"\$\{(\w+)[^}]*\}", lambda found: settings.get(found[1], ""), str(value))
    return text.replace("$$", "$")


@dataclass
class Installation:
    """A production installation in a directory of its own; `servers` are the addresses of its servers."""

    place: Path
    servers: dict[str, str]
    port: int = field(default_factory=free_port)
    settings: dict[str, str] = field(default_factory=env_example)

    def environment(self, service: str) -> dict[str, str]:
        """That of the service in compose.yaml; only places, addresses and the port are of this machine."""
        given = {key: interpolated(text, self.settings) for key, text in OURS[service]["environment"].items()}
        return {
            **self.settings,
            **given,
            **self.servers,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOSTNAME": socket.gethostname(),
            "PYTHONUNBUFFERED": "1",
            "UVICORN_HOST": "127.0.0.1",
            "UVICORN_PORT": str(self.port),
            "STATIC_ROOT": str(self.place / "static"),
            "EXPORT_DIR": str(self.place / "exports"),
            "PRISM_VAR": str(self.place / "var"),
        }

    def run(
        self, command: list[str], service: str = "migrate", **changed: str
    ) -> subprocess.CompletedProcess[str]:
        environment = os.environ | self.environment(service) | changed
        return subprocess.run(
            command, env=environment, cwd=CHECKOUT, capture_output=True, text=True, check=False, timeout=120
        )

    def log(self, name: str) -> str:
        return (self.place / "log" / f"{name}.log").read_text()


@dataclass(frozen=True)
class Reply:
    status: int
    headers: list[tuple[str, str]]
    body: str

    @property
    def location(self) -> str:
        return urlsplit(dict(self.headers).get("location", "")).path


@dataclass
class Visitor:
    """A browser behind the proxy: keeps cookies as browsers do, and every reply for a look at all of them."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)
    replies: list[Reply] = field(default_factory=list)

    def ask(
        self, path: str, fields: dict[str, str] | None = None, host: str = HOST, scheme: str = "https"
    ) -> Reply:
        headers = {
            "Host": host,
            "X-Forwarded-Proto": scheme,
            "X-Forwarded-For": "203.0.113.9",
            "Origin": f"https://{HOST}",
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        method, body = ("GET", None) if fields is None else ("POST", urlencode(fields))
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        found = [(name.lower(), value) for name, value in answer.getheaders()]
        reply = Reply(answer.status, found, answer.read().decode())
        connection.close()
        self.keep_cookies(reply)
        self.replies.append(reply)
        return reply

    def keep_cookies(self, reply: Reply) -> None:
        for name, value in reply.headers:
            for cookie in SimpleCookie(value if name == "set-cookie" else "").values():
                assert cookie["secure"], f"{cookie.key} may travel without TLS"
                assert cookie.key.startswith("__Host-"), f"{cookie.key} may be set by other hosts"
                assert (cookie["path"], cookie["domain"]) == ("/", "")
                self.cookies[cookie.key] = cookie.value

    def follow(self, reply: Reply) -> Reply:
        while reply.location:
            reply = self.ask(reply.location)
        return reply

    def submit(self, path: str, **fields: str) -> Reply:
        token = self.cookies["__Host-csrf"]
        return self.follow(self.ask(path, {"csrfmiddlewaretoken": token, **fields}))


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, str]]:
    """A database of PostgreSQL and one of Redis that no other test uses."""
    with databases.own(f"production_{secrets.token_hex(4)}") as address:
        redis = with_redis_database(os.environ["REDIS_URL"], 50 + secrets.randbelow(14))
        yield {"DATABASE_URL": address, "REDIS_URL": redis}


@pytest.fixture(scope="module")
def production(servers: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """All services of ours: migrate and collectstatic have run, the others are running."""
    house = Installation(tmp_path_factory.mktemp("production"), servers)
    demo = ["python", "manage.py", "shell", "-c", LOAD_DEMO]
    for command in (OURS["migrate"]["command"], demo, ["python", "scripts/collect_static.py"]):
        done = house.run(command)
        assert done.returncode == 0, done.stderr
    supervisor = Supervisor(house.place / "log", say=lambda line: None)
    for name, service in OURS.items():
        if name != "migrate":
            ready = log_says(supervisor.log(name), "beat: Starting" if name == "beat" else "ready.")
            if name == "web":
                ready = http_answers(f"http://127.0.0.1:{house.port}/health/")
            supervisor.add(name, service["command"], house.environment(name), ready=ready, restart=False)
    supervisor.start(timeout=90)
    yield house
    supervisor.stop()
    for remembered in Path("/tmp").glob("prism-beat-schedule*"):
        remembered.unlink()


@pytest.fixture(scope="module")
def participant(production: Installation) -> Visitor:
    """Somebody who came in by a panel's link, agreed, and stands before the first questions."""
    visitor = Visitor(production.port)
    first = visitor.ask(ENTRY)
    assert (first.status, first.location) == (303, "/studies/demo/")
    assert 'name="consent_age"' in visitor.follow(first).body
    last = visitor.submit("/studies/demo/consent/", consent="on", consent_age="on")
    assert last.status == 200, last.body
    return visitor


@pytest.mark.parametrize("service", ["web", *WORKERS])
def test_the_health_check_of_a_service_passes_while_it_runs(production: Installation, service: str) -> None:
    kind, *command = OURS[service]["healthcheck"]["test"]
    shell = ["sh", "-c", command[0].replace("$$", "$")]
    done = production.run(command if kind == "CMD" else shell, service)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_health_check_of_web_fails_where_nothing_listens(production: Installation) -> None:
    command = OURS["web"]["healthcheck"]["test"][1:]
    assert production.run(command, "web", UVICORN_PORT=str(free_port())).returncode == 1


def test_somebody_comes_from_the_panels_link_to_the_first_questions(participant: Visitor) -> None:
    page = participant.follow(participant.ask("/studies/demo/"))
    assert 'name="lm_familiarity"' in page.body
    assert {name.rstrip("0123456789") for name in participant.cookies} == {
        "__Host-prism-device-",
        "__Host-csrf",
    }


def test_no_reply_after_the_entry_repeats_the_panels_ids(participant: Visitor) -> None:
    everything = str([(reply.headers, reply.body) for reply in participant.replies])
    assert "/studies/demo/survey/" in everything
    assert PANEL_ID not in everything
    assert SESSION_ID not in everything


def test_no_log_knows_a_query_string_or_who_asked(production: Installation, participant: Visitor) -> None:
    assert '"GET /studies/demo/ HTTP/1.1" 303' in production.log("web")
    for name in set(OURS) - {"migrate"}:
        log = production.log(name)
        assert "PROLIFIC_PID" not in log
        assert PANEL_ID not in log
        assert "203.0.113.9" not in log


def test_static_files_are_served_under_names_that_never_change(production: Installation) -> None:
    visitor = Visitor(production.port)
    files = re.findall(r'(?:href|src)="(/static/[^"]+)"', visitor.ask("/").body)
    assert files
    for path in files:
        assert re.search(r"\.[0-9a-f]{12}\.\w+$", path), f"{path} has no digest in its name"
        reply = visitor.ask(path)
        assert reply.status == 200
        assert "immutable" in dict(reply.headers)["cache-control"]


def test_every_page_is_sent_on_to_https(production: Installation) -> None:
    reply = Visitor(production.port).ask("/", scheme="http")
    assert reply.status == 301
    assert dict(reply.headers)["location"] == f"https://{HOST}/"


def test_pages_say_who_may_do_what_with_them(production: Installation) -> None:
    headers = dict(Visitor(production.port).ask("/").headers)
    assert headers["strict-transport-security"].startswith("max-age=31536000")
    assert "script-src 'self'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert "server" not in headers


def test_a_host_that_is_not_allowed_is_refused(production: Installation) -> None:
    assert Visitor(production.port).ask("/", host="elsewhere.example.org").status == 400


def test_the_demonstrations_sign_in_links_and_mail_are_not_served(production: Installation) -> None:
    visitor = Visitor(production.port)
    assert visitor.ask("/accounts/link/?link=x").status == 404
    assert visitor.ask("/accounts/mail/").status == 404


REFUSALS = {
    "DEBUG": "1",
    "SECRET_KEY": "development-only-not-a-secret",
    "ALLOWED_HOSTS": "",
    "ENCRYPTION_KEYS": "",
    "IDENTITY_HASH_KEY": "",
    "PUBLIC_URL": "http://prism.example.org",
    "EMAIL_HOST": "",
    "DATABASE_URL": "",
    "REDIS_URL": "",
}


@pytest.fixture(scope="module")
def unstarted(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Settings that would do, and servers that are never asked."""
    nowhere = {
        "DATABASE_URL": "postgresql://prism@database.invalid/prism",
        "REDIS_URL": "redis://cache.invalid",
    }
    return Installation(tmp_path_factory.mktemp("unstarted"), nowhere)


@pytest.mark.parametrize("name", REFUSALS)
def test_an_unsafe_setting_stops_the_start_and_is_the_only_one_named(
    unstarted: Installation, name: str
) -> None:
    assert refused(unstarted, **{name: REFUSALS[name]}) == [name]


@pytest.mark.parametrize(
    "key", ["ZGV2ZWxvcG1lbnQtb25seS1ub3QtYS1zZWNyZXQtMDA=", "short", "not base64 at all!"]
)
def test_a_key_that_is_known_or_no_key_stops_the_start(unstarted: Installation, key: str) -> None:
    assert "ENCRYPTION_KEYS" in refused(unstarted, ENCRYPTION_KEYS=key)


def test_settings_that_would_do_are_not_refused(unstarted: Installation) -> None:
    assert refused(unstarted) == []


def refused(installation: Installation, **changed: str) -> list[str]:
    """The settings that a start names; that every process begins with them is shown below."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (installation.environment("migrate") | changed).items():
            patch.setenv(name, value)
        try:
            runpy.run_path(str(CHECKOUT / "prism" / "settings.py"))
        except ImproperlyConfigured as refusal:
            return re.findall(r"^- (\w+)", str(refusal), re.MULTILINE)
    return []


@pytest.mark.parametrize("service", ["web", "worker-live", "beat", "migrate"])
def test_no_service_starts_with_the_default_secret(unstarted: Installation, service: str) -> None:
    done = unstarted.run(OURS[service]["command"], service, SECRET_KEY="development-only-not-a-secret")
    assert done.returncode != 0
    assert "SECRET_KEY is missing, the default or short" in done.stderr + done.stdout


def test_every_queue_has_a_worker_and_every_beat_entry_a_task() -> None:
    app.loader.import_default_modules()
    served = {queue for name in WORKERS for queue in _after("-Q", OURS[name]["command"]).split(",")}
    ours = {name: task for name, task in app.tasks.items() if not name.startswith("celery.")}
    used = {
        getattr(task, "queue", None) or app.amqp.router.route({}, name)["queue"].name
        for name, task in ours.items()
    }
    assert used
    assert used <= served
    assert {entry["task"] for entry in app.conf.beat_schedule.values()} == SCHEDULED
    assert set(ours) >= SCHEDULED


def _after(flag: str, command: list[str]) -> str:
    return command[command.index(flag) + 1]


def test_services_run_without_rights_they_do_not_need() -> None:
    for name, service in COMPOSE["services"].items():
        assert service["read_only"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
    for name, service in OURS.items():
        assert service["cap_drop"] == ["ALL"], name
        assert "ports" not in service, name


def test_the_image_is_built_by_steps_that_this_run_also_takes() -> None:
    steps = (CHECKOUT / "Dockerfile").read_text()
    assert "RUN python scripts/collect_static.py" in steps
    assert "pip install -r requirements.txt -c constraints.txt" in steps
    assert "USER prism" in steps
