"""The embedded servers, as real processes: started once, shared, stopped by nobody, and hard to break."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis

import manage
from prism import embedded_servers
from prism.embedded_servers import EmbeddedServerError, Place, PostgreSQL, postgres_binary, redis_binary
from prism.lib.processes import CHECKOUT, is_alive

USER = """
import json, os, sys
from prism.embedded import provide
provide()
names = ("DATABASE_URL", "REDIS_URL", "PRISM_EMBEDDED")
print(json.dumps({name: os.environ[name] for name in names}), flush=True)
sys.stdin.read()
"""


@dataclass
class Installation:
    """One `var` directory, and commands that use it as a person's commands would."""

    var: Path
    users: list[User] = field(default_factory=list)

    @property
    def place(self) -> Place:
        return Place(self.var)

    @property
    def environment(self) -> dict[str, str]:
        ours = {"DATABASE_URL", "REDIS_URL", "PRISM_EMBEDDED", "PRISM_ENV"}
        kept = {name: value for name, value in os.environ.items() if name not in ours}
        return kept | {"PRISM_VAR": str(self.var), "PRISM_EMBEDDED_FSYNC": "off"}

    def start(self, code: str = USER, **env: str) -> User:
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            env=self.environment | env,
            cwd=CHECKOUT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.users.append(User(process))
        return self.users[-1]

    def run(self, code: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", code],
            env=self.environment | env,
            cwd=CHECKOUT,
            input="",
            capture_output=True,
            text=True,
            check=False,
        )

    def stop(self) -> None:
        for user in self.users:
            user.kill()
        done = self.run("from prism.embedded import stop; assert stop()")
        assert done.returncode == 0, done.stderr

    def pids(self) -> list[int]:
        found = [server.pid() for server in embedded_servers.servers(self.place)]
        return [pid for pid in found if pid]

    def watcher(self) -> int:
        return int((self.var / "watcher.lock").read_text())


@dataclass
class User:
    """A command that uses the servers until `leave`."""

    process: subprocess.Popen[str]

    def urls(self) -> dict[str, str]:
        assert self.process.stdout is not None
        return dict(json.loads(self.process.stdout.readline()))

    def leave(self) -> None:
        self.process.communicate("")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


def wait_until(what: Callable[[], Any], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.1)


def query(url: str, statement: str) -> Any:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchone() if cursor.description else None


def reaches(url: str) -> bool:
    try:
        return bool(query(url, "SELECT 1"))
    except psycopg.OperationalError:
        return False


