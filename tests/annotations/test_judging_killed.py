"""Workers that are killed in the middle of a run."""

import os
import signal
import time
from collections import Counter

import httpx2
import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from annotations.judging import runs
from annotations.judging.claiming import LEASE
from annotations.models import Annotation, JudgeCall
from annotations.tasks import send_lanes
from conversations.fakellm import server as fakellm
from tests import databases
from tests.annotations.judged import bulk_worker, make_judge, make_pairs, started

PAIRS = 12  # each some ten calls


def wait_until(what, seconds=280):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


@pytest.mark.timeout(900)
@pytest.mark.django_db(transaction=True)
def test_a_run_whose_worker_is_killed_twice_has_every_result_once_and_repeats_no_finished_call():
    environment = {
        **os.environ,
        "DATABASE_URL": databases.address(connection.settings_dict["NAME"]),
        "REDIS_URL": settings.REDIS_URL,
    }
    with fakellm.running(speed=1) as url:
        batch = make_pairs(PAIRS)
        model = "judge;first=0.05;rate=1000;fail=invalid+500+cut;p=0.1"
        run = started(batch, make_judge(batch, url, "dissection", model), lanes=8)
        calls = JudgeCall.objects.filter(judged__run=run)
        in_flight = 0
        for goal in (12, 36):
            worker = bulk_worker(environment)
            try:
                send_lanes(run.pk, 8)
                wait_until(lambda goal=goal: calls.filter(state="finished").count() >= goal)
                wait_until(lambda: calls.filter(state="started").exists())
            finally:
                os.killpg(worker.pid, signal.SIGKILL)
                worker.wait()
            in_flight += calls.filter(state="started").count()
            runs.sweep(timezone.now() + LEASE)
        before = set(calls.filter(state="finished").values_list("pk", flat=True))
        worker = bulk_worker(environment)
        try:
            send_lanes(run.pk, 8)
            wait_until(lambda: type(run).objects.get(pk=run.pk).state == "done")
        finally:
            os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()
        received = httpx2.get(url.removesuffix("/v1") + "/calls", trust_env=False).json()
    states = Counter(run.judged.values_list("state", flat=True))
    assert sum(states.values()) == PAIRS
    assert set(states) <= {"done", "quarantined"}
    assert states["done"] > PAIRS / 2
    made = Annotation.objects.filter(task__batch=batch, source=run.judge.name)
    assert Counter(made.values_list("task", flat=True)) == dict.fromkeys(
        run.judged.filter(state="done").values_list("task", flat=True), 2
    )  # of both orders
    assert 0 < calls.filter(state="lost").count() <= in_flight
    heard = Counter(call["attempt"] for call in received)
    assert set(heard.values()) == {1}
    assert {f"judge-{pk}" for pk in before} <= set(heard)
    assert before <= set(calls.filter(state="finished").values_list("pk", flat=True))
    answered = calls.filter(state="finished").values_list("judged", "step", "is_swapped")
    assert len(answered) == len(set(answered))
