"""Questionnaires of SurveyJS become ours, and what does not come along is named."""

import contextlib
import json
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.questionnaires import parse
from surveys.questionnaires.surveyjs import MAXIMUM_TEXT, SurveyJSError, convert
from surveys.questionnaires.surveyjs.conditions import NotUnderstood, condition
from surveys.questionnaires.surveyjs.work import Known

EVERY_TYPE: list[dict[str, Any]] = [
    {"type": "radiogroup", "name": "drink", "title": "What do you drink?", "choices": ["tea", "coffee"]},
    {"type": "checkbox", "name": "food", "choices": [{"value": "b", "text": "Bread"}, 2], "hasNone": True},
    {
        "type": "dropdown",
        "name": "town",
        "choices": ["Bath", "York"],
        "showOtherItem": True,
        "otherText": "Else",
    },
    {"type": "tagbox", "name": "tags", "choices": ["x", "y"], "choicesOrder": "random", "hasOther": True},
    {"type": "text", "name": "words", "maxLength": 20},
    {"type": "text", "name": "age", "inputType": "number", "min": 18, "max": 99, "step": 1},
    {"type": "text", "name": "mail", "inputType": "email"},
    {"type": "comment", "name": "story", "isRequired": True},
    {
        "type": "rating",
        "name": "stars",
        "rateMax": 3,
        "minRateDescription": "bad",
        "maxRateDescription": "good",
    },
    {"type": "boolean", "name": "agreed", "labelTrue": "I do"},
    {
        "type": "matrix",
        "name": "grid",
        "columns": ["low", "high"],
        "rows": [{"value": "Row 1", "text": "One"}, "b"],
    },
    {"type": "ranking", "name": "order", "choices": ["a", "b", "c"]},
    {"type": "html", "name": "note", "html": "<p>Read <b>this</b> &amp; that.</p>"},
    {"type": "expression", "name": "sum", "title": "Your sum", "expression": "1 + 1"},
]
OUR_TYPES = (
    "single multiple dropdown multiple text number text long_text single single matrix ranking "
    "information information"
)


def survey(*elements: dict[str, Any], **more: Any) -> str:
    return json.dumps({"title": "A survey", "pages": [{"name": "one", "elements": list(elements)}], **more})


def converted(text: str) -> dict[str, Any]:
    """The document, which must be valid as it stands."""
    imported = convert(text)
    parse(imported.text)
    document = yaml.safe_load(imported.text)
    assert isinstance(document, dict)
    return document


def questions(text: str) -> list[dict[str, Any]]:
    return [question for page in converted(text)["pages"] for question in page["questions"]]


def only(element: dict[str, Any]) -> dict[str, Any]:
    return questions(survey({"name": "it", **element}))[0]


def found(text: str) -> str:
    return "\n".join(f"{f.kind} {f.where}: {f.message}" for f in convert(text).findings)


def test_every_common_type_has_one_of_ours():
    made = questions(survey(*EVERY_TYPE))
    assert [question["type"] for question in made] == OUR_TYPES.split()
    assert [question["key"] for question in made] == [element["name"] for element in EVERY_TYPE]


def test_a_question_is_required_only_where_it_says_so():
    assert only({"type": "comment", "isRequired": True}).get("required", True)
    assert only({"type": "comment"})["required"] is False


def test_choices_keep_values_labels_and_the_ones_added_by_switches():
    options = only(EVERY_TYPE[1] | {"name": "it"})["options"]
    none = {"value": "none", "label": "None", "exclusive": True}
    assert options == [{"value": "b", "label": "Bread"}, "2", none]
    other = only(EVERY_TYPE[2] | {"name": "it"})["options"][-1]
    assert other == {"value": "other", "label": "Else", "asks_text": True}


def test_choices_in_random_order_leave_the_added_ones_at_the_end():
    made = only(EVERY_TYPE[3] | {"name": "it"})
    assert (made["shuffle"], made["last"]) == (True, ["other"])


