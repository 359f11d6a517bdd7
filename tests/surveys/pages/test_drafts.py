"""Drafts: what was typed and not sent is there again, on the device that may see it."""

import pytest
from django.test import Client

from surveys import answers
from surveys.models import Answer, Draft
from tests.surveys.pages.reading import assert_views_are_shown, field, page, ticked
from tests.surveys.visitors import (
    START,
    USE,
    VIEWS,
    address,
    arrive,
    new_panel_id,
    newcomer,
    resume_link,
    save_draft,
    submit,
    tables_with,
    where,
)

pytestmark = pytest.mark.django_db


def test_a_draft_of_every_type_is_there_again_after_a_reload(study, visitor):
    submit(visitor, study, "start", START)
    submit(visitor, study, "use", USE)
    assert save_draft(visitor, study, "views", VIEWS).json() == {"saved": True}
    assert_views_are_shown(page(visitor, study, "views"))
    assert not Answer.objects.filter(question="words").exists()


def test_a_half_filled_draft_is_there_again_without_complaints(study, visitor):
    save_draft(visitor, study, "start", {"uses": "Yes", "why": "Because I"})
    shown = page(visitor, study, "start")
    assert field(shown, "why") == "Because I"
    assert ticked(shown, "uses") == ["Yes"]
    assert ticked(shown, "age") == []
    assert "A few answers are still missing" not in shown


def test_a_submitted_page_leaves_no_draft(study, visitor):
    save_draft(visitor, study, "start", START | {"why": "A first thought"})
    submit(visitor, study, "start", START)
    assert not Draft.objects.exists()
    assert tables_with("A first thought") == set()


def test_the_newest_draft_wins_and_there_is_one_row(study, visitor):
    for words in ("First", "Second"):
        save_draft(visitor, study, "start", {"uses": "Yes", "why": words})
    assert Draft.objects.get().fields["why"] == ["Second"]


def test_a_draft_of_the_first_device_is_shown_on_a_trusted_second_one_only(study):
    pid = new_panel_id()
    first, _ = newcomer(study, pid)
    save_draft(first, study, "start", {"uses": "Yes", "why": "My own words"})
    untrusted, trusted = Client(), Client()
    arrive(untrusted, study, pid)
    trusted.get(resume_link(first, study))
    assert "My own words" not in page(untrusted, study, "start")
    assert "My own words" in page(trusted, study, "start")
    save_draft(untrusted, study, "start", {"uses": "Yes", "why": "Typed elsewhere"})
    assert "Typed elsewhere" in page(untrusted, study, "start")
    assert Draft.objects.count() == 2


def test_a_draft_that_is_too_long_is_not_kept_and_the_page_is_told(study, visitor):
    save_draft(visitor, study, "start", {"uses": "Yes", "why": "Kept"})
    answer = save_draft(visitor, study, "start", {"why": "x" * (answers.MAXIMUM_DRAFT + 1)})
    assert answer.status_code == 413
    assert answer.json() == {"saved": False}
    assert "Kept" in page(visitor, study, "start")


@pytest.mark.parametrize("fields", [{"why": "a\x00b", "uses": "Yes"}, {"why\x00": "a", "uses": "Yes"}])
def test_a_draft_with_a_zero_character_is_kept_without_it(study, visitor, fields):
    assert save_draft(visitor, study, "start", fields).json() == {"saved": True}
    assert ticked(page(visitor, study, "start"), "uses") == ["Yes"]


def test_a_draft_of_an_odd_page_does_no_harm(study, visitor):
    for odd in ("survey:%00", "x" * 300, "survey:nowhere"):
        assert visitor.post(address(study, f"draft/{odd}/"), {"why": "x"}).status_code in {200, 404}
    assert where(visitor, study) == "survey/start/"


def test_when_it_is_over_no_draft_is_kept(study, visitor):
    submit(visitor, study, "start", START | {"age": "Under 18"})
    assert save_draft(visitor, study, "use", USE).status_code == 409
    assert not Draft.objects.exists()


def test_a_device_keeps_so_many_drafts_and_may_still_change_them(study, visitor, monkeypatch):
    monkeypatch.setattr(answers, "MOST_DRAFTS", 2)
    for key in ("one", "two", "three"):
        answer = save_draft(visitor, study, key, {"why": "x"})
    assert answer.status_code == 413
    assert save_draft(visitor, study, "two", {"why": "y"}).status_code == 200
    assert Draft.objects.count() == 2
