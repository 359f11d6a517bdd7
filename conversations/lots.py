"""One draw by the protocol's rule, with everything that repeats it. Pure: urns and counts in, a lot out."""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from conversations import apart, sampling
from conversations.pairing import EmptyPool, Urn
from conversations.protocols import EXPOSURE, LEAST, UNIFORM, Sampling

IdPairs = Sequence[tuple[int, int]]


@dataclass(frozen=True)
class Lot:
    """Models in slot order; the pool with exposure, weight and odds of each; and by what rule."""

    drawn: list[int]
    pool: list[dict[str, Any]]
    rule: dict[str, Any]


def cast(
    sources: Sequence[Urn],
    rule: Sampling,
    counts: Mapping[int, int],
    seed: str,
    *,
    mode: str = "",
    pairs: IdPairs = (),
) -> Lot:
    """Draw from each urn; no two of `pairs` (model ids) are drawn together. Raises EmptyPool."""
    if any(len(urn.models) < urn.k or not urn.models for urn in sources):
        raise EmptyPool(_("Too few models can be drawn."))
    there = {model for urn in sources for model in urn.models}
    pairs = [pair for pair in pairs if there.issuperset(pair)]
    how = {"rule": rule.rule, "a": rule.a, "s": rule.s, "k": sum(urn.k for urn in sources)}
    how |= {"mode": mode} if mode else {}
    each = [urn.k for urn in sources]
    how |= {"each": each} if len(set(each)) > 1 else {}
    lot = _apart(sources, rule, counts, seed, pairs) if pairs else _each(sources, rule, counts, seed)
    if mode or pairs or rule.rule == LEAST:  # else who weighs more would stand in the first slot more often
        random.Random(f"{seed}:slots").shuffle(lot.drawn)
    return Lot(lot.drawn, lot.pool, how | lot.rule)


def is_drawable(sources: Sequence[Urn], pairs: IdPairs) -> bool:
    """Whether the urns give a draw in which no pair stands side by side."""
    return table_of(sources, Sampling(UNIFORM), Counter(), pairs).can_finish()


def repeated(rule: Mapping[str, Any], pool: Sequence[Mapping[str, Any]], seed: str) -> Lot:
    """A stored draw once more, from nothing but its row."""
    numbers = sorted({entry.get("urn", 0) for entry in pool})
    models = [tuple(entry["model"] for entry in pool if entry.get("urn", 0) == n) for n in numbers]
    each = rule.get("each") or [rule["k"] // len(numbers)] * len(numbers)
    sources = [Urn(found, k) for found, k in zip(models, each, strict=True)]
    counts = Counter({entry["model"]: entry["exposure"] for entry in pool})
    pairs = [(one, other) for one, other in rule.get("apart", [])]
    how = Sampling(rule["rule"], rule["a"], rule["s"])
    return cast(sources, how, counts, seed, mode=rule.get("mode", ""), pairs=pairs)


def _weights(rule: Sampling, exposures: Sequence[int]) -> list[float]:
    a = rule.a if rule.rule == EXPOSURE else 0.0
    return [float(weight) for weight in sampling.exposure_weights(exposures, a=a, s=rule.s)]


def _each(sources: Sequence[Urn], rule: Sampling, counts: Mapping[int, int], seed: str) -> Lot:
    """Every urn for itself."""
    pool: list[dict[str, Any]] = []
    drawn: list[int] = []
    for number, urn in enumerate(sources):
        exposures = [counts[model] for model in urn.models]
        weights, k, own_seed = _weights(rule, exposures), urn.k, f"{seed}:{number}" if number else seed
        if rule.rule == LEAST:
            odds = sampling.least_probabilities(exposures, k)
            positions = sampling.draw_least(exposures, k, own_seed)
        else:
            odds = [float(p) for p in sampling.inclusion_probabilities(weights, k)]
            positions = sampling.draw(weights, k, own_seed)
        pool += _entries(urn, number if len(sources) > 1 else None, exposures, weights, odds)
        drawn += [urn.models[i] for i in positions]
    return Lot(drawn, pool, {})


def _apart(
    sources: Sequence[Urn], rule: Sampling, counts: Mapping[int, int], seed: str, pairs: IdPairs
) -> Lot:
    """All urns at once, as a pair may have a model in each."""
    table = table_of(sources, rule, counts, pairs)
    if not table.can_finish():
        raise EmptyPool(_("The models that can be drawn may not all stand side by side."))
    odds, how = _odds(table, seed)
    pool: list[dict[str, Any]] = []
    for number, urn in enumerate(sources):
        exposures = [counts[model] for model in urn.models]
        part = slice(len(pool), len(pool) + len(urn.models))
        pool += _entries(
            urn, number if len(sources) > 1 else None, exposures, table.weights[part], odds[part]
        )
    drawn = [pool[i]["model"] for i in apart.draw(table, seed)]
    return Lot(drawn, pool, how | {"apart": [list(pair) for pair in pairs]})


def _odds(table: apart.Table, seed: str) -> tuple[list[float], dict[str, Any]]:
    """The odds, and how they were found."""
    if table.is_small:
        return apart.inclusion_probabilities(table), {"odds": "exact"}
    estimate = apart.estimated_probabilities(table, f"{seed}:odds")
    return estimate, {"odds": "estimate", "rounds": apart.ROUNDS}


def table_of(
    sources: Sequence[Urn], rule: Sampling, counts: Mapping[int, int], pairs: IdPairs
) -> apart.Table:
    """The urns side by side; a model that is in two of them is never drawn from both."""
    models = [model for urn in sources for model in urn.models]
    exposures = [counts[model] for model in models]
    places: list[range] = []
    first = 0
    for urn in sources:
        places += [range(first, first + len(urn.models))] * urn.k
        first += len(urn.models)
    barred = {frozenset(pair) for pair in pairs}
    ranks = exposures if rule.rule == LEAST else None
    return apart.Table(
        weights=_weights(rule, exposures),
        places=places,
        pairs=[
            (i, j)
            for i, one in enumerate(models)
            for j, other in enumerate(models[:i])
            if one == other or frozenset((one, other)) in barred
        ],
        ranks=ranks,
    )


def _entries(
    urn: Urn, number: int | None, exposures: Sequence[int], weights: Sequence[float], odds: Sequence[float]
) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = [
        {"model": model, "exposure": exposure, "weight": weight, "inclusion": round(p, 9)}
        for model, exposure, weight, p in zip(urn.models, exposures, weights, odds, strict=True)
    ]
    return entries if number is None else [{**entry, "urn": number} for entry in entries]
