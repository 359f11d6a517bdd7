"""Definitions of quotas: what a text means, and what is wrong with it, line by line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from surveys.census import census_table
from surveys.instruments import instrument
from surveys.questionnaires import DECLINED
from surveys.questionnaires import parse as parse_questionnaire
from surveys.quotas.definition import OUTSIDE, Definition, Stratum
from surveys.quotas.reading import QuotaError, parse, quota_schema, unmapped
from surveys.quotas.suggesting import guessed_question, suggest
from tests.surveys.seating import ASKS, by_age, by_sex, document

QUESTIONNAIRE = parse_questionnaire(ASKS)
PRISM = parse_questionnaire(instrument("prism"))
SOUND = """\
format: prism-quotas/1
hold_minutes: 45
strata:
  - key: sex
    question: gender
    categories:
      Female: [Woman]
      Male: [Man]
  - key: age
    question: age
    bands: {young: [18, 39], old: [40]}
tables:
  - key: both
    label: Sex by age
    strata: [sex, age]
    undisclosed: {places: 3}
    targets:
      - {cell: [Female, young], places: 1}
      - {cell: [Female, old], places: 2}
      - {cell: [Male, young], places: 3}
      - {cell: [Male, old], places: 4}
  - key: sex
    strata: [sex]
    undisclosed: refused
    census: us-2020
    n: 101
