"""The sampler and what is made of its draws: truth recovered, and the posterior checked without it."""

import numpy as np
import pytest

from analysis.dissection.convergence import effective_draws, split_r_hat
from analysis.dissection.degrees import sigmoid
from analysis.dissection.evaluation import fold_of, held_out, scored
from analysis.dissection.fit import Options, expected_wrong, fit, weights_of
from analysis.dissection.gibbs import INTERCEPT_SD, Sampling, sample
from analysis.dissection.pairs import Pairs, Votes
from analysis.dissection.properties import ALL, LENGTH, PLACE

SCALE = Sampling.scale
SHORT = Sampling(chains=2, warmup=100, draws=200)


def signs(rng, pairs, columns=29):
    return rng.choice([-1.0, 0, 1], size=(pairs, columns), p=[0.3, 0.4, 0.3])


def voted(rng, x, alpha):
    for_a = (rng.random(len(x)) < sigmoid(x @ alpha)).astype(float)
    return for_a, 1 - for_a


def on_a_grid(x, for_a, for_b, deviations, points=201):
    """Posterior of two coefficients without sampling: means, deviations, P(> 0). No deviation: Laplace."""
    axis = np.linspace(-2.5, 2.5, points)
    first, second = np.meshgrid(axis, axis, indexing="ij")
    log = np.zeros(first.shape)
    for row, a, b in zip(x, for_a, for_b, strict=True):
        logit = first * row[0] + second * row[1]
        log -= a * np.logaddexp(0, -logit) + b * np.logaddexp(0, logit)
    for value, deviation in zip((first, second), deviations, strict=True):
        log += -np.abs(value) / SCALE if deviation is None else -((value / deviation) ** 2) / 2
    density = np.exp(log - log.max())
    density /= density.sum()
    means = [float((density * value).sum()) for value in (first, second)]
    found = zip((first, second), means, strict=True)
    spread = [float(np.sqrt((density * (value - mean) ** 2).sum())) for value, mean in found]
    above = [float((density * ((value > 0) + 0.5 * (value == 0))).sum()) for value in (first, second)]
    return np.array([means, spread, above])


def summary(drawn):
    every = drawn[0].reshape(len(drawn[0]), -1)
    return np.array([every.mean(axis=1), every.std(axis=1), (every > 0).mean(axis=1)])


@pytest.mark.parametrize("has_intercept", [False, True])
def test_the_sampler_agrees_with_integration_on_a_grid_also_with_weights(has_intercept):
    rng = np.random.default_rng(1)
    x = signs(rng, 80, 2)
    weight = rng.uniform(0.3, 2.5, 80)
    for_a, for_b = voted(rng, x, np.array([0.8, -0.2]))
    for votes in ((for_a, for_b), (for_a * weight + 1, for_b * weight)):
        columns = np.column_stack([x[:, 0], np.ones(80)]) if has_intercept else x
        exact = on_a_grid(columns, *votes, (None, INTERCEPT_SD if has_intercept else None))
        drawn = sample(
            columns[:, : 2 - has_intercept],
            votes[0][None],
            votes[1][None],
            Sampling(chains=4, warmup=300, draws=1500),
            has_intercept=has_intercept,
        )
        found = summary(drawn)
        assert found[:2] == pytest.approx(exact[:2], abs=0.02)
        assert found[2] == pytest.approx(exact[2], abs=0.06)


def test_in_29_dimensions_the_draws_fulfil_the_identities_of_the_posterior():
    """E ∂ log p = 0 and E α ∂ log p = −1 for each coefficient hold for the posterior alone."""
    rng = np.random.default_rng(2)
    x = signs(rng, 300)
    for_a, for_b = voted(rng, x, rng.laplace(0, 0.3, 29))
    drawn = sample(x, for_a[None], for_b[None], Sampling(chains=4, warmup=200, draws=600))[0]
    residual = for_a[:, None] - sigmoid(x @ drawn.reshape(29, -1))
    gradient = (x.T @ residual).reshape(drawn.shape) - np.sign(drawn) / SCALE
    for identity, expected in ((gradient, 0), (drawn * gradient, -1)):
        error = identity.std(axis=(1, 2)) / np.sqrt(effective_draws(identity))
        assert np.abs((identity.mean(axis=(1, 2)) - expected) / error).max() < 5.5
        assert (error / identity.std(axis=(1, 2))).max() < 0.06  # or the check would see nothing


