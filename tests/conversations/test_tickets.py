"""A turn just begun is followed by the ticket of its page: in that browser, there alone, and for a while."""

import html
import re
import threading
import time
from collections.abc import Callable

import pytest
import redis
from django.conf import settings as configured
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from conversations.live import feed
from conversations.live.wire import stream_key
from conversations.models import Conversation, Response, Turn
from conversations.protocols import TOGETHER
from conversations.views import events, tickets
from prism.lib.crypto import box, decrypt, is_encrypted
from surveys import withdrawal
from tests.conversations.comparing import HOME, enter, open_arena
from tests.conversations.listening import hear
from tests.conversations.talking import address, answer, begin, come_in, make_talk_study
from tests.conversations.test_events import send, write

pytestmark = pytest.mark.django_db(transaction=True)
PART = {"X-Prism-Part": "talk"}
Begun = tuple[Client, Turn, str]


def in_a_study(person: int = 0, **changes: object) -> Begun:
    """Somebody who sent a message, its turn, and where the answering page says that the stream is."""
    study = make_talk_study(**changes)
    client = come_in(study, person=person)
    talk = begin(client, study)
    sent = client.post(address(talk, "say"), {"text": "What is fair?", "form_key": "k1"}, headers=PART)
    return client, talk.turns.get(), stream_of(sent.content.decode())


def in_the_arena() -> Begun:
    open_arena()
    return asked(enter())


def asked(client: Client, key: str = "k1") -> Begun:
    sent = client.post(HOME, {"text": "What is fair?", "form_key": key, "mode": "random"}, headers=PART)
    return client, Conversation.objects.latest("id").turns.get(), stream_of(sent.content.decode())


def stream_of(page: str) -> str:
    found = re.search(r'data-events="([^"]+)"', page)
    assert found, "the page follows no stream"
    return html.unescape(found[1])


def ticket_in(url: str) -> str:
    return url.partition("ticket=")[2]


def with_ticket(url: str, ticket: str) -> str:
    return f"{url.partition('?')[0]}?after=&ticket={ticket}"


def opened(client: Client, url: str, last_id: str = "") -> tuple[int, int]:
    """The status of the stream, and how many statements opening it took."""
    with CaptureQueriesContext(connection) as made:
        response = client.get(url, headers={"Last-Event-ID": last_id} if last_id else {})
    return response.status_code, len(made)


BY_TICKET, BY_DATABASE = (200, 0), (200, 3)


@pytest.mark.parametrize("start", [in_a_study, in_the_arena])
def test_the_page_of_a_message_opens_its_stream_without_the_database(start: Callable[[], Begun]):
    client, turn, url = start()
    slots = "".join(turn.responses.order_by("slot").values_list("slot", flat=True))
    send(turn, *[(slot, 1, 0, f"Text {slot}", "streaming") for slot in slots])
    assert opened(client, url) == BY_TICKET
    heard = hear(client, url, enough=lambda heard: len(heard.texts) == len(slots))
    assert heard.texts == {slot: f"Text {slot}" for slot in slots}
    assert not heard.is_done
    assert opened(client, url.partition("&")[0]) == BY_DATABASE


def test_a_ticket_is_sealed():
    *_, url = in_a_study()
    assert is_encrypted(ticket_in(url))


def test_a_browser_that_comes_back_is_looked_up():
    client, _, url = in_a_study()
    assert opened(client, url, last_id="A1.3") == BY_DATABASE


def test_a_page_that_shows_any_of_the_answers_has_no_ticket():
    client, turn, _ = in_a_study()
    talk = turn.conversation
    assert "ticket=" in stream_of(client.get(address(talk)).content.decode())
    write(turn, A="Begun")
    assert "ticket=" not in stream_of(client.get(address(talk)).content.decode())
    turn.responses.filter(slot="A").update(text="", state="failed")
    assert "ticket=" not in stream_of(client.get(address(talk)).content.decode())


# Who may not


def test_nobody_else_comes_in_by_a_ticket():
    client, turn, url = in_a_study(person=4711)
    study = turn.conversation.study
    for other in (come_in(study), come_in(study, person=4711), come_in(make_talk_study()), Client()):
        assert other.get(url).status_code == 404
    assert opened(client, url) == BY_TICKET


def test_who_lost_the_key_of_the_device_is_a_stranger():
    client, turn, url = in_a_study()
    client.cookies[f"prism-device-{turn.conversation.study_id}"] = "another-key"
    assert client.get(url).status_code == 404


