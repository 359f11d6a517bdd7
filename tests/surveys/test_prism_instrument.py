"""The PRISM instrument has the keys, options, gate, scales and order of the published study."""

import csv
import json
from pathlib import Path
from typing import Any

import pycountry
import pytest
from django.utils.datastructures import MultiValueDict

from surveys.countries import countries, country, special_region
from surveys.questionnaires import DECLINED, Questionnaire, display_order, parse, question_fields, read_page

ROOT = Path(__file__).parents[2]
INSTRUMENT = ROOT / "surveys" / "instruments" / "prism.yaml"
REFERENCE = ROOT.parent / "shared" / "data" / "prism"
needs_reference = pytest.mark.skipif(
    not REFERENCE.exists(), reason="the study's reference files are not here"
)

ORDER = [
    *("lm_familiarity", "lm_indirect_use", "lm_direct_use", "lm_frequency_use", "lm_usecases"),
    *("self_description", "stated_prefs", "system_string", "age", "gender", "employment_status"),
    *("marital_status", "education", "reside_country", "birth_country", "ethnicity", "religion"),
    "english_proficiency",
]
PREFERENCES = ["values", "creativity", "fluency", "factuality", "diversity", "safety", "personalisation"]
PREFERENCES += ["helpfulness", "other"]
DECLINABLE = {"age", "gender", "employment_status", "marital_status", "education", "reside_country"}
DECLINABLE |= {"birth_country", "ethnicity", "religion"}


@pytest.fixture(scope="module")
def prism() -> Questionnaire:
    return parse(INSTRUMENT.read_text(encoding="utf-8"), source="prism.yaml")


def _reference_rows(name: str) -> list[dict[str, str]]:
    with (REFERENCE / "mappings" / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _released_values(column: str) -> set[str]:
    schema = json.loads((REFERENCE / "export_schema.json").read_text(encoding="utf-8"))
    columns = {part["name"]: part for part in schema["files"]["survey.jsonl"]["columns"]}
    return set(columns[column]["values"])


def test_the_questions_come_in_the_order_of_the_study(prism: Questionnaire) -> None:
    assert [question.key for question in prism.questions()] == ORDER


def test_it_has_a_few_pages_and_says_how_long_each_takes(prism: Questionnaire) -> None:
    assert len(prism.pages) == 8
    assert 15 <= prism.minutes <= 25


def test_prefer_not_to_say_is_offered_for_every_demographic_question_but_english(
    prism: Questionnaire,
) -> None:
    offered = {question.key for question in prism.questions() if DECLINED in question.values}
    assert offered == DECLINABLE


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("lm_familiarity", ["Not familiar at all", "Somewhat familiar", "Very familiar"]),
        ("lm_indirect_use", ["Yes", "No", "Unsure"]),
        ("lm_direct_use", ["Yes", "No", "Unsure"]),
        (
            "lm_frequency_use",
            ["Every day", "Every week", "More than once a month", "Once per month", "Less than one a year"],
        ),
        ("gender", ["Male", "Female", "Non-binary / third gender", "Prefer to self-describe", DECLINED]),
        ("marital_status", ["Never been married", "Married", "Divorced/Separated", "Widowed", DECLINED]),
        ("ethnicity", ["Self-describe [please type]", DECLINED]),
        ("religion", ["Self-describe [please type]", "No affiliation", DECLINED]),
        ("english_proficiency", ["Native speaker", "Fluent", "Advanced", "Intermediate", "Basic"]),
        ("stated_prefs", PREFERENCES),
    ],
)
def test_options_are_stored_as_the_study_stored_them(
    prism: Questionnaire, key: str, values: list[str]
) -> None:
    assert list(prism.question(key).values) == values


def test_only_an_age_under_18_screens_out(prism: Questionnaire) -> None:
    screening = [
        (question.key, option.value)
        for question in prism.questions()
        for option in question.options
        if option.screens_out
    ]
    assert screening == [("age", "Under 18")]


@pytest.mark.parametrize(
    ("indirect", "direct", "is_shown"),
    [("No", "No", False), ("Unsure", "Unsure", False), ("Yes", "No", True), ("Unsure", "Yes", True)],
)
def test_use_is_asked_only_of_those_who_used_a_model(
    prism: Questionnaire, indirect: str, direct: str, is_shown: bool
) -> None:
    pages = prism.visible_pages({"lm_indirect_use": indirect, "lm_direct_use": direct})
    asked = [question.key for page in pages for question in page.questions]
    assert ("lm_frequency_use" in asked, "lm_usecases" in asked) == (is_shown, is_shown)
    assert len(pages) == 7 + is_shown


@pytest.mark.parametrize("key", ["lm_usecases", "stated_prefs"])
def test_use_cases_and_preferences_are_shuffled_with_other_last(prism: Questionnaire, key: str) -> None:
    orders = [display_order(prism.question(key), str(seed)) for seed in range(50)]
    assert {order[-1] for order in orders} == {"other"}
    assert len({order[0] for order in orders}) > 4


def test_preferences_run_from_0_to_100_and_only_other_may_stay_untouched(prism: Questionnaire) -> None:
    question = prism.question("stated_prefs")
    assert question.scale is not None
    assert (question.scale.minimum, question.scale.maximum) == (0, 100)
    assert (question.scale.low, question.scale.high) == ("Strongly disagree", "Strongly agree")
    assert not question.scale.not_applicable
    assert [item.key for item in question.items if not item.required] == ["other"]
    assert question.texts_asked == ("other",)