"""


def faults(text: str) -> list[tuple[int, str]]:
    with pytest.raises(QuotaError) as caught:
        parse(text, QUESTIONNAIRE)
    return [(problem.line, problem.message) for problem in caught.value.problems]


def test_a_sound_text_becomes_strata_tables_and_places() -> None:
    definition = parse(SOUND, QUESTIONNAIRE)
    both, sex = definition.tables
    assert definition.hold.total_seconds() == 45 * 60
    assert definition.questions == {"gender", "age"}
    assert [(cell.key, cell.places) for cell in both.cells] == [
        ("Female / young", 1),
        ("Female / old", 2),
        ("Male / young", 3),
        ("Male / old", 4),
        (OUTSIDE, 3),
    ]
    assert [(cell.key, cell.places) for cell in sex.cells] == [("Female", 52), ("Male", 49)]


def test_json_means_the_same() -> None:
    assert parse(json.dumps(yaml.safe_load(SOUND))) == parse(SOUND)


@pytest.mark.parametrize(
    ("answers", "keys"),
    [
        ({"gender": "Woman", "age": 18}, {"both": "Female / young", "sex": "Female"}),
        ({"gender": "Man", "age": 97.5}, {"both": "Male / old", "sex": "Male"}),
        ({"gender": "Man", "age": "40"}, {"both": "Male / old", "sex": "Male"}),
        ({"gender": "Man", "age": 17}, {"both": OUTSIDE, "sex": "Male"}),
        ({"gender": "Man"}, {"both": OUTSIDE, "sex": "Male"}),
        ({"gender": DECLINED, "age": 30}, {"both": OUTSIDE, "sex": OUTSIDE}),
        ({"gender": "Another", "age": 30}, {"both": OUTSIDE, "sex": OUTSIDE}),
        ({"gender": None, "age": True}, {"both": OUTSIDE, "sex": OUTSIDE}),
    ],
)
def test_answers_lead_to_one_cell_in_each_table(answers: dict[str, Any], keys: dict[str, str]) -> None:
    assert parse(SOUND).keys(answers, 2026) == keys


def test_a_year_of_birth_becomes_the_age_reached_in_the_year_of_arrival() -> None:
    stratum = Stratum(
        "age", "born", ("young", "old"), {}, (("young", 18, 39), ("old", 40, 120)), "birth_year"
    )
    assert [stratum.category(born, 2026) for born in (2008, 1987, 1986, "1950", 2009)] == [
        "young",
        "young",
        "old",
        "old",
        None,
    ]


def test_several_choices_are_one_category_if_they_agree_or_the_one_for_several() -> None:
    mapping = {"Indian": "Asian", "Chinese": "Asian", "Irish": "White"}
    names = ("Asian", "White", "Mixed")
    mixed = Stratum("ethnicity", "e", names, mapping, several="Mixed")
    plain = Stratum("ethnicity", "e", names, mapping)
    given = [["Irish"], ["Indian", "Chinese"], ["Indian", "Irish"], ["Indian", "Martian"], [DECLINED], []]
    assert [mixed.category(one, 2026) for one in given] == ["White", "Asian", "Mixed", None, None, None]
    assert [plain.category(one, 2026) for one in given] == ["White", "Asian", None, None, None, None]


values = st.one_of(
    st.none(),
    st.text(),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.lists(st.text()),
    st.dictionaries(st.text(), st.integers()),
)


@given(values, values)
def test_whatever_was_answered_the_person_has_exactly_one_cell_in_each_table(gender: Any, age: Any) -> None:
    definition = parse(SOUND)
    keys = definition.keys({"gender": gender, "age": age}, 2026)
    for table in definition.tables:
        found = [cell.key for cell in table.cells if cell.key == keys[table.key]]
        assert found == [keys[table.key]] or (table.undisclosed == "refused" and keys[table.key] == OUTSIDE)


@pytest.mark.parametrize(
    ("change", "line", "words"),
    [
        (("format: prism-quotas/1", "format: prism-quotas/9"), 1, "prism-quotas/1"),
        (("question: gender", "question: sexx"), 5, "no question"),
        (("[Woman]", "[Woman, Lady]"), 7, "“Lady” is not an answer"),
        (("[Man]", "[Man, Woman]"), 8, "already belongs to “Female”"),
        (("[Woman]", "[]"), 7, "No answer leads to"),
        (("old: [40]", "old: [39]"), 11, "overlaps with “young”"),
        (("old: [40]", "old: 40"), 11, "list of the first and the last year"),
        (("old: [40]", "old: [90, 40]"), 11, "list of the first and the last year"),
        (("question: age", "question: words"), 10, "texts have to be coded first"),
        (("  - key: age", "  - key: sex"), 9, "given twice"),
        (("strata: [sex, age]", "strata: [sex, region]"), 15, "no stratum “region”"),
        (("strata: [sex, age]", "strata: [sex, sex]"), 15, "given twice"),
        (("{places: 3}", "perhaps"), 16, "outside, refused"),
        (("{places: 3}", "{places: -1}"), 16, "whole number"),
        (("    undisclosed: refused\n", ""), 22, "“undisclosed” is missing"),
        (("[Male, old], places: 4", "[Male, older], places: 4"), 21, "no cell Male / older"),
        (("      - {cell: [Male, old], places: 4}\n", ""), 17, "No places are given for: Male / old"),
        (("cell: [Female, old]", "cell: [Female, young]"), 19, "given twice"),
        (("census: us-2020", "census: uk-2021"), 25, "no census table"),
        (("    n: 101\n", ""), 22, "“n” is missing"),
        (("n: 101", "n: 101\n    floor: 80"), 27, "too few"),
        (("strata: [sex]\n", "strata: [sex, age]\n"), 23, "categories of us-2020"),
        (("Female: [Woman]", "Women: [Woman]"), 18, "no cell Female / young"),
        (("label: Sex by age", "labell: Sex by age"), 14, "not a known key"),
        (("hold_minutes: 45", "hold_minutes: 1"), 2, "at least 5"),
        (("Male: [Man]", "A / B: [Man]"), 8, "is no name for a category"),
    ],
)
def test_each_fault_is_told_with_its_line(change: tuple[str, str], line: int, words: str) -> None:
    assert change[0] in SOUND
    found = faults(SOUND.replace(*change, 1))
    assert any(number == line and words in message for number, message in found), found


def test_a_table_over_two_censuses_is_refused_because_nothing_joins_them() -> None:
    text = SOUND.replace("strata: [sex]", "strata: [sex, origin]").replace(
        "tables:", "  - {key: origin, question: gender, categories: {Hispanic: [Another]}}\ntables:"
    )
    assert any("never made up from margins" in message for _, message in faults(text))


def test_bands_with_the_names_of_a_census_but_other_years_are_refused() -> None:
    bands = {
        "18-24": [18, 27],
        "25-34": [28, 34],
        "35-44": [35, 44],
        "45-54": [45, 54],
        "55-64": [55, 64],
        "65+": [65],
    }
    strata = [{"key": "age", "question": "age", "bands": bands}]
    table = {"key": "age", "strata": ["age"], "census": "us-2020", "n": 10, "undisclosed": "outside"}
    messages = [message for _, message in faults(document(table, strata=strata))]
    assert messages == ["“18-24” has other years in us-2020.", "“25-34” has other years in us-2020."]


def test_what_cannot_be_read_is_told_like_any_fault() -> None:
    assert "not valid YAML" in faults("strata: [")[0][1]
    assert "missing" in faults("{}")[0][1]
    assert faults(SOUND + "hold_minutes: 5\n") == [(27, "is already given on line 2.")]


def test_answers_in_no_category_are_listed_for_the_policy_to_decide() -> None:
    assert unmapped(parse(document(by_sex(), by_age())), QUESTIONNAIRE) == {"sex": ["Another", DECLINED]}


def test_the_schema_says_what_every_key_is_for() -> None:
    table = quota_schema()["properties"]["tables"]["items"]
    assert set(table["required"]) == {"key", "strata", "undisclosed"}
    assert parse(SOUND)


def test_a_first_definition_for_the_prism_questionnaire_is_sound_as_it_is() -> None:
    questions = {name: guessed_question(name, PRISM) for name in ("age", "sex")}
    text = suggest(PRISM, census_table("us-2020"), questions, n=300, floor=0, undisclosed="outside")
    definition: Definition = parse(text, PRISM)
    assert questions == {"age": "age", "sex": "gender"}
    assert sum(cell.places or 0 for cell in definition.tables[0].targets) == 300
    keys = definition.keys({"age": "65+ years old", "gender": "Female"}, 2026)
    assert keys == {"us-2020": "65+ / Female"}


def test_a_suggestion_takes_what_own_words_may_be_coded_as() -> None:
    """PRISM's question on ethnicity has no choice but own words, so that only codes fill these cells."""
    census = census_table("england-wales-2021")
    questions = {name: guessed_question(name, PRISM) for name in census.dimensions}
    assert questions["ethnicity"] == "ethnicity"
    definition = parse(suggest(PRISM, census, questions, n=300, floor=0, undisclosed="outside"), PRISM)
    assert definition.strata["ethnicity"].mapping == {
        "White": "White",
        "Asian": "Asian",
        "Black / African": "Black",
        "Mixed": "Mixed",
        "Other": "Other",
    }


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ({"key": "age", "type": "number"}, {"reads": "age"}),
        ({"key": "birth", "type": "dropdown", "options": ["1950", "1990"]}, {"reads": "birth_year"}),
        ({"key": "years", "type": "dropdown", "options": ["30", "31"]}, {"reads": "age"}),
    ],
)
def test_ages_are_read_as_bands_from_numbers_and_years(
    question: dict[str, Any], expected: dict[str, str]
) -> None:
    document = yaml.safe_load(ASKS)
    document["pages"][0]["questions"] = [question | {"text": "When?"}]
    asked = parse_questionnaire(yaml.safe_dump(document))
    text = suggest(
        asked, census_table("us-2020"), {"age": question["key"]}, n=10, floor=0, undisclosed="outside"
    )
    (stratum,) = yaml.safe_load(text)["strata"]
    assert stratum["reads"] == expected["reads"]
    assert stratum["bands"]["65+"] == [65]
    assert parse(text, asked)


