"""A posted page becomes answers: for every type what is missing, tampered with, and good."""

from typing import Any

import pytest
from django.template.loader import render_to_string
from django.utils.datastructures import MultiValueDict
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser as HTMLParser

from surveys.questionnaires import (
    DECLINED,
    NOT_APPLICABLE,
    Among,
    Item,
    Option,
    Page,
    PageReading,
    Question,
    Scale,
    question_fields,
    read_last_page,
    read_page,
)

RED_OR_OTHER = (Option("red", "Red"), Option("blue", "Blue"), Option("other", "Other", asks_text=True))
DECLINING = Option(DECLINED, DECLINED, exclusive=True)
SCALE = Scale(0, 100, "Low", "High")
ROWS = (Item("a", "Alpha"), Item("b", "Beta"))
SLIDERS = (Item("a", "Alpha"), Item("b", "Beta", asks_text=True, required=False))


def posted(**fields: str | list[str]) -> MultiValueDict[str, str]:
    return MultiValueDict(
        {name: [value] if isinstance(value, str) else value for name, value in fields.items()}
    )


def read(question: Question, fields: dict[str, str | list[str]]) -> PageReading:
    return read_page(Page("page", "Page", "", (question,)), {}, posted(**fields), {})


def single(**more: Any) -> Question:
    return Question("q", "single", "Which?", **{"options": RED_OR_OTHER, **more})


def multiple(**more: Any) -> Question:
    return Question("q", "multiple", "Which?", **{"options": RED_OR_OTHER, **more})


def sliders(**more: Any) -> Question:
    return Question("q", "sliders", "How far?", **{"items": SLIDERS, "scale": SCALE, **more})


def assert_refused(reading: PageReading, reason: str, value: Any) -> None:
    assert not reading.is_valid
    assert reason in reading.errors["q"]
    assert reading.values["q"] == value


def assert_answered(reading: PageReading, value: Any) -> None:
    assert reading.errors == {}
    assert reading.values["q"] == value
    assert reading.statuses["q"] == "answered"


def assert_declined(reading: PageReading, value: Any) -> None:
    assert reading.errors == {}
    assert reading.values["q"] == value
    assert reading.statuses["q"] == "declined"


# Choices


@pytest.mark.parametrize("kind", ["single", "dropdown", "country"])
def test_one_choice_is_answered_refused_when_missing_and_declined_when_optional(kind: str) -> None:
    question = Question("q", kind, "Which?", options=RED_OR_OTHER[:2])
    assert_answered(read(question, {"q": "red"}), "red")
    assert_refused(read(question, {}), "Please choose an answer", None)
    optional = Question("q", kind, "Which?", options=RED_OR_OTHER[:2], required=False)
    assert_declined(read(optional, {"q": ""}), None)


def test_prefer_not_to_say_is_a_declined_answer() -> None:
    assert_declined(read(single(options=(*RED_OR_OTHER, DECLINING)), {"q": DECLINED}), DECLINED)


def test_prefer_not_to_say_is_refused_where_it_is_not_offered() -> None:
    assert_refused(read(single(), {"q": DECLINED}), "not one of those offered", None)


def test_a_choice_that_is_not_offered_is_refused_also_when_the_question_is_optional() -> None:
    assert_refused(read(single(required=False), {"q": "green"}), "not one of those offered", None)
    assert_refused(
        read(multiple(required=False), {"q": ["red", "green"]}), "not one of those offered", ["red"]
    )


def test_a_text_beside_the_chosen_option_is_an_answer_of_its_own() -> None:
    reading = read(single(), {"q": "other", "q.other_text": " mauve\r\nor so "})
    assert reading.values == {"q": "other", "q_text": {"other": "mauve\nor so"}}
    assert reading.statuses == {"q": "answered", "q_text": "answered"}


def test_a_text_whose_option_was_not_chosen_is_not_shown_and_not_kept() -> None:
    reading = read(single(), {"q": "red", "q.other_text": "mauve"})
    assert reading.values == {"q": "red", "q_text": None}
    assert reading.statuses == {"q": "answered", "q_text": "not_shown"}


def test_a_text_without_any_choice_means_its_option() -> None:
    assert_answered(read(single(), {"q.other_text": "mauve"}), "other")
    assert_answered(read(multiple(), {"q": ["red"], "q.other_text": "mauve"}), ["red", "other"])


