"""A study that is nothing but conversations, people in it, and models that answer at once."""

from collections.abc import Callable
from functools import partial
from itertools import count
from threading import Barrier, Thread
from typing import Any

import pytest
import yaml
from django.db import connection
from django.db.models import F, Value
from django.db.models.functions import Replace
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from selectolax.lexbor import LexborHTMLParser

from conversations import protocols
from conversations.live import answering
from conversations.models import Conversation, LanguageModel, PoolEntry, Provider, Response, Turn
from conversations.studies import load_protocol
from surveys.models import Device, Enrolment, Study
from tests.factories import make_models

_people = count(1)
_written: dict[str, str] = {}  # the protocols asked for; hundreds of tests ask for the same few
SERVED = pytest.mark.django_db(transaction=True)  # for event streams and threads, which need committed rows


def rules(**changes: Any) -> str:
    """PRISM's protocol with parts replaced; `turns__minimum=1` reaches inside."""
    written = repr(changes)
    if written not in _written:
        _written[written] = _with(changes)
    return _written[written]


def _with(changes: dict[str, Any]) -> str:
    document = yaml.load(protocols.preset("prism"), yaml.CSafeLoader)
    for path, value in changes.items():
        *parts, last = path.split("__")
        part = document
        for key in parts:
            part = part[key]
        part[last] = value
    return str(yaml.dump(document, Dumper=yaml.CSafeDumper))


def make_talk_study(models: int = 4, **changes: Any) -> Study:
    """A study without consent and survey, with `models` models and PRISM's protocol with `changes`."""
    study = Study.objects.create(
        slug=f"talk-{next(_people)}", title="Talking", state=Study.State.OPEN, locale="uk"
    )
    load_protocol(study, rules(**changes))
    if models:
        make_models(models, study)
    return study


def make_speakers(study: Study, base_url: str, *identifiers: str, **fields: Any) -> list[LanguageModel]:
    """Models of a provider that answers, with names that nobody would write by chance; all in the pool."""
    provider = Provider.objects.create(
        name=f"Zyxware Hosting {next(_people)}", base_url=base_url, silence_seconds=20, is_fake=True
    )
    models = LanguageModel.objects.bulk_create(
        _new_speaker(provider, identifier, next(_people), fields) for identifier in identifiers
    )
    PoolEntry.objects.bulk_create(PoolEntry(study=study, model=model) for model in models)
    return models


def _new_speaker(provider: Provider, identifier: str, number: int, fields: dict[str, Any]) -> LanguageModel:
    given = {
        "name": f"quuxmaker/grault-{number}-chat",
        "short_name": f"grault-{number}",
        "code": f"GRLT{number}",
        "family": "Garplyfam",
        "maker": "Quuxmaker",
        "price_in": "2.0000",
        "price_out": "10.0000",
    }
    return LanguageModel(provider=provider, identifier=identifier, **given | fields)


def come_in(study: Study, client: Client | None = None, person: int = 0) -> Client:
    """Somebody arrives by the panel's link; the same person on another client is a second device."""
    client = client or Client()
    pid = f"{person or next(_people):024x}"
    link = f"/studies/{study.slug}/?PROLIFIC_PID={pid}&STUDY_ID={'a' * 24}&SESSION_ID={'b' * 24}"
    assert client.get(link).status_code == 303
    return client


def device_of(client: Client, study: Study) -> Device:
    return Device.objects.get(key=client.cookies[f"prism-device-{study.pk}"].value)


def enrolment_of(client: Client, study: Study) -> Enrolment:
    return Enrolment.objects.get(devices__key=client.cookies[f"prism-device-{study.pk}"].value)


def overview(study: Study) -> str:
    return reverse("conversations:overview", args=[study.slug])


def address(talk: Conversation, name: str = "conversation", *rest: int) -> str:
    return reverse(f"conversations:{name}", args=[talk.study.slug, talk.code, *rest])


