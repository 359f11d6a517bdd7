"""Drawing models: the probabilities that are stored are those of the draw."""

import math
from collections import Counter
from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conversations.sampling import (
    draw,
    draw_least,
    exposure_weights,
    inclusion_probabilities,
    least_probabilities,
)

WEIGHTS = st.lists(st.floats(1e-4, 1.0), min_size=1, max_size=6)


def brute_force(weights: list[float], k: int) -> list[float]:
    """Inclusion probabilities of successive sampling, summed over every order of k different positions."""
    found = [0.0] * len(weights)
    for order in permutations(range(len(weights)), k):
        left, probability = sum(weights), 1.0
        for position in order:
            probability *= weights[position] / left
            left -= weights[position]
        for position in order:
            found[position] += probability
    return found


@settings(deadline=None, max_examples=40)
@given(WEIGHTS, st.data())
def test_inclusion_probabilities_equal_the_sum_over_all_orders(weights: list[float], data: st.DataObject):
    k = data.draw(st.integers(1, len(weights)))
    np.testing.assert_allclose(inclusion_probabilities(weights, k), brute_force(weights, k), atol=1e-9)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=24), st.data())
def test_inclusion_probabilities_sum_to_k_and_leave_nobody_out(exposures: list[int], data: st.DataObject):
    k = data.draw(st.integers(1, len(exposures)))
    odds = inclusion_probabilities(exposure_weights(exposures, a=1.0, s=1.0), k)
    assert odds.sum() == pytest.approx(k, abs=1e-8)
    assert (odds > 0).all()
    assert (odds <= 1).all()


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(0, 5_000), min_size=2, max_size=20), st.data())
def test_who_was_shown_less_is_never_less_likely(exposures: list[int], data: st.DataObject):
    k = data.draw(st.integers(1, len(exposures)))
    odds = inclusion_probabilities(exposure_weights(exposures, a=1.0, s=4.0), k)
    by_exposure = [odds[i] for i in sorted(range(len(exposures)), key=lambda i: exposures[i])]
    assert all(a >= b - 1e-9 for a, b in pairwise(by_exposure))


def test_equal_weights_give_everybody_k_out_of_n():
    np.testing.assert_allclose(inclusion_probabilities([0.3] * 21, 4), [4 / 21] * 21, atol=1e-9)


def test_with_one_draw_the_odds_are_the_shares_of_the_weights():
    np.testing.assert_allclose(inclusion_probabilities([1, 2, 5], 1), [1 / 8, 2 / 8, 5 / 8], atol=1e-9)


def test_weights_far_apart_still_agree_with_the_sum_over_all_orders():
    weights = [1.0, 1e-4, 0.3, 1e-4, 0.02]
    for k in range(1, 6):
        np.testing.assert_allclose(inclusion_probabilities(weights, k), brute_force(weights, k), atol=1e-9)


@given(WEIGHTS, st.data(), st.text(max_size=20))
def test_a_draw_has_k_different_positions_and_its_seed_repeats_it(
    weights: list[float], data: st.DataObject, seed: str
):
    k = data.draw(st.integers(0, len(weights)))
    drawn = draw(weights, k, seed)
    assert len(set(drawn)) == len(drawn) == k
    assert set(drawn) <= set(range(len(weights)))
    assert draw(weights, k, seed) == drawn


def test_seeds_decide_the_draw():
    assert len({tuple(draw([1.0] * 6, 3, f"seed {n}")) for n in range(200)}) > 50


@pytest.mark.parametrize(
    ("weights", "k"), [([1, 1, 1, 1], 2), ([1, 0.5, 0.25, 0.2, 0.01], 3), ([1, 0.001], 1)]
)
def test_the_share_of_draws_is_the_stored_probability(weights: list[float], k: int):
    """By Hoeffding's inequality a sound draw exceeds the bound once in a million runs (seeds are fixed)."""
    rounds = 8_000
    counts = Counter(i for n in range(rounds) for i in draw(weights, k, f"round {n}"))
    bound = math.sqrt(math.log(2 * len(weights) / 1e-6) / (2 * rounds))
    for position, probability in enumerate(inclusion_probabilities(weights, k)):
        assert abs(counts[position] / rounds - probability) < bound


def test_the_first_slot_is_drawn_in_proportion_to_weight():
    rounds = 8_000
    first = Counter(draw([4, 2, 1, 1], 3, f"round {n}")[0] for n in range(rounds))
    bound = math.sqrt(math.log(8 / 1e-6) / (2 * rounds))
    for position, share in enumerate([0.5, 0.25, 0.125, 0.125]):
        assert abs(first[position] / rounds - share) < bound


def test_more_than_there_are_cannot_be_drawn():
    with pytest.raises(ValueError, match="5 models were asked for and 2 are there"):
        draw([1, 1], 5, "seed")


def test_weights_fall_with_exposure_as_the_rule_says():
    np.testing.assert_allclose(exposure_weights([0, 1, 4], a=1, s=4), [1 / 4, 1 / 5, 1 / 8])
    np.testing.assert_allclose(exposure_weights([0, 12], a=2, s=4), [1 / 16, 1 / 256])


def test_an_exponent_of_zero_treats_all_alike():
    np.testing.assert_allclose(exposure_weights([0, 7, 100_000], a=0, s=1), [1, 1, 1])


def test_nobody_to_draw_gives_no_weights():
    assert exposure_weights([], a=1, s=1).size == 0


@pytest.mark.parametrize("s", [0, -1])
def test_a_model_never_drawn_must_have_a_finite_weight(s: float):
    with pytest.raises(ValueError, match="must be above 0"):
        exposure_weights([0, 1], a=1, s=s)


def test_the_least_drawn_are_certain_and_those_that_tie_share_the_last_places():
    assert least_probabilities([5, 0, 2, 2, 2, 9], 3) == pytest.approx([0, 1, 2 / 3, 2 / 3, 2 / 3, 0])
    assert least_probabilities([1, 1], 2) == [1, 1]
    assert least_probabilities([4, 1], 1) == [0, 1]


@given(st.lists(st.integers(0, 4), min_size=1, max_size=12), st.data(), st.text(max_size=9))
def test_the_least_drawn_add_up_and_only_who_has_a_chance_is_drawn(exposures, data: st.DataObject, seed: str):
    k = data.draw(st.integers(1, len(exposures)))
    odds = least_probabilities(exposures, k)
    drawn = draw_least(exposures, k, seed)
    assert sum(odds) == pytest.approx(k)
    assert len(set(drawn)) == k
    assert all(odds[i] > 0 for i in drawn)
    assert {i for i, p in enumerate(odds) if p == 1} <= set(drawn)
    assert draw_least(exposures, k, seed) == drawn


def test_the_share_of_the_least_drawn_is_the_stored_probability():
    rounds, exposures = 8_000, [3, 0, 3, 3, 7]
    counts = Counter(i for n in range(rounds) for i in draw_least(exposures, 2, f"round {n}"))
    bound = math.sqrt(math.log(10 / 1e-6) / (2 * rounds))
    for position, probability in enumerate(least_probabilities(exposures, 2)):
        assert abs(counts[position] / rounds - probability) < bound
