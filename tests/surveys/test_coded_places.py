"""Own words and quotas: the declared answer counts until a text is decided, then the place follows."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from surveys import journey
from surveys.coding import schemes, texts
from surveys.models import Answer, AuditEvent, Cell, Coding, Enrolment, Questionnaire, Study
from surveys.quotas import seats, versions
from tests.conversations.talking import at_once
from tests.factories import make_member, submit_page
from tests.surveys.seating import (
    DESCRIBED_STRATA,
    DESCRIBES,
    by_age,
    by_sex,
    check_counts,
    counts,
    make_described,
    make_known,
    make_quota_study,
    store,
)

pytestmark = pytest.mark.django_db
Outcome = Enrolment.Outcome
TEXT_ONLY = DESCRIBES.replace("key: quotas", "key: words").replace(
    """      - key: gender
        type: single
        text: What is your gender?
        declinable: true
        coding: gender
        options:
          - Woman
          - Man
          - {value: Another, asks_text: true, needs_coding: true}
""",
    """      - {key: gender, type: text, text: "What is your gender, in your words?", coding: gender}
""",
)


BY_CODE = [
    {"key": "sex", "question": "gender", "categories": {"Female": ["Female"], "Male": ["Male"]}},
]


def make_described_study(*tables: dict[str, Any]) -> Study:
    study = make_quota_study(questionnaire=Questionnaire.load(DESCRIBES))
    store(study, *tables, strata=DESCRIBED_STRATA)
    return study


@pytest.fixture
def study() -> Study:
    return make_described_study(by_sex(female=1, male=1), by_age(young=3, old=3))


def seated(study: Study, **profile: Any) -> Enrolment:
    person = make_described(study, **profile)
    assert journey.after_page(person) is None
    return person


def cells_of(person: Enrolment) -> dict[str, tuple[str, str]]:
    active = person.seats.exclude(state="released")
    return {table: (key, state) for table, key, state in active.values_list("table", "cell__key", "state")}


def text_of(person: Enrolment) -> Answer:
    row = schemes.current("gender")
    return texts.to_code(person.study, row).get(submission__enrolment=person)


def decide(person: Enrolment, category: str, *coders: User) -> None:
    row, answer = schemes.current("gender"), text_of(person)
    for coder in coders or [make_member(person.study) for _ in range(2)]:
        texts.code(person.study, row, answer, coder, category)


def test_until_two_agree_the_declared_answer_counts_and_then_the_place_follows(study):
    person = seated(study)
    assert cells_of(person) == {"sex": ("", "reserved"), "age": ("young", "reserved")}
    until = person.seats.get(table="sex").expires_at
    decide(person, "Female", make_member(study))
    assert cells_of(person)["sex"] == ("", "reserved")
    decide(person, "Female", make_member(study))
    assert cells_of(person) == {"sex": ("Female", "reserved"), "age": ("young", "reserved")}
    assert person.seats.get(table="sex", state="reserved").expires_at == until
    assert person.seats.get(table="sex", state="released").reason == "coded"
    check_counts(study)


def test_with_the_decision_the_seats_of_the_next_steps_stay(study):
    person = seated(study)
    decide(person, "Female")
    assert seats.claim(person) is None
    journey.finish(person, Outcome.COMPLETE)
    assert cells_of(person)["sex"] == ("Female", "confirmed")
    check_counts(study)


def test_the_confirmed_place_of_somebody_complete_follows_too(study):
    person = seated(study)
    journey.finish(person, Outcome.COMPLETE)
    ended = person.seats.get(table="sex").ended_at
    decide(person, "Male")
    assert cells_of(person)["sex"] == ("Male", "confirmed")
    assert person.seats.get(table="sex", state="confirmed").ended_at == ended
    assert counts(study)["sex:Male"] == (0, 1, 0)
    check_counts(study)


def test_a_full_cell_gets_a_further_place_that_the_audit_tells_of_and_nobody_is_sent_away(study):
    first, second = seated(study), seated(study)
    for person in (first, second):
        decide(person, "Female")
    assert cells_of(first)["sex"] == cells_of(second)["sex"] == ("Female", "reserved")
    assert Cell.objects.get(quota=study.quota_id, key="Female").extra == 1
    told = [event.detail for event in AuditEvent.objects.filter(action="coding.coded").order_by("pk")]
    assert [detail.get("further_places") for detail in told] == [None, 0, None, 1]
    assert "Female" not in str(told)
    check_counts(study)


def test_a_ruling_moves_the_place_and_two_codes_that_differ_do_not(study):
    person, row = seated(study), schemes.current("gender")
    for category in ("Female", "Male"):
        texts.code(study, row, text_of(person), make_member(study), category)
    assert cells_of(person)["sex"] == ("", "reserved")
    texts.rule(study, row, text_of(person), make_member(study), "Male", "Says so in plain words.")
    assert cells_of(person)["sex"] == ("Male", "reserved")
    check_counts(study)


def test_a_category_of_no_stratum_leaves_the_place_where_it_is(study):
    person = seated(study)
    before = list(person.seats.values())
    decide(person, "Non-binary / third gender")
    assert list(person.seats.values()) == before


def test_who_declares_a_category_keeps_it_whatever_stands_beside(study):
    """A text left over from an earlier choice says nothing about the present one."""
    person = seated(study)
    decide(person, "Male")
    submit_page(person, person.devices.get(), "who", {"gender": "Woman", "gender_text": None, "age": 30})
    assert journey.after_page(person) is None
    assert cells_of(person)["sex"] == ("Female", "reserved")


def test_new_words_count_as_declared_again(study):
    person = seated(study)
    decide(person, "Male")
    words = {"gender": "Another", "gender_text": {"Another": "neither"}, "age": 30}
    submit_page(person, person.devices.get(), "who", words)
    assert journey.after_page(person) is None
    assert cells_of(person)["sex"] == ("", "reserved")
    check_counts(study)


def test_a_decision_gives_nobody_a_seat_who_had_none(study):
    person = make_described(study)
    late = seated(study)
    late.seats.update(expires_at=late.arrived_at)
    over = seated(study)
    journey.finish(over, Outcome.TIMED_OUT)
    for one in (person, late, over):
        decide(one, "Female")
    assert not person.seats.exists()
    assert not over.seats.exclude(state="released").exists()
    assert cells_of(late)["sex"] == ("", "reserved")
    seats.sweep()
    assert seats.claim(late) is None
    assert cells_of(late)["sex"] == ("Female", "reserved")
    check_counts(study)


def test_a_new_version_of_the_quotas_knows_what_is_decided(study):
    decided, open_one = seated(study), seated(study)
    decide(decided, "Female")
    journey.finish(decided, Outcome.COMPLETE)
    with CaptureQueriesContext(connection) as few:
        store(study, by_sex(female=2, male=2, undisclosed={"places": 5}), strata=DESCRIBED_STRATA)
    assert cells_of(decided) == {"sex": ("Female", "confirmed")}
    assert cells_of(open_one) == {"sex": ("", "reserved")}
    check_counts(study)
    for number in range(5):
        decide(seated(study), ["Female", "Male"][number % 2])
    with CaptureQueriesContext(connection) as many:
        store(study, by_sex(female=9, male=9, undisclosed={"places": 5}), strata=DESCRIBED_STRATA)
    assert len(many) == len(few)
    assert {key: place[:2] for key, place in counts(study).items()} == {
        "sex:Female": (3, 1),
        "sex:Male": (2, 0),
        "sex:": (1, 0),
    }


def test_a_text_alone_makes_a_stratum_once_it_is_coded():
    study = make_quota_study(questionnaire=Questionnaire.load(TEXT_ONLY))
    store(study, by_sex(female=2, male=2), strata=BY_CODE)
    person = make_known(study, gender="Female")
    assert journey.after_page(person) is None
    assert cells_of(person) == {"sex": ("", "reserved")}  # words that look like a category declare none
    decide(person, "Female")
    assert cells_of(person) == {"sex": ("Female", "reserved")}
    undecided = make_known(study, gender="Female")
    store(study, by_sex(female=5, male=5), strata=BY_CODE)
    assert cells_of(person) == {"sex": ("Female", "reserved")}
    assert cells_of(undecided) == {"sex": ("", "reserved")}
    check_counts(study)


def test_coding_goes_on_where_a_study_has_no_quotas():
    study = make_quota_study(questionnaire=Questionnaire.load(DESCRIBES))
    person = make_described(study)
    decide(person, "Female")
    assert Coding.objects.count() == 2
    assert not person.seats.exists()


@pytest.mark.django_db(transaction=True)
def test_of_decisions_arrivals_ends_and_an_edit_at_once_no_count_is_lost() -> None:
    study = make_described_study(by_sex(female=5, male=5), by_age(young=40, old=40))
    row = schemes.current("gender")
    people = [seated(study, age=20 + number * 6) for number in range(7)]
    coders = [make_member(study) for _ in range(2)]
    acts = []
    for number, person in enumerate(people):
        category = ["Female", "Male"][number % 2]
        acts += [partial(texts.code, study, row, text_of(person), coder, category) for coder in coders]
        acts.append(partial(journey.finish, person, [Outcome.COMPLETE, Outcome.TIMED_OUT][number % 3 == 0]))
    acts += [partial(journey.after_page, make_described(study, gender="Woman")) for _ in range(4)]
    acts += [seats.sweep, partial(_edit, study.pk)]
    found = at_once(*acts)
    assert not [one for one in found if isinstance(one, Exception)]
    study.refresh_from_db()
    check_counts(study)
    for number, person in enumerate(people):
        place = None if number % 3 == 0 else (["Female", "Male"][number % 2], "confirmed")
        assert cells_of(person).get("sex") == place


def _edit(pk: int) -> None:
    study = Study.objects.select_related("questionnaire").get(pk=pk)
    store(study, by_sex(female=4, male=4), by_age(young=30, old=30), strata=DESCRIBED_STRATA)


@pytest.mark.parametrize(
    ("strata", "problem"),
    [
        (
            [{"key": "sex", "question": "gender", "categories": {"Female": ["Martian"], "Male": ["Man"]}}],
            "Martian",
        ),
        (
            [{"key": "sex", "question": "words", "categories": {"Female": ["Female"], "Male": ["Male"]}}],
            "coded",
        ),
    ],
)
def test_only_choices_and_categories_of_the_scheme_make_strata(strata, problem):
    study = make_quota_study(questionnaire=Questionnaire.load(DESCRIBES))
    with pytest.raises(versions.QuotaError, match=problem):
        store(study, by_sex(), strata=strata)
