"""Strengths from comparisons of two: Bradley–Terry with ties, covariates and errors clustered by voter.

One likelihood serves both treatments of ties. With η = θ_i − θ_j + xβ a vote has the probabilities
P(i) ∝ exp(η/2), P(j) ∝ exp(−η/2), P(tie) ∝ ν (Davidson 1970). With y = ½, −½, 0 and t = 1 for a tie its
logarithm is yη + t·log ν − log(2 cosh(η/2) + ν), an exponential family: the score is (y − E y, t − E t)
and the information the covariance of (y, t). With ν = 0 in the denominator and ties left at y = 0 it is
exactly the logistic likelihood in which a tie is half a win on either side.

Scores are natural logarithms here; `POINTS` of them make the familiar scale.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Ties = Literal["half", "davidson"]

POINTS = 400 / np.log(10)
MEAN = 1000.0
LEFT, TIE, RIGHT = 1, 0, -1
# A model without finite estimate meets an average opponent once more: half a win, half a loss.
# Likewise ν without one is held by half a tie and half a decided vote between equals.
HELD_VOTES = 1.0
# A coefficient of style has a normal prior of standard deviation ten, for separated or collinear ones.
RIDGE = 0.01
# The clustered error of a model with fewer voters is no estimate; it is then at least the likelihood's own.
FEW_VOTERS = 10
STEPS = 100
CLOSE = 1e-7  # of a step; what is left after it is its square
CHUNK = 4096


@dataclass(frozen=True)
class Fit:
    """What was estimated. Arrays run over the models; `covariance` also over log ν (if estimated) and β."""

    theta: Floats
    covariance: Floats
    model_covariance: Floats
    component: Integers
    held: Bools
    voters: Integers
    voters_total: int
    nu: float
    beta: Floats
    beta_errors: Floats

    @property
    def errors(self) -> Floats:
        """Clustered standard errors of θ."""
        items = len(self.theta)
        return np.sqrt(np.diag(self.covariance)[:items])


@dataclass(frozen=True)
class _Rows:
    """Votes as the likelihood needs them: `count` equal ones a row, pairs in order, x covariates × rows."""

    items: int
    cell: Integers
    y: Floats
    count: Floats
    x: Floats

    @property
    def tie(self) -> Floats:
        return (self.y == 0).astype(np.float64)

    def scatter(self, weights: Sequence[Floats]) -> Floats:
        """Σ over rows of weight·(e_i − e_j), a column for each of `weights`."""
        out = np.zeros((self.items, len(weights)))
        for column, weight in enumerate(weights):
            pairs = self.by_cell(weight).reshape(self.items, self.items)
            out[:, column] = pairs.sum(axis=1) - pairs.sum(axis=0)
        return out

    def by_cell(self, weights: Floats) -> Floats:
        return np.bincount(self.cell, weights, self.items**2).astype(np.float64, copy=False)

    def laplacian(self, weights: Floats) -> Floats:
        """Σ over rows of weight·(e_i − e_j)(e_i − e_j)ᵀ."""
        pairs = self.by_cell(weights).reshape(self.items, self.items)
        both = pairs + pairs.T
        return np.diag(both.sum(axis=1)) - both

    def moments(self, a: Floats, c: Floats, d: Floats, *, with_nu: bool) -> Floats:
        """Σ of outer products of (y-part·(e_i − e_j), t-part, y-part·x) with second moments a, c and d."""
        a, c, d = a * self.count, c * self.count, d * self.count
        weighted = self.x * a
        crossed = self.scatter([*([c] if with_nu else []), *weighted])
        lower = weighted @ self.x.T
        if with_nu:
            edge = (self.x @ c)[None, :]
            lower = np.block([[np.array([[d.sum()]]), edge], [edge.T, lower]])
        return np.block([[self.laplacian(a), crossed], [crossed.T, lower]])


def fit(
    left: Integers,
    right: Integers,
    outcome: npt.NDArray[np.int8],
    items: int,
    *,
    voter: Integers | None = None,
    style: Floats | None = None,
    ties: Ties = "davidson",
) -> Fit:
    """Estimate strengths, and errors clustered by voter.

    `left` and `right` hold numbers of models below `items`, `outcome` LEFT, TIE or RIGHT, `voter` the number
    of the person, every vote its own person when None. `style` holds votes × covariates, antisymmetric in the
    sides and scaled already. Raises ValueError for a model that meets itself.
    """
    if np.any(left == right):
        raise ValueError("a model cannot meet itself")
    # One thread: the matrices are small, and on a busy machine threads mostly wait for one another.
    with threadpool_limits(1, "blas"):
        return _fit(left, right, outcome, items, voter, style, ties)


def _fit(
    left: Integers,
    right: Integers,
    outcome: npt.NDArray[np.int8],
    items: int,
    voter: Integers | None,
    style: Floats | None,
    ties: Ties,
) -> Fit:
    style = np.zeros((len(left), 0)) if style is None else style
    sign = np.where(left < right, 1.0, -1.0)
    cell = np.minimum(left, right) * items + np.maximum(left, right)
    votes = _Rows(items, cell, sign * outcome / 2, np.ones(len(left)), style.T * sign)
    cells = _aggregated(votes)
    component, held = existence(cells)
    with_nu = ties == "davidson" and not cells.y.all()
    is_nu_held = with_nu and _can_ties_grow(cells)
    rooms = component[:, None] == component[None, :]
    mean = rooms / rooms.sum(axis=1)
    problem = _Problem(cells, mean, held, with_nu, is_nu_held)
    found = problem.solve(np.zeros(items + with_nu))
    if style.shape[1]:
        problem = replace(problem, rows=votes)
        found = problem.solve(np.append(found, np.zeros(style.shape[1])))
    return problem.result(found, votes, voter, component)


def existence(cells: _Rows) -> tuple[Integers, Bools]:
    """Component of each model, and which models have no finite estimate among those of their component.

    Ford's condition (1957): estimates are finite where everybody is reached from everybody along wins, a tie
    being a step in both directions. Those outside the largest such group need the prior; all, if there is no
    largest one or nothing was decided.
    """
    items = cells.items
    beat = np.zeros((items, items), dtype=bool)
    i, j = cells.cell // items, cells.cell % items
    beat[i[cells.y >= 0], j[cells.y >= 0]] = True
    beat[j[cells.y <= 0], i[cells.y <= 0]] = True
    component = _labels(_reached(beat | beat.T))
    onward = _reached(beat)
    group = _labels(onward & onward.T)
    held = np.zeros(items, dtype=bool)
    for room in np.unique(component):
        members = component == room
        sizes = np.bincount(group[members])
        has_largest = (sizes == sizes.max()).sum() == 1 and np.any(cells.y[members[i]] != 0)
        held |= members & ~((group == sizes.argmax()) & has_largest)
    return component, held


def _can_ties_grow(cells: _Rows) -> bool:
    """Whether no finite ν exists: strengths can drift apart for ever while ν grows with them.

    That is so when some x has x_i ≥ x_j + 1 for every win of i over j and |x_i − x_j| ≤ 1 for every tie. Such
    an x is the longest path, unless a circle has more wins than ties in it (Bellman–Ford).
    """
    i, j = cells.cell // cells.items, cells.cell % cells.items
    won, lost, tied = cells.y > 0, cells.y < 0, cells.y == 0
    below = np.concatenate([j[won], i[lost], i[tied], j[tied]])
    above = np.concatenate([i[won], j[lost], j[tied], i[tied]])
    length = np.where(np.arange(len(below)) < won.sum() + lost.sum(), 1, -1)
    x = np.zeros(cells.items, dtype=np.int64)
    while x.max() < cells.items:
        further = x.copy()
        np.maximum.at(further, above, x[below] + length)
        if np.array_equal(further, x):
            return True
        x = further
    return False


def _reached(steps: Bools) -> Bools:
    reached = steps | np.eye(len(steps), dtype=bool)
    while True:
        number = reached.astype(np.float32)
        further = (number @ number) > 0
        if np.array_equal(further, reached):
            return reached
        reached = further


def _labels(same: Bools) -> Integers:
    """Numbers from 0 for the classes of an equivalence, in the order of their first member."""
    return np.unique(same.argmax(axis=1), return_inverse=True)[1].astype(np.int64)


def _aggregated(votes: _Rows) -> _Rows:
    """One row for each pair and outcome that occurs, without covariates."""
    kind = votes.cell * 3 + (2 * votes.y).astype(np.int64) + 1
    counts = np.bincount(kind, minlength=3 * votes.items**2)
    kinds = np.flatnonzero(counts)
    y = (kinds % 3 - 1) / 2
    return _Rows(votes.items, kinds // 3, y, counts[kinds].astype(np.float64), np.zeros((0, len(kinds))))


@dataclass(frozen=True)
class _Point:
    """The likelihood at one place: its value, expectations and second moments of each row."""

    value: float
    expected: Floats
    expected_tie: Floats
    variance: Floats


@dataclass(frozen=True)
class _Problem:
    """A likelihood to be maximised over (θ, log ν if `with_nu`, β), θ summing to zero in every component."""

    rows: _Rows
    mean: Floats
    held: Bools
    with_nu: bool
    is_nu_held: bool

    @property
    def centred(self) -> Floats:
        """Rows e_i − mean of the component, for the held models."""
        items = self.rows.items
        chosen: Floats = (np.eye(items) - self.mean)[self.held]
        return np.hstack([chosen, np.zeros((len(chosen), self.with_nu + len(self.rows.x)))])

    def solve(self, start: Floats) -> Floats:
        """Newton's method with halved steps; the likelihood is concave, so that it ends."""
        here, point = start, self.at(start)
        for _ in range(STEPS):
            step = np.linalg.solve(self.information(here, point, pinned=True), self.gradient(here, point))
            size = 1.0
            there, value = here + step, self.at(here + step)
            while not value.value >= point.value - 1e-9 * abs(point.value) and size > 1e-6:
                size /= 2
                there, value = here + size * step, self.at(here + size * step)
            here, point = there, value
            if np.abs(step).max() < CLOSE:
                break
        return here

    def at(self, place: Floats) -> _Point:
        rows, items = self.rows, self.rows.items
        theta, beta = place[:items], place[items + self.with_nu :]
        nu = float(np.exp(place[items])) if self.with_nu else 0.0
        eta = theta[rows.cell // items] - theta[rows.cell % items] + beta @ rows.x
        # Everything relative to the larger of the two, so that nothing overflows.
        half = np.exp(-np.abs(eta) / 2)
        whole = 1 / (1 + half * (half + nu))
        expected = np.sign(eta) * (1 - half * half) * whole / 2
        tie = nu * half * whole
        log = rows.y * eta - np.abs(eta) / 2 + np.log(whole)
        value = float(rows.count @ log)
        if self.with_nu:
            value += float(place[items] * (rows.count @ rows.tie))
        if self.is_nu_held:
            value += float(place[items]) / 2 - float(np.log(2 + nu))
        prior = self.centred @ place
        value -= HELD_VOTES * float(np.logaddexp(prior / 2, -prior / 2).sum())
        value -= RIDGE / 2 * float(beta @ beta)
        return _Point(value, expected, tie, (1 - tie) / 4 - expected**2)

    def residuals(self, point: _Point) -> tuple[Floats, Floats]:
        return self.rows.y - point.expected, self.rows.tie - point.expected_tie

    def gradient(self, place: Floats, point: _Point) -> Floats:
        rows = self.rows
        r, q = self.residuals(point)
        weighted = r * rows.count
        parts = [rows.scatter([weighted])[:, 0]]
        if self.with_nu:
            nu = np.exp(place[rows.items])
            parts.append(np.array([q @ rows.count + self.is_nu_held * (0.5 - nu / (2 + nu))]))
        parts.append(rows.x @ weighted - RIDGE * place[rows.items + self.with_nu :])
        centred = self.centred
        return np.concatenate(parts) - HELD_VOTES / 2 * centred.T @ np.tanh(centred @ place / 2)

    def information(self, place: Floats, point: _Point, *, pinned: bool = False) -> Floats:
        """Observed information; `pinned` adds the projection on the means, which makes it invertible."""
        expected, tie = point.expected, point.expected_tie
        moments = (point.variance, -expected * tie, tie * (1 - tie))
        found = self.rows.moments(*moments, with_nu=self.with_nu)
        covariates = len(self.rows.x)
        if covariates:
            found[-covariates:, -covariates:] += RIDGE * np.eye(covariates)
        if self.is_nu_held:
            nu = np.exp(place[self.rows.items])
            found[self.rows.items, self.rows.items] += 2 * nu / (2 + nu) ** 2
        centred = self.centred
        spread = HELD_VOTES / (4 * np.cosh(centred @ place / 2) ** 2)
        found += centred.T @ (spread[:, None] * centred)
        if pinned:
            found[: self.rows.items, : self.rows.items] += self.mean
        return found

    def result(self, place: Floats, votes: _Rows, voter: Integers | None, component: Integers) -> Fit:
        items, point = self.rows.items, self.at(place)
        inverse = np.linalg.inv(self.information(place, point, pinned=True)).astype(np.float64, copy=False)
        model = inverse.copy()
        model[:items, :items] -= self.mean
        each = self if self.rows is votes else replace(self, rows=replace(votes, x=votes.x[:0]))
        meat, voters, total = _meat(point if each is self else each.at(place), each, voter)
        covariance = inverse @ meat @ inverse
        if voter is not None and total > 1:
            covariance *= total / (total - 1)
        floor = np.zeros(len(place))
        floor[:items] = (voters < FEW_VOTERS) | self.held | self.is_nu_held
        covariance += np.diag(floor * np.maximum(0, np.diag(model) - np.diag(covariance)))
        beta = items + self.with_nu
        return Fit(
            theta=place[:items],
            covariance=covariance,
            model_covariance=model,
            component=component,
            held=self.held,
            voters=voters,
            voters_total=total,
            nu=float(np.exp(place[items])) if self.with_nu else 0.0,
            beta=place[beta:],
            # With fewer voters than covariates a variance is zero, and rounding may take it below.
            beta_errors=np.sqrt(np.maximum(0, np.diag(covariance)[beta:])),
        )


def _meat(point: _Point, problem: _Problem, voter: Integers | None) -> tuple[Floats, Integers, int]:
    """Σ over voters of the outer product of their score; voters of each model; voters in all.

    People with one vote are summed like the information. The others get a row each of a dense matrix, some
    thousands at a time: its product with itself is what the processor does best.
    """
    rows = problem.rows
    r, q = problem.residuals(point)
    if voter is None:
        return (
            rows.moments(r * r, r * q, q * q, with_nu=problem.with_nu),
            _appearances(rows),
            len(rows.y),
        )
    people, number, sizes = np.unique(voter, return_inverse=True, return_counts=True)
    single = sizes[number] == 1
    alone = _Rows(rows.items, rows.cell, rows.y, single.astype(np.float64), rows.x)
    meat = alone.moments(r * r, r * q, q * q, with_nu=problem.with_nu)
    voters = _appearances(
        _Rows(rows.items, rows.cell[single], rows.y[single], rows.count[single], rows.x[:0])
    )
    many = np.flatnonzero(~single)
    order = many[np.argsort(number[many], kind="stable")]
    position = np.unique(number[order], return_inverse=True)[1]
    others = [*([q] if problem.with_nu else []), *(rows.x * r)]
    for first in range(0, int(position[-1]) + 1 if len(position) else 0, CHUNK):
        begin, end = np.searchsorted(position, [first, first + CHUNK])
        chosen, row = order[begin:end], position[begin:end] - first
        score, seen = _scores(rows, r, others, chosen, row)
        meat += score.T @ score
        voters = voters + seen
    return meat, voters, len(people)


def _scores(
    rows: _Rows, r: Floats, others: Sequence[Floats], chosen: Integers, row: Integers
) -> tuple[Floats, Integers]:
    """The scores of some voters, voters × parameters, and how many of them met each model."""
    items, height = rows.items, int(row[-1]) + 1
    i, j = rows.cell[chosen] // items, rows.cell[chosen] % items
    size = height * items
    at_i, at_j = row * items + i, row * items + j
    theta = np.bincount(at_i, r[chosen], size) - np.bincount(at_j, r[chosen], size)
    met = np.zeros(size, dtype=bool)
    met[at_i] = met[at_j] = True
    rest = [np.bincount(row, column[chosen], height) for column in others]
    score = np.hstack([theta.reshape(height, items), *[column[:, None] for column in rest]])
    return score, met.reshape(height, items).sum(axis=0)


def _appearances(rows: _Rows) -> Integers:
    pairs = np.bincount(rows.cell, minlength=rows.items**2).reshape(rows.items, rows.items)
    return (pairs.sum(axis=0) + pairs.sum(axis=1)).astype(np.int64)
