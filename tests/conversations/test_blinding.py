"""A whole conversation with models that fail and are replaced: nothing of a model reaches the participant."""

import re
import threading
from collections.abc import Iterator
from itertools import product
from operator import attrgetter
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client

from conversations import drawing
from conversations.fakellm.server import running
from conversations.live import claiming
from conversations.models import Attempt, Conversation, LanguageModel, Provider, Response, Turn
from conversations.views import shapes
from surveys.models import Study
from tests.conversations.listening import hear
from tests.conversations.talking import address, come_in, let_models_answer, make_speakers, make_talk_study
from tests.conversations.talking import begin as begin_talk

pytestmark = pytest.mark.django_db(transaction=True)
ONE_TYPE = [{"key": "unguided", "label": "Anything", "text": "Talk.", "required": 1}]
FIRST = ("aurora-7b", "fjord-lite;fail=500", "basalt-70b;fail=cut;after=5", "gneiss-duo;fail=empty")
LATER = ("fjord-lite;fail=429;retry=60", "halcyon-xl", "cirrus-mini;fail=garbage;after=0")
# Names of our fields and kinds of failure that would say how a call went.
TELLING = (
    *(
        "finish_reason",
        "first_text_ms",
        "total_ms",
        "tokens_in",
        "tokens_out",
        "prompt_tokens",
        "reserved_cost",
    ),
    *("x-prism-attempt", "retry-after", "chatcmpl", "server_error", "rate_limited", "switched_off"),
    *("worker_lost", "unreachable", "status 500", "status 429", "default_parameters", "base_url"),
)
# Figures that no page would show by chance.
FIGURES = {
    "tokens_in": 7_310_411,
    "tokens_out": 7_310_422,
    "first_text_ms": 7_310_433,
    "total_ms": 7_310_444,
    "cost": "731045.310455",
}


class Recorder(Client):
    """A participant's browser that keeps all that it was ever sent."""

    def __init__(self) -> None:
        super().__init__()
        self.received: list[tuple[str, str]] = []

    def request(self, **request: Any) -> HttpResponse:
        response = super().request(**request)
        where = f"{request['REQUEST_METHOD']} {request['PATH_INFO']}"
        self.received.append((where, written(response)))
        return response

    def follow(self, talk: Conversation, turn: Turn, last_id: str = "") -> None:
        path = address(talk, "events", turn.number)
        heard = hear(self, path, last_id)
        self.received.append((f"GET {path}", heard.headers + "".join(heard.parts)))


def written(response: HttpResponse) -> str:
    """Status, headers, cookies and body as text."""
    body = "" if response.streaming else response.content.decode()
    return f"{response.status_code} {response.reason_phrase}\n{response.headers}\n{response.cookies}\n{body}"


def secrets() -> set[str]:
    """Every word that would tell which model answers, who serves it or how its call went."""
    found = {claiming.WORKER, *TELLING, *map(str, FIGURES.values())}
    for model in LanguageModel.objects.select_related("provider"):
        persona = model.identifier.split(";")[0]
        found |= {
            model.identifier,
            persona,
            persona.split("-")[0],
            model.name,
            model.short_name,
            str(model.pk),
        }
        found |= {model.code, model.family, model.maker, model.header, model.link, model.provider.name}
        found |= {model.provider.base_url, model.provider.base_url.split("/")[2], str(model.provider.pk)}
    found |= {str(seed) for seed in Response.objects.values_list("seed", flat=True)}
    found |= set(Attempt.objects.exclude(prompt_sha256="").values_list("prompt_sha256", flat=True))
    return {word.lower() for word in found if len(word) >= 4}


