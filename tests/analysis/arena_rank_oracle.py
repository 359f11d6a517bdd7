"""What arena-rank makes of seeded votes, kept beside this file because it needs an older numpy than Prism.

Anew, in an environment with arena-rank and threadpoolctl, in the checkout:
`python -m tests.analysis.arena_rank_oracle`
"""

import hashlib
import json
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from tests.analysis.ballots import random_votes

KEPT = Path(__file__).with_name("arena_rank.json")
COMMAND = "python -m tests.analysis.arena_rank_oracle"
VOTES, ITEMS, COVARIATES = 6000, 12, 3
HALF_SEEDS, STYLE_SEED = (11, 21), 12
EXACT = {"ftol": 1e-14, "gtol": 1e-12, "hessian_reg": 1e-8}


def half(seed: int) -> dict[str, Any]:
    """Scores and their errors, a tie being half a win."""
    import pandas as pd
    from arena_rank.models.bradley_terry import BradleyTerry
    from arena_rank.utils.data_utils import PairDataset

    left, right, outcome, _ = random_votes(seed, votes=VOTES, items=ITEMS)
    names = np.array([f"m{number:02}" for number in range(ITEMS)])
    winner = np.array(["tie", "model_a", "model_b"])[outcome]
    votes = pd.DataFrame({"model_a": names[left], "model_b": names[right], "winner": winner})
    theirs = BradleyTerry(ITEMS, **EXACT).compute_ratings_and_cis(PairDataset.from_pandas(votes))
    errors = np.sqrt(np.array(theirs["variances"]))
    return {"votes": digest(seed), "scores": _centred(theirs), "errors": errors.tolist()}


def style(seed: int) -> dict[str, Any]:
    """Scores and coefficients of covariates, without their regularisation."""
    import jax.numpy as jnp
    from arena_rank.models.contextual_bradley_terry import ContextualBradleyTerry
    from arena_rank.utils.data_utils import ContextualPairDataset

    left, right, outcome, covariates = random_votes(seed, votes=VOTES, items=ITEMS, covariates=COVARIATES)
    rows = ContextualPairDataset(
        [str(number) for number in range(ITEMS)],
        jnp.array(np.stack([left, right], axis=1)),
        jnp.array((outcome + 1) / 2),
        jnp.array(covariates),
        jnp.ones(len(left)),
    )
    model = ContextualBradleyTerry(ITEMS, COVARIATES, reg=0.0, **EXACT)
    theirs = model.compute_ratings_and_cis(rows)
    coefficients = np.array(theirs["coeffs"]).tolist()
    return {"votes": digest(seed, COVARIATES), "scores": _centred(theirs), "coefficients": coefficients}


def digest(seed: int, covariates: int = 0) -> str:
    """Of the votes, so that a generator that draws others is noticed."""
    votes = random_votes(seed, votes=VOTES, items=ITEMS, covariates=covariates)
    whole = hashlib.sha256()
    for part in votes:
        whole.update(np.rint(part * 1e6).astype("<i8").tobytes())
    return whole.hexdigest()


def kept() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(KEPT.read_text(encoding="utf-8"))
    return found


def made() -> dict[str, Any]:
    return {
        "command": COMMAND,
        "versions": {name: metadata.version(name) for name in ("arena-rank", "jax", "numpy")},
        "half": {str(seed): half(seed) for seed in HALF_SEEDS},
        "style": {str(STYLE_SEED): style(STYLE_SEED)},
    }


def _centred(theirs: dict[str, Any]) -> list[float]:
    scores = np.array(theirs["ratings"])
    centred: list[float] = (scores - scores.mean()).tolist()
    return centred


if __name__ == "__main__":
    KEPT.write_text(json.dumps(made(), indent=1) + "\n", encoding="utf-8")
