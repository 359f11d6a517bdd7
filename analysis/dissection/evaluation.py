"""Whether a fit tells anything: votes held out, beside guessing the commoner side and length alone."""

from dataclasses import dataclass, replace

import numpy as np

from analysis.dissection.degrees import Floats, sigmoid
from analysis.dissection.gibbs import Sampling, sample
from analysis.dissection.properties import LENGTH, PLACE

# One short chain is enough for the means of a fold: they are only compared with votes.
CHAINS, WARMUP, DRAWS = 1, 100, 200


@dataclass(frozen=True)
class Score:
    """Part of the votes told right, half where both sides are as likely; −log probability of a vote, mean."""

    accuracy: float
    log_loss: float


@dataclass(frozen=True)
class HeldOut:
    folds: int
    model: Score
    majority: Score
    length: Score


def held_out(
    x: Floats, for_a: Floats, for_b: Floats, folds: int, sampling: Sampling, *, has_intercept: bool = False
) -> HeldOut:
    """Each pair is told by a fit without its fold. `for_a` and `for_b` are weighted votes of a judge.

    All votes on a pair are in one fold; every pair is in exactly one. At least two folds.
    """
    fold = fold_of(len(x), folds, sampling.seed)
    kept = fold != np.arange(folds)[:, None]
    short = replace(sampling, chains=CHAINS, warmup=WARMUP, draws=DRAWS)
    drawn = sample(x, for_a * kept, for_b * kept, short, has_intercept=has_intercept)
    alpha = drawn.mean(axis=(2, 3))[fold]
    logit = (x * alpha[:, : x.shape[1]]).sum(axis=1) + (alpha[:, -1] if has_intercept else 0)
    return HeldOut(
        folds,
        model=scored(sigmoid(logit), for_a, for_b),
        majority=scored(_majority(for_a, for_b, kept)[fold], for_a, for_b),
        length=scored(_by_length(x[:, PLACE[LENGTH]], for_a, for_b, kept, fold), for_a, for_b),
    )


def fold_of(pairs: int, folds: int, seed: int) -> np.typing.NDArray[np.int64]:
    """The fold of each pair; sizes differ by one at most, so that none is left over."""
    return np.random.default_rng(seed).permutation(np.arange(pairs) % folds)


def scored(probability: Floats, for_a: Floats, for_b: Floats) -> Score:
    """Of the probabilities that A is preferred."""
    right = np.where(probability > 0.5, for_a, np.where(probability < 0.5, for_b, (for_a + for_b) / 2))
    sure = probability.clip(1e-12, 1 - 1e-12)
    loss = -(for_a * np.log(sure) + for_b * np.log1p(-sure))
    votes = (for_a + for_b).sum()
    return Score(float(right.sum() / votes), float(loss.sum() / votes))


def _majority(for_a: Floats, for_b: Floats, kept: Floats) -> Floats:
    """Probability of A in each fold: its share of the other votes, half a vote added to either side."""
    a, b = kept @ for_a, kept @ for_b
    return np.asarray((a + 0.5) / (a + b + 1))


def _by_length(
    length: Floats, for_a: Floats, for_b: Floats, kept: Floats, fold: np.typing.NDArray[np.int64]
) -> Floats:
    """Probability of A for each pair: how often the longer one was preferred in the other folds."""
    side = np.sign(length)
    longer = kept @ np.where(side > 0, for_a, np.where(side < 0, for_b, 0))
    shorter = kept @ np.where(side > 0, for_b, np.where(side < 0, for_a, 0))
    share = ((longer + 0.5) / (longer + shorter + 1))[fold]
    return np.where(side > 0, share, np.where(side < 0, 1 - share, 0.5))
