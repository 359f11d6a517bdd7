"""The way through a study: where people belong at every stage, and how it ends, once."""

from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from selectolax.lexbor import LexborHTMLParser

from surveys import journey, stages
from surveys.models import Enrolment
from tests.factories import make_conversation, make_enrolment, make_study
from tests.surveys.visitors import (
    START,
    USE,
    VIEWS,
    address,
    agree,
    arrive,
    make_small_study,
    new_panel_id,
    newcomer,
    resume_link,
    same_browser,
    submit,
    text_of,
    where,
)

pytestmark = pytest.mark.django_db
Outcome = Enrolment.Outcome
OUTCOMES = [outcome for outcome in Outcome if outcome]
CODES = {outcome.value: f"C{number}X" for number, outcome in enumerate(OUTCOMES)}


@pytest.fixture
def study():
    return make_small_study(panel={"codes": CODES})


def answer_survey(client: Client, study: Any) -> None:
    for page, fields in (("start", START), ("use", USE), ("views", VIEWS)):
        submit(client, study, page, fields)


def hold_all_conversations(enrolment: Enrolment) -> None:
    for kind in enrolment.study.protocols.latest("version").parsed().types:
        for _ in range(kind.required):
            make_conversation(enrolment, turns=1, type=kind.key)


def header(client: Client, study: Any) -> list[tuple[str, str]]:
    """The stages in the head of the page where the person is."""
    steps = client.get(address(study), follow=True).context["journey"]
    return [(str(step.label), step.state) for step in steps or []]


def test_the_way_leads_from_stage_to_stage_and_the_head_says_so(client, study):
    arrive(client, study, new_panel_id())
    enrolment = Enrolment.objects.get()
    seen = [step(client, study, enrolment)]
    agree(client, study)
    seen.append(step(client, study, enrolment))
    answer_survey(client, study)
    seen.append(step(client, study, enrolment))
    hold_all_conversations(enrolment)
    seen.append(step(client, study, enrolment))
    assert seen == [
        ("consent/", "consent", ["current", "todo", "todo"]),
        ("survey/start/", "survey", ["done", "current", "todo"]),
        ("conversations/", "conversations", ["done", "done", "current"]),
        ("done/", "done", []),
    ]


def step(client: Client, study: Any, enrolment: Enrolment) -> tuple[str, str, list[str]]:
    path, states = where(client, study), [state for _, state in header(client, study)]
    enrolment.refresh_from_db()
    return path, enrolment.stage, states


def test_every_page_of_the_way_carries_the_personal_link(client, study):
    arrive(client, study, new_panel_id())
    links = [resume_link(client, study)]
    agree(client, study)
    links.append(resume_link(client, study))
    answer_survey(client, study)
    links.append(resume_link(client, study))
    assert all(link.startswith(address(study, "resume/?link=")) for link in links)


def test_a_study_has_only_the_stages_that_it_needs(client):
    study = make_study(consent_document=None, questionnaire=None)
    enrolment = make_enrolment(study)
    assert [stage.key for stage in stages.due(enrolment)] == ["conversations"]
    study.protocols.all().delete()
    assert stages.due(enrolment) == []
    arrive(client, study, new_panel_id())
    assert where(client, study) == "done/"


def test_whoever_has_done_everything_is_complete_at_the_next_look(client, study):
    client, enrolment = newcomer(study)
    answer_survey(client, study)
    hold_all_conversations(enrolment)
    before = timezone.now()
    assert where(client, study) == "done/"
    enrolment.refresh_from_db()
    assert enrolment.outcome == Outcome.COMPLETE
    assert before <= enrolment.outcome_at <= timezone.now()
    assert enrolment.events.get(kind="outcome").detail == {"outcome": "complete"}


def test_one_conversation_too_few_is_not_complete(client, study):
    client, enrolment = newcomer(study)
    answer_survey(client, study)
    hold_all_conversations(enrolment)
    enrolment.conversations.filter(pk=enrolment.conversations.first().pk).update(state="abandoned")
    assert where(client, study) == "conversations/"
    enrolment.refresh_from_db()
    assert enrolment.outcome == ""


