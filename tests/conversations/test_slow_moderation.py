"""A web process whose requests wait for slow moderation: ten people do, and nobody else."""

import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from math import inf

import httpx2
import pytest
import uvicorn

from conversations.fakellm import server as fakellm
from conversations.models import Provider, TextCheck, Turn
from conversations.privacy import versions
from prism.lib.handler import ThreadHandler
from prism.lib.processes import free_port
from surveys.models import Study
from tests.conversations.talking import at_once, make_talk_study
from tests.faults.participant import Participant

pytestmark = pytest.mark.django_db(transaction=True)
THREADS, PEOPLE = 2, 10
SLOW = 1.5  # seconds until moderation answers
UNRELATED = "/health/"


@contextmanager
def serving(threads: int) -> Iterator[str]:
    """Prism's own web process, in a thread, with so many places."""
    port = free_port()
    config = uvicorn.Config(
        ThreadHandler(threads), port=port, lifespan="off", access_log=False, log_config=None
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)


@pytest.fixture
def judge() -> Iterator[str]:
    with fakellm.running() as url:
        yield url


class Bystander:
    """Opens an unrelated page again and again, and notes how long each takes."""

    def __init__(self, url: str) -> None:
        self.url, self.seconds, self.is_over = url, list[float](), threading.Event()

    def look(self) -> None:
        with httpx2.Client(trust_env=False, timeout=30) as client:
            while not self.is_over.is_set():
                begun = time.monotonic()
                assert client.get(self.url).status_code == 200
                self.seconds.append(time.monotonic() - begun)
                time.sleep(0.05)


def most_at_once(judge: str) -> int:
    """How many texts moderation was thinking about in the same moment."""
    calls = httpx2.get(judge.removesuffix("/v1") + "/calls", trust_env=False).json()
    return max(
        sum(other["started"] <= call["started"] < (other["finished"] or inf) for other in calls)
        for call in calls
    )


def moderated_study(judge: str) -> Study:
    Provider.objects.create(name="Judge", base_url=judge, is_fake=True)
    rule = {"harassment": {"threshold": 0.5, "action": "warn"}}
    document = {"provider": "Judge", "model": f"omni;first={SLOW}", "places": ["message"], "categories": rule}
    study = make_talk_study()
    versions.store(study, {"moderation": document}, None)
    Study.objects.update(kind=Study.Kind.DEMO)  # bots are let in
    return study


def test_ten_people_whose_messages_are_moderated_slowly_hold_up_nobody_else(judge: str) -> None:
    study = moderated_study(judge)
    with serving(THREADS) as url:
        people = [Participant.in_conversation(url, study) for _ in range(PEOPLE)]
        bystander = Bystander(url + UNRELATED)
        looking = threading.Thread(target=bystander.look)
        looking.start()
        found = at_once(*[partial(one.submit, "/say/", [("text", "What is fair?")]) for one in people])
        bystander.is_over.set()
        looking.join(30)
    assert found == [None] * PEOPLE
    assert Turn.objects.count() == PEOPLE
    assert TextCheck.objects.count() == PEOPLE
    # Were places held meanwhile, it would be THREADS at most, and the page would wait as well.
    assert most_at_once(judge) > 2 * THREADS
    assert statistics.median(bystander.seconds) < SLOW / 2
