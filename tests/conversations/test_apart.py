"""Models that are never drawn together: who may follow, with what odds, and that the draw repeats."""

import math
from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from conversations import apart
from conversations.apart import NotApart, Table, draw, estimated_probabilities, inclusion_probabilities
from conversations.lots import cast, repeated
from conversations.pairing import EmptyPool, Urn
from conversations.protocols import Sampling

QUARTET = Sampling("uniform")


def table(
    weights: list[float], k: int, pairs: list[tuple[int, int]], ranks: list[int] | None = None
) -> Table:
    return Table(weights, [range(len(weights))] * k, pairs, ranks)


@st.composite
def tables(draw_value: st.DrawFn) -> Table:
    weights = draw_value(st.lists(st.floats(0.01, 1.0), min_size=2, max_size=6))
    every = list(combinations(range(len(weights)), 2))
    pairs = draw_value(st.lists(st.sampled_from(every), max_size=len(every), unique=True))
    ranks = draw_value(st.none() | st.lists(st.integers(0, 3), min_size=6, max_size=6))
    found = table(weights, draw_value(st.integers(1, len(weights))), pairs, ranks)
    assume(found.can_finish())
    return found


def over_all_orders(found: Table) -> list[float]:
    """The odds by going down every order of drawing, without the module's sets."""
    odds = [0.0] * len(found.weights)
    barred = {frozenset(pair) for pair in found.pairs}

    def fits(group: tuple[int, ...]) -> bool:
        return not any(frozenset(pair) in barred for pair in combinations(group, 2))

    def completes(drawn: tuple[int, ...]) -> bool:
        rest = set(range(len(odds))) - set(drawn)
        return any(fits(drawn + more) for more in combinations(rest, len(found.places) - len(drawn)))

    def follow(drawn: tuple[int, ...], probability: float) -> None:
        if len(drawn) == len(found.places):
            return
        able = [i for i in range(len(odds)) if i not in drawn and completes((*drawn, i))]
        if found.ranks is not None:
            able = [i for i in able if found.ranks[i] == min(found.ranks[j] for j in able)]
        for i in able:
            chance = probability * found.weights[i] / sum(found.weights[j] for j in able)
            odds[i] += chance
            follow((*drawn, i), chance)

    follow((), 1.0)
    return odds


@settings(deadline=None, max_examples=60)
@given(tables())
def test_the_odds_equal_the_sum_over_all_orders_and_add_up_to_the_places(found: Table):
    odds = inclusion_probabilities(found)
    np.testing.assert_allclose(odds, over_all_orders(found), atol=1e-12)
    assert sum(odds) == pytest.approx(len(found.places))


@settings(deadline=None, max_examples=60)
@given(tables(), st.text(max_size=10))
def test_a_draw_holds_no_pair_and_its_seed_repeats_it(found: Table, seed: str):
    drawn = draw(found, seed)
    assert len(set(drawn)) == len(found.places)
    assert not any(set(pair) <= set(drawn) for pair in found.pairs)
    assert draw(found, seed) == drawn


def test_of_two_the_first_is_drawn_among_those_with_a_partner_and_the_second_among_its_partners():
    """0 may meet 1 alone, 1 may meet 0 and 2, and 3 nobody. Weights 1, 2, 5, 100."""
    found = table([1, 2, 5, 100], 2, [(0, 2), (0, 3), (1, 3), (2, 3)])
    first = [1 / 8, 2 / 8, 5 / 8]
    zero = first[0] + first[1] * 1 / 6
    two = first[2] + first[1] * 5 / 6
    np.testing.assert_allclose(inclusion_probabilities(found), [zero, 1, two, 0], atol=1e-12)


CASES = [
    table([1, 1, 1, 1], 2, [(0, 1), (2, 3)]),
    table([1, 0.5, 0.25, 0.2, 0.1], 3, [(0, 1), (1, 2)]),
    table([1] * 5, 2, [(0, 1)], [0, 0, 1, 1, 2]),
]


