"""Bayesian logistic regression with a Laplace prior, by Gibbs sampling.

Rows are augmented with Pólya-Gamma variables (Polson, Scott and Windle 2013, JASA 108:1339), the prior is a
scale mixture of normals (Park and Casella 2008, JASA 103:681), so that all conditionals are known: no step
size, no rejection. Series (judges, folds) that share the pairs are sampled together.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polyagamma
from threadpoolctl import threadpool_limits

from analysis.dissection.degrees import Floats

TINY = 1e-6  # of a coefficient: below it the mean of its inverse variance is only a large number
INTERCEPT_SD = 1.0  # of the normal prior of an intercept, which is no preference and is not drawn to zero
_polya_gamma: Any = polyagamma.random_polyagamma  # its stubs know few of its arguments


@dataclass(frozen=True)
class Sampling:
    """How a posterior is drawn. `scale` is the b of the prior Laplace(0, b), whose deviation is b√2."""

    chains: int = 4
    warmup: int = 200
    draws: int = 500
    seed: int = 0
    scale: float = 0.1


def sample(
    x: Floats, for_a: Floats, for_b: Floats, sampling: Sampling, *, has_intercept: bool = False
) -> Floats:
    """Draws of the coefficients, series × coefficients × chains × draws; an intercept is the last one.

    `x` is pairs × properties. `for_a` and `for_b`, series × pairs, are the votes for either side, each
    counted with its weight (the power of its likelihood); a pair without votes is no part of the series.
    Takes about 2 kB of memory a pair, and 30 bytes a pair, series and chain.
    """
    if has_intercept:
        x = np.hstack([x, np.ones((len(x), 1))])
    chains = sampling.chains
    votes = np.repeat(for_a + for_b, chains, axis=0)
    linear = np.repeat((for_a - for_b) / 2 @ x, chains, axis=0)
    # One thread: the matrices are small, and on a busy machine threads mostly wait for one another.
    with threadpool_limits(1, "blas"):
        drawn = _Sampler(x, votes, linear, sampling, has_intercept).run()
    return drawn.reshape(len(for_a), chains, x.shape[1], sampling.draws).transpose(0, 2, 1, 3)


class _Sampler:
    """Chains of all series, one below the other."""

    def __init__(
        self, x: Floats, votes: Floats, linear: Floats, sampling: Sampling, has_intercept: bool
    ) -> None:
        self.x, self.linear, self.sampling, self.has_intercept = x, linear, sampling, has_intercept
        self.rng = np.random.default_rng(sampling.seed)
        self.upper = np.triu_indices(x.shape[1])
        # Products of all pairs of columns make XᵀΩX of every chain one product of matrices; single precision
        # halves the time, and its error is far below that of the draws.
        self.products = (x[:, self.upper[0]] * x[:, self.upper[1]]).astype(np.float32)
        self.has_votes = votes > 0
        self.votes = votes[self.has_votes]
        self.omega = np.zeros(votes.shape, dtype=np.float32)
        self.alpha = self.rng.normal(0, 2 * sampling.scale, linear.shape)
        self.inverse = np.full(linear.shape, 1 / (2 * sampling.scale**2))
        if has_intercept:
            self.inverse[:, -1] = 1 / INTERCEPT_SD**2

    def run(self) -> Floats:
        kept = np.empty((*self.alpha.shape, self.sampling.draws))
        for number in range(-self.sampling.warmup, self.sampling.draws):
            self.sweep()
            if number >= 0:
                kept[..., number] = self.alpha
        return kept

    def sweep(self) -> None:
        self.omega[self.has_votes] = self.augment((self.alpha @ self.x.T)[self.has_votes])
        lower = np.linalg.cholesky(self.precision())
        forward = np.linalg.solve(lower, self.linear[..., None])
        forward += self.rng.standard_normal(forward.shape)
        self.alpha = np.linalg.solve(lower.transpose(0, 2, 1), forward)[..., 0]
        self.draw_inverse()

    def augment(self, logit: Floats) -> Floats:
        """ω given α: PG(votes, x·α)."""
        if np.all(self.votes == 1):
            return np.asarray(
                _polya_gamma(1, logit, method="devroye", disable_checks=True, random_state=self.rng)
            )
        return np.asarray(_polya_gamma(self.votes, logit, disable_checks=True, random_state=self.rng))

    def precision(self) -> npt.NDArray[np.float64]:
        """XᵀΩX + Λ⁻¹ of each chain."""
        chains, columns = self.alpha.shape
        found = np.zeros((chains, columns, columns))
        packed = self.omega @ self.products
        found[:, self.upper[0], self.upper[1]] = packed
        found[:, self.upper[1], self.upper[0]] = packed
        diagonal = np.arange(columns)
        found[:, diagonal, diagonal] += self.inverse
        return found

    def draw_inverse(self) -> None:
        """1/λ given α: inverse Gaussian, mean 1/(b|α|), shape 1/b²; an intercept keeps its normal prior."""
        scale, many = self.sampling.scale, self.alpha.shape[1] - self.has_intercept
        size = np.maximum(np.abs(self.alpha[:, :many]), TINY)
        self.inverse[:, :many] = np.maximum(self.rng.wald(1 / (scale * size), 1 / scale**2), TINY)
