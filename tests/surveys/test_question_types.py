"""Matrix, ranking, single sliders, year of birth, paste policies, attention checks: from field to answer."""

from typing import Any

import pytest
from django.utils import timezone
from django.utils.datastructures import MultiValueDict
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from surveys.questionnaires import (
    DECLINED,
    Check,
    Item,
    Option,
    Page,
    PageReading,
    Question,
    Scale,
    parse,
    question_fields,
    read_page,
)
from tests.surveys.test_questionnaire_answers import _shown
from tests.surveys.test_questionnaires import a_file, the_problem_of

AGREE = (Option("no", "Disagree"), Option("mid", "Neither"), Option("yes", "Agree"))
ROWS = (Item("fair", "It is fair"), Item("kind", "It is kind"), Item("fun", "It is fun", required=False))
THREE = (Option("a", "Apples"), Option("b", "Bread"), Option("c", "Cake"))
THIS_YEAR = timezone.now().year


def read(question: Question, **fields: str) -> PageReading:
    posted = MultiValueDict({name: [value] for name, value in fields.items()})
    return read_page(Page("page", "Page", "", (question,)), {}, posted, {})


def outcome(question: Question, fields: dict[str, str]) -> tuple[Any, str, str]:
    reading = read(question, **fields)
    return reading.values["q"], reading.statuses["q"], reading.errors.get("q", "")


# Matrix


def matrix(**more: Any) -> Question:
    return Question("q", "matrix", "How true is it?", **{"items": ROWS, "options": AGREE, **more})


def test_each_row_of_a_matrix_is_answered_and_an_optional_one_may_be_left() -> None:
    value, status, error = outcome(matrix(), {"q.fair": "yes", "q.kind": "no"})
    assert (value, status, error) == ({"fair": "yes", "kind": "no", "fun": None}, "answered", "")


def test_rows_without_an_answer_are_named() -> None:
    value, _, error = outcome(matrix(), {"q.fair": "yes"})
    assert value == {"fair": "yes", "kind": None, "fun": None}
    assert error == "Please answer these rows too: “It is kind”."
    many = matrix(items=tuple(Item(f"r{number}", f"Row {number}") for number in range(5)))
    assert outcome(many, {})[2] == "5 rows have no answer yet. Please answer them too."


def test_a_column_that_is_not_offered_is_refused() -> None:
    value, _, error = outcome(matrix(), {"q.fair": "maybe", "q.kind": "no"})
    assert value == {"fair": None, "kind": "no", "fun": None}
    assert "not one of those offered" in error


def test_a_matrix_that_is_left_or_declined_is_declined() -> None:
    assert outcome(matrix(required=False), {})[1:] == ("declined", "")
    columns = (*AGREE, Option(DECLINED, DECLINED, exclusive=True))
    value, status, _ = outcome(matrix(options=columns), {"q.fair": DECLINED, "q.kind": DECLINED})
    assert (value["fair"], status) == (DECLINED, "declined")


def test_every_cell_of_a_matrix_has_its_own_label_and_every_row_is_a_group_with_a_name() -> None:
    tree = LexborHTMLParser(_shown(matrix(), read(matrix(), **{"q.fair": "yes"})))
    rows = tree.css("[role=radiogroup]")
    assert [tree.css_first(f"#{row.attributes['aria-labelledby']}").text().split()[2] for row in rows] == [
        "fair",
        "kind",
        "fun",
    ]
    assert [node.attributes.get("aria-invalid") for node in rows] == [None, "true", None]
    assert [node.text().strip() for node in rows[0].css("label")] == ["Disagree", "Neither", "Agree"]
    assert len(tree.css("input[checked]")) == 1


# Single sliders


def slider(**more: Any) -> Question:
    return Question("q", "visual_analogue", "How well?", scale=Scale(0, 100, "Bad", "Good"), **more)


@pytest.mark.parametrize("position", ["0", "50", "100"])
def test_a_position_is_a_whole_number_also_at_the_ends(position: str) -> None:
    assert outcome(slider(), {"q": position}) == (int(position), "answered", "")


