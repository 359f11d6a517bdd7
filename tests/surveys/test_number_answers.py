"""A typed number is read in the digits of any script, within its limits, or asked for again."""

import pytest

from surveys.questionnaires import Question
from tests.surveys.test_questionnaire_answers import assert_answered, assert_refused, read


@pytest.mark.parametrize(
    "text", ["seven", "1,000", "1.5", "٢٫٥", "1e3", "0x10", "²", "9" * 31, "٩" * 40, "NaN"]
)
def test_what_is_no_whole_number_is_refused_and_kept(text: str) -> None:
    assert_refused(read(Question("q", "number", "How many?"), {"q": text}), "whole number", text)


@pytest.mark.parametrize(("text", "number"), [("٣", 3), ("१२", 12), ("１２", 12), ("-۴", -4)])
def test_a_number_can_be_typed_in_the_digits_of_any_script(text: str, number: int) -> None:
    for decimals in (False, True):
        assert_answered(read(Question("q", "number", "How many?", decimals=decimals), {"q": text}), number)


@pytest.mark.parametrize(
    ("text", "number"),
    [("2,5", 2.5), ("٢٫٥", 2.5), ("٢,٥", 2.5), (",5", 0.5), ("0,125", 0.125), ("1000,25", 1000.25)],
)
def test_decimals_stand_behind_a_point_or_one_comma(text: str, number: float) -> None:
    assert_answered(read(Question("q", "number", "How many?", decimals=True), {"q": text}), number)


@pytest.mark.parametrize(
    "text", ["1,000", "١,٠٠٠", "1,000,000", "1.000,5", "1,2,3", "2,", ",", "٩" * 40, "9" * 40]
)
def test_what_may_be_another_number_than_it_seems_is_asked_for_again(text: str) -> None:
    question = Question("q", "number", "How many?", decimals=True)
    assert_refused(read(question, {"q": text}), "with a point for decimals", text)


def test_a_year_of_birth_can_be_typed_in_arabic_digits() -> None:
    assert_answered(read(Question("q", "birth_year", "When?"), {"q": "١٩٧٠"}), 1970)


def test_numbers_are_read_within_their_limits() -> None:
    question = Question("q", "number", "How many?", minimum=0, maximum=10.5, decimals=True)
    assert_answered(read(question, {"q": " 0 "}), 0)
    assert_answered(read(question, {"q": "10.5"}), 10.5)
    assert_refused(read(question, {"q": "-1"}), "at least 0", -1)
    assert_refused(read(question, {"q": "10.6"}), "at most 10.5", 10.6)
    assert_refused(read(question, {"q": "inf"}), "with a point for decimals", "inf")
    assert_refused(read(question, {}), "Please enter a number", None)
