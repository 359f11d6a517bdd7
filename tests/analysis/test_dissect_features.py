"""From ratings to features: the published rules."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.dissection.features import CODINGS, LENGTHY_FROM, correlations, features, longer
from analysis.dissection.properties import PLACE, SLUGS

# Exact in binary, so that swapping turns signs and nothing else.
VALUE = st.sampled_from([None, *range(5), 0.5, 1.75, 10, 11, 12, 17, 25, 100, 125, 400, 445])


def side(**values):
    made = np.full((1, 29), np.nan)
    for slug, value in values.items():
        made[0, PLACE[slug]] = value
    return made


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(VALUE, VALUE), min_size=29, max_size=29), st.sampled_from(CODINGS))
def test_swapping_the_sides_turns_every_sign(values, coding):
    a, b = np.array(values, dtype=float).T[:, None]
    found = features(a, b, coding)
    assert np.array_equal(found, -features(b, a, coding))
    assert np.isfinite(found).all()
    if coding == "sign":
        assert set(np.unique(found)) <= {-1, 0, 1}
    lacking = np.isnan(a) | np.isnan(b)
    assert not found[lacking].any()


def test_who_is_longer_by_the_published_examples():
    neither = [(100, 119), (400, 441), (11, 18), (0, 0), (42, 59), (12, 21), (200, 239), (np.nan, 500)]
    there = [(100, 125), (400, 445), (11, 19), (63, 90), (42, 60), (14, 24), (80, 101), (360, 401)]
    for pairs, expected in ((neither, 0), (there, -1)):
        short, long = np.array(pairs, float).T
        assert longer(short, long).tolist() == [expected] * len(pairs)
        assert longer(long, short).tolist() == [-expected] * len(pairs)
    for words, least in enumerate([1, 3, 5, 7, 8, 10, 11, 13, 14, 16, 17, 19]):
        assert longer(np.array([words, words]), np.array([least - 1, least])).tolist() == [0, -1]
    assert len(LENGTHY_FROM) == 12


def test_each_kind_of_property_has_its_rule():
    a = side(
        clear=3, non_repetitive=2, relevant=3, no_severe_errors=1, no_minor_errors=0, supports_stances=-0.5
    )
    b = side(
        clear=1, non_repetitive=0, relevant=1, no_severe_errors=3, no_minor_errors=0, supports_stances=1.5
    )
    found = dict(zip(SLUGS, features(a, b)[0], strict=True))
    assert {slug: value for slug, value in found.items() if value} == {
        "clear": 1, "non_repetitive": -1, "no_severe_errors": 1, "supports_stances": -1,
    }  # fmt: skip
    assert features(side(relevant=1), side(relevant=0))[0, PLACE["relevant"]] == 1
    assert features(side(relevant=0), side(relevant=0))[0, PLACE["relevant"]] == 0
    raw = dict(zip(SLUGS, features(a, b, "raw")[0], strict=True))
    assert (raw["clear"], raw["non_repetitive"], raw["relevant"], raw["no_severe_errors"]) == (2, -2, 2, 2)
    a, b = side(clear=3, no_severe_errors=0, lengthy=500), side(clear=1, no_severe_errors=9, lengthy=0)
    normal = dict(zip(SLUGS, features(a, b, "normalised")[0], strict=True))
    assert (normal["clear"], normal["no_severe_errors"]) == (pytest.approx(2 / 3), 1)
    assert normal["lengthy"] == pytest.approx(1)


def test_correlations_of_properties_leave_out_what_never_varies():
    x = np.zeros((4, 29))
    x[:, 0], x[:, 1], x[:, 2] = [1, 0, -1, 0], [1, 0, -1, 0], [-1, 1, 1, -1]
    found = correlations(x)
    assert found[0, 1] == pytest.approx(1)
    assert found[0, 2] == pytest.approx(-2 / np.sqrt(8))
    assert np.isnan(found[0, 5])
