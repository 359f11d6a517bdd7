"""Bonuses: paying twice, at once or after a lost answer asks the panel for the payment once."""

from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from surveys.models import AuditEvent, Bonus, BonusPayment
from surveys.panels import bonuses
from surveys.panels.client import PanelError
from tests.conversations.talking import at_once
from tests.factories import make_member
from tests.surveys.panelled import Panelled, panelled

pytestmark = pytest.mark.django_db(transaction=True)
State = BonusPayment.State


@pytest.fixture
def house(settings: Any) -> Any:
    with panelled(settings) as found:
        yield found


@pytest.fixture
def owner(house: Panelled) -> Any:
    return make_member(house.study)


def submitted(house: Panelled, owner: Any, people: int = 2) -> BonusPayment:
    for _ in range(people):
        _client, enrolment, _one = house.send()
        bonuses.draft(enrolment, "outage", Decimal("1.50"), owner)
    payment = bonuses.gather(house.study, owner)
    bonuses.submit(house.connection, payment)
    return BonusPayment.objects.get(pk=payment.pk)


def paid(house: Panelled, payment: BonusPayment) -> int:
    """How often the panel was asked to pay, which is how often it pays."""
    payment.refresh_from_db()
    return house.panel.paid[payment.panel_payment]


def test_a_payment_goes_from_draft_to_confirmed_and_asks_the_panel_once(house: Panelled, owner: Any) -> None:
    payment = submitted(house, owner)
    assert payment.state == State.SUBMITTED
    assert house.panel.payments[payment.panel_payment] == [
        (one.id, "1.50") for one in house.panel.submissions.values()
    ]
    assert paid(house, payment) == 0
    assert bonuses.pay(house.connection, payment, owner)
    assert paid(house, payment) == 1
    assert payment.state == State.CONFIRMED
    assert AuditEvent.objects.filter(action="bonuses.pay_requested", actor=owner).count() == 1


def test_paying_again_asks_nobody(house: Panelled, owner: Any) -> None:
    payment = submitted(house, owner)
    assert [bonuses.pay(house.connection, payment, owner) for _ in range(3)] == [True, False, False]
    assert paid(house, payment) == 1


def test_twenty_who_pay_at_once_ask_the_panel_once(house: Panelled, owner: Any) -> None:
    payment = submitted(house, owner)
    results = at_once(*[partial(bonuses.pay, house.connection, payment, owner)] * 20)
    assert sorted(results) == [False] * 19 + [True]
    assert paid(house, payment) == 1


def test_a_lost_answer_leaves_the_payment_unknown_and_is_not_tried_again(house: Panelled, owner: Any) -> None:
    payment = submitted(house, owner)
    house.server.fail("/pay/", "lost")
    assert bonuses.pay(house.connection, payment, owner)
    assert paid(house, payment) == 1
    assert payment.state == State.UNKNOWN
    assert not bonuses.pay(house.connection, payment, owner)
    assert paid(house, payment) == 1


@pytest.mark.parametrize("kind", ["500", "lost"])
def test_the_call_that_pays_is_never_repeated_by_itself(house: Panelled, owner: Any, kind: str) -> None:
    payment = submitted(house, owner)
    house.server.fail("/pay/", kind, times=5)
    bonuses.pay(house.connection, payment, owner)
    assert [path for method, path in house.server.calls if path.endswith("/pay/")] == [
        f"/api/v1/bulk-bonus-payments/{payment.panel_payment}/pay/"
    ]


def test_a_refusal_pays_nothing_and_can_be_asked_for_again(house: Panelled, owner: Any) -> None:
    payment = submitted(house, owner)
    house.server.fail("/pay/", "429")
    with pytest.raises(PanelError):
        bonuses.pay(house.connection, payment, owner)
    assert paid(house, payment) == 0
    assert payment.state == State.SUBMITTED
    assert bonuses.pay(house.connection, payment, owner)
    assert paid(house, payment) == 1


def test_the_mark_is_committed_before_the_panel_is_asked(
    house: Panelled, owner: Any, monkeypatch: Any
) -> None:
    payment = submitted(house, owner)
    seen: list[Any] = []

    def look(client: Any, name: str) -> None:
        # From another connection, which sees only what is committed.
        seen.extend(at_once(lambda: BonusPayment.objects.get(pk=payment.pk).state))

    monkeypatch.setattr("surveys.panels.client.Prolific.pay_bonuses", look)
    bonuses.pay(house.connection, payment, owner)
    assert seen == [State.PAY_REQUESTED]


