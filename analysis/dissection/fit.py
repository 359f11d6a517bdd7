"""What each judge prefers in each group of pairs, with its n, its intervals and its doubts."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from analysis.dissection.convergence import effective_draws, split_r_hat
from analysis.dissection.degrees import Bools, Floats, degrees
from analysis.dissection.evaluation import HeldOut, held_out
from analysis.dissection.features import Coding, features
from analysis.dissection.gibbs import Sampling, sample
from analysis.dissection.pairs import Pairs, Votes
from analysis.dissection.properties import SLUGS
from analysis.dissection.weights import Weights

LEVEL = 95.0
POOR_R_HAT, FEW_DRAWS = 1.05, 400
CELLS = 4_000_000  # pairs × chains that are sampled together: some hundred megabytes


@dataclass(frozen=True)
class Options:
    """`minimum`: in a group with fewer pairs nothing is said of a judge. No `folds`: nothing is held out."""

    sampling: Sampling = field(default_factory=Sampling)
    folds: int = 10
    minimum: int = 100
    coding: Coding = "sign"
    has_intercept: bool = False


@dataclass(frozen=True)
class Counts:
    """`used` pairs with `votes` votes are in the fit; the others say how many votes are not, and why.

    `unlabelled` are pairs without any vote. Where `votes` are more than `used`, some pairs have several:
    these are not independent, and the intervals too narrow.
    """

    pairs: int
    used: int
    votes: int
    not_applicable: int
    ties: int
    inconsistent: int
    unlabelled: int

    @property
    def is_repeated(self) -> bool:
        return self.votes > self.used


@dataclass(frozen=True)
class Posterior:
    """Arrays of the 29 coefficients on the scale of the logit, and of an intercept after them.

    `low` and `high` end the central interval of LEVEL per cent; `positive` is P(α > 0).
    """

    mean: Floats
    deviation: Floats
    low: Floats
    high: Floats
    positive: Floats
    r_hat: Floats
    effective: Floats

    @property
    def is_poor(self) -> bool:
        return bool(np.nanmax(self.r_hat) > POOR_R_HAT or np.nanmin(self.effective) < FEW_DRAWS)

    @property
    def marked(self) -> Bools:
        """Properties whose interval excludes 50 %."""
        return ((self.low > 0) | (self.high < 0))[: len(SLUGS)]

    @property
    def wrong_signs(self) -> Floats:
        """Chance of each that its sign is the other one: their sum over the marked is how many to expect."""
        return np.minimum(self.positive, 1 - self.positive)[: len(SLUGS)]

    def probabilities(self) -> tuple[Floats, Floats, Floats]:
        """Per cent: σ of the posterior mean, as published, and of the ends of the interval."""
        estimate, low, high = (degrees(ends[: len(SLUGS)]) for ends in (self.mean, self.low, self.high))
        return estimate, low, high


@dataclass(frozen=True)
class Fitted:
    """`posterior` is None where too few pairs are there to say anything."""

    judge: str
    group: str
    counts: Counts
    posterior: Posterior | None = None
    held_out: HeldOut | None = None


def fit(
    pairs: Pairs,
    options: Options | None = None,
    *,
    judges: Sequence[str] | None = None,
    groups: Sequence[str] | None = None,
    say: Callable[[str], object] = str,
) -> Iterator[Fitted]:
    """Every judge in every group, or those named, group by group; `say` hears what is being done."""
    options = options or Options()
    x = features(pairs.a, pairs.b, options.coding)
    for group in groups or pairs.groups:
        say(f"{group} …")
        yield from fit_group(pairs, x, group, judges or list(pairs.votes), options)


def fit_group(
    pairs: Pairs, x: Floats, group: str, judges: Sequence[str], options: Options
) -> Iterator[Fitted]:
    """All judges of a group at once, as they share its pairs. `x` are the features of all pairs."""
    inside = np.asarray(pairs.groups[group])
    found = {judge: Fitted(judge, group, count(pairs, pairs.votes[judge], inside)) for judge in judges}
    enough = [judge for judge in judges if found[judge].counts.used >= max(options.minimum, 1)]
    rows = np.flatnonzero(inside & pairs.applicable)
    many = max(1, CELLS // max(1, len(rows) * options.sampling.chains))
    for start in range(0, len(enough), many):
        chosen = enough[start : start + many]
        for judge, posterior, held in _fit(pairs, x, rows, chosen, options):
            found[judge] = replace(found[judge], posterior=posterior, held_out=held)
    yield from found.values()


def count(pairs: Pairs, votes: Votes, inside: Bools) -> Counts:
    there = inside & pairs.applicable
    anything = votes.decided + votes.ties + votes.inconsistent
    return Counts(
        pairs=int(inside.sum()),
        used=int((votes.decided[there] > 0).sum()),
        votes=int(votes.decided[there].sum()),
        not_applicable=int(anything[inside & ~pairs.applicable].sum()),
        ties=int(votes.ties[there].sum()),
        inconsistent=int(votes.inconsistent[there].sum()),
        unlabelled=int((anything[inside] == 0).sum()),
    )


def expected_wrong(fits: Sequence[Fitted]) -> tuple[int, float]:
    """How many properties are marked in all, and how many of those signs are expected to be wrong.

    Every posterior tells how likely its sign is the other one (the local false sign rate of Stephens 2017);
    the sum over the marked needs no further correction for their number, but trusts model and prior.
    """
    known = [fitted.posterior for fitted in fits if fitted.posterior]
    marked = sum(int(posterior.marked.sum()) for posterior in known)
    return marked, float(sum(posterior.wrong_signs[posterior.marked].sum() for posterior in known))


def weights_of(fits: Sequence[Fitted]) -> Weights:
    """Posterior means as weights; NaN where nothing was fitted."""
    judges = tuple(dict.fromkeys(fitted.judge for fitted in fits))
    groups = tuple(dict.fromkeys(fitted.group for fitted in fits))
    alpha = np.full((len(judges), len(groups), len(SLUGS)), np.nan)
    for fitted in fits:
        if fitted.posterior:
            mean = fitted.posterior.mean[: len(SLUGS)]
            alpha[judges.index(fitted.judge), groups.index(fitted.group)] = mean
    return Weights(judges, groups, alpha)


def _fit(
    pairs: Pairs, x: Floats, rows: np.typing.NDArray[np.int64], judges: Sequence[str], options: Options
) -> Iterator[tuple[str, Posterior, HeldOut | None]]:
    weights = pairs.weights[rows]
    for_a = np.array([pairs.votes[judge].for_a[rows] * weights for judge in judges])
    for_b = np.array([pairs.votes[judge].for_b[rows] * weights for judge in judges])
    drawn = sample(x[rows], for_a, for_b, options.sampling, has_intercept=options.has_intercept)
    for number, judge in enumerate(judges):
        held = _held_out(x[rows], for_a[number], for_b[number], options)
        yield judge, summarised(drawn[number]), held


def _held_out(x: Floats, for_a: Floats, for_b: Floats, options: Options) -> HeldOut | None:
    """Only pairs with votes are dealt into folds."""
    there = (for_a + for_b) > 0
    if options.folds < 2 or there.sum() < options.folds:
        return None
    return held_out(
        x[there],
        for_a[there],
        for_b[there],
        options.folds,
        options.sampling,
        has_intercept=options.has_intercept,
    )


def summarised(drawn: Floats) -> Posterior:
    """Of the draws of one judge, coefficients × chains × draws."""
    every = drawn.reshape(len(drawn), -1)
    low, high = np.percentile(every, [50 - LEVEL / 2, 50 + LEVEL / 2], axis=1)
    return Posterior(
        mean=every.mean(axis=1),
        deviation=every.std(axis=1, ddof=1),
        low=low,
        high=high,
        positive=(every > 0).mean(axis=1),
        r_hat=split_r_hat(drawn),
        effective=effective_draws(drawn),
    )
