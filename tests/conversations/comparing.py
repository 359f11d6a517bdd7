"""The arena with models, and somebody in it."""

from itertools import count
from typing import Any

from django.http import HttpResponse
from django.test import Client

from conversations.arena.visiting import make_arena
from conversations.models import Conversation, LanguageModel, Turn
from surveys.models import Study
from tests.conversations.talking import answer, field
from tests.factories import make_models

_numbers = count(1)
HOME = "/arena/"


def open_arena(models: int = 4, **sizes: Any) -> Study:
    """The arena's study, open; half of its models are small (7), the others big (200)."""
    study = make_arena("The arena", state=Study.State.OPEN, **sizes)
    for number, model in enumerate(make_models(models, study) if models else []):
        LanguageModel.objects.filter(pk=model.pk).update(billions=200 if number % 2 else 7)
    return study


def enter(client: Client | None = None) -> Client:
    """Somebody opens the arena and agrees."""
    client = client or Client()
    page = client.get(HOME).content.decode()
    sent = {"consent": "on", "door_key": field(page, "door_key")}
    assert client.post("/arena/begin/", sent).status_code == 302
    return client


def ask(client: Client, text: str = "What is fair?", **fields: Any) -> Conversation:
    answered = client.post(
        HOME, {"text": text, "form_key": f"ask{next(_numbers)}", "mode": "random", **fields}
    )
    assert answered.status_code == 302, answered.content.decode()
    return Conversation.objects.latest("id")


def where(talk: Conversation, act: str = "") -> str:
    return f"/arena/{talk.code}/{act}"


def asked_and_answered(client: Client, **fields: Any) -> tuple[Conversation, Turn]:
    talk = ask(client, **fields)
    turn = talk.turns.get()
    answer(turn)
    return talk, turn


def vote(client: Client, talk: Conversation, choice: str = "a_better", **fields: Any) -> HttpResponse:
    turn = talk.turns.latest("number")
    return client.post(where(talk, "vote/"), {"turn": turn.number, "choice": choice, **fields})


def voted(client: Client, choice: str = "a_better", **fields: Any) -> tuple[Conversation, Turn]:
    talk, turn = asked_and_answered(client, **fields)
    assert vote(client, talk, choice).status_code == 302
    return talk, turn


def page(client: Client, talk: Conversation) -> str:
    return client.get(where(talk)).content.decode()


def names() -> list[str]:
    return list(LanguageModel.objects.values_list("short_name", flat=True))