@pytest.mark.parametrize("position", ["-1", "101", "2.5", "x", "1" * 40])
def test_a_position_outside_the_scale_is_refused(position: str) -> None:
    assert outcome(slider(), {"q": position})[2] == "Please set a position from 0 to 100."


def test_an_untouched_slider_is_asked_for_left_or_declined() -> None:
    assert outcome(slider(), {"q": ""})[2] == "Please set a position."
    assert outcome(slider(required=False), {"q": ""}) == (None, "declined", "")
    assert outcome(slider(declinable=True), {"q": "5", "q.declined": "on"}) == (DECLINED, "declined", "")


def test_the_movement_of_a_single_slider_is_kept() -> None:
    moved = '{"first": 40, "first_ms": 900, "last_ms": 1500, "moves": 2, "name": "nobody"}'
    reading = read(slider(), q="41", q__trace=moved)
    movement = {"first": 40, "first_ms": 900, "last_ms": 1500, "moves": 2}
    assert reading.traces == {"q": {"movements": {"q": movement}}}


def test_a_visual_analogue_scale_says_no_number_and_both_offer_a_number_field() -> None:
    plain = Question("q", "slider", "How loud?", scale=Scale(0, 10, "Low", "High"))
    shown = {q.type: LexborHTMLParser(_shown(q, read(q, q="7"))) for q in (slider(), plain)}
    assert not shown["visual_analogue"].css("[data-shows-position]")
    assert shown["slider"].css("[data-shows-position]")
    for tree in shown.values():
        entry = tree.css_first("[data-slider-entry]")
        assert "name" not in entry.attributes
        assert tree.css_first(f"label[for={entry.attributes['id']}]")
        assert tree.css_first("[data-slider-value]").attributes["value"] == "7"


# Ranking


def ranking(**more: Any) -> Question:
    return Question("q", "ranking", "In which order?", options=THREE, **more)


@given(st.permutations(["1", "2", "3"]))
def test_every_order_can_be_given_and_is_shown_again_in_that_order(places: list[str]) -> None:
    given = dict(zip("abc", places, strict=True))
    reading = read(ranking(), **{f"q.{value}": place for value, place in given.items()})
    assert reading.errors == {}
    assert reading.values["q"] == sorted(given, key=given.__getitem__)
    shown = question_fields(ranking(), ["a", "b", "c"], reading.values, {})
    assert [(place.name, place.place) for place in shown.places] == [
        (f"q.{value}", str(number)) for number, value in enumerate(reading.values["q"], 1)
    ]


def test_places_can_be_typed_in_arabic_digits() -> None:
    assert outcome(ranking(), {"q.a": "٢", "q.b": "٣", "q.c": "١"}) == (["c", "a", "b"], "answered", "")


@pytest.mark.parametrize(
    ("places", "reason"),
    [
        (("1", "1", "2"), "Every place can be given once; given twice: 1."),
        (("1", "2", ""), "Please give these entries a place too: “Cake”."),
        (("1", "3", ""), "Please give these entries a place too: “Cake”."),
        (("0", "1", "2"), "Please number the entries from 1 to 3."),
        (("first", "", ""), "Please number the entries from 1 to 3."),
        (("", "", ""), "Please give every entry its place."),
    ],
)
def test_what_is_no_order_is_refused_in_words_and_kept(places: tuple[str, ...], reason: str) -> None:
    typed = {f"q.{value}": place for value, place in zip("abc", places, strict=True)}
    reading = read(ranking(), **typed)
    assert reading.errors["q"] == reason
    shown = question_fields(ranking(), ["a", "b", "c"], reading.values, reading.errors)
    assert tuple(place.place for place in shown.places) == places


def test_a_ranking_that_need_not_be_given_may_be_left() -> None:
    assert outcome(ranking(required=False), {}) == (None, "declined", "")


