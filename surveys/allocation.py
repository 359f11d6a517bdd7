"""Places for the cells of a sample, and how far a sample is from its population. Pure mathematics.

Source: Balinski and Young, Fair Representation (1982), for the method of largest remainders (Hamilton).
"""

from collections.abc import Sequence


class AllocationError(ValueError):
    """The places cannot be given out; the message says why."""


def largest_remainder(population: Sequence[int], n: int, *, floor: int = 0) -> list[int]:
    """`n` places for cells in proportion to their `population`, in the order of the cells; sums to n.

    Every quota n·p is rounded down, and the places left go to the largest fractions, ties by the order of the
    cells. With a `floor`, every cell gets that many first and the rest is given out in proportion. Exact:
    whole numbers throughout. Raises AllocationError.
    """
    total, rest = sum(population), n - floor * len(population)
    if total <= 0 or min(population) < 0:
        raise AllocationError("The population of the cells has to be positive.")
    if min(n, floor, rest) < 0:
        raise AllocationError(f"{n} places are too few for {len(population)} cells with {floor} each.")
    places = [floor + rest * count // total for count in population]
    fractions = [rest * count % total for count in population]
    by_size = sorted(range(len(population)), key=lambda cell: (-fractions[cell], cell))
    for cell in by_size[: n - sum(places)]:
        places[cell] += 1
    return places


def shares(counts: Sequence[float]) -> list[float]:
    """Each count as a part of all; empty when there is nothing to divide by."""
    total = sum(counts)
    return [count / total for count in counts] if total else []


def total_variation(sample: Sequence[float], population: Sequence[float]) -> float | None:
    """½·Σ|s - p| over the cells' shares, from 0 (the same) to 1 (nothing shared).

    Both are counts or shares in the same order of cells. None for an empty sample.
    """
    ours, theirs = shares(sample), shares(population)
    if not ours or not theirs:
        return None
    return sum(abs(s - p) for s, p in zip(ours, theirs, strict=True)) / 2
