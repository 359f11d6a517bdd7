"""Arrivals, ends and edits at the same moment, over real connections."""

from __future__ import annotations

from functools import partial
from random import Random
from typing import Any

import pytest
from django.test import Client

from surveys import journey
from surveys.models import Cell, Enrolment, Study
from surveys.quotas import seats, versions
from tests.conversations.talking import at_once
from tests.factories import make_user
from tests.surveys.seating import (
    WOMAN,
    by_age,
    by_sex,
    check_counts,
    come,
    counts,
    document,
    make_known,
    make_quota_study,
)
from tests.surveys.visitors import address

pytestmark = pytest.mark.django_db(transaction=True)
ARRIVALS = 30
Outcome = Enrolment.Outcome


def people(study: Study, number: int, **profile: Any) -> list[Enrolment]:
    """That many with a known profile, each loaded anew as a request would."""
    made = [make_known(study, **profile) for _ in range(number)]
    return list(Enrolment.objects.select_related("study").filter(pk__in=[person.pk for person in made]))


def test_of_many_arrivals_for_the_last_seat_one_is_seated() -> None:
    study = make_quota_study(by_sex(female=1))
    arrivals = people(study, ARRIVALS)
    found = at_once(*(partial(seats.claim, person) for person in arrivals))
    assert (found.count(None), found.count(Outcome.QUOTA_FULL)) == (1, ARRIVALS - 1)
    assert counts(study)["sex:Female"] == (1, 0, ARRIVALS - 1)
    check_counts(study)


def test_of_many_arrivals_for_a_seat_that_ran_out_one_is_seated() -> None:
    study = make_quota_study(by_sex(female=1))
    late, *arrivals = people(study, ARRIVALS // 3 + 1)
    assert seats.claim(late) is None
    late.seats.update(expires_at=late.arrived_at)
    found = at_once(*(partial(seats.claim, person) for person in arrivals), seats.sweep)
    assert found[:-1].count(None) == 1
    assert late.seats.get().state == "released"
    check_counts(study)


def test_pages_sent_at_once_over_http_seat_one_person_and_tell_the_others() -> None:
    study = make_quota_study(by_sex(female=1))
    visits = [come(study) for _ in range(ARRIVALS // 5)]

    def send(number: int, client: Client) -> str:
        fields = {**WOMAN, "form_key": f"key{number}", "shown_at": ""}
        return client.post(address(study, "survey/who/"), fields, follow=True).request["PATH_INFO"]

    found = at_once(*(partial(send, number, client) for number, (client, _) in enumerate(visits)))
    ends = [str(path).removeprefix(address(study)) for path in found]
    assert sorted(set(ends)) == ["done/", "survey/what/"]
    assert ends.count("survey/what/") == 1
    assert study.enrolments.filter(outcome=Outcome.QUOTA_FULL).count() == len(visits) - 1
    check_counts(study)


def test_a_page_sent_twice_at_once_takes_one_seat() -> None:
    study = make_quota_study(by_sex(female=5))
    (person,) = people(study, 1)
    again = Enrolment.objects.select_related("study").get(pk=person.pk)
    assert at_once(*[partial(seats.claim, one) for one in (person, again)]) == [None, None]
    assert counts(study)["sex:Female"] == (1, 0, 0)


def test_several_tables_lead_to_no_deadlock_and_no_count_is_lost() -> None:
    study = make_quota_study(by_sex(female=6, male=4), by_age(young=5, old=4))
    crowd = [
        person
        for gender in ("Woman", "Man")
        for age in (25, 60)
        for person in people(study, 8, gender=gender, age=age)
    ]
    Random(1).shuffle(crowd)
    acts = [partial(_come_and_go, person, number) for number, person in enumerate(crowd)]
    found = at_once(*acts, *[seats.sweep] * 4)
    assert not [result for result in found if isinstance(result, Exception)]
    check_counts(study)
    assert study.enrolments.filter(outcome=Outcome.COMPLETE).count() == sum(
        Cell.objects.filter(quota=study.quota_id, table="sex").values_list("complete", flat=True)
    )


def _come_and_go(person: Enrolment, number: int) -> None:
    journey.after_page(person)
    if number % 3:
        journey.finish(person, Outcome.COMPLETE if number % 3 == 1 else Outcome.TIMED_OUT)


def test_edits_during_arrivals_lose_no_seat_and_let_nobody_in_twice() -> None:
    study = make_quota_study(by_sex(female=12, male=12))
    crowd = people(study, 18) + people(study, 18, gender="Man", age=60)
    Random(2).shuffle(crowd)
    acts = [partial(_come_and_go, person, number) for number, person in enumerate(crowd)]
    found = at_once(*acts[:18], partial(_edit, study.pk), *acts[18:], partial(_edit, study.pk))
    assert not [r for r in found if isinstance(r, Exception) and not isinstance(r, versions.VersionError)]
    study.refresh_from_db()
    assert study.quota is not None
    assert study.quota.version in (2, 3)
    check_counts(study)
    old = Cell.objects.filter(quota__study=study).exclude(quota=study.quota_id)
    assert set(old.values_list("reserved", "complete")) == {(0, 0)}


def _edit(pk: int) -> None:
    study = Study.objects.select_related("questionnaire").get(pk=pk)
    text = document(by_sex(female=10, male=15), by_age(young=18, old=18))
    versions.store(study, text, make_user(), before=study.quota_id)