@pytest.mark.parametrize(
    ("rule", "value", "error"),
    [
        ("accept", "other", ""),
        ("decline", DECLINED, ""),
        ("refuse", "other", "Please write your answer beside"),
    ],
)
def test_an_empty_text_is_handled_as_the_question_says(rule: Any, value: str, error: str) -> None:
    question = single(options=(*RED_OR_OTHER, DECLINING), empty_text=rule)
    reading = read(question, {"q": "other", "q.other_text": "  "})
    assert reading.values["q"] == value
    assert error in reading.errors.get("q", "")
    assert reading.is_valid == (not error)
    assert reading.statuses["q"] == ("declined" if value == DECLINED else "answered")


def test_several_choices_are_kept_in_the_order_of_the_file() -> None:
    assert_answered(read(multiple(), {"q": ["blue", "red", "blue"]}), ["red", "blue"])
    assert_refused(read(multiple(), {}), "at least one", [])
    assert_declined(read(multiple(required=False), {}), [])


def test_an_exclusive_choice_cannot_be_combined() -> None:
    question = multiple(options=(*RED_OR_OTHER, DECLINING))
    assert_refused(read(question, {"q": ["red", DECLINED]}), "cannot be combined", ["red", DECLINED])
    assert_declined(read(question, {"q": [DECLINED]}), [DECLINED])


def test_a_text_that_is_too_long_is_refused_and_kept() -> None:
    reading = read(single(max_length=5), {"q": "other", "q.other_text": "mauves"})
    assert "6 characters; at most 5" in reading.errors["q"]
    assert reading.values["q_text"] == {"other": "mauves"}


def test_an_option_can_screen_out_while_other_questions_have_errors() -> None:
    age = Question("age", "single", "Age?", options=(Option("Under 18", "Under 18", screens_out=True),))
    page = Page("page", "Page", "", (age, single()))
    reading = read_page(page, {}, posted(age="Under 18"), {})
    assert reading.screened_out
    assert list(reading.errors) == ["q"]
    assert not read_page(page, {}, posted(q="red"), {}).screened_out
    kept = read_last_page(page, {}, posted(age="Under 18"), {})
    assert (kept.screened_out, kept.errors) == (True, {})
    assert (kept.values, kept.statuses) == ({"age": "Under 18"}, {"age": "answered"})


def test_an_answer_that_is_refused_screens_nobody_out() -> None:
    ends = Option("Under 18", "Under 18", screens_out=True, asks_text=True)
    age = Question("age", "single", "Age?", options=(ends,), empty_text="refuse")
    page = Page("page", "Page", "", (age,))
    assert not read_page(page, {}, posted(age="Under 18"), {}).screened_out
    assert read_page(page, {}, MultiValueDict({"age.Under 18_text": ["17"]}), {}).screened_out


# Texts and consent


@pytest.mark.parametrize("kind", ["text", "long_text"])
def test_a_text_is_trimmed_and_measured(kind: str) -> None:
    question = Question("q", kind, "Say", min_length=3, max_length=5)
    assert_answered(read(question, {"q": "  abc\x00 "}), "abc")
    assert_refused(read(question, {"q": " "}), "Please write an answer", None)
    assert_refused(read(question, {"q": "ab"}), "at least 3 characters", "ab")
    assert_refused(read(question, {"q": "abcdef"}), "6 characters; at most 5", "abcdef")
    assert_declined(read(Question("q", kind, "Say", required=False), {}), None)


@pytest.mark.parametrize("kind", ["text", "number"])
def test_a_text_or_number_can_be_declined_only_where_that_is_offered(kind: str) -> None:
    fields: dict[str, str | list[str]] = {"q": "7", "q.declined": "on"}
    assert_declined(read(Question("q", kind, "Say", declinable=True), fields), DECLINED)
    assert_answered(read(Question("q", kind, "Say"), fields), 7 if kind == "number" else "7")
    assert "Prefer not to say" in read(Question("q", kind, "Say", declinable=True), {}).errors["q"]


def test_consent_is_true_only_when_ticked() -> None:
    question = Question("q", "consent", "I agree")
    assert_answered(read(question, {"q": "on"}), True)
    assert_refused(read(question, {"q": "off"}), "tick this box", None)
    assert_declined(read(Question("q", "consent", "I agree", required=False), {}), None)


# Sliders


def test_touched_sliders_are_answered_also_at_the_ends_and_untouched_ones_are_none() -> None:
    assert_answered(read(sliders(), {"q.a": "0", "q.b": ""}), {"a": 0, "b": None})
    assert_answered(read(sliders(), {"q.a": "100"}), {"a": 100, "b": None})


def test_a_required_slider_must_be_touched_and_what_was_set_is_kept() -> None:
    assert_refused(
        read(sliders(), {"q.a": "", "q.b": "7"}),
        "Please set these sliders too: “Alpha”.",
        {"a": None, "b": 7},
    )
    assert_declined(read(sliders(required=False), {}), {"a": None, "b": None})


