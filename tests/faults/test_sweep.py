"""The sweep: several at once, and what it says while the broker is away."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
import redis
from django.db import connection
from django.utils import timezone

from conversations.live import recovery
from conversations.models import Attempt, Response, Turn
from prism.celery import app
from tests.factories import make_conversation, make_enrolment, make_models, make_response, make_study

pytestmark = pytest.mark.django_db(transaction=True)
AT_ONCE = 4


@pytest.fixture
def waiting_tasks(settings: Any) -> Callable[[], int]:
    """How many answers the broker has been asked for."""
    assert app.conf.broker_url == settings.CELERY_BROKER_URL

    def count() -> int:
        with redis.Redis.from_url(settings.REDIS_URL) as client:
            return int(str(client.llen("live")))

    return count


@pytest.fixture
def silent() -> list[Response]:
    """40 answers whose worker has given no sign of life for a minute."""
    study = make_study(questionnaire=None, consent_document=None)
    models = make_models(8, study)
    talk = make_conversation(make_enrolment(study), turns=0, complete=False, models=models)
    turns = [Turn.objects.create(conversation=talk, number=n, key=f"turn{n}", text="Hello") for n in range(5)]
    return [
        make_silent(turn, slot, model)
        for turn in turns
        for slot, model in zip("ABCDEFGH", models, strict=True)
    ]


def make_silent(turn: Turn, slot: str, model: Any) -> Response:
    response = make_response(
        turn,
        slot,
        model,
        state=Response.State.STREAMING,
        attempt=1,
        worker="gone:1",
        lease_at=timezone.now() - timedelta(minutes=1),
        finished_at=None,
        text="So far and no",
    )
    Attempt.objects.create(response=response, number=1, worker="gone:1")
    return response


def sweep_at_once(count: int) -> list[tuple[int, int]]:
    together = Barrier(count)

    def sweep(number: int) -> tuple[int, int]:
        try:
            together.wait(30)
            return recovery.sweep()
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(sweep, range(count)))


def test_sweeps_at_the_same_time_take_each_silent_response_once(
    silent: list[Response], waiting_tasks: Callable[[], int]
) -> None:
    found = sweep_at_once(AT_ONCE)
    assert sum(lost for lost, _ in found) == len(silent)
    assert waiting_tasks() == len(silent)
    assert set(Response.objects.values_list("state", "attempt", "text")) == {("waiting", 1, "")}
    assert set(Attempt.objects.values_list("number", "state", "text")) == {(1, "lost", "So far and no")}
    assert Attempt.objects.count() == len(silent)


def test_a_worker_that_gives_a_sign_of_life_in_time_keeps_its_response(silent: list[Response]) -> None:
    alive, *others = silent
    Response.objects.filter(pk=alive.pk).update(lease_at=timezone.now())
    assert recovery.sweep() == (len(others), 0)
    alive.refresh_from_db()
    assert (alive.state, alive.text) == (Response.State.STREAMING, "So far and no")


def test_a_response_that_nobody_took_is_handed_over_again_until_somebody_does(
    silent: list[Response], waiting_tasks: Callable[[], int]
) -> None:
    long_ago = timezone.now() - timedelta(minutes=1)
    Response.objects.update(state=Response.State.DONE)
    Response.objects.filter(pk=silent[0].pk).update(state=Response.State.WAITING, enqueued_at=long_ago)
    assert recovery.sweep() == (0, 1)
    assert recovery.sweep() == (0, 0), "handed over a moment ago"
    assert waiting_tasks() == 1


def test_responses_of_a_turn_that_nobody_took_are_handed_over_each_by_itself(
    silent: list[Response], waiting_tasks: Callable[[], int]
) -> None:
    long_ago = timezone.now() - timedelta(minutes=1)
    two = [response.pk for response in silent[:2]]
    Response.objects.update(state=Response.State.DONE)
    Response.objects.filter(pk__in=two).update(state=Response.State.WAITING, enqueued_at=long_ago)
    assert recovery.sweep() == (0, 2)
    assert waiting_tasks() == 2
