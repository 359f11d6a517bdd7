"""Whole numbers out of what an address or a form holds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism.lib.numbers import whole_number


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