def test_a_block_of_sliders_can_be_declined_only_where_that_is_offered() -> None:
    declined: dict[str, str | list[str]] = {"q.a": "7", "q.b_text": "beyond", "q.declined": "on"}
    reading = read(sliders(declinable=True), declined)
    assert_declined(reading, DECLINED)
    assert (reading.values["q_text"], reading.statuses["q_text"]) == (None, "declined")
    assert read(sliders(), declined).values["q"] == {"a": 7, "b": None}
    assert read(sliders(declinable=True), {}).errors["q"].endswith("“Alpha”. Or tick “Prefer not to say”.")


def test_a_declined_block_of_sliders_is_shown_with_the_box_ticked_and_untouched() -> None:
    question = sliders(declinable=True)
    tree = HTMLParser(_shown(question, read(question, {"q.a": "7", "q.declined": "on"})))
    assert "checked" in tree.css_first("[name='q.declined']").attributes
    assert [field.attributes.get("value", "") for field in tree.css("[data-slider-value]")] == ["", ""]


def test_many_untouched_sliders_are_counted_instead_of_named() -> None:
    four = sliders(items=tuple(Item(key, key) for key in "abcd"))
    assert "4 sliders are not set yet" in read(four, {}).errors["q"]
    assert "“b”, “c”, “d”" in read(four, {"q.a": "1"}).errors["q"]


@pytest.mark.parametrize("position", ["101", "-1", "50.5", "middle", "9" * 40])
def test_a_position_that_the_slider_cannot_have_is_refused(position: str) -> None:
    assert_refused(read(sliders(), {"q.a": position}), "outside the scale", {"a": None, "b": None})
    assert_refused(read(sliders(), {"q.a": "5", "q.b": position}), "Beta", {"a": 5, "b": None})


def test_not_applicable_counts_only_where_the_scale_offers_it() -> None:
    fields: dict[str, str | list[str]] = {"q.a": "5", "q.a__na": "on"}
    offered = sliders(scale=Scale(0, 100, "Low", "High", not_applicable=True))
    reading = read(offered, fields)
    assert reading.is_valid
    assert reading.values["q"] == {"a": NOT_APPLICABLE, "b": None}
    assert read(sliders(), fields).values["q"] == {"a": 5, "b": None}


def test_a_slider_keeps_its_movements_and_its_text() -> None:
    trace = '{"first": 40, "first_ms": 1200, "last_ms": 3400, "moves": 3, "more": "no"}'
    reading = read(sliders(), {"q.a": "42", "q.a__trace": trace, "q.b_text": "beyond"})
    assert reading.traces == {
        "q": {"movements": {"a": {"first": 40, "first_ms": 1200, "last_ms": 3400, "moves": 3}}}
    }
    assert reading.values["q_text"] == {"b": "beyond"}
    assert reading.statuses["q_text"] == "answered"
    assert read(sliders(), {"q.a": "42"}).statuses["q_text"] == "declined"


@pytest.mark.parametrize(
    "trace",
    [
        *("", "{", "[]", "null", "7", '{"first": 1}', "[" * 100_000, '"' + "x" * 1000),
        '{"first": 1, "first_ms": 1.5, "last_ms": 2, "moves": 1}',
        '{"first": true, "first_ms": 1, "last_ms": 2, "moves": 1}',
    ],
)
def test_a_trace_that_makes_no_sense_is_left_out(trace: str) -> None:
    reading = read(sliders(), {"q.a": "42", "q.a__trace": trace})
    assert_answered(reading, {"a": 42, "b": None})
    assert reading.traces == {}


# Pages


def test_the_order_of_a_shuffled_question_is_recorded() -> None:
    page = Page("page", "Page", "", (multiple(shuffle=True),))
    reading = read_page(page, {}, posted(q="red"), {"q": ["blue", "red", "other"], "elsewhere": ["x"]})
    assert reading.traces == {"q": {"order": ["blue", "red", "other"]}}


def _two_steps() -> Page:
    follow_up = Question("why", "text", "Why?", show_if=Among("q", ("red",)))
    return Page("page", "Page", "", (Question("note", "information", "Read"), single(), follow_up))


def test_a_hidden_question_is_not_shown_whatever_was_posted_for_it() -> None:
    reading = read_page(_two_steps(), {}, posted(q="blue", why="because"), {})
    assert reading.is_valid
    assert reading.values == {"q": "blue", "q_text": None, "why": None}
    assert reading.statuses["why"] == "not_shown"


