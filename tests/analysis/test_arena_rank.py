"""Against arena-rank, which needs an older numpy than Prism: where both cannot be, this is skipped.

Run it from an environment with arena-rank, threadpoolctl and pytest, in the checkout:
`PYTHONPATH=. python -m pytest --noconftest -c /dev/null --rootdir . tests/analysis/test_arena_rank.py`
"""

import numpy as np
import pytest

from analysis.bradley_terry import POINTS, fit
from tests.analysis.ballots import random_votes

pytest.importorskip("arena_rank", reason="arena-rank is not installed; it needs an older numpy")
ITEMS = 12
EXACT = {"ftol": 1e-14, "gtol": 1e-12, "hessian_reg": 1e-8}


def test_half_wins_and_their_errors_agree():
    import pandas as pd
    from arena_rank.models.bradley_terry import BradleyTerry
    from arena_rank.utils.data_utils import PairDataset

    left, right, outcome, _ = random_votes(11, votes=6000, items=ITEMS)
    names = np.array([f"m{number:02}" for number in range(ITEMS)])
    winner = np.array(["tie", "model_a", "model_b"])[outcome]
    votes = pd.DataFrame({"model_a": names[left], "model_b": names[right], "winner": winner})
    theirs = BradleyTerry(ITEMS, **EXACT).compute_ratings_and_cis(PairDataset.from_pandas(votes))
    ours = fit(left, right, outcome, ITEMS, ties="half")
    scores = np.array(theirs["ratings"])
    errors = np.sqrt(np.array(theirs["variances"]))
    assert np.abs(POINTS * ours.theta - (scores - scores.mean())).max() < 0.05
    assert np.abs(POINTS * ours.errors - errors).max() < 0.05


def test_covariates_agree_without_their_regularisation():
    import jax.numpy as jnp
    from arena_rank.models.contextual_bradley_terry import ContextualBradleyTerry
    from arena_rank.utils.data_utils import ContextualPairDataset

    left, right, outcome, style = random_votes(12, votes=6000, items=ITEMS, covariates=3)
    rows = ContextualPairDataset(
        [str(number) for number in range(ITEMS)],
        jnp.array(np.stack([left, right], axis=1)),
        jnp.array((outcome + 1) / 2),
        jnp.array(style),
        jnp.ones(len(left)),
    )
    theirs = ContextualBradleyTerry(ITEMS, 3, reg=0.0, **EXACT).compute_ratings_and_cis(rows)
    ours = fit(left, right, outcome, ITEMS, style=style, ties="half")
    scores = np.array(theirs["ratings"])
    assert np.abs(POINTS * ours.theta - (scores - scores.mean())).max() < 0.05
    assert np.abs(ours.beta - np.array(theirs["coeffs"])).max() < 1e-4
