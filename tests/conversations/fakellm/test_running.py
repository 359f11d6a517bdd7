"""The log of calls, the timing, and the command that serves."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

import httpx2
import pytest

from conversations.fakellm.completions import parse_request, plan_answer
from conversations.fakellm.options import Options
from conversations.fakellm.personas import PERSONAS
from conversations.fakellm.server import running
from tests.conversations.fakellm.calling import (
    TAXES,
    complete,
    make_client,
    read_chunks,
    say,
    stream,
    text_of,
    wait_for_state,
)

ROOT = Path(__file__).parents[3]
NO_DATABASE = "postgres://nobody@127.0.0.1:1/none"


def test_the_log_tells_of_each_call_once(root: httpx2.Client, base_url: str) -> None:
    complete(base_url, "aurora-7b", extra_headers={"X-Prism-Attempt": "attempt-9"})
    stream(base_url, "cirrus-mini;chunks=3")
    whole, streamed = root.get("/calls").json()
    assert (whole["model"], whole["attempt"], whole["state"]) == ("aurora-7b", "attempt-9", "finished")
    assert (streamed["model"], streamed["attempt"]) == ("cirrus-mini;chunks=3", None)
    assert streamed["started"] <= streamed["first_chunk"] <= streamed["finished"]
    root.delete("/calls")
    assert root.get("/calls").json() == []


def test_a_caller_who_leaves_in_mid_stream_is_noticed() -> None:
    with running(speed=1) as base_url, httpx2.Client(base_url=base_url.removesuffix("/v1")) as slow:

        async def leave() -> None:
            async with make_client(base_url) as client:
                async for _ in read_chunks(client, "aurora-7b;first=0;rate=50;chunks=5000"):
                    return

        asyncio.run(leave())
        wait_for_state(slow, "aborted")


@pytest.mark.parametrize(("speed", "first", "gap"), [(1, 0.3, 0.02), (10, 0.03, 0.002)])
def test_the_options_decide_the_timing_and_the_speed_divides_it(
    speed: float, first: float, gap: float
) -> None:
    request = parse_request({"model": "x", "messages": TAXES})
    options = Options(first=0.3, rate=50, chunks=26)
    plan = plan_answer(request, PERSONAS["aurora-7b"], options, None, Random(1), speed)
    assert (plan.first, plan.gap) == (pytest.approx(first), pytest.approx(gap))
    assert plan.seconds == pytest.approx(first + 25 * gap)


def test_a_persona_has_its_own_pace() -> None:
    request = parse_request({"model": "x", "messages": TAXES})
    paces = {
        persona.id: plan_answer(request, persona, Options(), None, Random(1), 1)
        for persona in PERSONAS.values()
    }
    assert all(0.1 < plan.first < 1 and 1 / 100 < plan.gap < 1 / 20 for plan in paces.values())
    assert len({plan.gap for plan in paces.values()}) == len(PERSONAS)


def test_many_streams_at_once_all_arrive_complete(base_url: str) -> None:
    async def play() -> list[int]:
        async with make_client(base_url) as client:

            async def count() -> int:
                chunks = [chunk async for chunk in read_chunks(client, "aurora-7b;chunks=60")]
                return len(text_of(chunks).split())

            return await asyncio.gather(*(count() for _ in range(50)))

    assert asyncio.run(play()) == [60] * 50


def run_command(*arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "manage.py", "fakellm", *arguments],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": NO_DATABASE, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def command() -> Iterator["subprocess.Popen[str]"]:
    process = run_command("--port", "0")
    yield process
    process.kill()
    process.communicate()


def read_address(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    address = re.search(r"http://\S+/v1", process.stdout.readline())
    assert address is not None
    return address[0]


def test_the_command_serves_without_a_database(command: "subprocess.Popen[str]") -> None:
    assert say(read_address(command), "aurora-7b;first=0;rate=1000")


def test_the_command_stops_quietly_although_a_stream_hangs(command: "subprocess.Popen[str]") -> None:
    body = {"model": "aurora-7b;first=0;rate=1000;fail=hang;after=1", "messages": TAXES, "stream": True}
    with httpx2.stream("POST", f"{read_address(command)}/chat/completions", json=body) as answer:
        next(answer.iter_raw())
        command.send_signal(signal.SIGINT)
        assert command.wait(timeout=20) == 0
    assert command.communicate() == ("", "")


def test_a_port_in_use_is_a_clear_message() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        _, stderr = (process := run_command("--port", port)).communicate(timeout=60)
    assert process.returncode == 1
    assert f"port {port}" in stderr
    assert "--port" in stderr
    assert "Traceback" not in stderr
