"""An answer whose end cannot be written down at once, and one that cannot be asked for."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import OperationalError

from conversations.fakellm import server as fakellm
from conversations.live import answering
from conversations.live.publishing import publisher
from conversations.models import Attempt, Provider, Response, Turn
from tests.factories import make_conversation, make_enrolment, make_models, make_response, make_study

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def provider_url() -> Iterator[str]:
    with fakellm.running() as url:
        yield url


@pytest.fixture
def response(provider_url: str) -> Response:
    """The one answer of a turn, handed to a worker."""
    study = make_study(questionnaire=None, consent_document=None)
    model = make_models(1, study)[0]
    model.identifier = "aurora-7b;chunks=5"
    model.save(update_fields=["identifier"])
    Provider.objects.update(base_url=provider_url)
    talk = make_conversation(make_enrolment(study), turns=0, complete=False, models=[model])
    turn = Turn.objects.create(conversation=talk, number=0, key="turn", text="Hello")
    return make_response(turn, "A", model, state=Response.State.WAITING, text="", finished_at=None)


@pytest.fixture
def broken_database(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Writing down an end fails as often as the number in this list says."""
    left, real = [0], answering.finish

    def finish(*arguments: Any) -> bool:
        if left[0]:
            left[0] -= 1
            raise OperationalError("the database is restarting")
        return real(*arguments)

    monkeypatch.setattr(answering, "finish", finish)
    monkeypatch.setattr(answering, "DATABASE_PAUSES", (0.01, 0.01))
    return left


def test_an_end_that_cannot_be_stored_at_once_is_stored_later_and_no_call_is_repeated(
    response: Response, broken_database: list[int]
) -> None:
    broken_database[0] = 2
    answering.answer(response.pk)
    response.refresh_from_db()
    assert (response.state, response.attempt) == (Response.State.DONE, 1)
    assert len(response.text.split()) == 5
    assert Attempt.objects.get().state == "finished"


def test_an_end_that_cannot_be_stored_at_all_leaves_the_response_to_the_sweep(
    response: Response, broken_database: list[int]
) -> None:
    broken_database[0] = 3
    with pytest.raises(OperationalError):
        answering.answer(response.pk)
    assert response.pk not in {live.response for live in publisher_texts()}, "its lease would never run out"
    response.refresh_from_db()
    assert response.state == Response.State.STREAMING


def publisher_texts() -> list[Any]:
    async def texts() -> list[Any]:
        return list(publisher().live)

    return answering.loop.run(texts())


def test_a_model_whose_key_cannot_be_read_fails_and_keeps_nobody_waiting(response: Response) -> None:
    Provider.objects.update(encrypted_key="made with a key that is gone")
    answering.answer(response.pk)
    response.refresh_from_db()
    assert (response.state, response.failure) == (Response.State.FAILED, "key")