def begin(client: Client, study: Study, kind: str = "unguided") -> Conversation:
    """Choose a type on the overview page."""
    client.post(overview(study), {"type": kind})
    return enrolment_of(client, study).conversations.latest("id")


def post(client: Client, talk: Conversation, name: str, **fields: Any) -> HttpResponse:
    return client.post(address(talk, name), fields)


def say(client: Client, talk: Conversation, text: str = "What is fair?", key: str = "") -> Turn:
    answer = post(client, talk, "say", text=text, form_key=key or f"key{next(_people)}")
    assert answer.status_code == 302, answer.content.decode()
    return talk.turns.latest("number")


def answer(turn: Turn, text: str = "The answer in slot {slot}.", **fields: Any) -> list[Response]:
    """Every model has answered, without a call."""
    found = list(turn.responses.shown().order_by("slot"))
    fields = {"state": "done", "attempt": 1, "finished_at": timezone.now(), **fields}
    fields["text"] = Replace(Value(text), Value("{slot}"), F("slot"))
    Response.objects.filter(pk__in=[response.pk for response in found]).update(**fields)
    return found


def rate(client: Client, talk: Conversation, turn: Turn, *scores: int | str) -> HttpResponse:
    """Scores of slots A, B, …; by default A is best."""
    slots = [response.slot for response in turn.responses.shown().order_by("slot")]
    given = scores or [90 - 10 * i for i in range(len(slots))]
    fields = {f"score-{slot}": score for slot, score in zip(slots, given, strict=True)}
    return post(client, talk, "rate", turn=turn.number, **fields)


def exchange(client: Client, talk: Conversation, *scores: int) -> Turn:
    """A message, its answers, and their ratings."""
    turn = say(client, talk)
    answer(turn)
    assert rate(client, talk, turn, *scores).status_code == 302
    return turn


def reach_feedback(client: Client, study: Study, kind: str = "unguided") -> Conversation:
    talk = begin(client, study, kind)
    for _ in range(talk.protocol.parsed().minimum_turns):
        exchange(client, talk)
    assert post(client, talk, "finish").status_code == 302
    return talk


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Run the acts in threads that begin together; gives their results or exceptions, in order."""
    gate, results = Barrier(len(acts)), [None] * len(acts)

    def run(number: int, act: Callable[[], Any]) -> None:
        gate.wait()
        try:
            results[number] = act()
        except Exception as error:
            results[number] = error
        finally:
            connection.close()

    threads = [Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return results


def typed_text(html: str) -> str | None:
    """What stands in the message field, or None when the page has none."""
    area = LexborHTMLParser(html).css_first("textarea#text")
    return area.text().removeprefix("\n") if area else None


def field(html: str, name: str) -> str:
    """The value of an input of the page."""
    found = LexborHTMLParser(html).css_first(f'input[name="{name}"]')
    assert found is not None, name
    return found.attributes["value"] or ""


def page(client: Client, talk: Conversation) -> str:
    return client.get(address(talk)).content.decode()


def let_models_answer(turn: Turn) -> None:
    """Do the live workers' work until no response of the turn waits."""
    while waiting := list(turn.responses.filter(state="waiting").values_list("pk", flat=True)):
        for result in at_once(*[partial(answering.answer, pk) for pk in waiting]):
            if result is not None:
                raise result


def a_turn(base_url: str, *identifiers: str, **changes: Any) -> tuple[Client, Conversation, Turn]:
    """A turn whose first message went to all of these models; more may be put into the pool afterwards."""
    study = make_talk_study(models=0, opening__models=len(identifiers), **changes)
    make_speakers(study, base_url, *identifiers)
    client = come_in(study)
    talk = begin(client, study)
    return client, talk, say(client, talk, "Is it fair to tax wealth?")


def a_response(base_url: str, identifier: str, **changes: Any) -> Response:
    return a_turn(base_url, identifier, **changes)[2].responses.get()


def states(turn: Turn) -> list[tuple[str, str, bool]]:
    return [(r.slot, r.state, r.is_replaced) for r in turn.responses.order_by("slot", "depth")]