def test_a_question_that_the_same_post_opens_is_asked_for() -> None:
    assert read_page(_two_steps(), {}, posted(q="red"), {}).errors.keys() == {"why"}


def test_an_earlier_submit_of_the_page_does_not_open_its_questions() -> None:
    assert read_page(_two_steps(), {"q": "red"}, posted(q="blue"), {}).is_valid


def test_on_errors_everything_typed_is_there_to_be_shown_again() -> None:
    page = Page("page", "Page", "", (single(), Question("n", "number", "How many?")))
    reading = read_page(page, {}, posted(**{"q": "red", "q.other_text": "mauve", "n": "many"}), {})
    assert reading.values == {"q": "red", "q_text": {"other": "mauve"}, "n": "many"}


EVERY_TYPE = (
    single(),
    Question("m", "multiple", "Which?", options=(*RED_OR_OTHER, DECLINING), shuffle=True),
    Question("d", "dropdown", "Which?", options=RED_OR_OTHER, required=False),
    Question("t", "text", "Say", declinable=True),
    Question("l", "long_text", "Say", max_length=20),
    Question("n", "number", "How many?", decimals=True),
    Question(
        "s",
        "sliders",
        "How far?",
        items=SLIDERS,
        scale=Scale(0, 9, "Low", "High", not_applicable=True),
        declinable=True,
    ),
    Question("c", "consent", "I agree"),
    Question("y", "birth_year", "When were you born?", declinable=True),
    Question("v", "visual_analogue", "How well?", scale=SCALE, declinable=True),
    Question("o", "slider", "How loud?", scale=SCALE),
    Question("x", "matrix", "How true?", items=ROWS, options=RED_OR_OTHER[:2], shuffle=True),
    Question("r", "ranking", "In which order?", options=RED_OR_OTHER[:2], declinable=True),
    Question("p", "text", "Say", paste="block"),
    Question("i", "information", "Read this", help="Slowly"),
)
PAGE = Page("page", "Page", "", EVERY_TYPE)
FIELDS = ["q", "q.other_text", "m", "m.other_text", "d", "t", "t.declined", "l", "n", "c", "s.a", "s.b"]
FIELDS += ["s.a__na", "s.a__trace", "s.b_text", "y", "y.declined", "v", "v.declined", "v__trace", "o", "x.a"]
FIELDS += ["x.b", "r.red", "r.blue", "r.declined", "s.declined", "p", "p__typing"]
anything = st.lists(
    st.sampled_from(["", "on", "red", "other", "7", "-1", DECLINED, "{}", "1.5"]) | st.text(), max_size=3
)


@given(st.dictionaries(st.sampled_from(FIELDS), anything))
def test_whatever_is_posted_every_answer_has_a_value_and_a_status(fields: dict[str, list[str]]) -> None:
    reading = read_page(PAGE, {}, MultiValueDict(fields), {})
    assert reading.values.keys() == reading.statuses.keys() == set(PAGE.answer_keys)
    assert set(reading.statuses.values()) <= {"answered", "declined", "not_shown"}
    assert reading.errors.keys() <= reading.values.keys()
    assert all(reading.errors.values())


# What is shown


def _shown(question: Question, reading: PageReading) -> str:
    fields = question_fields(question, question.values, reading.values, reading.errors, reading.traces)
    return render_to_string("surveys/question.html", {"field": fields})


def _posted_again(html: str) -> dict[str, list[str]]:
    """What a browser would post for the rendered fields."""
    again: dict[str, list[str]] = {}
    for node in HTMLParser(html).css("input[name], textarea[name], select[name]"):
        attributes = node.attributes
        name = str(attributes["name"])
        if attributes.get("type") in ("radio", "checkbox") and "checked" not in attributes:
            continue
        if node.tag == "select":
            chosen = node.css_first("option[selected]")
            again[name] = [str(chosen.attributes["value"])] if chosen else [""]
        elif node.tag == "textarea":
            again[name] = [node.text().removeprefix("\n")]
        else:
            again.setdefault(name, []).append(attributes.get("value") or "")
    return again