def test_simulated_truth_is_recovered_and_covered_by_many_judges_at_once():
    rng = np.random.default_rng(3)
    x, truth = signs(rng, 400), rng.laplace(0, SCALE, (12, 29))
    votes = np.array([voted(rng, x, alpha) for alpha in truth])
    drawn = sample(x, votes[:, 0], votes[:, 1], SHORT)
    assert drawn.shape == (12, 29, 2, 200)
    every = drawn.reshape(12, 29, -1)
    low, high = np.percentile(every, [5, 95], axis=-1)
    assert 0.86 < np.mean((low < truth) & (truth < high)) < 0.94
    rank = (every < truth[..., None]).mean(axis=-1)
    assert np.histogram(rank, bins=4, range=(0, 1))[0] / rank.size == pytest.approx([0.25] * 4, abs=0.06)
    assert np.corrcoef(every.mean(axis=-1).ravel(), truth.ravel())[0, 1] > 0.7
    assert split_r_hat(drawn).max() < 1.1
    large = signs(rng, 2000)
    for_a, for_b = voted(rng, large, truth[0] * 3)
    alone = sample(large, for_a[None], for_b[None], SHORT)[0].mean(axis=(1, 2))
    assert np.corrcoef(alone, truth[0])[0, 1] > 0.96


def test_diagnostics_tell_bad_chains_from_good_ones():
    rng = np.random.default_rng(4)
    good = rng.normal(size=(2, 4, 1000))
    assert np.abs(split_r_hat(good) - 1).max() < 0.01
    assert effective_draws(good) == pytest.approx(4000, rel=0.2)
    apart = good + np.array([0, 0, 0, 3])[:, None]
    assert split_r_hat(apart).min() > 1.5
    slow = np.empty_like(good)
    slow[..., 0] = good[..., 0]
    for step in range(1, 1000):  # an autoregression with 0.9: 19 draws are worth one
        slow[..., step] = 0.9 * slow[..., step - 1] + np.sqrt(1 - 0.81) * good[..., step]
    assert effective_draws(slow) == pytest.approx(4000 / 19, rel=0.35)
    assert np.isnan(effective_draws(np.ones((1, 2, 100)))).all()


def test_held_out_votes_are_told_by_what_was_learned_elsewhere():
    rng = np.random.default_rng(5)
    fold = fold_of(103, 10, seed=0)
    assert sorted(np.bincount(fold)) == [10] * 7 + [11] * 3
    x, alpha = signs(rng, 300), np.zeros(29)
    alpha[[0, 5, PLACE[LENGTH]]] = 1.5, -1.5, 0.8
    found = held_out(x, *voted(rng, x, alpha), 5, SHORT)
    assert found.model.accuracy > found.length.accuracy > 0.5
    assert found.model.log_loss < found.length.log_loss < found.majority.log_loss
    noise = held_out(x[:120], *voted(rng, x[:120], 0 * alpha), 5, SHORT)
    assert noise.model.accuracy < 0.6  # it would be about 0.7 if the votes themselves had been learned
    assert scored(np.array([0.5, 0.9]), np.array([1.0, 0]), np.array([1.0, 1])).accuracy == pytest.approx(
        1 / 3
    )


def test_a_fit_counts_what_it_uses_and_says_nothing_of_few_pairs():
    rng = np.random.default_rng(6)
    many = 260
    values = rng.integers(0, 4, (2, many, 29)).astype(float)
    for_a, for_b = (rng.random((2, many)) < 0.6).astype(float)
    ties, inconsistent = np.zeros((2, many))
    for_a[:3], for_b[:3], ties[0], inconsistent[1] = 0, 0, 1, 1
    for_a[3:9], for_b[3:9] = 2, 1  # several people on a pair
    applicable = np.arange(many) != 5
    groups = {"Code": np.arange(many) < 120, "w_stances": np.arange(many) < 40, ALL: np.ones(many, bool)}
    votes = {"them": Votes(for_a, for_b, ties, inconsistent), "nobody": Votes(*np.zeros((4, many)))}
    keys = tuple(map(str, range(many)))
    pairs = Pairs(keys, *values, applicable, groups, votes, np.full(many, 0.5))
    fits = list(fit(pairs, Options(SHORT, folds=0, minimum=50, has_intercept=True)))
    assert [(found.judge, found.group) for found in fits] == [
        (judge, group) for group in groups for judge in votes
    ]
    code, _, few, _, whole, nobody = fits
    used = (for_a + for_b)[:120] * applicable[:120]
    assert (code.counts.used, code.counts.votes) == ((used > 0).sum(), used.sum())
    assert (code.counts.not_applicable, code.counts.ties, code.counts.inconsistent) == (3, 1, 1)
    assert code.counts.unlabelled == ((for_a + for_b + ties + inconsistent)[:120] == 0).sum()
    assert (few.posterior, nobody.posterior, code.counts.is_repeated) == (None, None, True)
    assert len(whole.posterior.mean) == 30
    assert np.isnan(weights_of(fits).alpha[1]).all()
    marked, wrong = expected_wrong(fits)
    assert marked == sum(found.posterior.marked.sum() for found in (code, whole))
    assert 0 <= wrong <= 0.025 * marked + 1e-9
