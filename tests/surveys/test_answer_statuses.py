"""What became of every question: exactly one status for each, for questionnaires of every make."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from django.test import Client
from django.utils.datastructures import MultiValueDict
from hypothesis import given
from hypothesis import strategies as st

from surveys import answers
from surveys.models import Questionnaire as Stored
from surveys.models.people import Role
from surveys.questionnaires import (
    Among,
    Answered,
    Condition,
    Not,
    Option,
    Page,
    Question,
    Questionnaire,
    read_page,
    statuses,
)
from tests.factories import make_member, make_study
from tests.surveys.visitors import SMALL, START, newcomer, submit

OPTIONS = (Option("yes", "Yes"), Option("no", "No"), Option("own", "Own", asks_text=True))


@dataclass
class Person:
    """Somebody who submits pages, as the survey stores them: newest rows, hidden ones marked."""

    document: Questionnaire
    values: dict[str, Any] = field(default_factory=dict)
    stored: dict[str, str] = field(default_factory=dict)

    @property
    def shown_values(self) -> dict[str, Any]:
        return {key: value for key, value in self.values.items() if self.stored[key] != "not_shown"}

    @property
    def open_page(self) -> Page | None:
        for page, questions in self.document.pages_with_visible(self.shown_values):
            if any(self.stored.get(question.key, "not_shown") == "not_shown" for question in questions):
                return page
        return None

    def submit(self, page: Page, fields: dict[str, str]) -> None:
        posted = MultiValueDict({name: [text] for name, text in fields.items()})
        reading = read_page(page, self.shown_values, posted, {})
        assert reading.is_valid
        self.values |= reading.values
        self.stored |= reading.statuses
        shown = self.document.shown_answers(self.shown_values)
        for key in self.stored.keys() - reading.statuses.keys():
            if self.stored[key] != "not_shown" and key not in shown:
                self.stored[key] = "not_shown"

    @property
    def statuses(self) -> dict[str, str]:
        return statuses(self.document, self.shown_values, self.stored)


@st.composite
def documents(draw: st.DrawFn) -> Questionnaire:
    """Up to four pages of optional questions, shown by conditions over questions before them."""
    keys = iter(f"q{number}" for number in range(99))
    before: list[str] = []

    def condition() -> Condition | None:
        if not before or not draw(st.booleans()):
            return None
        key = draw(st.sampled_from(before))
        found: Condition = draw(st.sampled_from([Among(key, ("yes",)), Answered(key, True)]))
        return Not(found) if draw(st.booleans()) else found

    def question() -> Question:
        made = Question(next(keys), "single", "Which?", options=OPTIONS, required=False, show_if=condition())
        before.append(made.key)
        return made

    pages = []
    for number in range(draw(st.integers(1, 4))):
        show_if = condition()
        questions = tuple(question() for _ in range(draw(st.integers(1, 3))))
        pages.append(Page(f"p{number}", "Page", "", questions, show_if=show_if))
    return Questionnaire("drawn", "Drawn", "en", tuple(pages))


def fill(data: st.DataObject, page: Page) -> dict[str, str]:
    choices = st.sampled_from(["yes", "no", "own", ""])
    return {question.key: data.draw(choices) for question in page.questions}


@given(documents(), st.data())
def test_every_question_has_exactly_one_status_all_the_way(
    document: Questionnaire, data: st.DataObject
) -> None:
    person = Person(document)
    keys = {key for page in document.pages for key in page.answer_keys}
    for _ in range(data.draw(st.integers(0, 8))):
        visible = [page for page, questions in document.pages_with_visible(person.shown_values) if questions]
        reachable = visible[: visible.index(person.open_page) + 1] if person.open_page else visible
        page = data.draw(st.sampled_from(reachable)) if reachable else None
        if page is None:
            break
        person.submit(page, fill(data, page))
        found = person.statuses
        assert found.keys() == keys
        assert set(found.values()) <= {"answered", "declined", "not_shown", "not_reached"}
        assert ("not_reached" in found.values()) == (person.open_page is not None)


@given(documents(), st.data())
def test_who_is_done_has_answered_declined_or_never_seen_everything(
    document: Questionnaire, data: st.DataObject
) -> None:
    person = Person(document)
    while page := person.open_page:
        person.submit(page, fill(data, page))
    visible = {q.key for _, questions in document.pages_with_visible(person.shown_values) for q in questions}
    for question in document.questions():
        status = person.statuses[question.key]
        if question.key not in visible:
            assert status == "not_shown"
        else:
            assert status == ("answered" if person.values[question.key] else "declined")


@given(documents())
def test_before_the_first_page_nothing_is_answered_and_what_is_seen_first_is_not_reached(
    document: Questionnaire,
) -> None:
    person = Person(document)
    assert not set(person.statuses.values()) & {"answered", "declined"}
    for page, questions in document.pages_with_visible({}):
        for question in questions:
            assert person.statuses[question.key] == "not_reached", page.key


# As stored


@pytest.mark.django_db
def test_the_statuses_of_a_person_follow_their_submits() -> None:
    study = make_study(questionnaire=Stored.load(SMALL))
    client, enrolment = newcomer(study)
    client.get(f"/studies/{study.slug}/survey/start/")
    before = answers.statuses_for(enrolment)
    assert set(before.values()) == {"not_reached"}
    submit(client, study, "start", {**START, "uses": "No", "why": ""})
    after = answers.statuses_for(enrolment)
    assert after.keys() == before.keys()
    assert (after["age"], after["why"], after["purposes"]) == ("answered", "not_shown", "not_shown")
    assert (after["purposes_text"], after["story"], after["often"]) == (
        "not_shown",
        "not_reached",
        "not_reached",
    )


@pytest.mark.django_db
def test_the_own_record_tells_what_was_not_reached_yet() -> None:
    study = make_study(questionnaire=Stored.load(SMALL))
    client, enrolment = newcomer(study)
    url = f"/studies/{study.slug}/my-data.json"
    assert client.get(url).json()["answers"] == {}
    submit(client, study, "start", {**START, "uses": "No", "why": ""})
    told = client.get(url).json()["answers"]
    assert {key: answer["status"] for key, answer in told.items()} == answers.statuses_for(enrolment)
    assert told["story"] == {"value": None, "status": "not_reached", "at": None}
    assert told["age"]["at"] is not None


@pytest.mark.django_db
def test_coordinators_see_how_many_questions_of_a_page_were_answered_and_not_reached() -> None:
    study = make_study(questionnaire=Stored.load(SMALL))
    visitor, enrolment = newcomer(study)
    client = Client()
    client.force_login(make_member(study, Role.ANALYST))
    way = f"/coordinate/studies/{study.slug}/participants/{enrolment.code}/"
    assert client.get(way).context["questions"] == []
    submit(visitor, study, "start", {**START, "uses": "No", "why": ""})
    page = client.get(way)
    counts = {row["page"]: row["counts"] for row in page.context["questions"]}
    found, document = answers.statuses_for(enrolment), study.questionnaire.parsed()
    for of_page in document.pages:
        kept = [found[question.key] for question in of_page.questions if question.key in found]
        wanted = [kept.count(status) for status in ("answered", "declined", "not_shown", "not_reached")]
        assert counts[of_page.key] == wanted
    assert counts["start"][3] == 0
    assert sum(row[3] for row in counts.values()) > 0
    assert "Not reached" in page.text
    assert START["age"] not in page.text
