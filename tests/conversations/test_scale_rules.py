"""What a protocol may say of scales, of who goes on and of the reveal; and who wins by what was said."""

import json
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from conversations.judging import Judgement, best, judged
from conversations.protocols import (
    AFTER,
    ALL,
    AT_END,
    NEVER,
    PARTICIPANT,
    WINNER,
    ProtocolError,
    RatingScale,
    parse,
    preset,
)
from conversations.refusals import Refused

PRISM = yaml.safe_load(preset("prism"))
RANKING = {"kind": "ranking"}


def read(**changes: Any) -> Any:
    document = PRISM | changes
    return parse(json.dumps({key: value for key, value in document.items() if value is not None}))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"rating": {"kind": "stars"}}, "rating.kind: must be one of: slider, likert, pairwise, ranking"),
        ({"rating": {"kind": "likert", "points": 12, "low": "a", "high": "b"}}, "from 2 to 11"),
        ({"rating": {"kind": "likert", "points": 5}}, "rating.low: is missing"),
        ({"rating": {"kind": "likert", "labels": ["one"]}}, "rating.labels: must be a list of 2 to 11"),
        ({"rating": {"kind": "likert", "labels": ["one", {}]}}, "rating.labels[1]: a text in at least one"),
        ({"rating": {"kind": "likert", "labels": ["a", "b"], "points": 2}}, "rating.points: there is no"),
        ({"rating": {"kind": "pairwise", "ties": ["draw"]}}, "rating.ties: must be a list of some of: equal"),
        ({"rating": {"kind": "pairwise", "low": "Bad"}}, "rating.low: there is no such key"),
        ({"rating": {"kind": "ranking", "ties": "yes"}}, "rating.ties: must be true or false"),
        ({"rating": RANKING, "opening": {"models": 1}}, "opening.models: answers are compared"),
        ({"continuation": {"who": "all", "samples": 2}}, "continuation.samples: every model of the opening"),
        ({"continuation": {"who": "both", "models": 3}}, "continuation.models: every model of the opening"),
        ({"continuation": {"models": 2, "samples": 2}}, "continuation.samples: only one model alone"),
        ({"continuation": {"who": "loser", "samples": 2}}, "continuation.who: must be one of"),
        ({"tie": None}, "tie: is missing"),
        ({"tie": None, "rating": {"kind": "pairwise", "ties": ["equal"]}}, "tie: is missing"),
        ({"reveal": "sometimes"}, "reveal: must be one of: never, after_rating"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_with_its_place(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(ProtocolError, match=r"^line 1: ") as refused:
        read(**changes)
    assert reason in str(refused.value)


def test_what_is_read_is_what_was_said_and_the_rest_has_defaults() -> None:
    rules = read()
    assert (rules.rating.kind, rules.continuation.who, rules.reveal) == ("slider", WINNER, NEVER)
    rules = read(rating=RANKING, tie=None, continuation={"who": "winner", "models": 3}, reveal="at_end")
    assert (rules.continuation.models, rules.samples, rules.reveal) == (3, 1, AT_END)
    assert (rules.feedback_scale.minimum, rules.feedback_scale.maximum) == (1, 100)
    both = read(tie=None, continuation={"who": "both"}, opening={"models": 2}, reveal="after_rating")
    assert (both.continuation.who, both.continuation.models, both.all_go_on) == (ALL, 2, True)
    assert both.reveal == AFTER
    free = read(tie=None, continuation={"who": "participant", "samples": 1})
    assert free.continuation.who == PARTICIPANT
    arena = yaml.safe_load(preset("arena"))
    assert parse(yaml.safe_dump(arena)).reveal == AFTER
    assert parse(yaml.safe_dump(arena | {"reveal": "never"})).reveal == NEVER
    likert = read(rating={"kind": "likert", "labels": ["Poor", {"fr": "Moyen", "en": "Fair"}, "Good"]})
    assert (likert.rating.minimum, likert.rating.maximum) == (1, 3)
    assert likert.rating.points == ({"": "Poor"}, {"fr": "Moyen", "en": "Fair"}, {"": "Good"})


SLOTS = st.integers(2, 8).map(lambda count: "ABCDEFGH"[:count])


@settings(max_examples=100, deadline=None)
@given(SLOTS.flatmap(lambda slots: st.permutations(range(1, len(slots) + 1))), st.booleans())
def test_an_order_is_stored_as_it_is_and_its_first_one_wins(places: list[int], may_tie: bool) -> None:
    slots = "ABCDEFGH"[: len(places)]
    scale = RatingScale(1, 8, kind="ranking", ties=("equal",) if may_tie else ())
    found = judged(scale, slots, dict(zip(slots, places, strict=True)), "")
    assert [found[slot].rank for slot in slots] == places
    assert best(found) == [slots[places.index(1)]]


@settings(max_examples=100, deadline=None)
@given(SLOTS.flatmap(lambda slots: st.lists(st.integers(1, 8), min_size=len(slots), max_size=len(slots))))
def test_shared_places_depend_on_the_order_alone_and_are_refused_where_none_may_be_shared(
    places: list[int],
) -> None:
    slots = "ABCDEFGH"[: len(places)]
    given = dict(zip(slots, places, strict=True))
    found = judged(RatingScale(1, 8, kind="ranking", ties=("equal",)), slots, given, "")
    ranks = [found[slot].rank or 0 for slot in slots]
    for i, place in enumerate(places):
        for j, other in enumerate(places):
            assert (place < other) == (ranks[i] < ranks[j])
        assert ranks[i] == 1 + sum(other < place for other in places)
    assert best(found) == [slot for slot in slots if given[slot] == min(places)]
    if sorted(places) != list(range(1, len(places) + 1)):
        with pytest.raises(Refused):
            judged(RatingScale(1, 8, kind="ranking"), slots, given, "")


def test_the_winner_is_found_on_every_scale_by_one_rule() -> None:
    assert best({"A": Judgement(score=3), "B": Judgement(score=7), "C": Judgement(score=7)}) == ["B", "C"]
    assert best({"A": Judgement(rank=2), "B": Judgement(rank=1)}) == ["B"]
    assert best({"A": Judgement(), "B": Judgement()}) == []  # erased
    pair = RatingScale(1, 2, kind="pairwise", ties=("both_bad",))
    assert best(judged(pair, "AB", {}, "A")) == ["A"]
    assert best(judged(pair, "AB", {}, "both_bad")) == ["A", "B"]
    assert judged(pair, "A", {}, "") == {}
