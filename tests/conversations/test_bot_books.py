"""The books of a run: a person too many, an outcome nobody met, seats that are miscounted are all noticed."""

from typing import Any

import pytest

from conversations.bots import books
from conversations.bots.browser import Stopwatch
from conversations.bots.journal import Journal
from conversations.bots.people import Person
from conversations.bots.playing import BEFORE, Outcome
from surveys import journey, withdrawal
from surveys.models import Cell, Enrolment, PageSubmission, Seat, Study
from tests.factories import make_enrolment, make_study
from tests.surveys.seating import by_sex, make_known, make_quota_study

pytestmark = pytest.mark.django_db


def played(enrolment: Enrolment, number: int = 1, **fields: Any) -> Outcome:
    """The bot of this person, who met the outcome that is stored and sent as many pages as are stored."""
    journal = Journal(pages=PageSubmission.objects.filter(enrolment=enrolment).count())
    known = {"enrolment": enrolment.code, "ended": enrolment.outcome, **fields}
    return Outcome(Person(1, number), Stopwatch(), journal, **known)


def missed(study: Study, *outcomes: Outcome, newest: int = 0) -> list[str]:
    """What the books find wrong."""
    books.close(study, outcomes, newest)
    return [f"{check.kind}: {check.where}" for outcome in outcomes for check in outcome.lost]


def test_the_books_of_people_who_each_came_once_close() -> None:
    study = make_study()
    ends = ["complete", "no_consent", "screened_out", "withdrawn", ""]
    people = [make_enrolment(study) for _ in ends]
    for person, end in zip(people, ends, strict=True):
        if end:
            journey.finish(person, Enrolment.Outcome(end))
    assert missed(study, *[played(person, at) for at, person in enumerate(people)]) == []


def test_a_second_enrolment_of_one_person_is_noticed() -> None:
    study = make_study()
    first, _second = make_enrolment(study), make_enrolment(study)
    assert missed(study, played(first)) == ["accounting: arrived", "accounting: outcomes"]


def test_two_people_in_one_enrolment_are_noticed() -> None:
    study = make_study()
    shared = make_enrolment(study)
    assert "accounting: arrived" in missed(study, played(shared, 1), played(shared, 2))


def test_a_person_without_a_row_is_noticed() -> None:
    study = make_study()
    known = played(make_enrolment(study))
    unknown = Outcome(Person(1, 2), Stopwatch(), Journal(), enrolment="user1", ended="complete")
    wrong = ["accounting: arrived", "accounting: outcomes", "accounting: outcome"]
    assert missed(study, known, unknown) == wrong


def test_who_came_before_the_run_is_not_counted_again() -> None:
    study = make_study()
    stayed = make_enrolment(study)
    newest = books.newest_enrolment(study)
    new = make_enrolment(study)
    before = Outcome(Person(1, 3), Stopwatch(), Journal(), ended=BEFORE)
    assert missed(study, played(new), played(stayed, 2), before, newest=newest) == []


def test_another_outcome_than_the_person_met_is_noticed() -> None:
    study = make_study()
    person = make_enrolment(study)
    told = played(person, ended="complete")
    assert missed(study, told) == ["accounting: outcome", "accounting: outcomes"]


def test_a_page_stored_twice_is_noticed() -> None:
    study = make_quota_study()
    told = played(make_known(study))
    told.journal.pages -= 1
    assert missed(study, told) == ["pages: questionnaire"]


def test_what_is_left_of_somebody_who_withdrew_is_noticed() -> None:
    study = make_quota_study()
    person = make_known(study)
    told = played(person, ended="withdrawn")
    assert "erased: answers" in missed(study, told)
    withdrawal.withdraw(person)
    assert missed(study, played(person)) == []


def test_seats_that_are_miscounted_and_seats_of_who_was_turned_away_are_noticed() -> None:
    study = make_quota_study(by_sex(female=5))
    person = make_known(study)
    journey.after_page(person)
    assert missed(study, played(person)) == []
    Cell.objects.filter(key="Female").update(reserved=2)
    assert missed(study, played(person)) == ["seats: sex: Female"]
    Cell.objects.filter(key="Female").update(reserved=1)
    journey.finish(person, Enrolment.Outcome.SCREENED_OUT)
    person.seats.update(state=Seat.State.RESERVED, ended_at=None)
    Cell.objects.filter(key="Female").update(reserved=1)
    assert missed(study, played(person)) == ["seats: held by who is turned away"]


@pytest.mark.parametrize(
    ("fields", "is_accounted_for"),
    [
        ({"ended": "complete", "code": "C"}, True),
        ({"ended": "complete"}, False),
        ({"ended": "quota_full"}, True),
        ({"ended": "failed_checks"}, True),
        ({"ended": "screened_out", "meant": "screened_out"}, True),
        ({"ended": "complete", "code": "C", "meant": "screened_out"}, False),
        ({"ended": "no_consent"}, False),
        ({"ended": "withdrawn"}, False),
        ({"ended": "withdrawn", "meant": "withdrawn"}, True),
        ({"ended": "withdrawn", "meant": "withdrawn", "error": "status 500"}, False),
        ({"ended": "quota_full", "error": "status 500"}, False),
        ({"has_left": True}, True),
        ({"has_left": True, "ended": "complete"}, False),
        ({}, False),
    ],
)
def test_who_ended_as_meant_or_as_the_study_decided_is_accounted_for(
    fields: dict[str, Any], is_accounted_for: bool
) -> None:
    assert Outcome(Person(1, 1), Stopwatch(), Journal(), **fields).is_accounted_for == is_accounted_for
