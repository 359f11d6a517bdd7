"""Which models may stand side by side in the arena, by mode. Pure: sizes in, urns out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from conversations.ballots import CUSTOM, DUEL, SMALL, Ballot

Sizes = Mapping[int, float | None]


class EmptyPool(Exception):
    """There are not enough models that may be drawn."""


@dataclass(frozen=True)
class Urn:
    """Models of which `k` different ones are drawn."""

    models: tuple[int, ...]
    k: int


def urns(mode: str, picked: Sequence[int], sizes: Sizes, ballot: Ballot) -> list[Urn]:
    """Where the two models come from; `sizes` has every eligible model with its billions of parameters.

    Raises EmptyPool where the mode has too few models: falling back to others would not be what was asked.
    """
    found = _urns(mode, picked, sizes, ballot)
    if any(len(urn.models) < urn.k for urn in found):
        raise EmptyPool
    return found


def _urns(mode: str, picked: Sequence[int], sizes: Sizes, ballot: Ballot) -> list[Urn]:
    if mode == SMALL:
        return [Urn(_small(sizes, ballot), 2)]
    if mode == DUEL:
        return [Urn(_small(sizes, ballot), 1), Urn(_big(sizes, ballot), 1)]
    if mode == CUSTOM and picked:
        chosen = [Urn(tuple(model for model in sizes if model == wanted), 1) for wanted in picked]
        rest = tuple(model for model in sizes if model not in picked)
        return chosen if len(chosen) == 2 else [*chosen, Urn(rest, 1)]
    return [Urn(tuple(sizes), 2)]


def possible(modes: Sequence[str], sizes: Sizes, ballot: Ballot) -> list[str]:
    """The modes for which there are models enough."""
    return [mode for mode in modes if all(len(urn.models) >= urn.k for urn in _urns(mode, (), sizes, ballot))]


def substitutes(
    model: int, mode: str, picked: Sequence[int], sizes: Sizes, ballot: Ballot
) -> tuple[int, ...]:
    """Who may stand in for a model that failed: others of its urn; nobody for one that was picked by hand."""
    if model in picked:
        return ()
    for urn in _urns(mode, picked, sizes, ballot):
        if model in urn.models:
            return urn.models
    return ()


def _small(sizes: Sizes, ballot: Ballot) -> tuple[int, ...]:
    return tuple(pk for pk, size in sizes.items() if size is not None and size <= ballot.small_up_to)


def _big(sizes: Sizes, ballot: Ballot) -> tuple[int, ...]:
    return tuple(pk for pk, size in sizes.items() if size is not None and size >= ballot.big_from)
