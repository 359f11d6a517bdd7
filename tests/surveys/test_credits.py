"""SONA's credits asked for by the server: once for each person, whatever is lost, killed or pressed twice."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from django.test import Client
from django.utils import timezone

from prism.lib import outgoing
from surveys import journey, tasks
from surveys.models import AuditEvent, Credit, Enrolment, Study
from surveys.models.people import Role
from surveys.panels import credits, exit_for
from surveys.panels.fake.server import FakeServer, running
from surveys.quality import deciding
from tests.conversations.talking import at_once
from tests.factories import make_enrolment, make_member, make_study, make_user
from tests.surveys.visitors import make_small_study

pytestmark = pytest.mark.django_db
State = Credit.State


@pytest.fixture
def sona(settings: Any) -> Iterator[FakeServer]:
    settings.ALLOW_PRIVATE_PROVIDERS = True
    with running() as server:
        yield server


def link(sona: FakeServer) -> str:
    return f"{sona.url}/webstudy_credit.aspx?experiment_id=7&credit_token=t0k&survey_code={{participant}}"


def make_sona_study(sona: FakeServer, credit: str = "server") -> Study:
    return make_small_study(
        panel={"kind": "sona", "credit": credit, "exits": {"complete": link(sona)}}, state=Study.State.OPEN
    )


def complete(study: Study, code: str) -> Enrolment:
    """Somebody comes with their survey code and completes."""
    assert Client().get(f"/studies/{study.slug}/", {"survey_code": code}).status_code == 303
    person = study.enrolments.order_by("-pk")[0]
    assert journey.finish(person, Enrolment.Outcome.COMPLETE)
    return person


def beat(monkeypatch: pytest.MonkeyPatch) -> None:
    """What beat and a worker do in a minute."""
    monkeypatch.setattr(tasks.give_credit, "delay", tasks.give_credit)
    monkeypatch.setattr(tasks.send_invitations, "delay", lambda _study: None)
    tasks.sweep_panels()


def test_who_completes_gets_the_credit_once_however_often_beat_comes(sona, monkeypatch):
    study = make_sona_study(sona)
    person = complete(study, "1234")
    for _ in range(3):
        beat(monkeypatch)
    assert sona.panel.credits == {"1234": 1}
    assert Credit.objects.get(enrolment=person).state == State.GRANTED


def test_by_default_the_persons_browser_has_the_link_and_the_server_asks_for_nothing(sona, monkeypatch):
    study = make_sona_study(sona, credit="browser")
    person = complete(study, "1234")
    beat(monkeypatch)
    assert sona.calls == []
    assert not Credit.objects.exists()
    way = exit_for(study, "complete", person)
    assert way is not None
    assert way.url.endswith("survey_code=1234")


def test_who_gets_the_credit_from_the_server_has_no_link_that_gives_it_too(sona, monkeypatch):
    study = make_sona_study(sona)
    person = complete(study, "1234")
    assert exit_for(study, "complete", person) is None
    beat(monkeypatch)
    Study.objects.filter(pk=study.pk).update(panel=study.panel | {"credit": "browser"})
    study.refresh_from_db()
    assert exit_for(study, "complete", person) is None  # the page may be opened again later


def test_nobody_else_is_asked_for(sona, monkeypatch):
    study = make_sona_study(sona)
    now = {"outcome_at": timezone.now()}
    make_enrolment(study, outcome="complete", is_test=True, **now)
    make_enrolment(study, outcome="screened_out", **now)
    make_enrolment(study)
    make_enrolment(make_study(), outcome="complete", **now)
    beat(monkeypatch)
    assert not Credit.objects.exists()


def test_who_shall_wait_for_payment_waits_until_somebody_decides(sona, monkeypatch):
    study = make_sona_study(sona)
    person, user = complete(study, "1234"), make_member(study)
    deciding.decide([person], "hold", "We look at it first", user)
    beat(monkeypatch)
    assert sona.panel.credits == {}
    deciding.decide([person], "pay", "All is well", user)
    beat(monkeypatch)
    assert sona.panel.credits == {"1234": 1}


@pytest.mark.parametrize("reason", ["away", "busy"])
def test_a_call_that_surely_did_nothing_is_tried_again_later_and_later(sona, monkeypatch, reason):
    study = make_sona_study(sona)
    person = complete(study, "1234")
    if reason == "busy":
        sona.fail("/webstudy_credit", "429", times=2)
    else:
        away(monkeypatch, times=2)
    for tries in (1, 2):
        beat(monkeypatch)
        credit = Credit.objects.get(enrolment=person)
        assert (credit.state, credit.tries) == (State.WAITING, tries)
        assert credit.next_at > timezone.now() + timedelta(minutes=2**tries - 1)
        beat(monkeypatch)  # not before its time
        assert sona.panel.credits == {}
        Credit.objects.update(next_at=timezone.now())
    beat(monkeypatch)
    assert sona.panel.credits == {"1234": 1}
    assert Credit.objects.get(enrolment=person).state == State.GRANTED


def away(monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """The panel's address does not answer the next calls."""
    real, left = outgoing.request, [times]

    def request(method: str, url: str, *more: Any, **options: Any) -> httpx2.Response:
        if left[0]:
            left[0] -= 1
            url = "http://127.0.0.1:1/"
        return real(method, url, *more, **options)

    monkeypatch.setattr(outgoing, "request", request)


@pytest.mark.parametrize("fault", ["lost", "500"])
def test_a_call_whose_answer_is_lost_is_never_repeated_by_itself(sona, monkeypatch, fault):
    study = make_sona_study(sona)
    person = complete(study, "1234")
    sona.fail("/webstudy_credit", fault)
    for _ in range(3):
        beat(monkeypatch)
    assert Credit.objects.get(enrolment=person).state == State.UNKNOWN
    assert len(sona.calls) == 1


