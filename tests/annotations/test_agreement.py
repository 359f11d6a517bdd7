"""Coefficients of agreement: published values, other libraries, the definitions, and what must hold."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from annotations.agreement import chance
from annotations.agreement.bootstrap import estimate, estimates
from annotations.agreement.chance import Why
from annotations.agreement.tables import from_array, from_triples
from tests.annotations import by_hand, oracles, published

LEVELS = [0, 1, 2, 3]
KINDS = ("identity", "linear", "quadratic")
METRICS = ("nominal", "ordinal", "interval", "ratio")


def value(table, measure):
    return estimate(table, measure).value


def ratings():
    """Units × raters on LEVELS, with gaps."""
    cell = st.sampled_from([*LEVELS, *LEVELS, np.nan])
    return st.tuples(st.integers(3, 8), st.integers(2, 4)).flatmap(
        lambda shape: arrays(float, shape, elements=cell)
    )


def test_krippendorffs_example_has_the_published_values():
    table = from_array(published.OBSERVERS, [1, 2, 3, 4, 5])
    found = [value(table, chance.krippendorff(metric)) for metric in METRICS]
    assert found == pytest.approx([0.743, 0.815, 0.849, 0.797], abs=5e-4)
    # The same ratings are Gwet's example of four raters.
    found = estimates(table, [chance.percent(), chance.fleiss(), chance.gwet()])
    assert [one.value for one in found] == pytest.approx([0.81818, 0.76117, 0.77544], abs=5e-6)
    assert {(one.units, one.pairs) for one in found} == {(11, 55)}


def test_fleiss_example_has_the_published_value():
    assert value(from_array(published.DIAGNOSES), chance.fleiss()) == pytest.approx(0.430, abs=5e-4)


def test_cohens_examples_have_the_published_values():
    table = from_array(published.two_raters(published.DISORDERS))
    assert value(table, chance.cohen()) == pytest.approx(0.492, abs=5e-4)
    assert value(table, chance.cohen(published.DISORDER_WEIGHTS)) == pytest.approx(0.348, abs=5e-4)


def test_gwets_example_of_high_agreement_has_the_published_values():
    table = from_array(published.two_raters(published.HIGH_AGREEMENT))
    found = estimates(table, [chance.cohen(), chance.fleiss(), chance.gwet()])
    assert [one.value for one in found] == pytest.approx([-0.0234, -0.0288, 0.9408], abs=5e-5)


def test_scikit_learn_and_statsmodels_agree_on_random_data():
    random = np.random.default_rng(3)
    for _ in range(20):
        truth = random.integers(0, 4, (60, 1))
        given = np.where(random.random((60, 5)) < 0.6, truth, random.integers(0, 4, (60, 5)))
        two = from_array(given[:, :2].astype(float), LEVELS)
        for kind, theirs in zip(KINDS, (None, "linear", "quadratic"), strict=True):
            expected = oracles.cohen(given[:, 0], given[:, 1], labels=LEVELS, weights=theirs)
            assert value(two, chance.cohen(kind)) == pytest.approx(expected)
        five = from_array(given.astype(float), LEVELS)
        assert value(five, chance.fleiss()) == pytest.approx(oracles.fleiss(given, 4))


@given(ratings())
@settings(max_examples=40, deadline=None)
def test_every_coefficient_is_what_its_definition_says(values):
    assume(sum(np.sum(~np.isnan(unit)) >= 2 for unit in values) >= 2)
    assume(len(np.unique(values[(~np.isnan(values)).sum(axis=1) >= 2])) > 2)
    table = from_array(values, LEVELS)
    for metric in METRICS:
        assert value(table, chance.krippendorff(metric)) == pytest.approx(
            by_hand.krippendorff(values, metric)
        )
    for kind in KINDS:
        assert value(table, chance.fleiss(kind)) == pytest.approx(by_hand.fleiss(values, LEVELS, kind))
        assert value(table, chance.gwet(kind)) == pytest.approx(by_hand.gwet(values, LEVELS, kind))
        alone = estimate(table, chance.against(kind))
        if alone.value is not None:
            assert alone.value == pytest.approx(by_hand.against(values, LEVELS, kind))
    assert value(table, chance.percent()) == pytest.approx(by_hand.percent(values, LEVELS))


@given(ratings(), st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_neither_the_order_of_raters_nor_the_names_of_categories_matter(values, random):
    nominal = [chance.percent(), chance.fleiss(), chance.gwet(), chance.krippendorff()]
    scaled = [chance.gwet("quadratic"), *map(chance.krippendorff, ("ordinal", "interval"))]
    before = estimates(from_array(values, LEVELS), [*nominal, *scaled])
    columns = random.sample(range(values.shape[1]), values.shape[1])
    assert_same(before, estimates(from_array(values[:, columns], LEVELS), [*nominal, *scaled]))
    assert_same(before, estimates(from_array(3 - values, LEVELS), [*nominal, *scaled]))
    names = dict(zip(LEVELS, random.sample(LEVELS, 4), strict=True))
    renamed = np.array([[names.get(one, np.nan) for one in unit] for unit in values])
    assert_same(before[:4], estimates(from_array(renamed, LEVELS), nominal))


def assert_same(found, expected):
    for one, other in zip(found, expected, strict=True):
        assert one.why == other.why
        assert one.value == (None if other.value is None else pytest.approx(other.value, abs=1e-9))


@given(ratings(), st.integers(2, 4))
@settings(max_examples=40, deadline=None)
def test_more_of_the_same_changes_only_what_counts_the_ratings(values, times):
    measures = [chance.percent(), chance.fleiss(), chance.gwet("linear"), chance.against()]
    before, after = from_array(values, LEVELS), from_array(np.tile(values, (times, 1)), LEVELS)
    for one, many in zip(estimates(before, measures), estimates(after, measures), strict=True):
        assert many.pairs == one.pairs * times
        assert many.value == (None if one.value is None else pytest.approx(one.value))
    one, many = value(before, chance.krippendorff()), value(after, chance.krippendorff())
    if one is not None:  # chance draws without replacement: n − 1 becomes n − 1/times, nearer to n
        total = int(before.ratings[before.ratings >= 2].sum())
        assert 1 - many == pytest.approx((1 - one) * (total - 1 / times) / (total - 1))


def test_complete_agreement_is_one_and_complete_disagreement_is_less_than_chance():
    same = from_array(np.repeat([[0.0], [1], [2], [3]], 3, axis=1), LEVELS)
    opposed = from_array(np.array([[0.0, 3], [3, 0]] * 4), LEVELS)
    measures = [chance.fleiss(), chance.gwet("linear"), *map(chance.krippendorff, METRICS)]
    for measure in [chance.percent(), chance.against("quadratic"), *measures]:
        assert value(same, measure) == pytest.approx(1)
    assert value(opposed, chance.cohen()) == pytest.approx(-1)
    assert value(opposed, chance.percent()) == 0
    for measure in measures:
        assert value(opposed, measure) < 0


@pytest.mark.parametrize(
    ("values", "measure", "why"),
    [
        ([[0.0, np.nan], [1, np.nan]], chance.percent(), Why.ONE_RATER),
        ([[0.0, 1, 1]], chance.cohen(), Why.NOT_TWO_RATERS),
        ([[0.0, np.nan], [np.nan, 1]], chance.krippendorff("ordinal"), Why.NO_PAIRS),
        ([[2.0, 2], [2, 2]], chance.krippendorff(), Why.NO_VARIANCE),
        ([[2.0, 2], [2, 2]], chance.fleiss(), Why.NO_VARIANCE),
        ([[-1.0, 2], [2, 2]], chance.krippendorff("ratio"), Why.NEGATIVE),
    ],
)
def test_what_has_no_value_says_why(values, measure, why):
    found = estimate(from_array(np.array(values)), measure)
    assert (found.value, found.low, found.why) == (None, None, why)


def test_a_scale_of_one_level_or_of_names_is_told_from_numbers():
    one = from_array(np.array([[2.0, 2], [2, 2]]))
    assert estimate(one, chance.gwet()).why == Why.ONE_LEVEL
    # On a scale with more levels, one category only is agreement that AC1 does not put down to chance.
    assert value(from_array(np.array([[2.0, 2], [2, 2]]), LEVELS), chance.gwet()) == 1
    named = from_triples("aabb", "xyxy", ["yes", "no", "no", "no"], ["no", "yes"])
    assert estimate(named, chance.krippendorff("interval")).why == Why.NOT_NUMERIC
    assert value(named, chance.cohen("linear")) == value(named, chance.cohen()) == 0
    nobody = from_triples([], [], [], LEVELS)
    assert estimate(nobody, chance.percent()).why == Why.ONE_RATER


def test_a_long_list_becomes_the_same_table():
    rows = [
        (unit, rater, None if np.isnan(one) else one)
        for unit, row in enumerate(published.OBSERVERS)
        for rater, one in enumerate(row)
    ]
    table = from_triples(*zip(*rows, strict=True), levels=[1, 2, 3, 4, 5])
    assert np.array_equal(table.codes, from_array(published.OBSERVERS, [1, 2, 3, 4, 5]).codes)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("aa", "xx", [1, 2]), "'x' rated 'a' twice"),
        (("ab", "xx", [1, 7], [1, 2]), "not levels of the scale: 7"),
        (("ab", "xx", [1]), "one length"),
        (("aa", "xy", [1, 2], [1, 2], "pq"), "in two clusters"),
        (("ab", "xx", [1, 1], [1, 1]), "a level appears twice"),
    ],
)
def test_a_list_that_cannot_be_a_table_is_refused(arguments, complaint):
    with pytest.raises(ValueError, match=complaint):
        from_triples(*arguments)


def test_weights_that_make_no_sense_are_refused():
    for wrong in (np.eye(2)[:1], np.array([[1, 0.2], [0.3, 1]]), np.array([[0.9, 0], [0, 1]])):
        with pytest.raises(ValueError, match="weights must be"):
            chance.cohen(wrong)
    with pytest.raises(ValueError, match="weights must be 4 × 4"):
        value(from_array(np.array([[0.0, 1], [2, 3]]), LEVELS), chance.cohen(np.eye(3)))