@pytest.mark.parametrize("found", CASES)
def test_the_share_of_draws_is_the_probability(found: Table):
    """By Hoeffding's inequality a sound draw exceeds the bound once in a million runs (seeds are fixed)."""
    rounds = 4_000
    counts = Counter(i for n in range(rounds) for i in draw(found, f"round {n}"))
    bound = math.sqrt(math.log(2 * len(found.weights) / 1e-6) / (2 * rounds))
    for position, probability in enumerate(inclusion_probabilities(found)):
        assert abs(counts[position] / rounds - probability) < bound


def test_an_estimate_is_near_the_exact_odds_and_its_seed_repeats_it():
    for found in CASES:
        estimate = estimated_probabilities(found, "seed", rounds=1_000)
        np.testing.assert_allclose(estimate, inclusion_probabilities(found), atol=0.05)
        assert sum(estimate) == pytest.approx(len(found.places))
        assert estimated_probabilities(found, "seed", rounds=1_000) == estimate


def test_who_cannot_be_kept_apart_is_not_drawn():
    for call in (lambda found: draw(found, "seed"), inclusion_probabilities):
        with pytest.raises(NotApart):
            call(table([1, 1, 1], 2, [(0, 1), (0, 2), (1, 2)]))
    with pytest.raises(EmptyPool, match="may not all stand side by side"):
        cast([Urn((7, 8), 2)], QUARTET, Counter(), "seed", pairs=[(8, 7)])
    with pytest.raises(EmptyPool, match="Too few"):
        cast([Urn((7,), 2)], QUARTET, Counter(), "seed")


@pytest.mark.parametrize("rule", [Sampling("exposure", 1.0, 4.0), QUARTET, Sampling("least")])
@pytest.mark.parametrize("pairs", [[], [(1, 2), (4, 5)], [(1, 99)]])
@pytest.mark.parametrize(
    "sources",
    [[Urn((1, 2, 3, 4, 5), 3)], [Urn((1, 2, 3), 1), Urn((4, 5), 1)], [Urn((1, 2), 1), Urn((2, 5), 1)]],
)
def test_every_rule_repeats_from_its_row_and_its_odds_add_up(rule, pairs, sources):
    counts = Counter({1: 3, 2: 3, 3: 9, 4: 0})
    for seed in ("a", "b", "c"):
        lot = cast(sources, rule, counts, seed, mode="duel" if len(sources) > 1 else "", pairs=pairs)
        again = repeated(lot.rule, lot.pool, seed)
        assert (again.drawn, again.pool, again.rule) == (lot.drawn, lot.pool, lot.rule)
        assert sum(entry["inclusion"] for entry in lot.pool) == pytest.approx(lot.rule["k"])
        assert not any(set(pair) <= set(lot.drawn) for pair in pairs)
        there = {entry["model"] for entry in lot.pool}
        assert lot.rule.get("apart", []) == [list(pair) for pair in pairs if there.issuperset(pair)]


def test_a_large_pool_has_estimated_odds_that_are_marked():
    sources = [Urn(tuple(range(40)), 6)]
    lot = cast(sources, QUARTET, Counter(), "seed", pairs=[(0, 1)])
    assert (lot.rule["odds"], lot.rule["rounds"]) == ("estimate", apart.ROUNDS)
    assert sum(entry["inclusion"] for entry in lot.pool) == pytest.approx(6)
    assert repeated(lot.rule, lot.pool, "seed") == lot
    small = cast([Urn((0, 1, 2), 2)], QUARTET, Counter(), "seed", pairs=[(0, 1)])
    assert small.rule["odds"] == "exact"


@pytest.mark.parametrize("rule", [Sampling("exposure", 1.0, 1.0), Sampling("least")])
def test_which_side_a_model_stands_on_does_not_depend_on_its_weight(rule):
    """Model 3 was never drawn; it stands first as often as second. Bound as above."""
    rounds, counts = 3_000, Counter({1: 50, 2: 50})
    drawn = [cast([Urn((1, 2, 3), 2)], rule, counts, f"{n}", pairs=[(1, 2)]).drawn for n in range(rounds)]
    beside = [pair for pair in drawn if 3 in pair]
    assert len(beside) == rounds  # 1 and 2 never meet
    bound = math.sqrt(math.log(2 / 1e-6) / (2 * rounds))
    assert abs(sum(pair[0] == 3 for pair in beside) / rounds - 0.5) < bound