def test_within_a_transaction_that_could_be_rolled_back_nothing_is_paid(house: Panelled, owner: Any) -> None:
    payment = submitted(house, owner)
    with pytest.raises(RuntimeError), transaction.atomic():
        bonuses.pay(house.connection, payment, owner)
    assert paid(house, payment) == 0


def test_a_process_that_died_in_between_leaves_something_to_look_at(house: Panelled, owner: Any) -> None:
    payment = submitted(house, owner)
    BonusPayment.objects.update(state=State.PAY_REQUESTED, pay_requested_at=timezone.now())
    payment.refresh_from_db()
    assert not bonuses.is_unclear(payment)
    assert not bonuses.settle(payment, owner, was_paid=False)
    payment.pay_requested_at = timezone.now() - timedelta(minutes=3)
    assert bonuses.is_unclear(payment)
    assert not bonuses.pay(house.connection, payment, owner)
    assert paid(house, payment) == 0


@pytest.mark.parametrize(("was_paid", "state"), [(True, State.CONFIRMED), (False, State.SUBMITTED)])
def test_a_coordinator_says_once_what_became_of_it(
    house: Panelled, owner: Any, was_paid: bool, state: str
) -> None:
    payment = submitted(house, owner)
    house.server.fail("/pay/", "500")
    bonuses.pay(house.connection, payment, owner)
    payment.refresh_from_db()
    assert sorted(at_once(*[partial(bonuses.settle, payment, owner, was_paid=was_paid)] * 5)) == [
        *[False] * 4,
        True,
    ]
    payment.refresh_from_db()
    assert payment.state == state
    assert AuditEvent.objects.get(action="bonuses.settled").detail == {"was_paid": was_paid}


# The ledger


def test_a_person_has_one_bonus_for_a_reason_however_often_it_is_entered(house: Panelled, owner: Any) -> None:
    _client, enrolment, _one = house.send()
    acts = [partial(bonuses.draft, enrolment, "outage", Decimal("1.50"), owner)] * 8
    results = at_once(*acts)
    assert sum(isinstance(result, Bonus) for result in results) == 1
    assert sum(isinstance(result, PanelError) for result in results) == 7
    bonuses.draft(enrolment, "long answers", Decimal(1), owner)
    assert enrolment.bonuses.count() == 2
    with pytest.raises(IntegrityError), transaction.atomic():
        Bonus.objects.create(enrolment=enrolment, reason="outage", amount=1, made_by=owner)


def test_a_bonus_is_in_one_payment_however_many_gather_at_once(house: Panelled, owner: Any) -> None:
    for _ in range(3):
        bonuses.draft(house.send()[1], "outage", Decimal("1.50"), owner)
    results = at_once(*[partial(bonuses.gather, house.study, owner)] * 6)
    assert sum(isinstance(result, BonusPayment) for result in results) == 1
    assert BonusPayment.objects.get().bonuses.count() == 3


def test_announcing_may_be_repeated_after_a_failure_and_pays_nothing(house: Panelled, owner: Any) -> None:
    _client, enrolment, _one = house.send()
    bonuses.draft(enrolment, "outage", Decimal("1.50"), owner)
    payment = bonuses.gather(house.study, owner)
    house.server.fail("bonus-payments", "lost")
    with pytest.raises(PanelError):
        bonuses.submit(house.connection, payment)
    payment.refresh_from_db()
    assert payment.state == State.DRAFTED
    bonuses.submit(house.connection, payment)
    payment.refresh_from_db()
    bonuses.pay(house.connection, payment, owner)
    assert sum(house.panel.paid.values()) == 1


def test_a_list_is_entered_whole_or_not_at_all(house: Panelled, owner: Any) -> None:
    codes = [house.send()[1].code for _ in range(2)]
    wrong = [f"{codes[0]}, 1.5\nuser1, 2", f"{codes[0]}, 1.555", f"{codes[0]}, NaN", f"{codes[0]}, -1", "x"]
    for text in wrong:
        with pytest.raises(PanelError, match="Nothing was entered"):
            bonuses.draft_list(house.study, text, "outage", owner)
    assert not Bonus.objects.exists()
    assert bonuses.draft_list(house.study, f"{codes[0]}, 1.5\n\n{codes[1]},2.25", "outage", owner) == 2
    assert set(Bonus.objects.values_list("amount", flat=True)) == {Decimal("1.50"), Decimal("2.25")}


def test_nobody_is_paid_for_test_data(house: Panelled, owner: Any) -> None:
    _client, enrolment, _one = house.send()
    enrolment.is_test = True
    with pytest.raises(PanelError, match="test data"):
        bonuses.draft(enrolment, "outage", Decimal(1), owner)
