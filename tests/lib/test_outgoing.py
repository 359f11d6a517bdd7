"""Calls to others: every connection goes to an address that was looked at, whatever a name said before."""

import asyncio
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import httpx2
import pytest

from prism.lib import outgoing, outgoing_async
from prism.lib.addresses import ANYBODY, OPERATOR, Reach, check
from prism.lib.processes import CHECKOUT

NAME = "models.example.org"
Call = Callable[[str, Reach], httpx2.Response]


@contextmanager
def a_server(location: str = "") -> Iterator[tuple[int, list[str]]]:
    """Its port, and the Host of every request; with `location` it sends everybody there."""
    heard: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append(self.headers["Host"])
            self.send_response(302 if location else 200)
            self.send_header("Location", location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *words: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.server_port, heard
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def call_in_a_thread(url: str, reach: Reach) -> httpx2.Response:
    return outgoing.request("GET", url, reach, timeout=5)


def call_on_the_loop(url: str, reach: Reach) -> httpx2.Response:
    async def call() -> httpx2.Response:
        async with outgoing_async.client(url, reach, httpx2.Limits()) as client:
            return await client.get(url)

    return asyncio.run(call())


both = pytest.mark.parametrize("call", [call_in_a_thread, call_on_the_loop])


class Names:
    """A name server that gives one answer after the other for NAME, and its last one for ever."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answers: str) -> None:
        self.answers, self.asked = list(answers), 0
        self.real = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", self)

    def __call__(self, host: Any, port: Any, *rest: Any, **more: Any) -> Any:
        if host not in {NAME, NAME.encode()}:
            return self.real(host, port, *rest, **more)
        self.asked += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [
            (
                socket.AF_INET6 if ":" in ip else socket.AF_INET,
                socket.SOCK_STREAM,
                6,
                "",
                (ip, int(port or 0)),
            )
            for ip in answer.split()
        ]


def is_refusal(error: httpx2.HTTPError) -> bool:
    """Whether our own rule stopped the connection, and not the network."""
    reason = getattr(error.__cause__, "os_error", error)
    return "Prism never calls" in str(reason) or "private network" in str(reason)


@pytest.fixture
def closed(settings):
    settings.ALLOW_PRIVATE_PROVIDERS = False


@both
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]"])
def test_nobody_leads_a_call_to_this_machine(closed, call, host):
    with a_server() as (port, heard), pytest.raises(httpx2.HTTPError) as failure:
        call(f"http://{host}:{port}/", ANYBODY)
    assert is_refusal(failure.value)
    assert heard == []


@both
def test_a_name_that_was_public_when_it_was_stored_does_not_lead_inside_when_it_is_called(
    closed, call, monkeypatch
):
    with a_server() as (port, heard):
        names = Names(monkeypatch, "8.8.8.8", "127.0.0.1")
        url = f"http://{NAME}:{port}/"
        check(url)
        with pytest.raises(httpx2.HTTPError) as failure:
            call(url, ANYBODY)
    assert is_refusal(failure.value)
    assert (heard, names.asked) == ([], 2)


@both
def test_a_call_asks_for_the_name_once_and_goes_to_that_very_answer(closed, call, monkeypatch):
    with a_server() as (port, heard):
        names = Names(monkeypatch, "127.0.0.1", "192.0.2.1")
        assert call(f"http://{NAME}:{port}/", Reach(loopback=True)).status_code == 200
    assert (heard, names.asked) == ([f"{NAME}:{port}"], 1)


@both
def test_of_several_addresses_only_the_allowed_are_tried(closed, call, monkeypatch):
    with a_server() as (port, heard):
        Names(monkeypatch, "169.254.169.254 10.0.0.1 127.0.0.1")
        assert call(f"http://{NAME}:{port}/", Reach(loopback=True)).status_code == 200
    assert len(heard) == 1


@both
def test_where_the_setting_allows_it_this_machine_is_called(settings, call):
    settings.ALLOW_PRIVATE_PROVIDERS = True
    with a_server() as (port, heard):
        assert call(f"http://localhost:{port}/", ANYBODY).status_code == 200
    assert len(heard) == 1


@both
def test_an_address_of_the_operator_may_be_private_but_never_the_metadata_service(closed, call):
    with a_server() as (port, _):
        assert call(f"http://127.0.0.1:{port}/", OPERATOR).status_code == 200
    with pytest.raises(httpx2.HTTPError) as failure:
        call("http://169.254.169.254/latest/meta-data", OPERATOR)
    assert is_refusal(failure.value)


@both
def test_a_redirect_is_not_followed(closed, call):
    with a_server() as (inner, heard), a_server(f"http://127.0.0.1:{inner}/") as (port, _):
        assert call(f"http://127.0.0.1:{port}/", OPERATOR).status_code == 302
    assert heard == []


@both
@pytest.mark.parametrize("url", ["http://no-such-name.invalid/", "http://127.0.0.1:1/"])
def test_who_does_not_answer_is_an_error_of_the_client(call, url):
    with pytest.raises(httpx2.HTTPError):
        call(url, OPERATOR)


@both
def test_where_the_environment_names_a_proxy_the_proxy_is_asked(closed, call, monkeypatch):
    with a_server() as (port, heard):
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{port}")
        assert call(f"http://{NAME}/x", ANYBODY).status_code == 200
    assert heard == [NAME]


def test_every_call_to_others_goes_through_here():
    """Whoever opens connections elsewhere would open them unlooked at."""
    calls = re.compile(
        r"httpx2\.(get|post|put|request|stream|(Async)?Client)\(|urlopen\(|aiohttp\.(ClientSession|TCPConnector)\("
        r"|http\.client|import requests|openai\.(Async)?OpenAI\((?![^)]*http_client)"
    )
    ours = [
        CHECKOUT / name
        for name in ("prism", "accounts", "surveys", "conversations", "annotations", "analysis")
    ]
    found = {
        str(path.relative_to(CHECKOUT))
        for folder in ours
        for path in folder.rglob("*.py")
        if calls.search(path.read_text())
    }
    own = {"prism/lib/outgoing.py", "prism/lib/outgoing_async.py"}
    # Calls to processes of our own: is a server up, and people that are played.
    at_home = {"prism/lib/processes.py"}
    assert {path for path in found if "/bots/" not in path and "/fake" not in path} <= own | at_home
    assert own <= found
