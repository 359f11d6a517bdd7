"""Sending twice, and going back to change an answer: nothing is lost, and the pages follow the answers."""

import pytest
from django.test import Client
from selectolax.lexbor import LexborHTMLParser

from surveys.models import Answer, Enrolment, PageSubmission
from tests.surveys.pages.reading import NO_USE, current, field, page, ticked
from tests.surveys.visitors import (
    START,
    USE,
    VIEWS,
    address,
    arrive,
    hidden,
    new_panel_id,
    newcomer,
    submit,
    text_of,
    where,
)

pytestmark = pytest.mark.django_db


def test_the_same_form_sent_twice_is_one_submission(study, visitor):
    path = address(study, "survey/start/")
    form = START | hidden(visitor.get(path))
    assert visitor.post(path, form)["Location"] == address(study, "survey/use/")
    assert visitor.post(path, form)["Location"] == address(study, "survey/use/")
    assert PageSubmission.objects.count() == 1
    assert where(visitor, study) == "survey/use/"


def test_two_tabs_are_two_submissions_and_the_later_one_counts(study, visitor):
    path = address(study, "survey/start/")
    forms = [START | hidden(visitor.get(path)) | {"why": words} for words in ("Tab one", "Tab two")]
    for form in forms:
        assert visitor.post(path, form).status_code == 302
    assert PageSubmission.objects.count() == 2
    assert current("why") == ("Tab two", "answered")
    assert "Tab two" in page(visitor, study, "start")


def test_going_back_shows_the_answers_and_a_change_is_a_new_row(study, visitor):
    submit(visitor, study, "start", START)
    back = LexborHTMLParser(page(visitor, study, "use")).css_first(".form-actions a")
    assert back.attributes["href"] == address(study, "survey/start/")
    shown = page(visitor, study, "start")
    assert field(shown, "why") == "Out of curiosity"
    assert ticked(shown, "uses") == ["Yes"]
    submit(visitor, study, "start", START | {"why": "Out of need"})
    assert where(visitor, study) == "survey/use/"
    assert list(Answer.objects.filter(question="why").order_by("pk").values_list("value", flat=True)) == [
        "Out of curiosity",
        "Out of need",
    ]


def test_a_changed_answer_hides_later_questions_and_pages(study, visitor):
    submit(visitor, study, "start", START)
    submit(visitor, study, "use", USE)
    submit(visitor, study, "start", NO_USE)
    assert where(visitor, study) == "survey/views/"
    assert "Page 2 of 2" in page(visitor, study, "views")
    assert "How often?" not in page(visitor, study, "views")
    for question in ("why", "purposes", "purposes_text"):
        assert current(question) == (None, "not_shown")
    assert visitor.get(address(study, "survey/use/"), follow=True).request["PATH_INFO"] == address(
        study, "survey/views/"
    )


def test_a_question_that_shows_again_has_to_be_answered_again(study, visitor):
    submit(visitor, study, "start", START)
    submit(visitor, study, "use", USE)
    submit(visitor, study, "start", NO_USE)
    submit(visitor, study, "start", START)
    assert where(visitor, study) == "survey/use/"
    submit(visitor, study, "use", USE)
    assert current("purposes") == (["work", "other"], "answered")
    assert where(visitor, study) == "survey/views/"


def test_a_page_with_a_question_that_came_up_later_opens_again(study, visitor):
    without = {name: value for name, value in VIEWS.items() if name != "often"}
    submit(visitor, study, "start", NO_USE)
    enrolment = Enrolment.objects.get()
    submit(visitor, study, "views", without)
    Enrolment.objects.filter(pk=enrolment.pk).update(survey_finished_at=None)
    submit(visitor, study, "start", START)
    submit(visitor, study, "use", USE)
    assert where(visitor, study) == "survey/views/"
    assert field(page(visitor, study, "views"), "words") == "Handle with care"
    submit(visitor, study, "views", VIEWS)
    assert current("often") == ("daily", "answered")
    assert where(visitor, study) == "conversations/"


def test_a_page_that_opens_again_but_belongs_to_another_device_asks_for_the_personal_link(study):
    pid = new_panel_id()
    first, enrolment = newcomer(study, pid)
    second = Client()
    arrive(second, study, pid)
    submit(second, study, "start", NO_USE)
    without = {name: value for name, value in VIEWS.items() if name != "often"}
    submit(first, study, "views", without)
    Enrolment.objects.filter(pk=enrolment.pk).update(survey_finished_at=None)
    submit(second, study, "start", START)
    submit(second, study, "use", USE)
    answer = second.get(address(study), follow=True)
    assert answer.status_code == 403
    assert "personal link" in text_of(answer)
    assert "Handle with care" not in text_of(answer)
    assert where(first, study) == "survey/views/"
