"""The panel's webhooks and polling: replayed, out of order, changed or late, they lead to the same state."""

import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.utils import timezone

from surveys.models import Enrolment, PanelConnection, PanelEvent, PanelSubmission
from surveys.panels import hooks, polling
from tests.conversations.talking import at_once
from tests.surveys.panelled import Panelled, panelled
from tests.surveys.visitors import tables_with

pytestmark = pytest.mark.django_db


@pytest.fixture
def house(settings: Any) -> Any:
    with panelled(settings) as found:
        yield found


def work() -> int:
    """Do the tasks' work."""
    return sum(hooks.handle(pk) for pk in PanelEvent.objects.order_by("pk").values_list("pk", flat=True))


def state(house: Panelled, one: Any) -> str:
    return house.row(one).state


def outcome(enrolment: Enrolment) -> str:
    enrolment.refresh_from_db()
    return enrolment.outcome


def test_a_webhook_that_holds_is_kept_answered_and_worked_on_later(house: Panelled) -> None:
    _client, enrolment, one = house.send()
    assert house.hook(one).status_code == 200
    assert state(house, one) == ""
    assert work() == 1
    assert state(house, one) == "ACTIVE"
    assert outcome(enrolment) == ""
    assert PanelConnection.objects.get().heard_at is not None


def test_who_returns_is_withdrawn_and_who_runs_out_of_time_is_timed_out(house: Panelled) -> None:
    for status, wanted in (("RETURNED", "withdrawn"), ("TIMED-OUT", "timed_out")):
        _client, enrolment, one = house.send()
        one.status = status
        house.hook(one)
        work()
        assert outcome(enrolment) == wanted


def test_who_finished_stays_complete_whatever_the_panel_says_later(house: Panelled) -> None:
    _client, enrolment, one = house.send()
    Enrolment.objects.filter(pk=enrolment.pk).update(outcome="complete", outcome_at=timezone.now())
    one.status = "RETURNED"
    house.hook(one)
    work()
    assert outcome(enrolment) == "complete"
    assert state(house, one) == "RETURNED"


def test_the_return_of_an_earlier_submission_does_not_end_a_later_one(house: Panelled) -> None:
    _client, enrolment, first = house.send()
    house.send(participant=first.participant)
    first.status = "RETURNED"
    house.hook(first)
    work()
    assert state(house, first) == "RETURNED"
    assert outcome(enrolment) == ""


def test_a_state_that_nobody_knows_is_kept_and_changes_nothing(house: Panelled) -> None:
    _client, enrolment, one = house.send()
    one.status = "PONDERING"
    house.hook(one)
    work()
    assert state(house, one) == "PONDERING"
    assert outcome(enrolment) == ""


def test_an_older_event_never_overwrites_a_newer_state(house: Panelled) -> None:
    _client, _enrolment, one = house.send()
    now = time.time()
    one.status = "APPROVED"
    house.hook(one, sent_at=now)
    one.status = "AWAITING REVIEW"
    house.hook(one, sent_at=now - 60)
    assert work() == 2
    assert state(house, one) == "APPROVED"


def test_the_same_event_twice_is_kept_once_and_answered_well(house: Panelled) -> None:
    _client, _enrolment, one = house.send()
    request = house.panel.event(one)
    assert [house.post(*request).status_code for _ in range(3)] == [200, 200, 200]
    assert PanelEvent.objects.count() == 1


def test_a_request_seen_before_is_known_whatever_its_unsigned_headers_claim(house: Panelled) -> None:
    _client, _enrolment, one = house.send()
    one.status = "RETURNED"
    headers, body = house.panel.event(one)
    house.post(headers, body)
    later = {"X-Event-ID": "another", "X-Timestamp": str(time.time() + 100)}
    assert house.post(headers | later, body).status_code == 200
    assert PanelEvent.objects.count() == 1


def test_the_same_event_by_another_delivery_is_kept_once(house: Panelled) -> None:
    _client, _enrolment, one = house.send()
    headers, body = house.panel.event(one)
    again, same = house.panel.event(one, stamp=time.time() - 30)
    house.post(headers, body)
    assert house.post(again | {"X-Event-ID": headers["X-Event-ID"]}, same).status_code == 200
    assert PanelEvent.objects.count() == 1


def changed(name: str, value: str) -> Any:
    return lambda headers, body: (headers | {name: value}, body)


REFUSED = {
    "a changed byte": lambda headers, body: (headers, body.replace(b"ACTIVE", b"ACTIVF")),
    "the same JSON written anew": lambda headers, body: (headers, body.replace(b", ", b",")),
    "a changed time": changed("X-Prolific-Request-Timestamp", str(int(time.time()) - 7)),
    "no time": changed("X-Prolific-Request-Timestamp", ""),
    "no signature": changed("X-Prolific-Request-Signature", ""),
    "a signature that is no base64": changed("X-Prolific-Request-Signature", "é€"),
    "a signature of nothing": changed("X-Prolific-Request-Signature", "AAAA"),
    "no event id": changed("X-Event-ID", ""),
    "an event of tomorrow": changed("X-Timestamp", str(time.time() + 86400)),
    "an event of no time": changed("X-Timestamp", "soon"),
}


