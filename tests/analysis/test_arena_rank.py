"""Against arena-rank: with what it said, kept in arena_rank.json, and with itself where it is installed.

Itself: in an environment with arena-rank, threadpoolctl and pytest, in the checkout,
`PYTHONPATH=. python -m pytest --noconftest -c /dev/null --rootdir . tests/analysis/test_arena_rank.py`
"""

import numpy as np
import pytest

from analysis.bradley_terry import POINTS, fit
from tests.analysis import arena_rank_oracle as oracle
from tests.analysis.ballots import random_votes


@pytest.mark.parametrize("seed", oracle.HALF_SEEDS)
def test_half_wins_and_their_errors_agree(seed):
    theirs = oracle.kept()["half"][str(seed)]
    assert theirs["votes"] == oracle.digest(seed)
    left, right, outcome, _ = random_votes(seed, votes=oracle.VOTES, items=oracle.ITEMS)
    ours = fit(left, right, outcome, oracle.ITEMS, ties="half")
    assert np.abs(POINTS * ours.theta - theirs["scores"]).max() < 0.05
    assert np.abs(POINTS * ours.errors - theirs["errors"]).max() < 0.05


def test_covariates_agree_without_their_regularisation():
    theirs = oracle.kept()["style"][str(oracle.STYLE_SEED)]
    assert theirs["votes"] == oracle.digest(oracle.STYLE_SEED, oracle.COVARIATES)
    left, right, outcome, style = random_votes(
        oracle.STYLE_SEED, votes=oracle.VOTES, items=oracle.ITEMS, covariates=oracle.COVARIATES
    )
    ours = fit(left, right, outcome, oracle.ITEMS, style=style, ties="half")
    assert np.abs(POINTS * ours.theta - theirs["scores"]).max() < 0.05
    assert np.abs(ours.beta - theirs["coefficients"]).max() < 1e-4


def test_what_is_kept_is_what_arena_rank_says():
    pytest.importorskip("arena_rank", reason="arena-rank is not installed; it needs an older numpy")
    kept, made = oracle.kept(), oracle.made()
    for kind, seed in [*(("half", seed) for seed in oracle.HALF_SEEDS), ("style", oracle.STYLE_SEED)]:
        was, now = kept[kind][str(seed)], made[kind][str(seed)]
        assert was.keys() == now.keys()
        for name in was.keys() - {"votes"}:
            assert np.array(was[name]) == pytest.approx(np.array(now[name]), abs=1e-3)
