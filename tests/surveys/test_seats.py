"""Seats: taken when the profile is known, confirmed at the end, given back on every other way out."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from surveys import erasure, journey, tasks, withdrawal
from surveys.declined import DECLINED
from surveys.models import Answer, Cell, Enrolment, EnrolmentEvent, Seat, Study
from surveys.quotas import seats, versions
from tests.factories import make_user
from tests.surveys.seating import (
    MAN,
    WOMAN,
    by_age,
    by_sex,
    check_counts,
    come,
    counts,
    make_known,
    make_quota_study,
    store,
    tell,
)
from tests.surveys.visitors import address, submit, text_of, where

pytestmark = pytest.mark.django_db
Outcome = Enrolment.Outcome


@pytest.fixture
def study() -> Study:
    return make_quota_study(by_sex())


def run_out(person: Enrolment) -> None:
    """The person was away for longer than a seat is kept."""
    past = timezone.now() - timedelta(minutes=1)
    Seat.objects.filter(enrolment=person, state="reserved").update(expires_at=past)


def test_a_seat_is_reserved_when_the_profile_is_known_and_confirmed_at_the_end(study: Study) -> None:
    client, person = come(study)
    assert counts(study)["sex:Female"] == (0, 0, 0)
    submit(client, study, "who", WOMAN)
    assert counts(study)["sex:Female"] == (1, 0, 0)
    submit(client, study, "what", {"words": "Be kind"})
    assert where(client, study) == "done/"
    person.refresh_from_db()
    assert person.outcome == Outcome.COMPLETE
    assert counts(study) == {"sex:Female": (0, 1, 0), "sex:Male": (0, 0, 0), "sex:": (0, 0, 0)}
    check_counts(study)


def test_who_finds_no_place_is_told_so_with_the_panels_exit_and_what_they_sent_is_kept(study: Study) -> None:
    tell(study, WOMAN)
    client, second = tell(study, WOMAN)
    assert second.outcome == Outcome.QUOTA_FULL
    assert where(client, study) == "done/"
    page = text_of(client.get(address(study, "done/")))
    assert "All places are taken" in page
    assert "FULL1" in page
    assert Answer.objects.filter(submission__enrolment=second, question="age", value=30).exists()
    assert counts(study)["sex:Female"] == (1, 0, 1)
    assert tell(study, MAN)[1].outcome == ""
    check_counts(study)


def test_test_people_take_no_seat_and_are_never_turned_away(study: Study) -> None:
    tell(study, WOMAN)
    tester = make_known(study, is_test=True)
    assert seats.claim(tester) is None
    journey.finish(tester, Outcome.COMPLETE)
    assert tester.outcome == Outcome.COMPLETE
    assert counts(study)["sex:Female"] == (1, 0, 0)


def test_every_other_end_gives_the_seat_back(study: Study) -> None:
    for outcome in (
        Outcome.SCREENED_OUT,
        Outcome.FAILED_CHECKS,
        Outcome.TIMED_OUT,
        Outcome.WITHDRAWN,
        Outcome.NO_CONSENT,
    ):
        _, person = tell(study, WOMAN)
        assert person.outcome == "", outcome
        assert journey.finish(person, outcome)
        assert person.outcome == outcome
        assert person.seats.get().reason == outcome
        assert counts(study)["sex:Female"] == (0, 0, 0)
    assert tell(study, WOMAN)[1].outcome == ""
    check_counts(study)


def test_a_second_end_changes_no_seat(study: Study) -> None:
    _, person = tell(study, WOMAN)
    journey.finish(person, Outcome.COMPLETE)
    assert not journey.finish(person, Outcome.WITHDRAWN)
    assert counts(study)["sex:Female"] == (0, 1, 0)


def test_several_tables_are_taken_all_together_or_not_at_all() -> None:
    study = make_quota_study(by_sex(female=5), by_age(young=1))
    tell(study, WOMAN)
    assert tell(study, WOMAN)[1].outcome == Outcome.QUOTA_FULL  # a woman is wanted, but not a young one
    assert counts(study)["sex:Female"] == (1, 0, 0)
    assert counts(study)["age:young"] == (1, 0, 1)
    assert tell(study, WOMAN | {"age": "71"})[1].outcome == ""
    assert counts(study)["sex:Female"] == (2, 0, 0)
    check_counts(study)


@pytest.mark.parametrize("profile", [{"gender": "Another", "age": "30"}, {"gender": DECLINED, "age": "9"}])
def test_people_in_no_stratum_are_kept_outside_the_targets(study: Study, profile: dict[str, str]) -> None:
    for _ in range(3):
        assert tell(study, profile)[1].outcome == ""
    assert counts(study)["sex:"] == (3, 0, 0)
    check_counts(study)


def test_people_in_no_stratum_have_a_cell_of_their_own_if_the_study_says_so() -> None:
    study = make_quota_study(by_sex(undisclosed={"places": 1}))
    first, second = (tell(study, {"gender": "Another", "age": "30"})[1] for _ in range(2))
    assert (first.outcome, second.outcome) == ("", Outcome.QUOTA_FULL)


def test_people_in_no_stratum_are_refused_politely_if_the_study_says_so() -> None:
    study = make_quota_study(by_age(undisclosed="refused"))
    client, person = tell(study, {"gender": "Woman", "age": "12"})
    assert person.outcome == Outcome.SCREENED_OUT
    assert "OUT1" in text_of(client.get(address(study, "done/")))
    assert not Seat.objects.exists()


def test_a_seat_that_ran_out_is_free_for_the_next_arrival_at_once(study: Study) -> None:
    _, first = tell(study, WOMAN)
    run_out(first)
    assert tell(study, WOMAN)[1].outcome == ""
    assert first.seats.get().reason == "expired"
    assert counts(study)["sex:Female"] == (1, 0, 0)
    check_counts(study)


def test_beat_releases_the_seats_that_ran_out(study: Study) -> None:
    _, woman = tell(study, WOMAN)
    tell(study, MAN)
    run_out(woman)
    tasks.sweep_seats()
    assert (counts(study)["sex:Female"], counts(study)["sex:Male"]) == ((0, 0, 0), (1, 0, 0))
    check_counts(study)


def test_who_returns_gets_the_seat_back_if_it_is_free(study: Study) -> None:
    client, person = tell(study, WOMAN)
    run_out(person)
    seats.sweep()
    assert where(client, study) == "survey/what/"
    assert counts(study)["sex:Female"] == (1, 0, 0)
    submit(client, study, "what", {"words": "Still here"})
    assert where(client, study) == "done/"
    person.refresh_from_db()
    assert person.outcome == Outcome.COMPLETE


def test_who_returns_to_a_seat_that_is_gone_ends_with_what_they_sent_kept(study: Study) -> None:
    client, person = tell(study, WOMAN)
    run_out(person)
    tell(study, WOMAN)
    assert where(client, study) == "done/"
    person.refresh_from_db()
    assert person.outcome == Outcome.QUOTA_FULL
    assert Answer.objects.filter(submission__enrolment=person).count() == 2


def test_who_completes_after_the_seat_went_to_somebody_else_is_not_counted_as_complete(study: Study) -> None:
    _, person = tell(study, WOMAN)
    run_out(person)
    tell(study, WOMAN)
    journey.finish(person, Outcome.COMPLETE)
    assert person.outcome == Outcome.QUOTA_FULL
    assert EnrolmentEvent.objects.get(enrolment=person, kind="outcome").detail == {"outcome": "quota_full"}
    check_counts(study)


def test_a_sign_of_life_keeps_the_seat(study: Study) -> None:
    client, person = tell(study, WOMAN)
    run_out(person)
    Enrolment.objects.filter(pk=person.pk).update(seen_at=timezone.now() - timedelta(minutes=2))
    client.get(address(study, "survey/what/"))
    assert person.seats.get().expires_at > timezone.now() + timedelta(minutes=50)


def test_who_goes_back_and_changes_the_profile_changes_the_seat() -> None:
    study = make_quota_study(by_sex(), by_age(young=5, old=5))
    client, _person = tell(study, WOMAN)
    submit(client, study, "who", {"gender": "Man", "age": "30"})
    assert [counts(study)[f"sex:{sex}"] for sex in ("Female", "Male")] == [(0, 0, 0), (1, 0, 0)]
    assert counts(study)["age:young"] == (1, 0, 0)
    check_counts(study)


def test_who_changes_the_profile_to_one_without_a_place_ends_and_frees_theirs(study: Study) -> None:
    tell(study, MAN)
    client, person = tell(study, WOMAN)
    submit(client, study, "who", MAN)
    person.refresh_from_db()
    assert person.outcome == Outcome.QUOTA_FULL
    assert [counts(study)[f"sex:{sex}"][0] for sex in ("Female", "Male")] == [0, 1]
    check_counts(study)


def test_a_person_has_one_active_seat_per_table_and_the_database_says_so(study: Study) -> None:
    _, person = tell(study, WOMAN)
    other = Cell.objects.get(quota=study.quota, key="Male")
    with pytest.raises(IntegrityError), transaction.atomic():
        Seat.objects.create(
            enrolment=person,
            cell=other,
            table="sex",
            hold=timedelta(hours=1),
            expires_at=timezone.now(),
        )


def test_the_database_lets_no_count_pass_the_target(study: Study) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Cell.objects.filter(quota=study.quota, key="Female").update(reserved=1, complete=1)
    with pytest.raises(IntegrityError), transaction.atomic():
        Cell.objects.filter(quota=study.quota, key="Female").update(reserved=-1)


def test_a_withdrawal_after_the_end_gives_the_place_free(study: Study) -> None:
    _, person = tell(study, WOMAN)
    journey.finish(person, Outcome.COMPLETE)
    assert withdrawal.withdraw(person)
    assert counts(study)["sex:Female"] == (0, 0, 0)
    check_counts(study)


def test_an_erased_person_leaves_no_seat(study: Study) -> None:
    _, person = tell(study, WOMAN)
    journey.finish(person, Outcome.COMPLETE)
    tell(study, MAN)
    assert erasure.erase(person.participant, reason="asked for")["Seat"] == 1
    assert not Seat.objects.filter(enrolment=person).exists()
    assert counts(study)["sex:Female"] == (0, 0, 0)
    assert counts(study)["sex:Male"] == (1, 0, 0)


def test_a_place_beyond_the_target_is_granted_by_name_and_written_down(study: Study) -> None:
    tell(study, WOMAN)
    by: User = make_user()
    cell = Cell.objects.get(quota=study.quota, key="Female")
    versions.grant(study, cell, 1, by, reason="A pilot person turned up late")
    assert tell(study, WOMAN)[1].outcome == ""
    assert tell(study, WOMAN)[1].outcome == Outcome.QUOTA_FULL
    event = study.audit_events.get(action="quotas.overfilled")
    assert (event.actor, event.subject, event.detail["places"]) == (by, "sex: Female", 1)


def test_an_edit_makes_a_new_version_and_the_seats_stay(study: Study) -> None:
    _, done = tell(study, WOMAN)
    journey.finish(done, Outcome.COMPLETE)
    _, on_the_way = tell(study, MAN)
    kept_until = on_the_way.seats.get().expires_at
    quota = store(study, by_sex(female=3, male=4), by_age(young=9, old=9))
    assert quota.version == 2
    assert counts(study)["sex:Female"] == (0, 1, 0)
    assert counts(study)["sex:Male"] == (1, 0, 0)
    assert (counts(study)["age:young"], counts(study)["age:old"]) == ((0, 1, 0), (1, 0, 0))
    assert {seat.expires_at for seat in on_the_way.seats.filter(state="reserved")} == {kept_until}
    check_counts(study)


def test_an_edit_below_what_is_taken_sends_nobody_away(study: Study) -> None:
    store(study, by_sex(female=2))
    people = [tell(study, WOMAN)[1] for _ in range(2)]
    store(study, by_sex(female=1))
    for person in people:
        journey.finish(person, Outcome.COMPLETE)
    assert [person.outcome for person in people] == [Outcome.COMPLETE] * 2
    assert tell(study, WOMAN)[1].outcome == Outcome.QUOTA_FULL
    cell = Cell.objects.get(quota=study.quota, key="Female")
    assert (cell.target, cell.extra, cell.complete) == (1, 1, 2)
    check_counts(study)


def test_who_had_a_seat_before_a_policy_of_refusal_stays() -> None:
    study = make_quota_study(by_sex(), by_age())
    _, child = tell(study, {"gender": "Woman", "age": "12"})
    store(study, by_sex(), by_age(undisclosed="refused"))
    journey.finish(child, Outcome.COMPLETE)
    assert child.outcome == Outcome.COMPLETE
    check_counts(study)


def test_quotas_set_during_a_study_count_who_is_complete_or_here() -> None:
    study = make_quota_study()
    make_known(study, outcome=Outcome.COMPLETE, outcome_at=timezone.now())
    make_known(study, gender="Man", age=50)
    make_known(study, gender="Man", age=50, seen_at=timezone.now() - timedelta(days=2))
    make_known(study, outcome=Outcome.SCREENED_OUT, outcome_at=timezone.now())
    make_known(study, outcome=Outcome.COMPLETE, outcome_at=timezone.now(), is_test=True)
    store(study, by_sex(female=10, male=10))
    assert (counts(study)["sex:Female"], counts(study)["sex:Male"]) == ((0, 1, 0), (1, 0, 0))
    check_counts(study)


def test_without_quotas_nobody_is_turned_away_and_no_query_is_spent(
    django_assert_num_queries: object,
) -> None:
    study = make_quota_study()
    person = make_known(study)
    with django_assert_num_queries(0):  # type: ignore[operator]
        assert seats.claim(person) is None
        assert seats.keep(person) is None
        seats.renew(person)


def test_quotas_can_be_stopped_and_all_seats_are_free(study: Study) -> None:
    tell(study, WOMAN)
    versions.stop(study, make_user(), before=study.quota_id)
    assert not Seat.objects.exclude(state="released").exists()
    assert tell(study, WOMAN)[1].outcome == ""
    assert study.audit_events.get(action="quotas.stopped").detail == {"seats": 1}


def test_of_two_edits_at_once_the_second_is_refused(study: Study) -> None:
    before = study.quota_id
    store(study, by_sex(female=2))
    with pytest.raises(versions.VersionError, match="Somebody else"):
        versions.store(study, study.quota.document, make_user(), before=before)