def test_a_rating_names_its_two_ends():
    labels = [
        option if isinstance(option, str) else option["label"] for option in only(EVERY_TYPE[8])["options"]
    ]
    assert labels == ["1: bad", "2", "3: good"]


def test_a_number_keeps_its_limits_and_whether_it_has_decimals():
    made = only(EVERY_TYPE[5])
    assert (made["minimum"], made["maximum"], "decimals" in made) == (18, 99, False)
    assert only({"type": "text", "inputType": "number"})["decimals"] is True


def test_markup_becomes_plain_text():
    assert only(EVERY_TYPE[12])["text"] == "Read  this  & that."
    assert "without its markup" in found(survey(EVERY_TYPE[12]))


def test_texts_in_several_languages_come_along():
    title = {"default": "Tea or coffee?", "fr": "Thé ou café ?", "ar": "شاي أم قهوة؟"}
    document = converted(survey({"type": "comment", "name": "q", "title": title}, locale="en"))
    assert document["languages"] == ["en", "fr", "ar"]
    assert document["pages"][0]["questions"][0]["text"] == {
        "en": "Tea or coffee?",
        **dict(list(title.items())[1:]),
    }
    french = parse(yaml.safe_dump(document)).in_language("fr")
    assert french.question("q").text == "Thé ou café ?"


def test_panels_are_flattened_with_their_title_and_condition():
    panel = {
        "type": "panel",
        "title": "About tea",
        "visibleIf": "{drink} = 'tea'",
        "elements": [{"type": "comment", "name": "why", "visibleIf": "{food} contains 'b'"}],
    }
    made = questions(survey(EVERY_TYPE[0], EVERY_TYPE[1], panel))
    tea = {"question": "drink", "is": "tea"}
    assert (made[2]["type"], made[2]["text"], made[2]["show_if"]) == ("information", "About tea", tea)
    assert made[3]["show_if"] == {"all": [tea, {"question": "food", "is": "b"}]}


def test_an_earlier_answer_in_a_text_is_piped_where_we_can():
    pages = [
        {"elements": [{"type": "text", "name": "Name"}]},
        {"elements": [{"type": "comment", "name": "b", "title": "Hello {Name}, and {nobody}"}]},
    ]
    text = json.dumps({"pages": pages})
    assert questions(text)[1]["text"] == "Hello {{answer:name}}, and {nobody}"
    assert "{nobody}" in found(text)


def test_names_become_keys_and_double_ones_are_told_apart():
    made = questions(survey(*({"type": "comment", "name": name} for name in ("Über 18?", "1", "a", "A", ""))))
    keys = [question["key"] for question in made]
    assert keys == ["ber_18", "q_1", "a", "a_2", "question"]


KNOWN = {
    "drink": Known({"key": "drink", "type": "single", "options": ["tea", "coffee"]}, 0),
    "food": Known({"key": "food", "type": "multiple", "options": ["b", "2"]}, 0),
    "age": Known({"key": "age", "type": "number"}, 0),
    "stars": Known({"key": "stars", "type": "single", "options": ["1", "2", "3"]}, 0),
    "story": Known({"key": "story", "type": "long_text"}, 0),
    "grid": Known({"key": "grid", "type": "matrix", "options": ["low"], "items": []}, 0, {"Row 1": "row_1"}),
}
TEA = {"question": "drink", "is": "tea"}


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("{drink} = 'tea'", TEA),
        ('{drink} == "tea"', TEA),
        ("{drink} = tea", TEA),
        ("{drink} <> 'tea'", {"not": TEA}),
        ("!({drink} = 'tea')", {"not": TEA}),
        ("not {drink} = 'tea'", {"not": TEA}),
        ("{drink} anyof ['tea', 'coffee']", {"question": "drink", "in": ["tea", "coffee"]}),
        ("{food} contains 'b'", {"question": "food", "is": "b"}),
        (
            "{food} allof ['b', 2]",
            {"all": [{"question": "food", "is": "b"}, {"question": "food", "is": "2"}]},
        ),
        ("{food} notcontains 'b'", {"not": {"question": "food", "is": "b"}}),
        ("{story} notempty", {"question": "story", "answered": True}),
        ("{story} empty", {"question": "story", "answered": False}),
        ("{age} >= 18", {"question": "age", "at_least": 18}),
        ("{age} < 18.5", {"question": "age", "less_than": 18.5}),
        ("{stars} > 1", {"question": "stars", "in": ["2", "3"]}),
        ("{grid.Row 1} = low", {"question": "grid", "item": "row_1", "is": "low"}),
        (
            "{drink} = 'tea' and {age} = 3 or {story} empty",
            {"any": [{"all": [TEA, {"question": "age", "is": 3}]}, {"question": "story", "answered": False}]},
        ),
    ],
)
def test_simple_conditions_are_understood(theirs, ours):
    assert condition(theirs, KNOWN) == ours


