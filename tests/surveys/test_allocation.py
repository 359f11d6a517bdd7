"""Places by largest remainder: sums, rounding, ties, floors, and the published values of the reference."""

from __future__ import annotations

import csv
from fractions import Fraction
from itertools import pairwise
from math import floor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.allocation import AllocationError, largest_remainder, shares, total_variation
from surveys.census import census_table

CENSUS = Path(__file__).parents[3] / "shared" / "data" / "census"
EW = list(census_table("england-wales-2021").counts.values())
US = list(census_table("us-2020").counts.values())
WHITE = [key[2] == "White" for key in census_table("england-wales-2021").counts]
populations = st.lists(st.integers(0, 10**8), min_size=1, max_size=80).filter(any)


def one_more_than_the_floor(population: list[int], n: int) -> list[int]:
    """What PRISM did: every quota rounded down, and one place more in every cell."""
    total = sum(population)
    return [n * count // total + 1 for count in population]


@pytest.mark.parametrize("population", [EW, US], ids=["england-wales-2021", "us-2020"])
def test_places_sum_to_n_and_stay_beside_the_quota_for_every_n_to_5000(population: list[int]) -> None:
    total = sum(population)
    for n in range(1, 5001):
        places = largest_remainder(population, n)
        assert sum(places) == n
        assert all(abs(q * total - n * p) < total for q, p in zip(places, population, strict=True))


@given(populations, st.integers(0, 5000))
def test_any_population_gets_its_quota_rounded_down_or_up(population: list[int], n: int) -> None:
    places = largest_remainder(population, n)
    assert sum(places) == n
    for place, people in zip(places, population, strict=True):
        quota = Fraction(n * people, sum(population))
        assert floor(quota) <= place <= floor(quota) + (quota != floor(quota))


@given(populations, st.integers(0, 5), st.integers(0, 3000))
def test_a_floor_is_kept_and_the_rest_is_in_proportion(population: list[int], least: int, rest: int) -> None:
    places = largest_remainder(population, least * len(population) + rest, floor=least)
    assert min(places) >= least
    assert [place - least for place in places] == largest_remainder(population, rest)


@given(populations, st.integers(0, 5000))
def test_who_is_more_never_gets_fewer_places(population: list[int], n: int) -> None:
    placed = sorted(zip(population, largest_remainder(population, n), strict=True))
    for (people, fewer), (others, more) in pairwise(placed):
        assert people == others or fewer <= more


def test_ties_go_by_the_order_of_the_cells() -> None:
    assert largest_remainder([1, 1, 1, 1], 2) == [1, 1, 0, 0]
    assert largest_remainder([2, 1, 1], 2) == [1, 1, 0]


def test_no_places_can_be_given_without_people_or_below_the_floor() -> None:
    for population, n, least in [([], 1, 0), ([0, 0], 1, 0), ([3, -1], 1, 0), ([1, 1], 3, 2), ([1], -1, 0)]:
        with pytest.raises(AllocationError):
            largest_remainder(population, n, floor=least)


@pytest.mark.parametrize(
    ("places", "number", "empty", "distance", "white"),
    [
        (largest_remainder(EW, 300), 300, 13, 0.0265, 84.3),
        (one_more_than_the_floor(EW, 300), 331, 0, 0.0605, 77.9),
        (largest_remainder(EW, 300, floor=1), 300, 0, 0.1259, 71.3),
    ],
    ids=["largest remainder", "one more than the floor", "one each"],
)
def test_the_reference_values_for_england_and_wales_come_out(
    places: list[int], number: int, empty: int, distance: float, white: float
) -> None:
    assert (sum(places), places.count(0)) == (number, empty)
    assert total_variation(places, EW) == pytest.approx(distance, abs=5e-5)
    part = sum(place for place, is_white in zip(places, WHITE, strict=True) if is_white) / number
    assert 100 * part == pytest.approx(white, abs=0.05)


@pytest.mark.skipif(not CENSUS.is_dir(), reason="the reference data are not here")
@pytest.mark.parametrize(
    ("file", "population"), [("ew2021_allocation_n300.csv", EW), ("us2020_allocation_n300.csv", US)]
)
def test_every_cell_has_the_places_of_the_reference_file(file: str, population: list[int]) -> None:
    with (CENSUS / file).open() as lines:
        rows = list(csv.DictReader(lines))
    assert [int(row["largest_remainder"]) for row in rows] == largest_remainder(population, 300)
    if "int_plus_one" in rows[0]:
        assert [int(row["int_plus_one"]) for row in rows] == one_more_than_the_floor(population, 300)
        one_each = [int(row["one_each_then_largest_remainder"]) for row in rows]
        assert one_each == largest_remainder(population, 300, floor=1)


@given(populations, st.integers(1, 1000))
def test_the_distance_is_between_none_and_all_and_zero_to_oneself(population: list[int], times: int) -> None:
    assert total_variation([count * times for count in population], population) == pytest.approx(0, abs=1e-12)
    other = [1, *[0] * (len(population) - 1)]
    assert 0 <= (total_variation(other, population) or 0) <= 1


def test_the_distance_of_an_empty_sample_is_unknown_and_of_another_world_is_one() -> None:
    assert total_variation([0, 0], [1, 1]) is None
    assert shares([0, 0]) == []
    assert total_variation([5, 0], [0, 7]) == 1
