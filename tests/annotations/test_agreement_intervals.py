"""Intervals of agreement from resampled items: how often they hold the truth, and what they depend on."""

import numpy as np
import pytest

from annotations.agreement import chance
from annotations.agreement.bootstrap import Resampling, difference, estimate, estimates
from annotations.agreement.chance import Why
from annotations.agreement.tables import from_array

LEVELS = [0, 1, 2, 3]
SHARES = [0.4, 0.3, 0.2, 0.1]
TRUTHFUL = 0.8


def simulated(random, units=60, raters=3, truthful=TRUTHFUL):
    """Ratings that tell the truth so often and else are drawn like it: Fleiss' κ and α are truthful²."""
    truth = random.choice(4, (units, 1), p=SHARES)
    noise = random.choice(4, (units, raters), p=SHARES)
    return np.where(random.random(noise.shape) < truthful, truth, noise).astype(float)


def width(coefficient):
    return coefficient.high - coefficient.low


def test_intervals_hold_the_truth_about_as_often_as_they_promise():
    random = np.random.default_rng(11)
    measures = [chance.fleiss(), chance.krippendorff()]
    held = np.zeros(2)
    for seed in range(150):
        table = from_array(simulated(random), LEVELS)
        for place, one in enumerate(estimates(table, measures, Resampling(200, seed, 0.9))):
            held[place] += one.low <= TRUTHFUL**2 <= one.high
    assert held / 150 == pytest.approx([0.9, 0.9], abs=0.05)


def test_units_of_one_item_count_as_one():
    values = simulated(np.random.default_rng(5))
    four = np.repeat(values, 4, axis=0)
    items = np.repeat(np.arange(len(values)), 4)
    single, naive, clustered = (
        estimate(from_array(ratings, LEVELS, drawn), chance.fleiss(), Resampling())
        for ratings, drawn in ((values, None), (four, None), (four, items))
    )
    assert clustered.value == naive.value == pytest.approx(single.value)
    assert width(clustered) == pytest.approx(width(single), rel=0.1)
    assert width(naive) == pytest.approx(width(single) / 2, rel=0.1)


def test_an_interval_depends_on_its_seed_alone():
    table = from_array(simulated(np.random.default_rng(5)), LEVELS)
    first, again, other = (
        estimate(table, chance.gwet("linear"), Resampling(200, seed)) for seed in (1, 1, 2)
    )
    assert first == again
    assert first.low < first.value < first.high
    assert (first.low, first.high) != (other.low, other.high)


def test_one_item_or_too_little_variance_has_a_value_and_no_interval():
    values = np.array([[0.0, 0], [1, 1], [2, 1]])
    one = estimate(from_array(values, LEVELS, [7, 7, 7]), chance.fleiss(), Resampling())
    assert (one.low, one.high, one.why) == (None, None, Why.FEW_ITEMS)
    assert one.value == estimate(from_array(values, LEVELS), chance.fleiss()).value
    rare = np.zeros((30, 2))
    rare[0] = 1  # a third of the resamples miss the only item that varies
    alpha = estimate(from_array(rare, LEVELS), chance.krippendorff(), Resampling())
    assert (alpha.value, alpha.low, alpha.why) == (1, None, Why.UNSTABLE)


def test_a_difference_over_the_same_items_is_narrower_than_over_different_ones():
    random = np.random.default_rng(8)
    five = simulated(random, 200, 5)
    some, others = from_array(five[:, :4], LEVELS), from_array(five[:, 1:], LEVELS)
    low, high = difference(some, others, chance.krippendorff(), Resampling())
    assert low < 0 < high
    alone = [estimate(table, chance.krippendorff(), Resampling()) for table in (some, others)]
    assert high - low < 0.9 * np.hypot(*map(width, alone))
    same = difference(some, some, chance.krippendorff(), Resampling(50))
    assert same == pytest.approx((0, 0))
    with pytest.raises(ValueError, match="same units"):
        difference(some, others.where(np.arange(9)), chance.krippendorff(), Resampling(50))