def test_the_last_page_shows_code_and_return_link_each_time_and_on_every_device(study):
    pid = new_panel_id()
    first, enrolment = newcomer(study, pid)
    answer_survey(first, study)
    hold_all_conversations(enrolment)
    second = Client()
    arrive(second, study, pid)
    for client in (first, first, second):
        page = LexborHTMLParser(text_of(client.get(address(study), follow=True)))
        assert page.css_first("[data-completion-code]").text() == CODES["complete"]
        link = page.css_first(".completion a")
        assert (
            link.attributes["href"] == f"https://app.prolific.com/submissions/complete?cc={CODES['complete']}"
        )
        assert link.attributes["rel"] == "noreferrer"
    assert enrolment.events.filter(kind="outcome").count() == 1


def test_who_is_complete_can_change_nothing_any_more(study):
    client, enrolment = newcomer(study)
    answer_survey(client, study)
    hold_all_conversations(enrolment)
    where(client, study)
    for page in ("consent/", "survey/", "survey/start/", "conversations/"):
        assert client.get(address(study, page))["Location"] == address(study, "done/")
        assert client.post(address(study, page), START).status_code in {302, 405}
    assert enrolment.page_submissions.count() == 3


def test_every_outcome_has_a_page_with_its_own_code(study):
    for outcome in OUTCOMES:
        client, enrolment = newcomer(study)
        assert journey.finish(enrolment, outcome)
        assert where(client, study) == "done/"
        page = LexborHTMLParser(text_of(client.get(address(study, "done/"))))
        assert page.css_first("[data-completion-code]").text() == CODES[outcome]
        assert len(page.css("h1")) == 1


def test_an_outcome_without_a_code_says_that_the_page_may_be_closed():
    study = make_small_study()
    client, enrolment = newcomer(study)
    journey.finish(enrolment, Outcome.TIMED_OUT)
    page = text_of(client.get(address(study, "done/")))
    assert "You can close this page now" in page
    assert "data-completion-code" not in page


def test_the_first_outcome_stays(study):
    enrolment = make_enrolment(study)
    assert journey.finish(enrolment, Outcome.WITHDRAWN) is True
    assert journey.finish(enrolment, Outcome.COMPLETE) is False
    assert enrolment.outcome == Outcome.WITHDRAWN
    assert enrolment.events.filter(kind="outcome").count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_outcomes_at_once_one_is_written():
    enrolment = make_enrolment(make_small_study())
    meet, results = Barrier(2, timeout=20), []

    def finish(outcome: Outcome) -> None:
        try:
            mine = Enrolment.objects.get(pk=enrolment.pk)
            meet.wait()
            results.append((journey.finish(mine, outcome), mine.outcome))
        finally:
            connection.close()

    threads = [Thread(target=finish, args=(outcome,)) for outcome in (Outcome.COMPLETE, Outcome.WITHDRAWN)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    enrolment.refresh_from_db()
    assert sorted(written for written, _ in results) == [False, True]
    assert {seen for _, seen in results} == {enrolment.outcome}
    assert enrolment.events.get(kind="outcome").detail == {"outcome": enrolment.outcome}


@pytest.mark.django_db(transaction=True)
def test_two_looks_at_once_complete_the_enrolment_once():
    study = make_small_study()
    client, enrolment = newcomer(study)
    answer_survey(client, study)
    hold_all_conversations(enrolment)
    meet, places = Barrier(2, timeout=20), []

    def look() -> None:
        try:
            again = same_browser(client)
            meet.wait()
            places.append(where(again, study))
        finally:
            connection.close()

    threads = [Thread(target=look) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert places == ["done/", "done/"]
    assert enrolment.events.filter(kind="outcome").count() == 1


def test_that_somebody_is_here_is_written_down_now_and_then(study):
    client, enrolment = newcomer(study)
    long_ago, just_now = timezone.now() - timedelta(hours=1), timezone.now() - timedelta(seconds=5)
    for then in (long_ago, just_now):
        Enrolment.objects.update(seen_at=then)
        client.get(address(study, "survey/start/"))
        enrolment.refresh_from_db()
        assert (enrolment.seen_at == then) == (then == just_now)