def test_a_ranking_can_be_declined_only_where_that_is_offered() -> None:
    places = {"q.a": "1", "q.b": "2", "q.c": "3"}
    declined = places | {"q.declined": "on"}
    assert outcome(ranking(declinable=True), declined) == (DECLINED, "declined", "")
    assert outcome(ranking(), declined) == (["a", "b", "c"], "answered", "")
    assert outcome(ranking(declinable=True), {})[2].endswith("Or tick “Prefer not to say”.")


def test_a_declined_ranking_is_shown_with_the_box_ticked_and_no_places() -> None:
    reading = read(ranking(declinable=True), **{"q.declined": "on"})
    tree = LexborHTMLParser(_shown(ranking(declinable=True), reading))
    assert "checked" in tree.css_first("[name='q.declined']").attributes
    assert [place.attributes.get("value") for place in tree.css(".q-place input")] == ["", "", ""]
    assert not LexborHTMLParser(_shown(ranking(), read(ranking()))).css("[name='q.declined']")


# Year of birth


def year(**more: Any) -> Question:
    return Question("q", "birth_year", "When were you born?", **more)


@pytest.mark.parametrize("typed", [THIS_YEAR - 120, 1970, THIS_YEAR])
def test_a_year_in_which_somebody_alive_was_born_is_taken(typed: int) -> None:
    assert outcome(year(), {"q": str(typed)}) == (typed, "answered", "")


@pytest.mark.parametrize(
    "typed", [str(THIS_YEAR + 1), str(THIS_YEAR - 121), "70", "-1970", "19 70", "1970.5"]
)
def test_other_years_are_refused_with_the_range_and_kept(typed: str) -> None:
    value, _, error = outcome(year(), {"q": typed})
    assert value == typed
    assert error == f"Please enter a year in four digits, from {THIS_YEAR - 120} to {THIS_YEAR}."


def test_a_file_can_narrow_the_years_and_the_question_can_be_declined() -> None:
    assert "from 1950 to 2000" in outcome(year(minimum=1950, maximum=2000), {"q": "1949"})[2]
    assert outcome(year(declinable=True), {"q.declined": "on"}) == (DECLINED, "declined", "")
    assert "Prefer not to say" in outcome(year(declinable=True), {})[2]


# How a text was typed

TYPED = '{"keys": 12, "pastes": 1, "pasted_chars": 300, "first_ms": 800, "last_ms": 9000, "text": "secret"}'


@pytest.mark.parametrize("policy", ["record", "block"])
def test_counts_of_typing_are_kept_and_nothing_else(policy: Any) -> None:
    reading = read(Question("q", "text", "Say", paste=policy), q="words", q__typing=TYPED)
    counts = {"keys": 12, "pastes": 1, "pasted_chars": 300, "first_ms": 800, "last_ms": 9000}
    assert reading.traces == {"q": {"typing": counts}}


def test_where_pasting_is_free_nothing_is_kept_even_if_sent() -> None:
    assert read(Question("q", "text", "Say"), q="words", q__typing=TYPED).traces == {}


@pytest.mark.parametrize("trace", ["", "{", "[]", '{"keys": 1}', TYPED.replace("12", "-12"), "[" * 400])
def test_counts_that_make_no_sense_are_not_worth_an_error(trace: str) -> None:
    reading = read(Question("q", "long_text", "Say", paste="block"), q="words", q__typing=trace)
    assert (reading.errors, reading.traces) == ({}, {})


@pytest.mark.parametrize("kind", ["text", "long_text"])
def test_people_are_told_that_pasting_is_off_and_what_is_counted(kind: str) -> None:
    def words(policy: Any) -> str:
        question = Question("q", kind, "Say", paste=policy)
        tree = LexborHTMLParser(_shown(question, read(question, q="words")))
        field = tree.css_first("[data-typing]")
        assert (field is None) == (policy == "allow")
        described = str(field.attributes["aria-describedby"]) if field else ""
        return " ".join(tree.css_first(f"#{name}").text() for name in described.split())

    assert "Dictation and other input aids work as usual" in words("block")
    assert "pasting is switched off" not in words("record")
    assert "We count how often keys are pressed" in words("record")
    assert words("allow") == ""


# Attention checks


