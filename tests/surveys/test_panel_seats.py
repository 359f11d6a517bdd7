"""The seat of somebody complete whom the panel does not pay: a coordinator releases it, once and audited."""

from functools import partial
from typing import Any

import pytest
from django.test import Client

from surveys import journey
from surveys.models import AuditEvent, Enrolment, PanelSubmission, Study
from surveys.models.people import Role
from surveys.panels import submissions
from surveys.panels.client import PanelError
from tests.conversations.talking import at_once
from tests.factories import make_member, make_user
from tests.surveys.seating import (
    WOMAN,
    by_age,
    by_sex,
    check_counts,
    counts,
    make_known,
    make_quota_study,
    store,
    tell,
)
from tests.surveys.visitors import text_of

pytestmark = pytest.mark.django_db
BUTTON = "Release the seat"
REASON = "Returned after the end"


@pytest.fixture
def study() -> Study:
    return make_quota_study(by_sex(female=1), by_age(young=1))


def complete(study: Study, *states: str) -> PanelSubmission:
    """Somebody complete in both cells, with a submission in each of these states, the newest last."""
    person = make_known(study)
    journey.after_page(person)
    journey.finish(person, Enrolment.Outcome.COMPLETE)
    assert person.outcome == "complete"
    person.panel_submissions.all().delete()
    rows = [
        PanelSubmission.objects.create(enrolment=person, digest=f"{person.pk}.{at}", state=state)
        for at, state in enumerate(states)
    ]
    return rows[-1]


def coordinator(study: Study) -> Client:
    client = Client()
    client.force_login(make_member(study, Role.COORDINATOR))
    return client


def at(study: Study, rest: str = "") -> str:
    return f"/coordinate/studies/{study.slug}/panel/submissions/{rest}"


def release(client: Client, row: PanelSubmission, reason: str = REASON) -> Any:
    return client.post(at(row.enrolment.study, f"{row.pk}/release/"), {"reason": reason}, follow=True)


def released() -> list[tuple[str, str]]:
    events = AuditEvent.objects.filter(action="submission.seat_released")
    return list(events.values_list("subject", "detail__reason"))


@pytest.mark.parametrize("state", ["RETURNED", "REJECTED", "TIMED-OUT"])
def test_the_seat_is_found_released_audited_and_given_to_the_next(study: Study, state: str) -> None:
    row, client = complete(study, state), coordinator(study)
    assert tell(study, WOMAN)[1].outcome == "quota_full"
    assert BUTTON in text_of(client.get(at(study)))
    assert BUTTON in text_of(client.get(at(study, f"{row.pk}/")))
    assert "The seat is free for somebody else" in text_of(release(client, row))
    assert counts(study)["sex:Female"][:2] == counts(study)["age:young"][:2] == (0, 0)
    assert set(row.enrolment.seats.values_list("state", "reason")) == {("released", "given back")}
    row.enrolment.refresh_from_db()
    assert row.enrolment.outcome == "complete"
    assert released() == [(row.enrolment.code, REASON)]
    assert tell(study, WOMAN)[1].outcome == ""
    check_counts(study)


def test_a_second_click_frees_nothing_and_is_not_written_down(study: Study) -> None:
    row, client = complete(study, "RETURNED"), coordinator(study)
    release(client, row)
    assert "There is no seat to release" in text_of(release(client, row))
    assert len(released()) == 1
    assert BUTTON not in text_of(client.get(at(study)))
    check_counts(study)


@pytest.mark.parametrize(
    "states", [["APPROVED"], ["AWAITING REVIEW"], ["APPROVED", "RETURNED"], ["RETURNED", ""]]
)
def test_whom_the_panel_pays_or_may_pay_keeps_the_seat(study: Study, states: list[str]) -> None:
    row, client = complete(study, *states), coordinator(study)
    assert BUTTON not in text_of(client.get(at(study)))
    assert BUTTON not in text_of(client.get(at(study, f"{row.pk}/")))
    assert "There is no seat to release" in text_of(release(client, row))
    assert counts(study)["sex:Female"][:2] == (0, 1)
    assert released() == []


def test_without_a_reason_the_form_comes_back_and_nothing_happens(study: Study) -> None:
    row = complete(study, "RETURNED")
    assert release(coordinator(study), row, "x").status_code == 422
    assert counts(study)["sex:Female"][:2] == (0, 1)
    assert released() == []


def test_a_new_version_of_the_quotas_does_not_seat_them_again(study: Study) -> None:
    gone = complete(study, "RETURNED")
    release(coordinator(study), gone)
    kept = complete(study, "APPROVED")
    store(study, by_sex(female=5))
    assert counts(study)["sex:Female"][:2] == (0, 1)
    assert not gone.enrolment.seats.exclude(state="released").exists()
    assert kept.enrolment.seats.filter(state="confirmed").exists()
    check_counts(study)


@pytest.mark.django_db(transaction=True)
def test_ten_releases_at_once_free_the_seat_once() -> None:
    study, user = make_quota_study(by_sex(female=1), by_age(young=1)), make_user()
    row = complete(study, "REJECTED")
    found = at_once(*[partial(submissions.release_seat, row, user, REASON)] * 10)
    assert sum(one is None for one in found) == 1
    assert all(isinstance(one, PanelError) for one in found if one is not None)
    assert len(released()) == 1
    check_counts(study)
