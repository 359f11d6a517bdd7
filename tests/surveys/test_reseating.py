"""A new version of quotas in a study with many people: who gets a seat, until when, in how many queries."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from surveys import journey
from surveys.models import Enrolment, Seat, Study
from tests.factories import make_enrolment, submit_page
from tests.surveys.seating import by_age, by_sex, check_counts, make_known, make_quota_study, store

pytestmark = pytest.mark.django_db
LONG_AGO = timedelta(days=2)


@pytest.fixture
def study() -> Study:
    return make_quota_study(by_sex(female=50, male=50))


def seated(study: Study, **profile: Any) -> Enrolment:
    person = make_known(study, **profile)
    journey.after_page(person)
    return person


def active(study: Study) -> Counter[tuple[str, str]]:
    seats = Seat.objects.filter(cell__quota=study.quota_id).exclude(state="released")
    return Counter(seats.values_list("cell__key", "state"))


def test_everybody_is_seated_by_their_newest_answers(study):
    changed = seated(study, gender="Man")
    submit_page(changed, changed.devices.get(), "who", {"gender": "Woman", "age": 45})
    declined = seated(study, gender="Man")
    submit_page(declined, declined.devices.get(), "who", {"gender": None, "age": 45})
    for person in (seated(study), seated(study, gender="Man", age=70)):
        journey.finish(person, Enrolment.Outcome.COMPLETE)
    store(study, by_sex(female=50, male=50), by_age(young=50, old=50))
    assert active(study) == {
        ("Female", "reserved"): 1,
        ("", "reserved"): 1,
        ("old", "reserved"): 2,
        ("Female", "confirmed"): 1,
        ("young", "confirmed"): 1,
        ("Male", "confirmed"): 1,
        ("old", "confirmed"): 1,
    }
    check_counts(study)


def test_a_kept_seat_runs_out_when_it_would_have_and_a_new_one_after_the_hold(study):
    kept, here = seated(study), make_known(study)
    until = timezone.now() + timedelta(minutes=3)
    kept.seats.update(expires_at=until)
    quota = store(study, by_sex(female=50, male=50), hold_minutes=90)
    assert kept.seats.get(cell__quota=quota).expires_at == until
    new = here.seats.get(cell__quota=quota)
    assert new.hold == timedelta(minutes=90)
    assert abs(new.expires_at - timezone.now() - new.hold) < timedelta(seconds=30)


def test_who_is_away_ended_unknown_or_a_test_gets_none(study):
    now = timezone.now()
    make_known(study, seen_at=now - LONG_AGO)
    make_known(study, is_test=True, outcome="complete", outcome_at=now)
    make_known(study, outcome="screened_out", outcome_at=now)
    make_enrolment(study)  # here, and not asked yet
    make_known(study)
    store(study, by_sex(female=50, male=50))
    assert active(study) == {("Female", "reserved"): 1}


def test_another_studys_seats_stay(study):
    other = make_quota_study(by_sex(female=5))
    person = seated(other)
    seated(study)
    store(study, by_sex(female=9))
    assert person.seats.get().state == "reserved"
    check_counts(other)


def test_the_queries_do_not_grow_with_the_people(study):
    def stored() -> int:
        with CaptureQueriesContext(connection) as found:
            store(study, by_sex(female=50, male=50), by_age(young=50, old=50))
        return len(found)

    seated(study)
    few = stored()
    for age in range(20, 60, 4):
        journey.finish(seated(study, age=age), Enrolment.Outcome.COMPLETE)
    assert stored() == few
    assert sum(active(study).values()) == 2 * 11
    check_counts(study)