def leaks(received: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """(where, word) for each secret that stands in anything that was sent."""
    words = re.compile("|".join(map(re.escape, sorted(secrets(), key=len, reverse=True))))
    return [(where, found[0]) for where, text in received for found in words.finditer(text.lower())]


@pytest.fixture(scope="module")
def fake() -> Iterator[str]:
    with running() as url:
        yield url


@pytest.fixture
def study(fake: str) -> Study:
    study = make_talk_study(
        models=0, types=ONE_TYPE, turns__minimum=2, turns__maximum=3, opening__models=len(FIRST)
    )
    add_models(study, fake, *FIRST)
    return study


def add_models(study: Study, fake: str, *identifiers: str) -> None:
    """Into the pool, with numbers in the database that stand nowhere by chance."""
    for model in make_speakers(study, fake, *identifiers, header="You are Waldo of Frobnitz."):
        old = model.pk
        model.pk = 8_240_000 + old
        model.name += "!"
        model.save(force_insert=True)
        model.pools.model.objects.filter(model=old).update(model=model)
        LanguageModel.objects.filter(pk=old).delete()


def answered(client: Recorder, talk: Conversation, turn: Turn) -> None:
    """The models answer while the participant looks at the page and follows the stream."""
    work = threading.Thread(target=lambda: (let_models_answer(turn), connection.close()))
    work.start()
    client.get(address(talk))
    client.follow(talk, turn)
    work.join(60)
    client.follow(talk, turn, last_id="A1.3-B1.99999")
    turn.responses.update(**FIGURES)


def opened(study: Study, fake: str, client: Recorder) -> tuple[Conversation, Turn]:
    """Up to the rating of the first answers, with everything a person may get wrong on the way."""
    come_in(study, client)
    client.post(f"/studies/{study.slug}/conversations/", {"type": "no such type"})
    talk = begin_talk(client, study)
    client.get(address(talk))
    client.post(address(talk, "say"), {"text": " "})
    client.post(address(talk, "say"), {"text": "What is fair?", "form_key": "k0"})
    turn = talk.turns.get()
    add_models(study, fake, *LATER)
    client.post(address(talk, "say"), {"text": "Too early"})
    answered(client, talk, turn)
    client.get(address(talk))
    return talk, turn


def rated(client: Recorder, talk: Conversation, turn: Turn) -> None:
    """First a slider is missing, then all are tied; the participant chooses an answer that is not broken."""
    slots = [r.slot for r in turn.responses.shown() if r.is_rateable]
    client.post(address(talk, "rate"), {"turn": turn.number, f"score-{slots[0]}": "50"})
    client.post(address(talk, "rate"), {"turn": turn.number} | {f"score-{slot}": "50" for slot in slots})
    client.get(address(talk))
    client.post(address(talk, "choose"), {"slot": "Z"})
    best = turn.responses.shown().filter(state="done").first() or turn.responses.shown().first()
    assert best is not None
    client.post(address(talk, "choose"), {"slot": best.slot})


def played(study: Study, fake: str, client: Recorder) -> Conversation:
    talk, turn = opened(study, fake, client)
    rated(client, talk, turn)
    client.post(address(talk, "finish"))
    second = said(client, talk, "And then?")
    winner = turn.choice.response.model
    LanguageModel.objects.filter(pk=winner.pk).update(identifier=f"{winner.identifier};fail=500;times=8")
    answered(client, talk, second)
    client.get(address(talk))
    client.post(address(talk, "again"))
    LanguageModel.objects.filter(pk=winner.pk).update(identifier=winner.identifier)
    answered(client, talk, second)
    rated(client, talk, second)
    ended(client, talk)
    return talk


def said(client: Recorder, talk: Conversation, text: str) -> Turn:
    client.post(address(talk, "say"), {"text": text, "form_key": text})
    return talk.turns.get(text=text)


def ended(client: Recorder, talk: Conversation) -> None:
    base = f"/studies/{talk.study.slug}/"
    client.post(address(talk, "finish"))
    client.get(address(talk, "feedback"))
    client.post(address(talk, "feedback"), {"open_feedback": ""})
    client.post(address(talk, "feedback"), {"open_feedback": "Good.", "choice.values": "3"})
    for path in (address(talk), f"{base}conversations/", base, f"{base}done/", f"{base}my-data.json"):
        client.get(path, follow=True)
    for path in (address(talk, "say"), address(talk, "events", 9), f"{base}conversations/c1/", "/nowhere/"):
        client.get(path)


def test_nothing_that_names_a_model_or_how_its_call_went_reaches_the_participant(study, fake):
    client = Recorder()
    talk = played(study, fake, client)
    assert Conversation.objects.get(pk=talk.pk).state == "complete"
    failures = set(Response.objects.values_list("failure", flat=True))
    assert {"server_error", "cut", "empty", ""} <= failures
    assert Response.objects.filter(is_replaced=True).count() >= 3
    assert len(client.received) > 30
    assert any("text/event-stream" in text for _, text in client.received)
    assert any("No answer arrived." in text for _, text in client.received)
    assert any("This answer stopped before its end." in text for _, text in client.received)
    record = next(text for where, text in client.received if where.endswith("my-data.json"))
    assert all(turn.text in record for turn in talk.turns.all())
    assert leaks(client.received) == []


def test_a_model_that_was_switched_off_or_has_no_key_is_not_named_either(study, fake):
    client = Recorder()
    come_in(study, client)
    talk = begin_talk(client, study)
    turn = said(client, talk, "Anybody there?")
    Provider.objects.update(encrypted_key="no key of ours")
    LanguageModel.objects.filter(identifier="aurora-7b").update(status="disabled")
    answered(client, talk, turn)
    client.get(address(talk))
    Provider.objects.update(is_on=False)
    client.post(address(talk, "again"))
    client.post(address(talk, "again"))
    assert set(Response.objects.values_list("failure", flat=True)) == {"switched_off", "key"}
    assert leaks(client.received) == []


def test_slots_do_not_follow_the_order_of_models_in_the_registry(fake):
    """Were it so, the letter would tell the model; by chance 12 draws give one order once in 10^15 times."""
    orders: set[tuple[int, ...]] = set()
    study = make_talk_study(models=0, opening__models=4)
    add_models(study, fake, *["aurora-7b"] * 4)
    client = Recorder()
    come_in(study, client)
    turn = said(client, begin_talk(client, study), "Hello?")
    orders.add(tuple(turn.responses.order_by("slot").values_list("model_id", flat=True)))
    for _ in range(11):
        drawn = drawing.open_turn(turn, turn.conversation.protocol.parsed())
        orders.add(tuple(one.model_id for one in sorted(drawn, key=lambda one: one.slot)))
    assert len(orders) > 1


# The search itself


def with_planted(word: str, place: str) -> HttpResponse:
    response = HttpResponse("Fine.")
    if place == "body":
        response.write(f"<p>{word}</p>")
    elif place == "header":
        response["X-Served-By"] = f"a {word} b"
    elif place == "cookie":
        response.set_cookie("seen", word)
    else:
        response.reason_phrase = f"OK {word}"
    return response


def test_the_search_finds_a_planted_secret_wherever_it_is(study):
    model = LanguageModel.objects.select_related("provider").first()
    assert model is not None
    words = [model.name, model.short_name, model.code.lower(), model.identifier, model.family.upper()]
    words += [model.provider.name, model.provider.base_url, f'data-model="{model.pk}"']
    for word, place in product(words, ("body", "header", "cookie", "status")):
        assert leaks([("GET /", written(with_planted(word, place)))]), (word, place)
    assert not leaks([("GET /", written(HttpResponse("Fine.")))])


def test_the_search_finds_a_page_that_tells(study, fake, monkeypatch):
    client = Recorder()
    talk, _turn = opened(study, fake, client)
    assert leaks(client.received) == []
    for shown in ("model.name", "model.pk", "total_ms"):
        monkeypatch.setattr(shapes, "_note", lambda response, get=attrgetter(shown): str(get(response)))
        client.received.clear()
        client.get(address(talk))
        assert leaks(client.received), shown
