"""Where a person is and how long it still takes, as conditions open and close pages."""

import pytest
from selectolax.lexbor import LexborHTMLParser

from surveys.models import Questionnaire
from tests.factories import make_study
from tests.surveys.visitors import SMALL, START, USE, address, newcomer, submit, text_of

pytestmark = pytest.mark.django_db


def progress(client, study, page: str) -> tuple[str, str, str]:
    tree = LexborHTMLParser(text_of(client.get(address(study, f"survey/{page}/"))))
    left = tree.css_first(".progress-left")
    words = tree.css_first(".progress-line label").text().removesuffix(left.text()).strip()
    return words, left.text(), str(tree.css_first("progress").attributes["value"])


def test_pages_that_conditions_open_are_counted_as_soon_as_they_are_known() -> None:
    study = make_study(questionnaire=Questionnaire.load(SMALL))
    client, _ = newcomer(study)
    assert progress(client, study, "start") == ("Page 1 of 2", "About 3 minutes left", "0")
    submit(client, study, "start", START)
    assert progress(client, study, "use") == ("Page 2 of 3", "About 3 minutes left", "33")
    submit(client, study, "use", USE)
    assert progress(client, study, "views") == ("Page 3 of 3", "About 2 minutes left", "67")


def test_pages_that_conditions_close_are_not_counted() -> None:
    study = make_study(questionnaire=Questionnaire.load(SMALL))
    client, _ = newcomer(study)
    submit(client, study, "start", {**START, "uses": "No", "why": ""})
    assert progress(client, study, "views") == ("Page 2 of 2", "About 2 minutes left", "50")


def test_less_than_a_minute_is_a_minute() -> None:
    study = make_study(questionnaire=Questionnaire.load(SMALL.replace("minutes: 2", "minutes: 0.2")))
    client, _ = newcomer(study)
    submit(client, study, "start", {**START, "uses": "No", "why": ""})
    assert progress(client, study, "views")[1] == "About 1 minute left"
