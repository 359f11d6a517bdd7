"""The second opinion of Dawid and Skene: their own data, data whose truth is known, and what it doubts."""

import numpy as np
import pytest

from annotations.agreement.dawid_skene import Doubt, fit, opinion
from annotations.agreement.tables import from_array
from tests.annotations.published import anaesthetists


def test_the_anaesthetists_have_the_published_margins_and_errors():
    found = fit(anaesthetists(), starts=1)
    assert found.margins == pytest.approx([0.40, 0.42, 0.11, 0.07], abs=0.005)
    first = [[0.89, 0.11, 0, 0], [0.07, 0.88, 0.05, 0], [0, 0.34, 0.66, 0], [0, 0, 0.56, 0.44]]
    assert found.errors[0] == pytest.approx(np.array(first), abs=0.005)
    assert found.posterior.sum(axis=1) == pytest.approx(1)
    assert found.posterior[[0, 1, 2]].argmax(axis=1).tolist() == [0, 3, 1]
    assert found.doubts == ()


def test_other_starts_are_tried_and_their_disagreement_is_said():
    found = fit(anaesthetists())
    assert len(found.log_likelihoods) == 5
    assert max(found.log_likelihoods) == pytest.approx(-192.891, abs=0.001)
    assert Doubt.STARTS_DISAGREE in found.doubts
    assert fit(anaesthetists()).posterior == pytest.approx(found.posterior, abs=0)


def crowd(random, units, truthful):
    """Truth and ratings of raters who tell it so often and else anything."""
    truth = random.choice(3, units, p=[0.5, 0.3, 0.2])
    guesses = random.integers(0, 3, (units, len(truthful)))
    return truth, np.where(random.random(guesses.shape) < truthful, truth[:, None], guesses).astype(float)


def test_known_errors_and_truth_are_recovered_better_than_by_majority():
    truth, values = crowd(np.random.default_rng(6), 3000, [0.95, 0.9, 0.8, 0.1, 0.1, 0.1, 0.1])
    found = opinion(from_array(values, [0, 1, 2]))
    assert found.margins == pytest.approx([0.5, 0.3, 0.2], abs=0.04)
    right = [0.95 + 0.05 / 3, 0.9 + 0.1 / 3, 0.8 + 0.2 / 3, 0.4, 0.4, 0.4, 0.4]
    for rater, expected in enumerate(right):
        assert np.diag(found.errors[rater]) == pytest.approx(expected, abs=0.06)
    counts = np.stack([(values == level).sum(axis=1) for level in range(3)], axis=1)
    by_majority = np.mean(counts.argmax(axis=1) == truth)
    by_opinion = np.mean(found.posterior.argmax(axis=1) == truth)
    assert by_opinion > max(0.95, by_majority + 0.03)
    assert found.doubts == ()
    # What it is sure of to some degree is right to that degree.
    assert found.posterior.max(axis=1).mean() == pytest.approx(by_opinion, abs=0.02)


@pytest.mark.parametrize(
    ("change", "doubt"),
    [
        (lambda values: values[:, :2], Doubt.FEW_RATERS),
        (lambda values: values[:20], Doubt.FEW_RATINGS),
        (lambda values: np.vstack([values, [[np.nan] * 3]]), Doubt.UNRATED),
        (lambda values: np.where(np.eye(3)[np.arange(300) % 3] == 1, values, np.nan), Doubt.NO_OVERLAP),
        (lambda values: np.where(values == 2, 1, values), Doubt.RARE_CLASS),
    ],
)
def test_what_speaks_against_an_opinion_is_said_with_it(change, doubt):
    values = crowd(np.random.default_rng(9), 300, [0.8, 0.8, 0.8])[1]
    assert doubt not in opinion(from_array(values, [0, 1, 2])).doubts
    found = opinion(from_array(change(values), [0, 1, 2]))
    assert doubt in found.doubts
    assert np.isfinite(found.posterior).all()


def test_an_item_nobody_rated_gets_the_margins_and_an_unmet_class_no_errors():
    values = np.array([[0.0, 0, 0], [0, 0, 0], [1, 1, 1], [np.nan] * 3])
    found = opinion(from_array(values, [0, 1, 2]), starts=1)
    assert found.posterior[3] == pytest.approx(found.margins)
    assert np.isnan(found.errors[:, 2]).all()
    smoothed = opinion(from_array(values, [0, 1, 2]), starts=1, smoothing=1)
    assert np.isfinite(smoothed.errors).all()
    assert smoothed.posterior[0].max() < found.posterior[0].max()


def test_nothing_to_go_by_is_refused():
    with pytest.raises(ValueError, match="must be ratings"):
        opinion(from_array(np.full((3, 2), np.nan), [0, 1]))
    with pytest.raises(ValueError, match="must be a start"):
        fit(anaesthetists(), starts=0)
