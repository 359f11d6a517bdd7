"""Units that look alike, counted: what the coefficients are computed from, once and in every resample.

No coefficient asks which unit it was, and all but those of one rater against the rest ask not even who said
what. Five thousand items by three raters on four levels are at most 75 different patterns, so that a resample
of the items is one multinomial draw of their counts.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from annotations.agreement.tables import MISSING, Bools, Floats, Integers, Table

CELLS = 2_000_000  # numbers held at once: resamples × patterns


@dataclass(frozen=True)
class Tally:
    """Patterns of ratings: `first` is what the first rater said, `rest` (patterns × most) the others, sorted.

    `count` says how many units have each pattern, `pattern` (units) which one a unit has.
    """

    first: Integers
    rest: Integers
    count: Floats
    pattern: Integers
    positions: Floats

    @property
    def levels(self) -> int:
        return len(self.positions)

    @cached_property
    def own(self) -> Floats:
        """Patterns × levels: one where the first rater said it."""
        return _counted(self.first[:, None], self.levels)

    @cached_property
    def others(self) -> Floats:
        """Patterns × levels: how many of the others said it."""
        return _counted(self.rest, self.levels)

    @cached_property
    def all(self) -> Floats:
        """Patterns × levels: how many raters said it."""
        return self.own + self.others

    @cached_property
    def ratings(self) -> Floats:
        return self.all.sum(axis=1)


def tally(table: Table) -> Tally:
    """The patterns of a table and how often each one is there."""
    codes = table.codes if table.codes.shape[1] else np.full((len(table.codes), 1), MISSING)
    rest = np.sort(codes[:, 1:], axis=1)
    # The missing come first; where few of many raters meet in a unit most columns hold nothing else.
    rest = rest[:, (rest != MISSING).any(axis=0)]
    rows, pattern, count = np.unique(
        np.column_stack([codes[:, 0], rest]), axis=0, return_inverse=True, return_counts=True
    )
    return Tally(rows[:, 0], rows[:, 1:], count.astype(np.float64), pattern.ravel(), table.positions)


def resamples(
    of: Tally,
    clusters: Integers,
    replicates: int,
    random: np.random.Generator,
    *,
    is_shared: bool = False,
) -> Iterator[Floats]:
    """Counts of the patterns when as many clusters as there are get drawn with replacement.

    Yields arrays of some replicates × patterns, `replicates` rows in all. `clusters` (units) numbers what is
    drawn together. When `is_shared`, another tally of the same clusters sees the same ones drawn from the
    same state of `random`.
    """
    drawn = np.unique(clusters, return_inverse=True)[1].ravel()
    total = int(drawn.max()) + 1
    is_alone = total == len(drawn) and not is_shared
    step = max(1, CELLS // (len(of.count) if is_alone else len(drawn)))
    for start in range(0, replicates, step):
        rows = min(step, replicates - start)
        if is_alone:
            yield random.multinomial(total, of.count / total, rows).astype(np.float64)
        else:
            yield _by_pattern(_drawn(total, rows, random)[:, drawn], of.pattern)


def _drawn(clusters: int, rows: int, random: np.random.Generator) -> Floats:
    """Rows × clusters: how often each gets drawn when as many as there are do."""
    chosen = random.integers(0, clusters, (rows, clusters)) + np.arange(rows)[:, None] * clusters
    counts = np.bincount(chosen.ravel(), minlength=rows * clusters)
    return counts.reshape(rows, clusters).astype(np.float64)


def _by_pattern(counts: Floats, pattern: Integers) -> Floats:
    """Rows × units summed to rows × patterns; every pattern has a unit."""
    order = np.argsort(pattern, kind="stable")
    starts = np.searchsorted(pattern[order], np.arange(pattern.max() + 1))
    return np.add.reduceat(counts[:, order], starts, axis=1)


def _counted(codes: Integers, levels: int) -> Floats:
    counts = np.zeros((len(codes), levels))
    rows, columns = np.nonzero(codes != MISSING)
    np.add.at(counts, (rows, codes[rows, columns]), 1)
    return counts


def rated(table: Table) -> Bools:
    """The units with a rating."""
    return table.ratings >= 1


def paired(table: Table) -> Bools:
    """The units with two ratings or more."""
    return table.ratings >= 2


def met_by_first(table: Table) -> Bools:
    """The units that the first rater and somebody else rated."""
    return paired(table) & (table.codes[:, 0] != MISSING)