def test_ethnic_groups_are_mapped_by_their_names_and_the_rest_is_left_to_people() -> None:
    options = ["White British", "White Irish", "Black or Black British", "Indian", "Asian Other", "Mixed"]
    whole = yaml.safe_load(ASKS)
    whole["pages"][0]["questions"] = [
        {"key": "ethnicity", "type": "single", "text": "Which?", "options": options}
    ]
    asked = parse_questionnaire(yaml.safe_dump(whole))
    text = suggest(
        asked,
        census_table("england-wales-2021"),
        {"ethnicity": "ethnicity"},
        n=10,
        floor=0,
        undisclosed="outside",
    )
    (stratum,) = yaml.safe_load(text)["strata"]
    # “Asian Other” fits two groups and is left to a person.
    assert stratum["categories"] == {
        "Asian": [],
        "Black": ["Black or Black British"],
        "Mixed": ["Mixed"],
        "Other": [],
        "White": ["White British", "White Irish"],
    }


def test_the_example_in_the_documents_is_sound() -> None:
    text = (Path(__file__).parents[2] / "docs" / "quotas.md").read_text()
    example = text.partition("```yaml\n")[2].partition("```")[0]
    people, origin = parse(example).tables
    assert [sum(cell.places or 0 for cell in table.cells) for table in (people, origin)] == [300, 300]


