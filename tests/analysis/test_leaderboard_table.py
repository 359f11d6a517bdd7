"""Rows, rank intervals and the win matrix."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.leaderboard.table import estimate, rank_intervals, rows
from analysis.leaderboard.votes import Votes, WinMatrix
from tests.analysis.ballots import ballots, random_votes


def votes_of(*tallies, voter=None):
    left, right, outcome = ballots(*tallies)
    names = [f"m{number}" for number in range(int(max(left.max(), right.max())) + 1)]
    return Votes(names, left, right, outcome, voter)


def test_rows_hold_score_interval_ranks_and_votes():
    votes = votes_of((0, 1, 400, 100, 50), (1, 2, 400, 100, 50))
    table = rows(votes, estimate(votes, "davidson"), seed=1)
    assert [row.item for row in table] == ["m0", "m1", "m2"]
    assert [(row.rank_low, row.rank_high) for row in table] == [(1, 1), (2, 2), (3, 3)]
    assert [row.n for row in table] == [550, 1100, 550]
    assert np.mean([row.score for row in table]) == pytest.approx(1000)
    assert all(row.low < row.score < row.high for row in table)


def test_models_nobody_can_tell_apart_share_all_ranks():
    votes = votes_of((0, 1, 10, 10, 5), (1, 2, 10, 10, 5), (2, 0, 10, 10, 5))
    table = rows(votes, estimate(votes, "davidson"), seed=1)
    assert [(row.rank_low, row.rank_high) for row in table] == [(1, 3)] * 3


def test_ranks_are_counted_within_a_component_and_the_largest_comes_first():
    votes = votes_of((0, 1, 90, 10, 0), (2, 3, 90, 10, 0), (3, 4, 90, 10, 0))
    table = rows(votes, estimate(votes, "davidson"), seed=1)
    assert [row.item for row in table] == ["m2", "m3", "m4", "m0", "m1"]
    assert [row.rank_low for row in table] == [1, 2, 3, 1, 2]


def test_the_same_seed_gives_the_same_ranks_and_another_may_not():
    left, right, outcome, _ = random_votes(2, votes=300, items=30)
    fitted = estimate(Votes([str(n) for n in range(30)], left, right, outcome), "half")
    same = [rank_intervals(fitted, seed) for seed in (1, 1, 2)]
    assert np.array_equal(same[0], same[1])
    assert not np.array_equal(same[0], same[2])


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_a_rank_interval_holds_the_rank_of_the_estimate(seed):
    left, right, outcome, _ = random_votes(seed, votes=80)
    votes = Votes(list("abcdef"), left, right, outcome)
    for rank, row in enumerate(rows(votes, estimate(votes, "davidson"), seed), start=1):
        assert 1 <= row.rank_low <= rank <= row.rank_high <= 6


def test_votes_of_one_person_make_fewer_effective_votes():
    tallies = ((0, 1, 60, 40, 0),)
    alone, people = votes_of(*tallies), votes_of(*tallies, voter=np.arange(100) // 10)
    effective = [rows(votes, estimate(votes, "half"), 0)[0].effective_n for votes in (alone, people)]
    assert effective[0] == pytest.approx(100)
    assert effective[1] == pytest.approx(9)


def test_the_win_matrix_counts_wins_ties_and_votes_of_both_sides():
    matrix = WinMatrix.of(votes_of((0, 1, 3, 1, 2), (1, 0, 4, 0, 0), (1, 2, 0, 5, 0)))
    assert matrix.wins.tolist() == [[0, 3, 0], [5, 0, 0], [0, 5, 0]]
    assert matrix.draws.tolist() == [[0, 2, 0], [2, 0, 0], [0, 0, 0]]
    assert matrix.met.tolist() == [[0, 10, 0], [10, 0, 5], [0, 5, 0]]
    assert matrix.votes.tolist() == [10, 15, 5]


def test_a_win_matrix_that_does_not_add_up_is_refused():
    right = WinMatrix.of(votes_of((0, 1, 3, 1, 2)))
    with pytest.raises(ValueError, match="add up"):
        WinMatrix(right.wins, right.draws, right.votes + 1)
    with pytest.raises(ValueError, match="tie"):
        WinMatrix(right.wins, np.triu(right.draws), right.votes)