@pytest.mark.parametrize(
    ("expects", "value", "passes"),
    [
        (("yes",), "yes", True),
        (("yes",), "no", False),
        (("yes", "mid"), "mid", True),
        (("yes",), None, False),
        (("a", "b"), ["b", "a"], True),
        (("a", "b"), ["a"], False),
        (("a",), ["a", "b"], False),
        ((70,), 70, True),
        ((70,), 71, False),
        ((70,), None, False),
    ],
)
def test_a_check_is_passed_by_what_it_expects(expects: Any, value: Any, passes: bool) -> None:
    assert Check(expects).passes(value) is passes


def test_checks_are_read_from_questions_and_from_rows() -> None:
    document = parse(
        a_file(
            """
            - {key: q, type: single, text: Choose b., options: [a, b], check: {expects: b}}
            - key: m
              type: matrix
              text: How true?
              options: [low, high]
              items: [{key: real, label: A}, {key: trap, label: Choose high, check: {expects: [high]}}]
            - key: s
              type: slider
              text: To 7
              scale: {minimum: 0, maximum: 9, low: L, high: H}
              check: {expects: 7}
            """
        )
    )
    assert {q.key: q.checks for q in document.questions()} == {
        "q": (("", Check(("b",))),),
        "m": (("trap", Check(("high",))),),
        "s": (("", Check((7,))),),
    }


SCALED = "scale: {minimum: 0, maximum: 9, low: L, high: H}"
REFUSED: dict[str, tuple[str, str, str]] = {
    "a check nobody can pass": (
        "- {key: q, type: single, text: T, options: [a, b], check: {expects: c}}",
        "check.expects",
        "among the answers that can be given",
    ),
    "a check beyond the scale": (
        f"- {{key: q, type: slider, text: T, {SCALED}, check: {{expects: 10}}}}",
        "check.expects",
        "among the answers that can be given",
    ),
    "a check of a text": (
        "- {key: q, type: text, text: T, check: {expects: a}}",
        "check",
        "does not belong to a question of type text",
    ),
    "a check of a slider in a block": (
        f"- {{key: q, type: sliders, text: T, {SCALED}, "
        "items: [{key: a, label: A, check: {expects: 1}}]}",
        "items[0].check",
        "a row of a matrix",
    ),
    "a matrix without columns": (
        "- {key: q, type: matrix, text: T, items: [{key: a, label: A}]}",
        "",
        "needs “options”",
    ),
    "a ranking of one": ("- {key: q, type: ranking, text: T, options: [a]}", "options", "at least two"),
    "a ranking with a text beside": (
        "- {key: q, type: ranking, text: T, options: [a, {value: b, asks_text: true}]}",
        "options[1].asks_text",
        "does not belong to a question of type ranking",
    ),
    "a slider that does not apply": (
        "- {key: q, type: slider, text: T, "
        "scale: {minimum: 0, maximum: 9, low: L, high: H, not_applicable: true}}",
        "scale.not_applicable",
        "declinable",
    ),
    "a paste policy of a number": (
        "- {key: q, type: number, text: T, paste: block}",
        "paste",
        "does not belong",
    ),
    "an unknown paste policy": (
        "- {key: q, type: text, text: T, paste: forbid}",
        "paste",
        "Known are: allow",
    ),
}


@pytest.mark.parametrize(("text", "place", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_a_question_that_makes_no_sense_is_refused_with_line_place_and_reason(
    text: str, place: str, reason: str
) -> None:
    line, where, message = the_problem_of(a_file(text))
    assert line == 10
    assert where.removeprefix("pages[0].questions[0]").removeprefix(".") == place
    assert reason in message


def test_long_lists_can_be_searched_and_files_can_say_otherwise() -> None:
    few, many = THREE, tuple(Option(str(number), str(number)) for number in range(13))
    assert not Question("q", "dropdown", "Which?", options=few).has_search
    assert Question("q", "dropdown", "Which?", options=many).has_search
    assert Question("q", "dropdown", "Which?", options=few, search=True).has_search
    assert not Question("q", "country", "Which?", options=many, search=False).has_search