@pytest.mark.parametrize(
    "theirs",
    [
        "",
        "{drink}",
        "{drink} = 'water'",
        "{unknown} = 1",
        "age({born}) > 18",
        "{story} = 'x'",
        "{food} = ['b']",
        "{drink} = 'tea' and",
        "({drink} = 'tea'",
        "{age} + 1 > 18",
        "{age} > 'many'",
        "{panel.x} = 1",
        "!" * 50 + "{drink} = 'tea'",
        "{drink} = 'tea' ; drop",
    ],
)
def test_other_conditions_are_left_out_whole_rather_than_guessed(theirs):
    with pytest.raises(NotUnderstood):
        condition(theirs, KNOWN)
    if theirs:
        text = survey(EVERY_TYPE[0], {"type": "comment", "name": "why", "visibleIf": theirs})
        assert "show_if" not in questions(text)[1]
        assert "was not understood" in found(text)


def test_a_number_more_than_a_limit_is_not_the_limit():
    text = survey(EVERY_TYPE[5], {"type": "comment", "name": "why", "visibleIf": "{age} > 18"})
    shown = parse(convert(text).text).question("why").show_if
    assert shown is not None
    assert [shown.holds({"age": years}) for years in (17, 18, 19)] == [False, False, True]
    assert not shown.holds({})


def test_a_condition_that_looks_forward_is_named():
    text = survey({"type": "comment", "name": "why", "visibleIf": "{drink} = 'tea'"}, EVERY_TYPE[0])
    assert "pages[0].elements[0]: Its condition" in found(text)


def test_in_a_page_of_random_order_no_question_hangs_on_another():
    elements = [EVERY_TYPE[0], {"type": "comment", "name": "why", "visibleIf": "{drink} = 'tea'"}]
    text = json.dumps({"pages": [{"questionsOrder": "random", "elements": elements}]})
    assert converted(text)["pages"][0]["randomise"] == "questions"
    assert "was not understood" in found(text)