def test_a_ticket_opens_its_own_address_alone():
    client, turn, url = in_the_arena()
    _, other, elsewhere = asked(client, "k2")
    assert other != turn
    assert opened(client, with_ticket(elsewhere, ticket_in(url))) == BY_DATABASE
    assert opened(client, elsewhere) == BY_TICKET
    assert client.get(url.replace("/turns/0/", "/turns/1/")).status_code == 404


def test_a_ticket_that_was_changed_is_none():
    client, _, url = in_a_study()
    ticket = ticket_in(url)
    middle = len(ticket) // 2
    flipped = "A" if ticket[middle] != "A" else "B"
    for changed in (ticket[:middle] + flipped + ticket[middle + 1 :], ticket[:-8], "x", "é", "%00", ""):
        assert opened(client, with_ticket(url, changed)) == BY_DATABASE, changed
    for other_text in ('["a", 1]', "{}", "no json", "7", "[1, 2, 3, 4, 5]"):
        sealed = box().encrypt(other_text.encode()).decode()
        assert opened(client, with_ticket(url, sealed)) == BY_DATABASE, other_text


@pytest.mark.parametrize(
    ("seconds", "way"), [(tickets.SECONDS - 5, BY_TICKET), (tickets.SECONDS + 2, BY_DATABASE)]
)
def test_a_ticket_holds_for_half_a_minute(seconds, way):
    client, _, url = in_a_study()
    told = decrypt(ticket_in(url)).encode()
    aged = box().encrypt_at_time(told, int(time.time()) - seconds).decode()
    assert opened(client, with_ticket(url, aged)) == way


# What changed since the page was made


def lose_stream(turn: Turn) -> None:
    with redis.Redis.from_url(configured.REDIS_URL) as client:
        client.delete(stream_key(turn.pk))


def test_the_stream_of_an_erased_person_ends_and_tells_nothing():
    client, turn, url = in_a_study()
    write(turn, A="Begun")
    send(turn, ("A", 1, 0, "Begun", "streaming"))
    assert withdrawal.withdraw(turn.conversation.enrolment)
    heard = hear(client, url)
    assert heard.is_done
    assert not any(heard.texts.values())
    assert heard.over == dict.fromkeys("ABCD", "stopped")


def test_the_stream_of_a_turn_that_was_deleted_ends(monkeypatch):
    monkeypatch.setattr(feed, "rows_of", lambda turns: {})
    client, turn, url = in_a_study()
    send(turn, ("A", 1, 0, "Whole", "done"))
    heard = hear(client, url)
    assert heard.is_done
    assert heard.over == {"A": "done", "B": "stopped", "C": "stopped", "D": "stopped"}


def test_answers_that_are_stored_already_arrive_soon_although_redis_lost_them(monkeypatch):
    monkeypatch.setattr(feed, "REFRESH_SECONDS", 100.0)  # as if the next look were never
    monkeypatch.setattr(events, "TICKET_AGE", 99.5)
    client, turn, url = in_a_study()
    answer(turn)
    lose_stream(turn)
    heard = hear(client, url)
    assert heard.texts == {slot: f"The answer in slot {slot}." for slot in "ABCD"}
    assert heard.is_done


def test_of_a_slot_that_changed_hands_the_one_that_stands_in_is_heard():
    client, turn, url = in_a_study()
    first = turn.responses.get(slot="A")
    Response.objects.filter(pk=first.pk).update(is_replaced=True, state="failed", failure="empty", attempt=1)
    Response.objects.create(
        turn=turn, model=first.model, slot="A", seed=1, depth=1, replaces=first, state="waiting"
    )
    answer(turn)
    heard = hear(client, url)
    assert heard.texts["A"] == "The answer in slot A."
    assert heard.is_done


def test_one_finished_answer_does_not_end_the_stream_of_the_others():
    client, turn, url = in_a_study()
    send(turn, ("A", 1, 0, "The answer in slot A.", "done"))
    rest = threading.Timer(0.5, lambda: (answer(turn), connection.close()))
    rest.start()
    heard = hear(client, url)
    rest.join()
    assert heard.news[0]["over"] == {"A": "done"}
    assert heard.texts == {slot: f"The answer in slot {slot}." for slot in "ABCD"}


def test_a_paced_turn_is_paced_behind_a_ticket(monkeypatch):
    monkeypatch.setattr(feed, "HEARTBEAT_SECONDS", 0.3)
    client, turn, url = in_a_study(pacing=TOGETHER)
    send(turn, ("A", 1, 0, "Begun", "streaming"))
    heard = hear(client, url, enough=lambda heard: len(heard.parts) > 3)
    assert heard.parts[1:] == [": still here\n\n"] * 3
