"""New numbers for a release."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism.lib.numbering import numbering, permuted

NUMBERS = st.integers(0, 2**30 - 1)
KEY = b"a key of a release"


@given(st.sets(NUMBERS, max_size=200))
def test_different_numbers_stay_different(numbers):
    assert len({permuted(number, KEY) for number in numbers}) == len(numbers)


@given(NUMBERS)
def test_a_number_stays_within_thirty_bits(number):
    assert 0 <= permuted(number, KEY) < 2**30


@pytest.mark.parametrize("number", [-1, 2**30])
def test_a_number_out_of_range_is_refused(number):
    with pytest.raises(ValueError, match="not below"):
        permuted(number, KEY)


def test_numbers_that_follow_each_other_are_scattered():
    moved = [permuted(number, KEY) for number in range(10_000)]
    rising = sum(first < second for first, second in pairwise(moved))
    assert 4_500 < rising < 5_500
    assert 2**28 < sum(moved) / len(moved) < 3 * 2**28


def test_the_same_seed_gives_the_same_numbers_and_everything_else_others(settings):
    numbers = range(100_000_000, 100_000_050)

    def numbered(*of: str) -> list[int]:
        return [*map(numbering(*of), numbers)]

    first = numbered("study", "person", "seed")
    assert numbered("study", "person", "seed") == first
    others = [("other", "person", "seed"), ("study", "conversation", "seed"), ("study", "person", "seed 2")]
    assert all(set(numbered(*other)).isdisjoint(first) for other in others)
    settings.IDENTITY_HASH_KEY = "the secret of another installation"
    assert set(numbered("study", "person", "seed")).isdisjoint(first)


def test_without_a_seed_numbers_stay_as_they_are():
    assert numbering("study", "person", "")(123_456_789) == 123_456_789
