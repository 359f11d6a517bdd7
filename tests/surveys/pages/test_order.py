"""The survey's pages in their order: on to the last one, screened out on the way, questions shuffled."""

from unittest.mock import Mock

import pytest
from django.db import DatabaseError

from surveys.answers import statuses_for
from surveys.models import Answer, Enrolment, PageSubmission
from tests.surveys.pages.reading import NO_USE, current, page, shown_order
from tests.surveys.visitors import START, USE, VIEWS, address, newcomer, save_draft, submit, text_of, where

pytestmark = pytest.mark.django_db


def test_pages_come_in_their_order_and_the_last_one_leads_on(study, visitor):
    assert where(visitor, study) == "survey/start/"
    assert "Page 1 of 2" in page(visitor, study, "start")
    assert submit(visitor, study, "start", START)["Location"] == address(study, "survey/use/")
    assert where(visitor, study) == "survey/use/"
    assert "Page 2 of 3" in page(visitor, study, "use")
    submit(visitor, study, "use", USE)
    assert "Page 3 of 3" in page(visitor, study, "views")
    assert not Enrolment.objects.get().survey_finished_at
    submit(visitor, study, "views", VIEWS)
    assert Enrolment.objects.get().survey_finished_at
    assert where(visitor, study) == "conversations/"


def test_every_type_of_answer_is_stored_with_its_status(study, visitor):
    for key, fields in (("start", START), ("use", USE), ("views", VIEWS)):
        submit(visitor, study, key, fields)
    stored = {question: current(question) for question in Answer.objects.values_list("question", flat=True)}
    assert stored == {
        "age": ("18 or older", "answered"),
        "uses": ("Yes", "answered"),
        "why": ("Out of curiosity", "answered"),
        "purposes": (["work", "other"], "answered"),
        "purposes_text": ({"other": "Naming my plants"}, "answered"),
        "words": ("Handle with care", "answered"),
        "story": (VIEWS["story"], "answered"),
        "people": (3, "answered"),
        "level": ("well", "answered"),
        "home": ("FRA", "answered"),
        "contact": (True, "answered"),
        "colour": ("own", "answered"),
        "colour_text": ({"own": "mauve"}, "answered"),
        "often": ("daily", "answered"),
        "sliders": ({"fair": 64, "kind": "not_applicable"}, "answered"),
    }


def test_a_declined_and_an_optional_question_are_stored_as_declined(study, visitor):
    submit(visitor, study, "start", NO_USE)
    fields = {k: v for k, v in VIEWS.items() if k not in {"people", "contact", "often"}}
    assert submit(visitor, study, "views", fields | {"people.declined": "on"}).status_code == 302
    assert current("people") == ("Prefer not to say", "declined")
    assert current("contact") == (None, "declined")
    assert current("often") == (None, "not_shown")


def test_jumping_ahead_leads_back_and_stores_nothing(study, visitor):
    for key in ("use", "views", "nowhere"):
        assert visitor.get(address(study, f"survey/{key}/"), follow=True).request["PATH_INFO"] == address(
            study, "survey/start/"
        )
        visitor.post(address(study, f"survey/{key}/"), VIEWS)
    assert visitor.get(address(study, "conversations/"))["Location"] == address(study, "survey/")
    assert visitor.get(address(study, "done/"))["Location"] == address(study, "survey/")
    assert not PageSubmission.objects.exists()


def test_after_the_survey_its_pages_are_closed(study, visitor):
    for key, fields in (("start", NO_USE), ("views", VIEWS)):
        submit(visitor, study, key, fields)
    answer = visitor.post(address(study, "survey/start/"), START)
    assert (answer.status_code, answer.context["onward"]) == (409, address(study, "conversations/"))
    assert PageSubmission.objects.count() == 2


def test_who_is_screened_out_sees_the_outcome_and_the_panels_exit(study, visitor):
    answer = submit(visitor, study, "start", START | {"age": "Under 18"})
    assert answer["Location"] == address(study, "done/")
    enrolment = Enrolment.objects.get()
    assert enrolment.outcome == "screened_out"
    shown = text_of(visitor.get(address(study, "done/")))
    assert "This study is not for you" in shown
    assert "COUT" in shown
    assert "submissions/complete?cc=COUT" in shown


def test_who_is_screened_out_cannot_go_back_and_answer_otherwise(study, visitor):
    submit(visitor, study, "start", {"age": "Under 18"})
    visitor.post(address(study, "survey/start/"), START)
    assert Enrolment.objects.get().outcome == "screened_out"
    assert where(visitor, study) == "done/"
    # The answer that decided is what explains the outcome: saved first, also beside questions left open.
    assert PageSubmission.objects.count() == 1
    assert dict(Answer.objects.values_list("question", "value")) == {"age": "Under 18", "why": None}


def test_beside_the_answer_that_screens_out_only_what_is_in_order_is_stored(study, visitor):
    submit(visitor, study, "start", START | {"age": "Under 18", "why": "x" * 10_001})
    enrolment = Enrolment.objects.get()
    assert enrolment.outcome == "screened_out"
    assert not enrolment.survey_finished_at
    assert current("age") == ("Under 18", "answered")
    assert current("uses") == ("Yes", "answered")
    assert statuses_for(enrolment) == {
        "age": "answered",
        "uses": "answered",
        **dict.fromkeys(set(statuses_for(enrolment)) - {"age", "uses"}, "not_reached"),
    }


def test_who_is_screened_out_is_so_with_the_answers_or_neither_is_stored(study, visitor, monkeypatch):
    monkeypatch.setattr("surveys.journey.EnrolmentEvent.objects.create", Mock(side_effect=DatabaseError))
    with pytest.raises(DatabaseError):
        submit(visitor, study, "start", START | {"age": "Under 18"})
    assert Enrolment.objects.get().outcome == ""
    assert not PageSubmission.objects.exists()


def test_the_order_is_recorded_at_first_sight_and_stays(study, visitor):
    submit(visitor, study, "start", START)
    enrolment = Enrolment.objects.get()
    assert not enrolment.presentations.exists()
    orders = [shown_order(visitor, study) for _ in range(2)]
    save_draft(visitor, study, "use", USE)
    orders.append(shown_order(visitor, study))
    assert orders[0] == orders[1] == orders[2]
    recorded = enrolment.presentations.get(question="purposes")
    assert recorded.order == orders[0]
    assert orders[0][-1] == "other"
    submit(visitor, study, "use", USE)
    assert Answer.objects.get(question="purposes").trace == {"order": orders[0]}


def test_people_see_different_orders(study):
    seen = set()
    for _ in range(6):
        client, _enrolment = newcomer(study)
        submit(client, study, "start", START)
        seen.add(tuple(shown_order(client, study)))
    assert len(seen) > 1
