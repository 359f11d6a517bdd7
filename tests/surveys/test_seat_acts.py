"""Extending and releasing seats from the list of participants: who may, what happens, and in a race."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from surveys import journey
from surveys.models import AuditEvent, Enrolment, Seat, Study
from surveys.models.people import Role
from surveys.monitor import acting
from surveys.quotas import seats
from tests.conversations.talking import at_once
from tests.factories import make_enrolment, make_member, make_user
from tests.surveys.seating import (
    WOMAN,
    by_age,
    by_sex,
    check_counts,
    counts,
    make_known,
    make_quota_study,
    tell,
)
from tests.surveys.visitors import address, submit, where

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def study() -> Study:
    return make_quota_study(by_sex(female=2, male=1), by_age(young=2, old=1))


def seated(study: Study, **profile: Any) -> Enrolment:
    person = make_known(study, **profile)
    journey.after_page(person)
    return person


def act(user: Any, study: Study, name: str, *people: Enrolment, reason: str = "They asked for it") -> Any:
    """Tick the people and press the button; a page that is not reached has no context."""
    client = Client()
    client.force_login(user)
    ticked = [person.code for person in people]
    return client.post(
        f"/coordinate/studies/{study.slug}/participants/act/",
        {"act": name, "text": reason, "code": ticked},
    )


def told(action: str) -> list[tuple[str, str]]:
    return list(
        AuditEvent.objects.filter(action=action).order_by("pk").values_list("subject", "detail__reason")
    )


def test_releasing_gives_both_seats_back_and_is_audited_with_its_reason(study):
    person, user = seated(study), make_member(study, Role.COORDINATOR)
    assert counts(study)["sex:Female"] == counts(study)["age:young"] == (1, 0, 0)
    assert act(user, study, "release", person).status_code == 302
    assert counts(study)["sex:Female"] == counts(study)["age:young"] == (0, 0, 0)
    assert set(person.seats.values_list("state", "reason")) == {("released", "coordinator")}
    assert told("participant.released") == [(person.code, "They asked for it")]
    assert AuditEvent.objects.get(action="participant.released").actor == user
    check_counts(study)


def test_a_second_click_releases_and_writes_down_nothing(study):
    person, user = seated(study), make_member(study)
    for _ in range(2):
        act(user, study, "release", person)
    assert len(told("participant.released")) == 1
    check_counts(study)


def test_a_released_place_goes_to_the_next_and_who_returns_too_late_is_told(study):
    user = make_member(study)
    client, first = tell(study, WOMAN)
    tell(study, WOMAN)
    act(user, study, "release", first)
    _other, third = tell(study, WOMAN)
    assert third.seats.filter(state="reserved").count() == 2
    assert where(client, study) == "done/"
    first.refresh_from_db()
    assert first.outcome == Enrolment.Outcome.QUOTA_FULL
    check_counts(study)


def test_who_returns_in_time_takes_the_released_place_again(study):
    client, person = tell(study, WOMAN)
    act(make_member(study), study, "release", person)
    assert where(client, study) == "survey/what/"
    assert counts(study)["sex:Female"] == (1, 0, 0)
    submit(client, study, "what", {"words": "Good"})
    client.get(address(study), follow=True)
    person.refresh_from_db()
    assert person.outcome == Enrolment.Outcome.COMPLETE
    assert counts(study)["sex:Female"] == (0, 1, 0)


def test_who_is_complete_keeps_the_place_whatever_is_pressed(study):
    person, user = seated(study), make_member(study)
    journey.finish(person, Enrolment.Outcome.COMPLETE)
    for name in ("release", "renew"):
        act(user, study, name, person)
    assert counts(study)["sex:Female"] == (0, 1, 0)
    assert told("participant.released") == told("participant.extended") == []


def test_extending_holds_the_seats_as_long_as_if_the_person_had_just_been_seen(study):
    person, user = seated(study), make_member(study, Role.COORDINATOR)
    person.seats.update(expires_at=timezone.now() + timedelta(seconds=5))
    hold = person.seats.first().hold
    assert act(user, study, "renew", person).status_code == 302
    for seat in person.seats.all():
        assert abs(seat.expires_at - timezone.now() - hold) < timedelta(seconds=30)
    assert told("participant.extended") == [(person.code, "They asked for it")]
    assert seats.sweep() == 0


def test_a_seat_that_was_given_back_already_is_not_extended(study):
    person = seated(study)
    person.seats.update(expires_at=timezone.now() - HOUR)
    assert seats.sweep() == 2
    act(make_member(study), study, "renew", person)
    assert told("participant.extended") == []
    assert counts(study)["sex:Female"] == (0, 0, 0)


def test_of_those_ticked_only_who_has_a_seat_is_acted_on_and_counted(study):
    with_seat, without, user = seated(study), make_enrolment(study), make_member(study)
    answer = act(user, study, "release", with_seat, without)
    assert told("participant.released") == [(with_seat.code, "They asked for it")]
    client = Client()
    client.force_login(user)
    act_again = client.post(
        f"/coordinate/studies/{study.slug}/participants/act/",
        {"act": "renew", "text": "They asked for it", "code": [without.code]},
        follow=True,
    )
    assert answer.status_code == 302
    assert act_again.status_code == 200
    assert told("participant.extended") == []


@pytest.mark.parametrize("name", ["renew", "release"])
def test_who_may_act_on_seats(study, name):
    one, other = seated(study), seated(study)
    Seat.objects.update(expires_at=timezone.now() + timedelta(minutes=1))
    for user, status, person in (
        (make_member(study, Role.OWNER), 302, one),
        (make_member(study, Role.ANALYST), 403, other),
        (make_member(study, Role.ANNOTATOR), 403, other),
        (make_user(), 404, other),
        (make_member(make_quota_study(), Role.OWNER), 404, other),
        (make_member(study, Role.COORDINATOR), 302, other),
    ):
        before = list(person.seats.order_by("pk").values("state", "expires_at"))
        assert act(user, study, name, person).status_code == status
        is_unchanged = list(person.seats.order_by("pk").values("state", "expires_at")) == before
        assert is_unchanged is (status != 302), status


def test_a_person_of_another_study_is_not_acted_on(study):
    other = make_quota_study(by_sex())
    person = seated(other)
    act(make_member(study), study, "release", person)
    assert counts(other)["sex:Female"] == (1, 0, 0)


@pytest.mark.parametrize("reason", ["", "no"])
def test_without_a_reason_nothing_happens(study, reason):
    person = seated(study)
    act(make_member(study), study, "release", person, reason=reason)
    assert counts(study)["sex:Female"] == (1, 0, 0)
    assert told("participant.released") == []


def test_an_act_needs_the_token_of_the_form(study):
    person, client = seated(study), Client(enforce_csrf_checks=True)
    client.force_login(make_member(study))
    fields = {"act": "release", "text": "They asked for it", "code": [person.code]}
    answer = client.post(f"/coordinate/studies/{study.slug}/participants/act/", fields)
    assert answer.status_code == 403
    assert counts(study)["sex:Female"] == (1, 0, 0)


def loaded(person: Enrolment) -> Enrolment:
    """As another request has it."""
    return Enrolment.objects.select_related("study").get(pk=person.pk)


@pytest.mark.django_db(transaction=True)
def test_a_release_in_the_moment_of_completing_takes_no_completed_place():
    study = make_quota_study(by_sex(female=20), by_age(young=20))
    people, user = [seated(study) for _ in range(12)], make_user()
    finish = [partial(journey.finish, loaded(person), Enrolment.Outcome.COMPLETE) for person in people]
    release = [partial(acting.release, study, loaded(person), "They left", user) for person in people]
    found = at_once(*[one for pair in zip(finish, release, strict=True) for one in pair])
    assert not [one for one in found if isinstance(one, Exception)]
    assert all(found[::2])
    assert study.enrolments.filter(outcome="complete").count() == 12
    assert counts(study)["sex:Female"] == counts(study)["age:young"] == (0, 12, 0)
    assert len(told("participant.released")) == found[1::2].count(True)
    check_counts(study)


@pytest.mark.django_db(transaction=True)
def test_extending_in_the_moment_in_which_seats_run_out_leaves_the_counts_right():
    study = make_quota_study(by_sex(female=20), by_age(young=20))
    people, user = [seated(study) for _ in range(8)], make_user()
    for person in people:
        person.seats.update(expires_at=timezone.now())
    renew = [partial(acting.renew, study, loaded(person), "They asked", user) for person in people]
    found = at_once(*renew, seats.sweep, seats.sweep)
    assert not [one for one in found if isinstance(one, Exception)]
    check_counts(study)
    assert seats.sweep() == 0  # a seat was released, or it is held for another while