def test_everything_that_did_not_come_along_is_named_with_its_place():
    text = survey(
        {"type": "file", "name": "photo"},
        {"type": "comment", "name": "why", "requiredIf": "{x} = 1", "validators": [{}]},
        {"type": "dropdown", "name": "land", "choicesByUrl": {"url": "https://example.org"}},
        {"type": "text", "name": "mail", "inputType": "email"},
        {"type": "comment", "name": "gone", "visible": False},
        triggers=[],
    )
    words = found(text)
    for line in (
        "skipped pages[0].elements[0]: A question of type “file” cannot be asked here.",
        "skipped pages[0].elements[1]: Left out: requiredIf, validators.",
        "skipped pages[0].elements[2]: A question without a list of choices cannot be asked here.",
        "approximated pages[0].elements[3]: Any text is accepted, also one that is no “email”.",
        "skipped pages[0].elements[4]: This question is never shown.",
        "skipped : Left out: triggers.",
    ):
        assert line in words


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "[]", "3", "{}", '{"pages": []}', '{"pages": [{"elements": [{"type": "file"}]}]}'),
        *("[" * 100_000, '{"pages":' * 50_000, "x" * (MAXIMUM_TEXT + 1), "1" * 5000),
    ],
)
def test_what_is_no_survey_is_refused_with_a_reason(text):
    with pytest.raises(SurveyJSError) as refused:
        convert(text)
    assert len(str(refused.value)) > 20


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from(["a", "b", "Tea?", "", "a_text", 3]) | ANYTHING
WORDS = (
    st.text(max_size=30)
    | st.dictionaries(st.sampled_from(["default", "fr", "?", "ar"]), st.text())
    | ANYTHING
)
CONDITION = (
    st.sampled_from(
        ["{a} = 'x'", "{drink} = 'tea' or {age} > 20", "{grid.Row 1} <> low", "{food} contains 'b'"]
    )
    | st.sampled_from(["{drink} notempty and {stars} >= 2", "{tags} anyof ['x', y]", "{agreed} = true"])
    | ANYTHING
)
LISTS = st.lists(
    st.sampled_from(
        ["x", 1, True, "other", {"value": "v", "text": "V"}, {"value": 1.0, "text": {"fr": "un"}}]
    )
    | ANYTHING,
    max_size=4,
)
ELEMENT = st.fixed_dictionaries(
    {"type": st.sampled_from([element["type"] for element in EVERY_TYPE])},
    optional={
        **dict.fromkeys(["name"], NAMES),
        **dict.fromkeys(
            ["title", "description", "html", "otherText", "minRateDescription", "labelTrue"], WORDS
        ),
        **dict.fromkeys(["visibleIf"], CONDITION),
        **dict.fromkeys(["choices", "columns", "rows", "rateValues"], LISTS),
        **dict.fromkeys(["hasOther", "hasNone", "isRequired", "isAllRowRequired", "visible"], st.booleans()),
        **dict.fromkeys(["choicesOrder", "rowsOrder"], st.sampled_from(["random", "none", "asc"])),
        **dict.fromkeys(
            ["min", "max", "step", "rateMin", "rateMax", "rateStep", "maxLength", "valueTrue"], ANYTHING
        ),
        "inputType": st.sampled_from(["number", "email", "text"]),
    },
)
PANEL = st.fixed_dictionaries(
    {"type": st.just("panel"), "elements": st.lists(ELEMENT, max_size=3)},
    optional={"title": WORDS, "visibleIf": CONDITION},
)
PAGE = st.fixed_dictionaries(
    {"elements": st.lists(ELEMENT | PANEL | ANYTHING, max_size=5)},
    optional={
        "name": NAMES,
        "title": WORDS,
        "description": WORDS,
        "visibleIf": CONDITION,
        "questionsOrder": st.sampled_from(["random", "initial"]),
    },
)
SURVEY = st.fixed_dictionaries(
    {"pages": st.lists(PAGE | ANYTHING, max_size=4)},
    optional={"title": WORDS, "locale": st.sampled_from(["en", "fr", "de-AT", "x"]) | ANYTHING},
)


@settings(max_examples=settings().max_examples // 2)
@given(SURVEY)
def test_whatever_a_survey_holds_the_import_is_a_valid_questionnaire_or_a_clear_refusal(raw):
    raw["pages"].insert(0, {"elements": EVERY_TYPE})
    try:
        imported = convert(json.dumps(raw))
    except SurveyJSError:
        return
    parse(imported.text)


@settings(max_examples=100, deadline=None)
@given(ANYTHING)
def test_any_json_is_converted_or_refused(raw):
    with contextlib.suppress(SurveyJSError):
        assert parse(convert(json.dumps(raw)).text)


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="{}()[]'\"!=<>&|, abdnortTea1.\\", max_size=60))
def test_any_text_is_a_condition_or_not_understood(text):
    with contextlib.suppress(NotUnderstood):
        assert isinstance(condition(text, KNOWN), dict)