@pytest.fixture(scope="module")
def var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Deep enough that no socket could live inside it."""
    return tmp_path_factory.mktemp("deep") / ("clone-of-a-clone-" * 8) / "var"


@pytest.fixture
def installation(var: Path) -> Iterator[Installation]:
    installation = Installation(var)
    yield installation
    installation.stop()


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Installation]:
    installation = Installation(tmp_path / "var")
    yield installation
    installation.stop()


def test_a_first_command_gets_both_servers_and_a_second_shares_them(installation: Installation) -> None:
    first = installation.start(PGPORT="1", PGHOST="elsewhere", PGDATA="/nowhere")
    urls = first.urls()
    name, encoding, zone = query(
        urls["DATABASE_URL"],
        "SELECT current_database(), current_setting('server_encoding'), current_setting('TimeZone')",
    )
    assert (name, encoding, zone) == ("prism", "UTF8", "UTC")
    assert redis.Redis.from_url(urls["REDIS_URL"]).config_get("appendonly") == {"appendonly": "yes"}
    pids = installation.pids()
    second = installation.start()
    assert second.urls() == urls
    assert installation.pids() == pids
    assert len(pids) == 2
    first.leave()
    second.leave()


def test_the_servers_stop_when_the_last_user_has_gone_even_if_it_was_killed(
    installation: Installation,
) -> None:
    first, second = installation.start(), installation.start()
    first.urls()
    address = second.urls()["DATABASE_URL"]
    pids, watcher = installation.pids(), installation.watcher()
    first.leave()
    time.sleep(5)
    assert reaches(address), "they stopped although somebody used them"
    second.kill()
    wait_until(lambda: not any(is_alive(pid) for pid in [*pids, watcher]))
    assert not installation.place.sockets.exists()


def test_two_first_commands_at_the_same_instant_share_one_start(empty: Installation) -> None:
    users = [empty.start() for _ in range(4)]
    assert len({user.urls()["DATABASE_URL"] for user in users}) == 1
    log = (empty.place.log / "postgres.log").read_text()
    assert log.count("ready to accept connections") == 1
    for user in users:
        user.leave()


def test_killed_servers_come_back_with_their_data_while_somebody_uses_them(
    installation: Installation,
) -> None:
    user = installation.start()
    urls = user.urls()
    query(urls["DATABASE_URL"], "CREATE TABLE kept AS SELECT 42 AS number")
    redis.Redis.from_url(urls["REDIS_URL"]).set("kept", "42")
    before = installation.pids()
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: len(installation.pids()) == 2 and reaches(urls["DATABASE_URL"]))
    assert query(urls["DATABASE_URL"], "SELECT number FROM kept") == (42,)
    wait_until(lambda: embedded_servers.Redis(installation.place).is_ready())
    assert redis.Redis.from_url(urls["REDIS_URL"]).get("kept") == b"42"
    assert not set(before) & set(installation.pids())
    query(urls["DATABASE_URL"], "DROP TABLE kept")
    user.leave()


def test_after_everything_was_killed_the_next_command_finds_its_data(installation: Installation) -> None:
    user = installation.start()
    query(user.urls()["DATABASE_URL"], "CREATE TABLE survived AS SELECT 7 AS number")
    os.kill(installation.watcher(), signal.SIGKILL)
    for pid in installation.pids():
        os.kill(pid, signal.SIGKILL)
    user.kill()
    assert (installation.var / "postgres" / "postmaster.pid").exists()
    later = installation.start()
    address = later.urls()["DATABASE_URL"]
    assert query(address, "SELECT number FROM survived") == (7,)
    query(address, "DROP TABLE survived")
    later.leave()


def test_a_pid_file_that_names_a_stranger_does_not_prevent_a_start(installation: Installation) -> None:
    user = installation.start()
    user.urls()
    pid_file = PostgreSQL(installation.place).pid_file
    lines = pid_file.read_text().splitlines()
    installation.stop()
    bystander = subprocess.Popen(["sleep", "60"])
    pid_file.write_text("\n".join([str(bystander.pid), *lines[1:]]) + "\n")
    again = installation.start()
    assert reaches(again.urls()["DATABASE_URL"])
    assert bystander.poll() is None, "the stranger was ended"
    bystander.kill()
    bystander.wait()
    again.leave()


def test_nothing_listens_on_tcp(installation: Installation) -> None:
    user = installation.start()
    user.urls()
    listening = {
        line.split()[9]
        for table in ("/proc/net/tcp", "/proc/net/tcp6")
        for line in (Path(table).read_text().splitlines()[1:] if Path(table).exists() else [])
    }
    links = [os.readlink(link) for pid in installation.pids() for link in Path(f"/proc/{pid}/fd").iterdir()]
    sockets = {found[1] for link in links if (found := re.fullmatch(r"socket:\[(\d+)\]", link))}
    assert sockets, "the servers have no socket at all"
    assert not sockets & listening
    user.leave()


def test_only_the_owner_can_enter_the_socket_directory(installation: Installation) -> None:
    user = installation.start()
    user.urls()
    assert installation.place.sockets.stat().st_mode & 0o777 == 0o700
    user.leave()


def test_a_socket_directory_that_others_can_enter_is_refused(empty: Installation) -> None:
    empty.place.sockets.mkdir()
    empty.place.sockets.chmod(0o777)
    done = empty.run("from prism.embedded import provide; provide()")
    assert done.returncode != 0
    assert "is not a private directory" in done.stderr
    assert empty.pids() == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_a_socket_directory_of_another_account_is_refused(empty: Installation) -> None:
    empty.place.sockets.mkdir(mode=0o700)
    os.chown(empty.place.sockets, 12345, 12345)
    done = empty.run("from prism.embedded import provide; provide()")
    assert "is not a private directory" in done.stderr
    assert empty.pids() == []


def test_a_link_in_place_of_the_socket_directory_is_refused(empty: Installation, tmp_path: Path) -> None:
    empty.place.sockets.symlink_to(tmp_path)
    try:
        done = empty.run("from prism.embedded import provide; provide()")
        assert "is not a private directory" in done.stderr
    finally:
        empty.place.sockets.unlink()


def test_configured_servers_are_used_and_nothing_is_started(empty: Installation) -> None:
    outside = {"DATABASE_URL": "postgresql://db.example/prism", "REDIS_URL": "redis://cache.example/0"}
    done = empty.run(
        "import os; from prism.embedded import provide; provide(); print(dict(os.environ))", **outside
    )
    assert "db.example" in done.stdout
    assert "PRISM_EMBEDDED'" not in done.stdout
    assert not empty.var.exists()


def test_only_the_server_that_is_not_configured_is_started(empty: Installation) -> None:
    user = empty.start(DATABASE_URL="postgresql://db.example/prism")
    assert user.urls()["DATABASE_URL"] == "postgresql://db.example/prism"
    assert embedded_servers.Redis(empty.place).is_ready()
    assert PostgreSQL(empty.place).pid() is None
    user.leave()


def test_production_never_gets_embedded_servers(empty: Installation) -> None:
    done = empty.run("from prism.embedded import provide; provide()", PRISM_ENV="production")
    assert done.returncode == 0
    assert not empty.var.exists()


def test_a_child_that_holds_keeps_the_servers_when_its_parent_dies(installation: Installation) -> None:
    parent = installation.start()
    urls = parent.urls()
    child = installation.start(USER.replace("provide", "hold"), **urls)
    assert child.urls() == urls
    parent.kill()
    time.sleep(5)
    assert reaches(urls["DATABASE_URL"])
    child.leave()


def test_a_process_that_nobody_gave_servers_to_does_not_start_any_by_holding(empty: Installation) -> None:
    assert empty.run("from prism.embedded import hold; hold()").returncode == 0
    assert not empty.var.exists()


def test_data_of_another_major_version_is_left_alone_with_a_clear_message(empty: Installation) -> None:
    (empty.var / "postgres").mkdir(parents=True)
    (empty.var / "postgres" / "PG_VERSION").write_text("9\n")
    done = empty.run("from prism.embedded import provide; provide()")
    assert "was written by PostgreSQL 9" in done.stderr
    assert [path.name for path in (empty.var / "postgres").iterdir()] == ["PG_VERSION"]


def test_an_interrupted_first_start_is_repeated_from_the_beginning(empty: Installation) -> None:
    (empty.var / "postgres.new").mkdir(parents=True)
    (empty.var / "postgres.new" / "half").write_text("half a cluster")
    user = empty.start()
    assert reaches(user.urls()["DATABASE_URL"])
    assert not (empty.var / "postgres" / "half").exists()
    user.leave()


def test_a_failing_statement_is_not_quoted_in_the_log(installation: Installation) -> None:
    user = installation.start()
    with pytest.raises(psycopg.Error):
        query(user.urls()["DATABASE_URL"], "SELECT 'what a participant wrote' FROM nowhere")
    log = (installation.place.log / "postgres.log").read_text()
    assert 'relation "nowhere" does not exist' in log
    assert "what a participant wrote" not in log
    user.leave()


@pytest.fixture
def bare_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Neither wheels nor installed servers; returns a directory that is the whole PATH."""
    monkeypatch.setattr(embedded_servers, "bundled", lambda *parts: None)
    monkeypatch.setattr(embedded_servers, "DEBIAN_POSTGRES", tmp_path / "debian")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    (tmp_path / "bin").mkdir()
    return tmp_path


