"""The client of the panel's API: what it repeats, what it never repeats, and what it keeps to itself."""

import logging
from typing import Any

import pytest

from surveys.models import AuditEvent, PanelConnection, Study
from surveys.panels import submissions
from surveys.panels.client import NoAnswer, PanelError, Prolific, Refused, client_for
from tests.factories import make_member
from tests.surveys.panelled import Panelled, panelled

pytestmark = pytest.mark.django_db


@pytest.fixture
def house(settings: Any) -> Any:
    with panelled(settings) as found:
        yield found


@pytest.fixture
def client(house: Panelled) -> Prolific:
    return client_for(house.connection)


def calls(house: Panelled, part: str) -> int:
    return sum(part in path for _method, path in house.server.calls)


def test_the_token_of_a_demonstration_never_leaves_for_the_real_panel(house: Panelled, settings: Any) -> None:
    connection = house.connection
    connection.study.kind = Study.Kind.DEMO
    assert client_for(connection).account()
    settings.PROLIFIC_URL = "https://api.prolific.com/api/v1/"
    with pytest.raises(PanelError, match="no account at the real panel"):
        client_for(connection)
    connection.study.kind = Study.Kind.LIVE
    assert client_for(connection)


@pytest.mark.parametrize("kind", ["429", "500", "lost"])
def test_reading_and_deciding_are_repeated_until_they_succeed(
    house: Panelled, client: Prolific, kind: str
) -> None:
    one = house.panel.reserve(house.connection.panel_study)
    for path, act in (
        ("studies", lambda: client.study(house.connection.panel_study)),
        ("transition", lambda: client.transition(one.id, "APPROVE")),
        ("bulk-approve", lambda: client.approve([one.id])),
    ):
        house.server.fail(path, kind, times=2)
        act()
        assert calls(house, path) == 3


@pytest.mark.parametrize("kind", ["429", "500", "lost"])
def test_what_could_be_done_twice_is_asked_once(house: Panelled, client: Prolific, kind: str) -> None:
    for path, act in (
        ("bonus-payments/", lambda: client.submit_bonuses(house.connection.panel_study, [])),
        ("/pay/", lambda: client.pay_bonuses("p1")),
        ("hooks/secrets", lambda: client.make_hook_secret("w1")),
    ):
        before = calls(house, path)
        house.server.fail(path, kind, times=3)
        with pytest.raises(Refused if kind == "429" else NoAnswer):
            act()
        assert calls(house, path) == before + 1
        house.server.faults.clear()


def test_a_panel_that_is_away_is_said_to_be_away(settings: Any, client: Prolific) -> None:
    settings.PROLIFIC_URL = "http://127.0.0.1:1/api/v1/"
    with pytest.raises(NoAnswer, match="could not be reached"):
        client.account()


def test_the_panels_own_reason_is_passed_on(house: Panelled, client: Prolific) -> None:
    with pytest.raises(Refused, match="404 There is no such study"):
        client.study("nowhere")
    one = house.panel.reserve(house.connection.panel_study)
    client.transition(one.id, "APPROVE")
    client.transition(one.id, "APPROVE")
    with pytest.raises(Refused, match="APPROVED already"):
        client.transition(one.id, "REJECT", message="x" * 100, rejection_category="OTHER")


def test_approving_goes_in_parts_of_a_thousand(house: Panelled, client: Prolific) -> None:
    everybody = [house.panel.reserve(house.connection.panel_study).id for _ in range(1001)]
    client.approve(everybody)
    assert calls(house, "bulk-approve") == 2
    assert {one.status for one in house.panel.submissions.values()} == {"APPROVED"}


def test_neither_token_nor_ids_reach_a_log(house: Panelled, client: Prolific, caplog: Any) -> None:
    caplog.set_level(logging.DEBUG, logger="surveys")
    caplog.set_level(logging.INFO)
    one = house.panel.reserve(house.connection.panel_study)
    client.transition(one.id, "APPROVE")
    house.server.fail("studies", "500", times=3)
    with pytest.raises(NoAnswer):
        client.study(house.connection.panel_study)
    assert "secret-token" not in caplog.text
    assert one.id not in caplog.text


def test_an_id_that_is_none_cannot_leave_its_place_in_the_address(house: Panelled, client: Prolific) -> None:
    with pytest.raises(Refused):
        client.study("../users/me")
    assert not any("users" in path and "%" not in path for _method, path in house.server.calls)


def test_without_a_readable_token_nothing_is_asked(house: Panelled) -> None:
    for stored in ("", "not a token of ours"):
        PanelConnection.objects.update(encrypted_token=stored)
        with pytest.raises(PanelError, match="token"):
            client_for(PanelConnection.objects.get())
    assert house.server.calls == []


def test_completing_takes_a_code_whose_actor_is_the_researcher(house: Panelled) -> None:
    _client, _enrolment, one = house.send()
    by, row = make_member(house.study), house.row(one)
    house.study.panel["codes"] = {
        "complete": {"code": "C1", "actor": "participant"},
        "failed_checks": {"code": "F1", "actor": "researcher"},
    }
    house.study.save()
    connection = PanelConnection.objects.get()
    with pytest.raises(PanelError):
        submissions.complete(connection, row, by, outcome="complete")
    assert one.status == "ACTIVE"
    submissions.complete(connection, row, by, outcome="failed_checks")
    assert one.status == "AWAITING REVIEW"
    assert house.row(one).state == "AWAITING REVIEW"
    assert AuditEvent.objects.get(action="submission.complete").detail == {"completion_code": "F1"}