@pytest.mark.parametrize("key", ["ethnicity", "religion"])
def test_an_empty_self_description_is_declined(prism: Questionnaire, key: str) -> None:
    page = next(page for page in prism.pages if key in page.answer_keys)
    fields = MultiValueDict({key: ["Self-describe [please type]"]})
    reading = read_page(page, {}, fields, {})
    assert reading.values[key] == DECLINED
    assert reading.statuses[key] == "declined"


def test_self_descriptions_have_no_released_label_until_people_coded_them(prism: Questionnaire) -> None:
    assert prism.question("gender").released("Prefer to self-describe") is None
    assert prism.question("gender").released("Female") == "Female"
    assert prism.question("gender").released(DECLINED) == DECLINED
    assert prism.question("education").released("Vocational or Similar") == "Vocational"
    assert prism.question("education").released(None) is None


@needs_reference
def test_relabelled_options_are_those_of_the_release(prism: Questionnaire) -> None:
    fields = ("education", "employment_status", "marital_status")
    published = {
        (row["field"], row["from"], row["to"])
        for row in _reference_rows("relabels.csv")
        if row["field"] in fields
    }
    ours = {
        (key, option.value, option.export)
        for key in fields
        for option in prism.question(key).options
        if option.export
    }
    assert ours == published


@needs_reference
@pytest.mark.parametrize(
    "key",
    [
        *("lm_familiarity", "lm_indirect_use", "lm_direct_use", "lm_frequency_use", "age", "gender"),
        *("employment_status", "education", "marital_status", "english_proficiency"),
    ],
)
def test_released_labels_are_exactly_those_of_the_release(prism: Questionnaire, key: str) -> None:
    ours = {
        option.released
        for option in prism.question(key).options
        if not (option.screens_out or option.needs_coding)
    }
    assert ours == _released_values(key)


@needs_reference
def test_use_cases_are_those_of_the_study(prism: Questionnaire) -> None:
    published = [row["key"] for row in _reference_rows("lm_usecases_codes.csv") if row["key"] != "other_text"]
    assert list(prism.question("lm_usecases").values) == published


@needs_reference
def test_regions_are_those_of_the_release() -> None:
    schema = json.loads((REFERENCE / "export_schema.json").read_text(encoding="utf-8"))
    columns = {part["name"]: part for part in schema["files"]["survey.jsonl"]["columns"]}
    location: dict[str, Any] = {field["name"]: field for field in columns["location"]["fields"]}
    ours = {special_region(listed.alpha3) for listed in countries()} | {special_region(DECLINED)}
    assert ours == set(location["special_region"]["values"])


def test_a_whole_page_of_the_instrument_is_answered(prism: Questionnaire) -> None:
    page = prism.page("background")
    fields = MultiValueDict(
        {
            "reside_country": ["GBR"],
            "birth_country": [DECLINED],
            "ethnicity": ["Self-describe [please type]"],
            "ethnicity.Self-describe [please type]_text": ["Welsh"],
            "religion": ["No affiliation"],
            "english_proficiency": ["Fluent"],
        }
    )
    reading = read_page(page, {}, fields, {})
    assert reading.errors == {}
    assert reading.values["ethnicity_text"] == {"Self-describe [please type]": "Welsh"}
    assert reading.statuses == {
        "reside_country": "answered",
        "birth_country": "declined",
        "ethnicity": "answered",
        "ethnicity_text": "answered",
        "religion": "answered",
        "religion_text": "not_shown",
        "english_proficiency": "answered",
    }


def test_every_country_can_be_chosen_by_its_everyday_name(prism: Questionnaire) -> None:
    question = prism.question("birth_country")
    fields = question_fields(question, display_order(question, "x"), {"birth_country": "RUS"}, {})
    assert len(fields.options) == len(countries()) + 1
    assert [option.label for option in fields.options if option.is_chosen] == ["Russia"]
    assert fields.options[-1].value == DECLINED


# Countries


def test_all_iso_countries_but_antarctica_are_listed_once() -> None:
    codes = [listed.alpha3 for listed in countries()]
    assert len(codes) == len(set(codes))
    assert {listed.alpha_3 for listed in pycountry.countries} - set(codes) == {"ATA"}


def test_countries_are_sorted_as_people_look_for_them() -> None:
    names = [listed.name for listed in countries()]
    assert names.index("Åland Islands") == names.index("Afghanistan") + 1
    assert {"Bolivia", "Democratic Republic of the Congo", "South Korea", "Vatican City"} <= set(names)
    assert not [name for name in names if ", " in name and " and " not in name]


def test_a_country_has_its_m49_regions() -> None:
    brazil = country("BRA")
    assert (brazil.name, brazil.region, brazil.subregion) == (
        "Brazil",
        "Americas",
        "Latin America and the Caribbean",
    )
    with pytest.raises(KeyError):
        country("XXX")


@pytest.mark.parametrize(
    ("alpha3", "region"),
    [
        ("USA", "US"),
        ("GBR", "UK"),
        ("MEX", "Latin America and the Caribbean"),
        ("JAM", "Latin America and the Caribbean"),
        ("CAN", "Northern America"),
        ("ISR", "Middle East"),
        ("TUR", "Middle East"),
        ("NZL", "Australia and New Zealand"),
        ("FJI", "Oceania"),
        ("EGY", "Africa"),
        ("IRN", "Asia"),
        ("FRA", "Europe"),
        (DECLINED, DECLINED),
    ],
)
def test_special_regions_follow_the_country_of_birth(alpha3: str, region: str) -> None:
    assert special_region(alpha3) == region
