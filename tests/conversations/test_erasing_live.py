"""Withdrawing while a model is answering: the call ends, and what it sends afterwards is kept nowhere."""

import time
from threading import Event, Thread

import pytest
import redis
from django.conf import settings
from django.db import connection

from conversations.live import answering
from conversations.live.wire import stream_key
from conversations.models import Attempt, Response
from surveys import withdrawal
from tests.conversations.scripted import Reply, scripted
from tests.conversations.talking import a_response
from tests.surveys.test_withdrawal import redis_with
from tests.surveys.visitors import tables_with

pytestmark = pytest.mark.django_db(transaction=True)
BEFORE, AFTER = "zebra finches before", "grey herons after"


def wait_until(holds, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)


def answer_in_thread(response: Response) -> Thread:
    def answer() -> None:
        try:
            answering.answer(response.pk)
        finally:
            connection.close()

    thread = Thread(target=answer)
    thread.start()
    return thread


@pytest.mark.parametrize("is_fast", [True, False])
def test_a_call_that_runs_while_its_person_withdraws_leaves_nothing(is_fast):
    """A fast provider ends before the next checkpoint, a slow one is cut off by it."""
    withdrawn, left = Event(), Event()

    def talk(reply: Reply) -> None:
        reply.start()
        reply.chunk(f"You like {BEFORE}. ")
        assert withdrawn.wait(20)
        try:
            for _ in range(1 if is_fast else 400):
                reply.chunk(f"And {AFTER}. ")
                time.sleep(0.05)
            reply.end()
        finally:
            left.set()

    with scripted(talk) as url:
        response = a_response(url, "aurora-7b")
        thread = answer_in_thread(response)
        wait_until(lambda: redis_with(BEFORE))
        assert withdrawal.withdraw(response.turn.conversation.enrolment)
        withdrawn.set()
        thread.join(timeout=15)
        assert not thread.is_alive(), "the worker goes on with a call that nobody waits for"
        assert left.wait(15)
    response.refresh_from_db()
    attempt = Attempt.objects.get(response=response)
    assert (response.state, response.failure, response.text) == ("failed", "erased", "")
    assert (attempt.state, attempt.failure, attempt.text) == ("lost", "erased", "")
    for words in (BEFORE, AFTER):
        assert tables_with(words) == set()
        assert redis_with(words) == set()
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        assert not client.exists(stream_key(response.turn_id))