OWN = {
    "format": "prism-census/1",
    "key": "testland-2024",
    "name": "Testland 2024",
    "place": "Testland",
    "population": "Adults",
    "year": 2024,
    "source": "Statistics Testland",
    "licence": "CC0",
    "total": 1000,
    "tolerance": 5,
    "dimensions": {"sex": {"categories": ["Female", "Male"]}},
    "counts": [["Female", 600], ["Male", 397]],
}


def with_population(**changes: Any) -> str:
    table = {"key": "t", "strata": ["sex"], "census": "testland-2024", "n": 10, "undisclosed": "outside"}
    return document(table, populations=[OWN | changes])


def test_a_census_table_of_ones_own_gives_targets_like_a_shipped_one() -> None:
    (table,) = parse(with_population(), QUESTIONNAIRE).tables
    assert [(cell.key, cell.places) for cell in table.targets] == [("Female", 6), ("Male", 4)]
    assert table.population is not None
    assert table.population.place == "Testland"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"tolerance": 2}, "sum to 997"),
        ({"licence": ""}, "licence"),
        ({"key": "us-2020"}, "is shipped"),
        ({"dimensions": {"sex": {"parts": {"Female": ["women", "all"], "Male": ["men", "all"]}}}}, "overlap"),
        ({"dimensions": {"sex": {"bands": {"Female": ["a", 3], "Male": [4]}}}}, "A band is a list"),
        ({"dimensions": {"sex": {"parts": {"Female": 3, "Male": 4}}}}, "list of groups"),
        ({"dimensions": {"sex": {"categories": [["Female"], "Male"]}}}, "plain names"),
        ({"counts": [[["Female"], 600], ["Male", 397]]}, "should be a list: a category"),
        ({"counts": {"Female": 600}}, "should be a list: a category"),
        ({"dimensions": {"sex": ["Female", "Male"]}}, "exactly one of categories"),
        ({"key": None}, "“key” is missing"),
    ],
)
def test_an_unsound_census_table_of_ones_own_is_refused_with_its_line(
    changes: dict[str, Any], words: str
) -> None:
    text = with_population(**changes)
    found = faults(text)
    first = next(number for number, line in enumerate(text.splitlines(), 1) if line == "populations:")
    assert any(words in message and number > first for number, message in found), found


def test_tables_too_large_to_be_meant_are_refused_before_their_cells_are_made() -> None:
    many: dict[str, list[str]] = {str(number): [str(number)] for number in range(200)}
    strata = [
        {"key": key, "question": "gender", "categories": {name: [name] for name in many}}
        for key in ("a", "b", "c")
    ]
    target = {"cell": ["1", "1", "1"], "places": 1}
    table = {"key": "t", "strata": ["a", "b", "c"], "targets": [target], "undisclosed": "outside"}
    assert any("at most 2000 cells" in message for _, message in faults(document(table, strata=strata)))
    wide = {key: {"categories": list(many)} for key in ("a", "b", "c")}
    assert any("at most 2000 cells" in message for _, message in faults(with_population(dimensions=wide)))