def test_a_task_killed_during_the_call_leaves_it_unknown(sona, monkeypatch):
    class Killed(BaseException):
        """What ends a worker, past every except."""

    def killed_after(*asked: Any, **options: Any) -> httpx2.Response:
        real(*asked, **options)
        raise Killed

    study = make_sona_study(sona)
    person, real = complete(study, "1234"), outgoing.request
    monkeypatch.setattr(outgoing, "request", killed_after)
    (pk,) = credits.due()
    with pytest.raises(Killed):
        credits.give(pk)
    monkeypatch.setattr(outgoing, "request", real)
    beat(monkeypatch)
    assert Credit.objects.get(enrolment=person).state == State.ASKED  # it may still be under way
    Credit.objects.update(asked_at=timezone.now() - credits.PATIENCE - timedelta(seconds=1))
    for _ in range(2):
        beat(monkeypatch)
    assert Credit.objects.get(enrolment=person).state == State.UNKNOWN
    assert sona.panel.credits == {"1234": 1}


@pytest.mark.django_db(transaction=True)
def test_of_many_tasks_at_once_one_asks(sona):
    study = make_sona_study(sona)
    complete(study, "1234")
    (pk,) = credits.due()
    gave = at_once(*[lambda: credits.give(pk)] * 6, *[credits.due] * 2)
    assert gave[:6].count(True) == 1
    assert sona.panel.credits == {"1234": 1}


def test_a_refusal_and_an_address_in_our_own_network_are_shown_to_a_coordinator(sona, monkeypatch, settings):
    study = make_sona_study(sona)
    complete(study, "1234")
    settings.ALLOW_PRIVATE_PROVIDERS = False
    beat(monkeypatch)
    assert sona.calls == []
    settings.ALLOW_PRIVATE_PROVIDERS = True
    Study.objects.filter(pk=study.pk).update(
        panel=study.panel | {"exits": {"complete": link(sona).replace("t0k", "")}}
    )
    Credit.objects.update(next_at=timezone.now())
    beat(monkeypatch)
    credit = Credit.objects.get()
    assert (credit.state, credit.problem) == (State.REFUSED, "The panel refused (400).")


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page(study: Study, rest: str = "") -> str:
    return f"/coordinate/studies/{study.slug}/panel/credits/{rest}"


@pytest.mark.parametrize(("answer", "calls"), [("yes", 1), ("no", 2)])
def test_a_coordinator_says_what_happened_to_an_unknown_one(sona, monkeypatch, answer, calls):
    study, user = make_sona_study(sona), None
    person, user = complete(study, "1234"), make_member(study)
    sona.fail("/webstudy_credit", "500")
    beat(monkeypatch)
    credit, client = Credit.objects.get(enrolment=person), signed_in(user)
    assert "Ask once more" in client.get(page(study)).text
    for _ in range(2):  # a double click
        client.post(page(study, f"{credit.pk}/settle/"), {"was_granted": answer})
    beat(monkeypatch)
    assert Credit.objects.get().state == State.GRANTED
    assert len(sona.calls) == calls
    (event,) = AuditEvent.objects.filter(action="credit.settled")
    assert (event.actor, event.subject, event.detail["was_granted"]) == (user, person.code, answer == "yes")
    assert client.post(page(study, f"{credit.pk}/settle/"), {"was_granted": "maybe"}).status_code == 302


@pytest.mark.parametrize(
    ("maker", "status"),
    [
        (lambda study: make_member(study, Role.COORDINATOR), 200),
        (lambda study: make_member(study, Role.ANALYST), 403),
        (lambda study: make_user(), 404),
        (lambda study: make_member(make_study(), Role.OWNER), 404),
    ],
    ids=["coordinator", "analyst", "stranger", "owner of another study"],
)
def test_who_reaches_the_credits(sona, monkeypatch, maker, status):
    study = make_sona_study(sona)
    complete(study, "1234")
    sona.fail("/webstudy_credit", "500")
    beat(monkeypatch)
    credit, client = Credit.objects.get(), signed_in(maker(study))
    assert client.get(page(study)).status_code == status
    answer = client.post(page(study, f"{credit.pk}/settle/"), {"was_granted": "yes"})
    assert answer.status_code == (302 if status == 200 else status)
    credit.refresh_from_db()
    assert (credit.state == State.GRANTED) is (status == 200)


def test_another_studys_credit_is_not_settled_here(sona, monkeypatch):
    study, other = make_sona_study(sona), make_sona_study(sona)
    complete(study, "1234")
    sona.fail("/webstudy_credit", "500")
    beat(monkeypatch)
    credit = Credit.objects.get()
    signed_in(make_member(other)).post(page(other, f"{credit.pk}/settle/"), {"was_granted": "yes"})
    credit.refresh_from_db()
    assert credit.state == State.UNKNOWN


def test_the_server_is_chosen_on_the_panels_page_before_anybody_completed(sona):
    study, client = make_sona_study(sona, credit="browser"), None
    client, address = signed_in(make_member(study)), f"/coordinate/studies/{study.slug}/panel/"
    wanted = {"kind": "sona", "by_server": "on", "complete-link": "https://school.example/credit"}
    refused = client.post(address, wanted)
    assert refused.status_code == 422
    assert "must hold {participant}" in refused.text
    good = wanted | {"complete-link": "https://school.example/credit?survey_code={participant}"}
    assert client.post(address, good).status_code == 302
    study.refresh_from_db()
    assert study.panel["credit"] == "server"
    assert client.post(address, {**good, "by_server": ""}).status_code == 302
    complete(study, "1234")
    late = client.post(address, good)
    assert late.status_code == 422
    assert "their browsers may have asked for the credit" in late.text