def test_a_webhook_that_does_not_hold_is_refused_and_changes_nothing(house: Panelled) -> None:
    _client, _enrolment, one = house.send()
    for name, change in REFUSED.items():
        assert house.post(*change(*house.panel.event(one))).status_code == 403, name
        assert not PanelEvent.objects.exists()
        assert state(house, one) == ""


@pytest.mark.parametrize("seconds", [-301, 301])
def test_a_signed_request_from_another_time_is_refused(house: Panelled, seconds: int) -> None:
    _client, _enrolment, one = house.send()
    assert house.hook(one, stamp=time.time() + seconds, sent_at=time.time()).status_code == 403


def test_a_signature_by_another_secret_and_a_study_without_one_refuse(house: Panelled) -> None:
    _client, _enrolment, one = house.send()
    house.panel.secret = "another"
    assert house.hook(one).status_code == 403
    PanelConnection.objects.update(encrypted_secret="")
    house.panel.secret = ""
    assert house.hook(one).status_code == 403


def test_a_hook_of_no_study_and_a_browser_find_nothing(house: Panelled) -> None:
    assert Client().post("/panels/prolific/nobody/hook/").status_code == 404
    assert Client().get(f"/panels/prolific/{house.connection.hook_key}/hook/").status_code == 405


def test_a_webhook_stores_no_id_in_readable_form(house: Panelled) -> None:
    _client, _enrolment, one = house.send()
    house.hook(one)
    work()
    assert tables_with(one.id) == tables_with(one.participant) == set()


def test_an_event_of_a_person_who_borrowed_a_session_id_is_not_theirs(house: Panelled) -> None:
    _client, _enrolment, one = house.send()
    _thief, _his, other = house.send()
    PanelSubmission.objects.filter(pk=house.row(other).pk).update(digest=house.row(one).digest)
    one.status = "RETURNED"
    house.hook(one)
    work()
    states = set(PanelSubmission.objects.values_list("enrolment__outcome", "state"))
    assert states == {("withdrawn", "RETURNED"), ("", "")}


@pytest.mark.django_db(transaction=True)
def test_the_same_webhook_ten_times_at_once_is_kept_once(settings: Any) -> None:
    with panelled(settings) as house:
        _client, _enrolment, one = house.send()
        request = house.panel.event(one)
        answers = at_once(*[lambda: house.post(*request).status_code] * 10)
        assert answers == [200] * 10
        assert PanelEvent.objects.count() == 1
        database.close()


# Polling


def test_polling_takes_over_the_states_and_waits_ten_minutes(house: Panelled) -> None:
    _client, enrolment, one = house.send()
    one.status = "TIMED-OUT"
    assert polling.due() == [house.connection.pk]
    assert polling.poll(house.connection.pk) == 1
    assert outcome(enrolment) == "timed_out"
    assert polling.due() == []
    calls = len(house.server.calls)
    assert polling.poll(house.connection.pk) == 0
    assert len(house.server.calls) == calls


def test_polling_reads_every_page(house: Panelled, monkeypatch: Any) -> None:
    monkeypatch.setattr("surveys.panels.client.PAGE", 2)
    people = [house.send()[2] for _ in range(5)]
    assert polling.poll(house.connection.pk) == 5
    assert {state(house, one) for one in people} == {"ACTIVE"}


def test_a_poll_that_began_before_a_webhook_does_not_overwrite_it(house: Panelled) -> None:
    _client, _enrolment, one = house.send()
    one.status = "APPROVED"
    house.hook(one, sent_at=time.time() + 5)
    work()
    one.status = "AWAITING REVIEW"
    assert polling.poll(house.connection.pk) == 0
    assert state(house, one) == "APPROVED"


def test_silence_is_noticed_and_ends_with_the_next_webhook(house: Panelled, caplog: Any) -> None:
    _client, _enrolment, one = house.send()
    PanelConnection.objects.update(subscribed_at=timezone.now() - timedelta(hours=1))
    polling.poll(house.connection.pk)
    assert polling.is_silent(PanelConnection.objects.get())
    assert "silent" in caplog.text
    assert one.id not in caplog.text
    house.hook(one)
    assert not polling.is_silent(PanelConnection.objects.get())


def test_a_panel_that_does_not_answer_is_a_problem_to_show_and_no_crash(house: Panelled) -> None:
    house.server.fail("submissions", "500", times=3)
    assert polling.poll(house.connection.pk) == 0
    assert "error of its own" in PanelConnection.objects.get().problem
    PanelConnection.objects.update(polled_at=None)
    polling.poll(house.connection.pk)
    assert PanelConnection.objects.get().problem == ""


def test_a_lost_task_is_found_again(house: Panelled) -> None:
    _client, _enrolment, one = house.send()
    house.hook(one)
    assert hooks.lost() == []
    PanelEvent.objects.update(received_at=timezone.now() - timedelta(minutes=1))
    assert hooks.lost() == [PanelEvent.objects.get().pk]
    assert work() == 1
    assert work() == 0
