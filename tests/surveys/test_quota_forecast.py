"""The forecast: honest about little, and right about a known process."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.quotas.forecast import LEAST, LEVEL, forecast
from surveys.templatetags.spans import percent, points, span, until

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("missing", "observed", "window"), [(5, LEAST - 1, DAY), (0, 50, DAY), (5, 50, timedelta(0))]
)
def test_too_little_gives_no_forecast(missing: int, observed: int, window: timedelta) -> None:
    assert forecast(missing, observed, window) is None


@settings(deadline=None)
@given(st.integers(1, 2000), st.integers(LEAST, 2000))
def test_the_interval_holds_the_median_and_the_naive_guess(missing: int, observed: int) -> None:
    found = forecast(missing, observed, DAY)
    assert found is not None
    assert timedelta(0) < found.low < found.median < found.high
    assert found.low < DAY * missing / observed < found.high
    assert forecast(missing, observed, DAY) == found


def test_more_data_narrow_the_interval() -> None:
    few, many = forecast(50, 10, DAY), forecast(50, 1000, 100 * DAY)
    assert few is not None
    assert many is not None
    assert many.high - many.low < few.high - few.low


def test_of_many_recruitments_the_stated_part_ends_within_the_interval() -> None:
    random, rate, missing, hits, tries = np.random.default_rng(1), 40.0, 25, 0, 600
    for _ in range(tries):
        found = forecast(missing, int(random.poisson(rate)), DAY)
        took = timedelta(days=float(random.gamma(missing) / rate))
        hits += found is not None and found.low <= took <= found.high
    assert hits / tries == pytest.approx(LEVEL, abs=0.04)


def test_lengths_and_shares_are_said_in_few_words() -> None:
    spans = [
        timedelta(seconds=5),
        timedelta(minutes=90),
        timedelta(hours=30),
        timedelta(days=6),
        timedelta(days=70),
    ]
    assert [span(one) for one in spans] == ["1 minute", "90 minutes", "30 hours", "6 days", "10 weeks"]
    assert (percent(0.12345, 2), points(-0.034), points(0.2)) == ("12.35 %", "-3.4", "+20.0")
    assert until(timedelta(hours=8), timedelta(hours=39)) == "8–39 hours"
    assert until(timedelta(hours=8), timedelta(hours=8)) == "8 hours"
    assert until(timedelta(minutes=50), timedelta(days=4)) == "50 minutes – 4 days"
