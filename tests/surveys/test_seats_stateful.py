"""Whatever happens in whatever order: counts are those of the rows, and no cell passes its target."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from surveys import erasure, journey
from surveys.coding import schemes, texts
from surveys.models import Cell, Enrolment, Questionnaire, Seat
from surveys.quotas import seats, versions
from tests.factories import make_member, make_user
from tests.surveys.seating import (
    DESCRIBED_STRATA,
    DESCRIBES,
    by_age,
    by_sex,
    check_counts,
    describe,
    make_described,
    make_quota_study,
    store,
)

Outcome = Enrolment.Outcome
genders = st.sampled_from(["Woman", "Man", "Another", None])
categories = st.sampled_from(["Female", "Male", "Non-binary / third gender"])
ages = st.sampled_from([9, 20, 70, None])
few = st.integers(0, 3)
ENDS = [Outcome.SCREENED_OUT, Outcome.TIMED_OUT, Outcome.WITHDRAWN, Outcome.FAILED_CHECKS]


class Seating(RuleBasedStateMachine):
    """A study with two tables, and people who come, change, end, are late, come back and are erased."""

    everybody = Bundle("everybody")

    def __init__(self) -> None:
        super().__init__()
        self.study = make_quota_study(questionnaire=Questionnaire.load(DESCRIBES))
        store(self.study, by_sex(2, 2, {"places": 1}), by_age(2, 2), strata=DESCRIBED_STRATA)
        self.coders = [make_member(self.study) for _ in range(2)]
        self.row = schemes.current("gender")

    @rule(target=everybody, gender=genders, age=ages, is_test=st.booleans())
    def come(self, gender: str | None, age: int | None, is_test: bool) -> int:
        person = make_described(self.study, gender, age, is_test=is_test)
        journey.after_page(person)
        return person.pk

    def person(self, pk: int) -> Enrolment:
        return Enrolment.objects.select_related("study", "participant").get(pk=pk)

    @rule(pk=everybody, gender=genders, age=ages)
    def change(self, pk: int, gender: str | None, age: int | None) -> None:
        person = self.person(pk)
        describe(person, gender, age)
        journey.after_page(person)

    @rule(pk=everybody, category=categories)
    def decide(self, pk: int, category: str) -> None:
        """Own words get two equal codes; every seat kept sits where the answers and the codes say by then."""
        answer = texts.to_code(self.study, self.row).filter(submission__enrolment=pk, codings=None).first()
        if answer is None:
            return
        for coder in self.coders:
            texts.code(self.study, self.row, answer, coder, category)
        person = self.person(pk)
        late = Seat.objects.filter(enrolment=pk, state="reserved", expires_at__lte=timezone.now())
        active = person.seats.exclude(state="released")
        if active.exists() and not late.exists():
            wanted = seats.wanted_now(person, self.study.quota_id)
            assert wanted is None or set(active.values_list("cell", flat=True)) == wanted
            sex = active.get(table="sex").cell.key
            assert sex == (category if category in ("Female", "Male") else "")

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
        store(self.study, by_sex(female, male), by_age(2, old), strata=DESCRIBED_STRATA)

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
            max_examples=settings().max_examples // 5,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=True,
        ),
    )
