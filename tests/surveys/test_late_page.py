"""A page of the survey that is sent too late, from a second tab: told and shown, never dropped in silence."""

from typing import Any

import pytest
from django.test import Client

from surveys import journey
from surveys.models import Answer, Device, Enrolment, Study
from tests.conversations.talking import at_once
from tests.surveys.visitors import (
    START,
    USE,
    VIEWS,
    address,
    arrive,
    hidden,
    make_small_study,
    new_panel_id,
    newcomer,
    same_browser,
    submit,
    text_of,
)

pytestmark = pytest.mark.django_db
PAGE = "survey/views/"
LATER = {**VIEWS, "words": "A second thought\nwith a <b>second</b> line", "colour.own_text": "teal"}


@pytest.fixture
def study() -> Study:
    return make_small_study(contact_email="team@example.org")


def at_the_last_page(study: Study, pid: str = "") -> tuple[Client, Enrolment]:
    client, enrolment = newcomer(study, pid)
    submit(client, study, "start", START)
    submit(client, study, "use", USE)
    return client, enrolment


def opened(client: Client, study: Study, page: str = PAGE) -> dict[str, str]:
    """The hidden fields of a page that a tab shows."""
    return hidden(client.get(address(study, page)))


def stored(enrolment: Enrolment) -> list[Any]:
    rows = Answer.objects.filter(submission__enrolment=enrolment).order_by("pk")
    return list(rows.values_list("question", "value", "status"))


def test_what_a_second_tab_sends_after_the_end_is_shown_and_said_not_to_be_taken(study):
    client, enrolment = at_the_last_page(study)
    first, second = opened(client, study), opened(client, study)
    assert client.post(address(study, PAGE), {**first, **VIEWS}).status_code == 302
    before = stored(enrolment)
    answer = client.post(address(study, PAGE), {**second, **LATER})
    text = text_of(answer)
    assert answer.status_code == 409
    assert "The survey is finished already" in text
    assert "What you sent first counts, and it is kept." in text
    assert answer.context["typed"] == [
        ("In a few words?", "A second thought\nwith a <b>second</b> line"),
        ("Which colour?", "Mine; teal"),
    ]
    assert "<b>second" not in answer.content.decode()
    assert 'href="mailto:team@example.org"' in answer.content.decode()
    assert stored(enrolment) == before
    onward = client.get(answer.context["onward"], follow=True)
    assert onward.status_code == 200


def test_the_same_form_or_the_same_answers_again_lead_on_for_nothing_is_lost(study):
    client, enrolment = at_the_last_page(study)
    first, second = opened(client, study), opened(client, study)
    for fields in (first, first, second):
        answer = client.post(address(study, PAGE), {**fields, **VIEWS})
        assert answer.status_code == 302
    assert enrolment.page_submissions.filter(page="views").count() == 1


def test_a_form_that_was_left_empty_leads_on(study):
    client, _enrolment = at_the_last_page(study)
    submit(client, study, "views", VIEWS)
    assert client.post(address(study, PAGE), {"form_key": "another"}).status_code == 302


def test_an_earlier_page_sent_again_after_the_end_is_told_too(study):
    client, _enrolment = at_the_last_page(study)
    fields = opened(client, study, "survey/start/")
    submit(client, study, "views", VIEWS)
    answer = client.post(address(study, "survey/start/"), {**fields, **START, "why": "For my job"})
    assert answer.status_code == 409
    assert answer.context["typed"] == [("Why did you?", "For my job")]


def test_who_has_ended_in_another_tab_is_told(study):
    client, enrolment = at_the_last_page(study)
    fields = opened(client, study)
    journey.finish(enrolment, Enrolment.Outcome.TIMED_OUT)
    answer = client.post(address(study, PAGE), {**fields, **VIEWS})
    assert answer.status_code == 409
    assert "Handle with care" in text_of(answer)
    assert answer.context["onward"] == address(study, "done/")


def test_a_page_that_another_tab_took_away_is_told_without_calling_the_survey_finished(study):
    client, enrolment = at_the_last_page(study)
    second = opened(client, study, "survey/use/")
    submit(client, study, "start", {"age": "18 or older", "uses": "No"})
    answer = client.post(address(study, "survey/use/"), {**second, "purposes": ["play"]})
    assert answer.status_code == 409
    assert "This page is not open to you any more" in text_of(answer)
    assert answer.context["typed"] == [("What have you used it for?", "play")]
    enrolment.refresh_from_db()
    assert enrolment.survey_finished_at is None


def test_who_is_screened_out_by_the_page_itself_is_not_late(study):
    client, enrolment = newcomer(study)
    answer = submit(client, study, "start", {"age": "Under 18", "uses": "", "why": "Unfinished"})
    assert (answer.status_code, answer.url) == (302, address(study, "done/"))
    enrolment.refresh_from_db()
    assert enrolment.outcome == "screened_out"


def test_a_page_that_is_taken_leads_on_without_an_idempotency_key_too(study):
    client, _enrolment = at_the_last_page(study)
    assert client.post(address(study, PAGE), VIEWS).status_code == 302


def test_another_device_learns_nothing_of_what_was_stored(study):
    pid = new_panel_id()
    client, enrolment = at_the_last_page(study, pid)
    submit(client, study, "views", VIEWS)
    other = Client()
    arrive(other, study, pid)
    assert Device.objects.filter(enrolment=enrolment, is_trusted=False).exists()
    guess = {"form_key": "guess", **VIEWS, "words": "A guess"}
    answer = other.post(address(study, PAGE), guess)
    assert answer.status_code == 409
    assert ("How well?", "well") in answer.context["typed"]  # also what happens to be right
    assert "Handle with care" not in text_of(answer)


def test_a_stranger_is_told_to_come_in_by_their_link(study):
    assert Client().post(address(study, PAGE), VIEWS).status_code == 403


def test_it_needs_the_token_of_the_form(study):
    client, _enrolment = at_the_last_page(study)
    submit(client, study, "views", VIEWS)
    careful = same_browser(client, enforce_csrf_checks=True)
    assert careful.post(address(study, PAGE), LATER).status_code == 403


def test_the_script_gets_the_part_that_it_puts_in(study):
    client, _enrolment = at_the_last_page(study)
    submit(client, study, "views", VIEWS)
    answer = client.post(address(study, PAGE), LATER, headers={"X-Prism-Part": "survey"})
    assert answer.status_code == 409
    assert '<div id="survey" data-title="This was not taken">' in answer.content.decode()


@pytest.mark.django_db(transaction=True)
def test_of_tabs_that_send_at_once_each_is_stored_or_told():
    study = make_small_study()
    client, enrolment = at_the_last_page(study)
    tabs = [(same_browser(client), opened(client, study)) for _ in range(4)]

    def send(number: int) -> Any:
        tab, fields = tabs[number]
        return tab.post(address(study, PAGE), {**fields, **VIEWS, "words": f"Tab {number}"})

    answers = at_once(*(lambda number=number: send(number) for number in range(4)))
    rows = Answer.objects.filter(submission__enrolment=enrolment, question="words")
    kept = set(rows.values_list("value", flat=True))
    told = {number for number, answer in enumerate(answers) if answer.status_code == 409}
    assert {answer.status_code for answer in answers} <= {302, 409}
    assert kept == {f"Tab {number}" for number in range(4) if number not in told}
    assert all(f"Tab {number}" in text_of(answers[number]) for number in told)
    assert kept