GOOD: list[dict[str, list[str]]] = [
    {
        "q": ["red"],
        "m": ["other"],
        "m.other_text": ['<b>"mauve"</b>'],
        "d": ["blue"],
        "t": ["a & b"],
        "l": ["one\n\ntwo"],
    }
    | {
        "n": ["2.5"],
        "s.a": ["0"],
        "s.a__trace": ['{"first": 1, "first_ms": 2, "last_ms": 3, "moves": 4}'],
        "c": ["on"],
        "y": ["1970"],
        "v": ["0"],
        "v__trace": ['{"first": 1, "first_ms": 2, "last_ms": 3, "moves": 4}'],
        "o": ["100"],
        "x.a": ["red"],
        "x.b": ["blue"],
        "r.red": ["2"],
        "r.blue": ["1"],
        "p": ["mine"],
        "p__typing": ['{"keys": 4, "pastes": 1, "pasted_chars": 9, "first_ms": 5, "last_ms": 6}'],
    },
    {"q": ["other"], "q.other_text": ["mauve"], "m": [DECLINED], "t.declined": ["on"], "l": ["x"], "n": ["7"]}
    | {"s.a__na": ["on"], "s.b": ["9"], "s.b_text": ["beyond"], "c": ["on"], "y.declined": ["on"], "o": ["7"]}
    | {"v.declined": ["on"], "x.a": ["red"], "x.b": ["red"], "r.red": ["1"], "r.blue": ["2"], "p": ["mine"]},
]


@pytest.mark.parametrize("fields", GOOD)
def test_a_page_shown_again_posts_the_same_answers(fields: dict[str, list[str]]) -> None:
    reading = read_page(PAGE, {}, MultiValueDict(fields), {})
    assert reading.errors == {}
    again = _posted_again("".join(_shown(question, reading) for question in EVERY_TYPE))
    assert read_page(PAGE, {}, MultiValueDict(again), {}) == reading


@pytest.mark.parametrize(
    "fields",
    [
        {"q": ["red"], "q.other_text": ["kept"], "n": ["many"], "l": ["x" * 30], "s.b": ["3"]},
        {"x.a": ["red"], "r.red": ["1"], "r.blue": ["1"], "y": ["70"], "p": ["kept"], "v": ["5"]},
        {"m": ["red", DECLINED], "t": [""], "s.b_text": ["kept"], "d": ["other"], "d.other_text": ["kept"]},
    ],
)
def test_a_refused_page_shown_again_posts_what_was_typed(fields: dict[str, list[str]]) -> None:
    reading = read_page(PAGE, {}, MultiValueDict(fields), {})
    assert not reading.is_valid
    again = _posted_again("".join(_shown(question, reading) for question in EVERY_TYPE))
    assert read_page(PAGE, {}, MultiValueDict(again), {}) == reading
    assert {name: again[name] for name in fields} == fields


@pytest.mark.parametrize("question", EVERY_TYPE, ids=lambda question: question.type)
def test_every_control_has_a_label_and_every_reference_a_target(question: Question) -> None:
    tree = HTMLParser(_shown(question, read_page(PAGE, {}, MultiValueDict({}), {})))
    ids = [node.attributes["id"] for node in tree.css("[id]")]
    assert len(ids) == len(set(ids))
    labelled = {label.attributes.get("for") for label in tree.css("label")}
    for control in tree.css("input:not([type=hidden]):not([aria-labelledby]), select, textarea"):
        assert control.attributes.get("id") in labelled or control.parent.tag == "label"
    for node in tree.css("[aria-describedby]"):
        assert set(str(node.attributes["aria-describedby"]).split()) <= set(ids)


@pytest.mark.parametrize(
    "question", [q for q in EVERY_TYPE if q.required and q.type != "information"], ids=lambda q: q.type
)
def test_an_error_is_said_in_words_and_tied_to_its_question(question: Question) -> None:
    reading = read_page(PAGE, {}, MultiValueDict({}), {})
    tree = HTMLParser(_shown(question, reading))
    error = tree.css_first(".q-error")
    assert reading.errors[question.key] in error.text()
    assert tree.css(f'[aria-describedby~="{error.attributes["id"]}"]')
    assert "(required)" in tree.css_first(".q").text()


def test_only_sliders_that_still_must_be_set_say_so_after_a_refused_submit() -> None:
    three = sliders(items=(*SLIDERS, Item("c", "Gamma")))
    html = _shown(three, read(three, {"q.a": "5"}))
    assert [node.text() for node in HTMLParser(html).css(".slider-help")] == ["Please set this one too."]
    assert HTMLParser(html).css_first("#q-q-3-help")
    assert "Please set this one too." not in _shown(three, read(three, {"q.a": "5", "q.c": "5"}))


def test_texts_of_people_and_authors_are_escaped() -> None:
    question = Question("q", "long_text", "<i>Say</i>", help="<u>more</u>")
    reading = read(question, {"q": "</textarea><script>alert(1)</script>"})
    html = _shown(question, reading)
    assert not HTMLParser(html).css("script, i, u")
