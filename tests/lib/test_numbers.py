"""Numbers out of what an address or a form holds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism.lib.numbers import latin_digits, typed_number, whole_number


@given(st.integers(min_value=0, max_value=10**17 - 1))
def test_plain_digits_are_a_number(number: int) -> None:
    assert whole_number(str(number)) == number


@pytest.mark.parametrize(
    "text", ["", " 1", "1 ", "-1", "+1", "1.0", "1_000", "٣", "²", "1\n", "x", "0x1", "9" * 18]
)
def test_all_else_is_none(text: str) -> None:
    assert whole_number(text) is None


def test_a_number_may_be_held_shorter() -> None:
    assert whole_number("123456789", most_digits=9) == 123456789
    assert whole_number("1234567890", most_digits=9) is None


@given(
    st.integers(-(10**15), 10**15),
    st.sampled_from(["٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹", "०१२३४५६७८९", "０１２３４５６７８９"]),
)
def test_a_number_is_the_same_in_every_script(number: int, digits: str) -> None:
    written = str(number).translate(str.maketrans("0123456789", digits))
    assert latin_digits(written) == str(number)
    assert typed_number(written, decimals=False) == number


@given(st.text())
def test_whatever_is_typed_is_a_number_or_none(text: str) -> None:
    assert isinstance(typed_number(text, decimals=True), int | float | None)
    assert isinstance(typed_number(text, decimals=False), int | None)


@pytest.mark.parametrize("text", ["1,000", "-12,000", "1.2,3", "1,2,3", "½", "1e3", "٩" * 31])
def test_what_may_mean_another_number_is_none(text: str) -> None:
    assert typed_number(text, decimals=True) is None
