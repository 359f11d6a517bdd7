"""Whatever happens in whatever order: counts are those of the rows, and no cell passes its target."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from surveys import erasure, journey
from surveys.models import Cell, Enrolment, Seat
from surveys.quotas import seats, versions
from tests.factories import make_user, submit_page
from tests.surveys.seating import by_age, by_sex, check_counts, make_known, make_quota_study, store

Outcome = Enrolment.Outcome
genders = st.sampled_from(["Woman", "Man", "Another", None])
ages = st.sampled_from([9, 20, 70, None])
few = st.integers(0, 3)
ENDS = [Outcome.SCREENED_OUT, Outcome.TIMED_OUT, Outcome.WITHDRAWN, Outcome.FAILED_CHECKS]


class Seating(RuleBasedStateMachine):
    """A study with two tables, and people who come, change, end, are late, come back and are erased."""

    everybody = Bundle("everybody")

    def __init__(self) -> None:
        super().__init__()
        self.study = make_quota_study(by_sex(2, 2, {"places": 1}), by_age(2, 2))

    @rule(target=everybody, gender=genders, age=ages, is_test=st.booleans())
    def come(self, gender: str | None, age: int | None, is_test: bool) -> int:
        person = make_known(self.study, gender, age, is_test=is_test)
        journey.after_page(person)
        return person.pk

    def person(self, pk: int) -> Enrolment:
        return Enrolment.objects.select_related("study", "participant").get(pk=pk)

    @rule(pk=everybody, gender=genders, age=ages)
    def change(self, pk: int, gender: str | None, age: int | None) -> None:
        person = self.person(pk)
        submit_page(person, person.devices.get(), "who", {"gender": gender, "age": age})
        journey.after_page(person)

    @rule(pk=everybody)
    def complete(self, pk: int) -> None:
        journey.finish(self.person(pk), Outcome.COMPLETE)

    @rule(pk=everybody, outcome=st.sampled_from(ENDS))
    def end(self, pk: int, outcome: Enrolment.Outcome) -> None:
        journey.finish(self.person(pk), outcome)

    @rule(pk=everybody)
    def be_late(self, pk: int) -> None:
        past = timezone.now() - timedelta(minutes=1)
        Seat.objects.filter(enrolment=pk, state="reserved").update(expires_at=past)

    @rule(pk=everybody)
    def come_back(self, pk: int) -> None:
        person = self.person(pk)
        if not person.is_over:
            journey.destination(person)

    @rule()
    def sweep(self) -> None:
        seats.sweep()
        assert not Seat.objects.filter(state="reserved", expires_at__lte=timezone.now()).exists()

    @rule(female=few, male=few, old=few)
    def edit(self, female: int, male: int, old: int) -> None:
        store(self.study, by_sex(female, male), by_age(2, old))

    @rule(places=st.integers(1, 2))
    def grant(self, places: int) -> None:
        cell = Cell.objects.filter(quota=self.study.quota_id, target__gte=0).first()
        assert cell is not None
        versions.grant(self.study, cell, places, make_user(), reason="to see what happens")

    @rule(pk=everybody)
    def erase(self, pk: int) -> None:
        erasure.erase(self.person(pk).participant, reason="asked for")
        assert not Seat.objects.filter(enrolment=pk).exists()

    @invariant()
    def counts_are_those_of_the_rows(self) -> None:
        check_counts(self.study)

    @invariant()
    def only_the_version_in_force_has_active_seats(self) -> None:
        active = Seat.objects.filter(enrolment__study=self.study).exclude(state="released")
        assert not active.exclude(cell__quota=self.study.quota_id).exists()
        assert not active.filter(enrolment__is_test=True).exists()

    @invariant()
    def who_is_complete_sits_in_every_table_and_who_left_in_none(self) -> None:
        for person in self.study.enrolments.counted().filter(participant__erased_at=None):
            active = person.seats.exclude(state="released")
            if person.outcome == Outcome.COMPLETE:
                assert set(active.values_list("state", flat=True)) == {"confirmed"}
                assert active.count() == 2
            elif person.outcome:
                assert not active.exists()


@pytest.mark.django_db
def test_seats_stay_sound_whatever_happens() -> None:
    run_state_machine_as_test(
        Seating,
        settings=settings(
            max_examples=20,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=True,
        ),
    )