@pytest.mark.parametrize("look_up", [lambda: postgres_binary("initdb"), redis_binary])
def test_without_any_server_the_message_names_both_settings(
    bare_machine: Path, look_up: Callable[[], str]
) -> None:
    with pytest.raises(EmbeddedServerError, match="DATABASE_URL and REDIS_URL"):
        look_up()


def install(directory: Path, name: str) -> str:
    directory.mkdir(parents=True, exist_ok=True)
    return str(shutil.copy("/bin/true", directory / name))


def test_servers_on_the_path_serve_where_there_is_no_wheel(bare_machine: Path) -> None:
    expected = [install(bare_machine / "bin", name) for name in ("postgres", "redis-server")]
    assert [postgres_binary("postgres"), redis_binary()] == expected


def test_the_newest_postgresql_of_debian_serves_where_there_is_no_wheel(bare_machine: Path) -> None:
    install(bare_machine / "debian" / "9" / "bin", "initdb")
    newest = install(bare_machine / "debian" / "16" / "bin", "initdb")
    assert postgres_binary("initdb") == newest


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["migrate"], True),
        (["bots", "demo"], True),
        (["check"], False),
        (["check", "--database", "default"], True),
        (["fakellm", "--port", "8899"], False),
        (["migrate", "--help"], False),
        (["--version"], False),
        ([], False),
    ],
)
def test_only_commands_that_talk_to_servers_start_them(arguments: list[str], expected: bool) -> None:
    assert manage.needs_servers(arguments) is expected


def test_a_command_that_cannot_have_servers_says_so_and_exits_with_2(empty: Installation) -> None:
    empty.var.parent.joinpath("file").write_text("")
    done = subprocess.run(
        [sys.executable, "manage.py", "showmigrations"],
        env=empty.environment | {"PRISM_VAR": str(empty.var.parent / "file")},
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("Prism cannot start its servers.")
    assert "DATABASE_URL" in done.stderr
    assert "Traceback" not in done.stderr
