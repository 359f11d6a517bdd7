"""Every type of question over whole requests: what a page of all of them stores, shows again and counts."""

from pathlib import Path

import pytest
from selectolax.lexbor import LexborHTMLParser

from surveys.models import Answer, Enrolment, Questionnaire
from tests.factories import make_study
from tests.surveys.visitors import address, newcomer, submit, text_of

pytestmark = pytest.mark.django_db

EVERY_TYPE = Path(__file__).parents[1] / "e2e" / "every_type.yaml"
TYPED = '{"keys": 12, "pastes": 1, "pasted_chars": 300, "first_ms": 800, "last_ms": 9000, "text": "secret"}'
MOVED = '{"first": 40, "first_ms": 900, "last_ms": 1500, "moves": 2}'
FIELDS = {
    "colour": "other",
    "colour.other_text": "mauve",
    "fruit": ["Apples", "Pears"],
    "season": "Autumn",
    "country": "FRA",
    "word": "Serendipity",
    "story": "Once upon a time.",
    "story__typing": TYPED,
    "cups": "3",
    "born.declined": "on",
    "weather.rain": "60",
    "loud": "7",
    "mood": "0",
    "mood__trace": MOVED,
    "statements.fair": "2",
    "statements.help": "3",
    "statements.attention": "4",
    "meals.breakfast": "2",
    "meals.lunch": "3",
    "meals.dinner": "1",
    "sure": "on",
}


@pytest.fixture
def study():
    return make_study(questionnaire=Questionnaire.load(EVERY_TYPE.read_text(encoding="utf-8")))


def stored() -> dict[str, object]:
    return dict(Answer.objects.values_list("question", "value"))


def test_every_answer_has_the_shape_of_its_type(study) -> None:
    client, _ = newcomer(study)
    submit(client, study, "kinds", FIELDS)
    assert stored() == {
        "colour": "other",
        "colour_text": {"other": "mauve"},
        "fruit": ["Apples", "Pears"],
        "season": "Autumn",
        "country": "FRA",
        "word": "Serendipity",
        "story": "Once upon a time.",
        "cups": 3,
        "born": "Prefer not to say",
        "weather": {"rain": 60, "other": None},
        "weather_text": None,
        "loud": 7,
        "mood": 0,
        "statements": {"fair": "2", "help": "3", "attention": "4"},
        "meals": ["dinner", "breakfast", "lunch"],
        "sure": True,
    }
    declined = Answer.objects.filter(status="declined").values_list("question", flat=True)
    assert set(declined) == {"born", "weather_text"}


def test_a_ranking_and_a_block_of_sliders_are_stored_as_declined_and_shown_so_again(study) -> None:
    client, _ = newcomer(study)
    submit(client, study, "kinds", FIELDS | {"weather.declined": "on", "meals.declined": "on"})
    rows = Answer.objects.filter(question__in=["weather", "meals"]).values_list("value", "status")
    assert list(rows) == [("Prefer not to say", "declined")] * 2
    shown = LexborHTMLParser(client.get(address(study, "survey/kinds/")).content.decode())
    for name in ("weather", "meals"):
        assert "checked" in shown.css_first(f"[name='{name}.declined']").attributes


def test_counts_of_typing_and_movements_are_stored_without_content(study) -> None:
    client, _ = newcomer(study)
    submit(client, study, "kinds", FIELDS)
    assert Answer.objects.get(question="story").trace == {
        "typing": {"keys": 12, "pastes": 1, "pasted_chars": 300, "first_ms": 800, "last_ms": 9000}
    }
    assert Answer.objects.get(question="mood").trace["movements"]["mood"]["first"] == 40
    assert Answer.objects.get(question="word").trace == {}


def test_what_was_stored_is_there_when_the_person_goes_back(study) -> None:
    client, _ = newcomer(study)
    submit(client, study, "kinds", FIELDS)
    submit(client, study, "kinds", {})
    assert Answer.objects.filter(question="meals").count() == 1
    html = text_of(client.get(address(study, "survey/kinds/")))
    for value in ('value="mauve"', "Once upon a time.", 'value="Serendipity"'):
        assert value in html
    assert html.index("Dinner") < html.index("Breakfast") < html.index("Lunch")


def test_a_check_can_be_judged_from_what_is_stored(study) -> None:
    client, _ = newcomer(study)
    submit(client, study, "kinds", FIELDS)
    question = study.questionnaire.parsed().question("statements")
    assert [(item, check.passes(stored()["statements"][item])) for item, check in question.checks] == [
        ("attention", True)
    ]


def test_the_journey_of_the_study_leads_on_when_all_pages_are_sent(study) -> None:
    client, _ = newcomer(study)
    answer = submit(client, study, "kinds", FIELDS)
    assert answer["Location"] == address(study, "survey/again/")
    assert "Why Autumn?" in text_of(client.get(answer["Location"]))
    submit(client, study, "again", {})
    assert Enrolment.objects.get().survey_finished_at
