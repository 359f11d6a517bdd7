"""A page that was filled in wrongly: what was typed stays, what is wrong is named, nothing is stored."""

import pytest
from django.utils import timezone

from surveys.models import PageSubmission
from tests.surveys.pages.reading import NO_USE, assert_views_are_shown, field
from tests.surveys.visitors import START, USE, VIEWS, submit, text_of, where

pytestmark = pytest.mark.django_db


def test_a_refused_page_keeps_what_was_typed_of_every_type(study, visitor):
    submit(visitor, study, "start", START)
    submit(visitor, study, "use", USE)
    answer = submit(visitor, study, "views", VIEWS | {"words": ""})
    assert answer.status_code == 422
    assert "A few answers are still missing" in text_of(answer)
    assert list(answer.context["errors"]) == ["words"]
    assert "<title>Please check" in " ".join(text_of(answer).split()).replace("<title> ", "<title>")
    assert_views_are_shown(text_of(answer), words="")
    assert PageSubmission.objects.count() == 2


def test_a_wrong_answer_of_each_type_is_named_and_nothing_is_stored(study, visitor):
    submit(visitor, study, "start", NO_USE)
    wrong = {
        "words": "   ",
        "story": "x" * 301,
        "people": "many",
        "level": "perfectly",
        "home": "XXX",
        "colour": "green",
        "sliders.fair": "101",
    }
    answer = submit(visitor, study, "views", wrong)
    assert set(answer.context["errors"]) == {"words", "story", "people", "level", "home", "colour", "sliders"}
    assert field(text_of(answer), "story") == "x" * 301
    assert field(text_of(answer), "people") == "many"
    assert PageSubmission.objects.count() == 1


def test_what_people_typed_is_shown_as_text_and_never_as_markup(study, visitor):
    answer = submit(visitor, study, "start", START | {"why": "<script>alert(1)</script>", "age": ""})
    assert answer.status_code == 422
    assert "<script>alert(1)" not in text_of(answer)
    assert "&lt;script&gt;alert(1)" in text_of(answer)


NONSENSE = "\x00 \u202e" + "9" * 500


@pytest.mark.parametrize(
    "extra",
    [
        {"form_key": "\x00" * 5},
        {"form_key": NONSENSE},
        {"shown_at": "2026-13-45T99:00:00Z"},
        {"shown_at": "0001-01-01T00:00:00+14:00"},
        {"shown_at": "9999-12-31T23:59:59-14:00"},
        {"shown_at": "2026-01-01T00:00:00"},
        {"shown_at": "\x00"},
        {"why": "a\x00b"},
        {"age": ["18 or older", "18 or older"]},
        {"unknown": "field", "age.age_text": "x"},
    ],
)
def test_odd_fields_beside_a_good_answer_do_no_harm(study, visitor, extra):
    assert submit(visitor, study, "start", START | extra).status_code == 302
    assert where(visitor, study) == "survey/use/"
    shown = PageSubmission.objects.get().shown_at
    assert shown is None or abs((timezone.now() - shown).total_seconds()) < 3600
