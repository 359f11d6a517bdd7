"""Strengths from votes: published values, an oracle, and what must hold for any votes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.bradley_terry import FEW_VOTERS, POINTS, Ties, fit
from tests.analysis.ballots import ballots, fitted, random_votes

THREE = ((0, 1, 30, 10, 10), (1, 2, 20, 20, 10), (0, 2, 25, 15, 10))
DECIDED = tuple((a, b, won, lost, 0) for a, b, won, lost, _ in THREE)
BOTH: tuple[Ties, ...] = ("half", "davidson")


def errors(of):
    return POINTS * of.errors


def model_errors(of):
    return POINTS * np.sqrt(np.diag(of.model_covariance))[: len(of.theta)]


@pytest.mark.parametrize(("ties", "gap", "nu"), [("half", 147.19, 0), ("davidson", 190.85, 0.57735)])
def test_two_models_have_the_published_gap(ties, gap, nu):
    found = fitted((0, 1, 6, 2, 2), ties=ties)
    assert POINTS * (found.theta[0] - found.theta[1]) == pytest.approx(gap, abs=0.005)
    assert found.nu == pytest.approx(nu, abs=5e-6)


@pytest.mark.parametrize(
    ("tallies", "ties", "scores"),
    [
        (THREE, "half", [71.77, -47.84, -23.93]),
        (THREE, "davidson", [90.96, -60.63, -30.33]),
        (DECIDED, "davidson", [91.48, -60.96, -30.52]),
    ],
)
def test_three_models_have_the_published_scores(tallies, ties, scores):
    assert POINTS * fitted(*tallies, ties=ties).theta == pytest.approx(scores, abs=0.005)


def test_three_models_have_the_published_errors():
    half, davidson, decided = fitted(*THREE, ties="half"), fitted(*THREE), fitted(*DECIDED)
    assert errors(half) == pytest.approx([21.38, 20.91, 21.35], abs=0.005)
    assert model_errors(half) == pytest.approx([24.30, 23.87, 23.63], abs=0.006)
    assert model_errors(davidson) == pytest.approx([27.72, 27.03, 26.64], abs=0.006)
    assert model_errors(decided) == pytest.approx([27.96, 27.17, 26.74], abs=0.006)
    assert fitted(*THREE).nu == pytest.approx(0.52645, abs=5e-6)


def test_votes_of_one_person_that_agree_count_as_one():
    alone = fitted((0, 1, 60, 40, 0))
    people = fitted((0, 1, 60, 40, 0), voter=np.arange(100) // 10)
    # The published errors are those of the gap, which is twice either score.
    assert 2 * errors(alone)[0] == pytest.approx(35.46, abs=0.005)
    assert 2 * errors(people)[0] == pytest.approx(118.20, abs=0.005)
    assert 2 * errors(people)[0] * np.sqrt(9 / 10) == pytest.approx(112.13, abs=0.005)
    assert people.voters_total == 10


@pytest.mark.parametrize("ties", BOTH)
def test_a_model_that_only_wins_is_finite_and_wide(ties):
    found = fitted((0, 1, 10, 10, 3), (2, 0, 5, 0, 0), ties=ties)
    assert found.held.tolist() == [False, False, True]
    assert np.isfinite(found.theta).all()
    assert found.theta[2] == found.theta.max()
    assert errors(found)[2] > 150
    assert errors(found)[2] > 2 * errors(found)[:2].max()


def test_a_model_that_wins_against_many_people_stays_wide():
    found = fitted((0, 1, 100, 100, 30), (2, 0, 50, 0, 0))
    assert found.voters[2] == 50
    assert errors(found)[2] > 150


def test_the_prior_leaves_alone_whom_it_is_not_for():
    before = fitted((0, 1, 30, 10, 5), ties="half")
    after = fitted((0, 1, 30, 10, 5), (2, 3, 7, 0, 0), ties="half")
    assert after.held.tolist() == [False, False, True, True]
    assert after.theta[0] - after.theta[1] == pytest.approx(before.theta[0] - before.theta[1])
    assert not fitted(*THREE).held.any()


def test_models_never_compared_are_in_components_of_their_own():
    found = fitted((0, 1, 6, 2, 2), (2, 3, 3, 4, 1))
    assert found.component.tolist() == [0, 0, 1, 1]
    assert found.theta[:2].sum() == pytest.approx(0)
    assert found.theta[2:].sum() == pytest.approx(0)


@pytest.mark.parametrize("ties", BOTH)
def test_only_ties_make_everybody_equal_and_nobody_certain(ties):
    found = fitted((0, 1, 0, 0, 3), (1, 2, 0, 0, 2), ties=ties)
    assert found.theta == pytest.approx(np.zeros(3))
    assert (errors(found) > 50).all()


def test_no_ties_leave_davidson_at_bradley_terry():
    decided = [fitted(*DECIDED, ties=ties) for ties in BOTH]
    assert decided[0].theta == pytest.approx(decided[1].theta)
    assert decided[1].nu == 0


def test_a_model_that_few_people_judged_is_not_certain_because_they_agreed():
    left, right, outcome = ballots((0, 1, 60, 40, 20), (2, 0, 12, 8, 4))
    voter = np.where(left == 2, 1000, np.arange(len(left)))
    found = fit(left, right, outcome, 3, voter=voter)
    assert found.voters[2] == 1 < FEW_VOTERS
    assert errors(found)[2] >= model_errors(found)[2] - 1e-9


def test_a_model_cannot_meet_itself():
    with pytest.raises(ValueError, match="itself"):
        fitted((0, 0, 1, 0, 0))


def test_the_clustered_covariance_is_the_sum_over_people_written_out():
    """With people of one, two and many votes, against the formula in a loop."""
    left, right, outcome, style = random_votes(3, votes=300, covariates=2)
    voter = np.random.default_rng(4).geometric(0.05, 300)
    found = fit(left, right, outcome, 6, voter=voter, style=style)
    eta = found.theta[left] - found.theta[right] + style @ found.beta
    whole = np.exp(eta / 2) + np.exp(-eta / 2) + found.nu
    r = outcome / 2 - (np.exp(eta / 2) - np.exp(-eta / 2)) / (2 * whole)
    q = (outcome == 0) - found.nu / whole
    scores = np.zeros((300, 9))
    scores[np.arange(300), left] += r
    scores[np.arange(300), right] -= r
    scores[:, 6], scores[:, 7:] = q, r[:, None] * style
    people = np.stack([scores[voter == person].sum(axis=0) for person in np.unique(voter)])
    factor = len(people) / (len(people) - 1)
    expected = found.model_covariance @ (people.T @ people) @ found.model_covariance * factor
    assert (found.voters >= FEW_VOTERS).all()
    assert found.covariance == pytest.approx(expected, abs=1e-9)


def test_style_is_found_again_and_kept_out_of_the_scores():
    left, right, outcome, style = random_votes(8, votes=40_000, covariates=2)
    found = fit(left, right, outcome, 6, style=style)
    assert np.abs(found.beta - [0.2, 0.5]) == pytest.approx(np.zeros(2), abs=4 * found.beta_errors.max())
    assert (found.beta_errors < 0.02).all()


def test_a_style_that_decides_everything_stays_finite():
    left, right, outcome = ballots((0, 1, 10, 10, 0))
    found = fit(left, right, outcome, 2, style=outcome[:, None].astype(float))
    assert np.isfinite(found.beta).all()
    assert np.isfinite(found.beta_errors).all()


def test_the_same_style_twice_stays_finite():
    left, right, outcome, style = random_votes(5, covariates=1)
    found = fit(left, right, outcome, 6, style=np.hstack([style, style]))
    assert found.beta[0] == pytest.approx(found.beta[1])


@pytest.mark.parametrize("ties", BOTH)
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), chosen=st.integers(0, 2**32 - 1))
def test_swapping_sides_changes_nothing(ties, seed, chosen):
    left, right, outcome, style = random_votes(seed, votes=150, covariates=2)
    voter = np.arange(150) // 4
    swapped = np.random.default_rng(chosen).random(150) < 0.5
    sign = np.where(swapped, -1, 1)
    before = fit(left, right, outcome, 6, voter=voter, style=style, ties=ties)
    after = fit(
        np.where(swapped, right, left),
        np.where(swapped, left, right),
        (outcome * sign).astype(np.int8),
        6,
        voter=voter,
        style=style * sign[:, None],
        ties=ties,
    )
    assert after.theta == pytest.approx(before.theta, abs=1e-7)
    assert after.beta == pytest.approx(before.beta, abs=1e-7)
    assert after.covariance == pytest.approx(before.covariance, abs=1e-7)


TALLY = st.tuples(
    st.integers(0, 4), st.integers(1, 4), st.integers(0, 6), st.integers(0, 6), st.integers(0, 6)
)


@pytest.mark.parametrize("ties", BOTH)
@settings(max_examples=80, deadline=None)
@given(tallies=st.lists(TALLY, min_size=1, max_size=8).filter(lambda rows: any(sum(row[2:]) for row in rows)))
def test_any_votes_give_finite_scores_with_errors(ties, tallies):
    rows = [(a, (a + step) % 5, won, lost, tied) for a, step, won, lost, tied in tallies]
    left, right, outcome = ballots(*rows)
    found = fit(left, right, outcome, 5, voter=np.arange(len(left)) // 3, ties=ties)
    met = np.isin(np.arange(5), np.concatenate([left, right]))
    assert np.isfinite(found.theta).all()
    assert np.abs(found.theta).max() * POINTS < 10_000
    assert np.isfinite(found.errors).all()
    assert (found.errors[met] > 0).all()
    for room in np.unique(found.component):
        assert found.theta[found.component == room].sum() == pytest.approx(0, abs=1e-8)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_order_of_models_and_votes_changes_nothing(seed):
    left, right, outcome, _ = random_votes(seed, votes=120)
    names, order = np.random.default_rng(seed).permutation(6), np.random.default_rng(seed).permutation(120)
    before = fit(left, right, outcome, 6)
    after = fit(names[left][order], names[right][order], outcome[order], 6)
    assert after.theta[names] == pytest.approx(before.theta, abs=1e-7)
    assert after.errors[names] == pytest.approx(before.errors, abs=1e-7)


def evalicas_votes(seed):
    """Votes, and what evalica takes: both sides, winners, and a stop far below what is compared."""
    evalica = pytest.importorskip("evalica")
    left, right, outcome, _ = random_votes(seed, votes=3000, items=20)
    winner = {1: evalica.Winner.X, -1: evalica.Winner.Y, 0: evalica.Winner.Draw}
    theirs = (left.tolist(), right.tolist(), [winner[value] for value in outcome.tolist()])
    return evalica, (left, right, outcome), theirs, {"tolerance": 1e-12, "limit": 100_000}


def points_apart(ours, scores):
    theirs = np.log(scores.sort_index().to_numpy())
    return POINTS * np.abs(ours.theta - (theirs - theirs.mean())).max()


@pytest.mark.parametrize("seed", range(5))
def test_half_wins_agree_with_evalica(seed):
    evalica, votes, theirs, exact = evalicas_votes(seed)
    result = evalica.bradley_terry(*theirs, tie_weight=0.5, **exact)
    assert points_apart(fit(*votes, 20, ties="half"), result.scores) < 0.05


@pytest.mark.parametrize("seed", range(5))
def test_davidsons_ties_agree_with_evalica(seed):
    """Newman's (2023) P(tie) ∝ 2v·√(π_i π_j) beside π_i and π_j is Davidson's with ν = 2v."""
    evalica, votes, theirs, exact = evalicas_votes(seed)
    ours, result = fit(*votes, 20), evalica.newman(*theirs, **exact)
    assert points_apart(ours, result.scores) < 0.05
    assert ours.nu == pytest.approx(2 * result.v, abs=1e-6)


def test_davidsons_ties_with_style_are_the_maximum_of_the_likelihood_written_out():
    optimize = pytest.importorskip("scipy.optimize")
    left, right, outcome, style = random_votes(6, votes=2000, covariates=2)

    def loss(place):
        """Minus the logarithm of the likelihood, and of the prior of the coefficients."""
        theta, beta = np.append(place[:5], -place[:5].sum()), place[6:]
        eta = theta[left] - theta[right] + style @ beta
        shares = np.stack([eta / 2, np.full(len(eta), place[5]), -eta / 2])
        chosen = shares[1 - outcome, np.arange(len(eta))]
        return np.logaddexp.reduce(shares).sum() - chosen.sum() + 0.005 * beta @ beta

    found = optimize.minimize(loss, np.zeros(8), method="BFGS", options={"gtol": 1e-4}).x
    ours = fit(left, right, outcome, 6, style=style)
    assert POINTS * np.abs(ours.theta[:5] - found[:5]).max() < 0.05
    assert ours.nu == pytest.approx(np.exp(found[5]), abs=1e-4)
    assert ours.beta == pytest.approx(found[6:], abs=1e-4)
