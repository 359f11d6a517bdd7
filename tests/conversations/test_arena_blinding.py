"""The arena up to the reveal, with models that fail and are replaced: nothing of a model is sent."""

from collections.abc import Iterator

import pytest
from django.db import connection

from conversations.arena.visiting import make_arena
from conversations.fakellm.server import running
from conversations.models import Conversation, LanguageModel, Response, Turn, Vote
from surveys.models import Study
from tests.conversations.comparing import HOME, enter, vote, where
from tests.conversations.listening import hear
from tests.conversations.talking import let_models_answer
from tests.conversations.test_blinding import FIGURES, Recorder, add_models, leaks

pytestmark = pytest.mark.django_db(transaction=True)
MODELS = ("aurora-7b", "fjord-lite;fail=500", "basalt-70b;fail=cut;after=5", "gneiss-duo;fail=empty")


@pytest.fixture(scope="module")
def fake() -> Iterator[str]:
    with running() as url:
        yield url


@pytest.fixture
def arena(fake: str) -> Study:
    study = make_arena("The arena", state=Study.State.OPEN)
    add_models(study, fake, *MODELS, "halcyon-xl")
    LanguageModel.objects.update(
        licence="Frobnitz Licence 9",
        about="Built by Waldo of Frobnitz.",
        billions=7.310499,
        link="https://quuxmaker.example/card",
    )
    return study


def answered(client: Recorder, talk: Conversation, turn: Turn) -> None:
    let_models_answer(turn)
    follow(client, talk, turn)
    follow(client, talk, turn, "A1.3-B1.99999")
    turn.responses.update(**FIGURES)
    connection.close()


def follow(client: Recorder, talk: Conversation, turn: Turn, last_id: str = "") -> None:
    path = where(talk, f"turns/{turn.number}/events/")
    heard = hear(client, path, last_id)
    client.received.append((f"GET {path}", heard.headers + "".join(heard.parts)))


def asked(client: Recorder, text: str) -> tuple[Conversation, Turn]:
    client.post(HOME, {"text": text, "form_key": text, "mode": "random"})
    talk = Conversation.objects.latest("id")
    client.get(where(talk))
    return talk, talk.turns.get()


def until_voted(client: Recorder, talk: Conversation, turn: Turn) -> bool:
    """Everything a visitor may do until they vote, also out of order; False without two answers."""
    vote(client, talk)
    answered(client, talk, turn)
    client.get(where(talk))
    if client.get(where(talk)).context["now"] != "voting":
        client.post(where(talk, "again/"), {"form_key": "again"})
        answered(client, talk, turn)
        client.get(where(talk))
    for act in ("reveal/", "say/", "react/"):
        client.post(where(talk, act), {"turn": turn.number, "slot": "A", "thumb": "up", "text": "More"})
    vote(client, talk, "no such choice")
    vote(client, talk, "b_better", **{"reasons-A": "useful", "comment": "Fine."})
    client.get(where(talk))
    return Vote.objects.filter(turn=turn).exists()


def look_around(client: Recorder, study: Study) -> None:
    base = f"/studies/{study.slug}/"
    for path in (HOME, "/arena/history/", base, f"{base}mine/", f"{base}my-data.json", "/arena/c1/"):
        client.get(path, follow=True)


def test_nothing_that_names_a_model_reaches_the_visitor_before_the_reveal(arena):
    client = Recorder()
    enter(client)
    for number in range(6):
        talk, turn = asked(client, f"What is fair, part {number}?")
        is_voted = until_voted(client, talk, turn)
    look_around(client, arena)
    assert {"server_error", "empty"} & set(Response.objects.values_list("failure", flat=True))
    assert Response.objects.filter(is_replaced=True).exists()
    assert Vote.objects.exists()
    assert any("text/event-stream" in text for _, text in client.received)
    assert leaks(client.received) == []
    if not is_voted:
        talk = Vote.objects.latest("pk").turn.conversation
    client.post(where(talk, "reveal/"))
    client.get(where(talk))
    assert leaks(client.received), "the search finds the names once they are shown"


def test_both_sides_go_on_without_a_name_while_nothing_was_revealed(arena):
    LanguageModel.objects.exclude(identifier__in=["aurora-7b", "halcyon-xl"]).update(status="disabled")
    client = Recorder()
    enter(client)
    talk, turn = asked(client, "What is fair?")
    assert until_voted(client, talk, turn)
    client.post(where(talk, "say/"), {"text": "And then?", "form_key": "second"})
    second = talk.turns.get(number=1)
    answered(client, talk, second)
    client.get(where(talk))
    vote(client, talk, "both_good")
    client.get(where(talk))
    assert Vote.objects.filter(blind=True).count() == 2
    assert second.responses.filter(state="done").count() == 2
    look_around(client, arena)
    assert leaks(client.received) == []
