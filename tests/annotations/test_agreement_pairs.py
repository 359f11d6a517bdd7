"""Who agrees with whom, and how that changes: raters against one another and windows of time."""

import numpy as np
import pytest

from annotations.agreement import chance, drift
from annotations.agreement.bootstrap import Resampling, estimate
from annotations.agreement.chance import Why
from annotations.agreement.pairs import against_others, between_raters, matrix
from annotations.agreement.tables import from_array
from tests.annotations import oracles

LEVELS = [0, 1, 2, 3]


def crowd(random, units=300):
    """Five raters of whom the fourth guesses and the fifth rates nothing that the first does."""
    truth = random.integers(0, 4, (units, 1))
    guesses = random.integers(0, 4, (units, 5))
    values = np.where(random.random((units, 5)) < [0.8, 0.8, 0.8, 0, 0.8], truth, guesses).astype(float)
    values[: units // 2, 4] = np.nan
    values[units // 2 :, 0] = np.nan
    return values


def test_every_two_raters_are_compared_on_what_both_rated():
    values = crowd(np.random.default_rng(2))
    table = from_array(values, LEVELS)
    pairs = between_raters(table, chance.cohen("quadratic"), Resampling(200))
    assert [(pair.first, pair.second) for pair in pairs][:5] == [(0, 1), (0, 2), (0, 3), (0, 4), (1, 2)]
    for pair in pairs:
        met = ~np.isnan(values[:, pair.first]) & ~np.isnan(values[:, pair.second])
        assert pair.agreement.units == met.sum()
        if {pair.first, pair.second} == {0, 4}:
            assert (pair.agreement.value, pair.agreement.why) == (None, Why.NO_PAIRS)
        else:
            one, other = values[met, pair.first], values[met, pair.second]
            theirs = oracles.cohen(one, other, labels=LEVELS, weights="quadratic")
            assert pair.agreement.value == pytest.approx(theirs)
            assert pair.agreement.low < theirs < pair.agreement.high
    cells = matrix(table, pairs)
    assert np.array_equal(cells, cells.T, equal_nan=True)
    assert np.isnan(np.diag(cells)).all()
    assert cells[1, 2] == pairs[4].agreement.value
    assert np.isnan(cells[0, 4])


def test_a_rater_who_guesses_stands_out_against_the_others():
    table = from_array(crowd(np.random.default_rng(2)), LEVELS)
    alone = against_others(table, resampling=Resampling(200))
    assert alone[3].high < 0.15
    assert min(alone[rater].low for rater in (0, 1, 2, 4)) > 0.3
    assert alone[0].pairs == 3 * 150
    two = table.only([1, 2])
    kappa = estimate(two, chance.cohen()).value
    assert [one.value for one in against_others(two).values()] == pytest.approx([kappa, kappa])


def test_a_rater_who_tires_shows_in_consecutive_windows():
    random = np.random.default_rng(4)
    times = random.permutation(330).astype(float)
    truth = random.integers(0, 4, (330, 1))
    is_sound = np.column_stack([times < 200, np.full((330, 2), True)])
    careful = random.random((330, 3)) < 0.9
    values = np.where(is_sound & careful, truth, random.integers(0, 4, (330, 3))).astype(float)
    table = from_array(values, LEVELS)
    windows = drift.by_count(table, times, 100, chance.against(), Resampling(200))
    assert [(window.start, window.end) for window in windows] == [(0, 99), (100, 199), (200, 329)]
    assert windows[0].agreement.low > 0.6
    assert windows[1].agreement.low > 0.6
    assert windows[2].agreement.high < 0.3
    edges = np.array([0.0, 200, 250, 1000, 2000])
    weeks = drift.by_time(table, times, edges, chance.against(), Resampling(200))
    assert [(week.start, week.end) for week in weeks] == [(0, 199), (200, 249), (250, 329)]
    assert sum(week.agreement.units for week in weeks) == 330
    outside = drift.by_time(table, times, np.array([10.0, 20]), chance.against())
    assert [window.agreement.units for window in outside] == [10]


def test_units_of_one_item_stay_in_one_window():
    table = from_array(np.tile([[0.0, 0], [1, 1]], (10, 1)), LEVELS, np.repeat(np.arange(10), 2))
    times = np.arange(20.0)
    windows = drift.by_count(table, times, 3, chance.percent())
    assert [window.agreement.units for window in windows] == [6, 6, 8]
    assert len(drift.by_count(table, times, 1, chance.percent())) == 10
    assert len(drift.by_count(table, times, 100, chance.percent())) == 1
    with pytest.raises(ValueError, match="needs a time"):
        drift.by_count(table, times[:3], 3, chance.percent())
    with pytest.raises(ValueError, match="at least one item"):
        drift.by_count(table, times, 0, chance.percent())
