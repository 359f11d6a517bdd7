"""The preference dissection of as many pairs as were published, on one core."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from analysis.dissection.convergence import effective_draws, split_r_hat
from analysis.dissection.degrees import Floats, sigmoid
from analysis.dissection.gibbs import Sampling, sample
from analysis.dissection.properties import SLUGS

PAIRS = 5_240
JUDGES = 8


def measure(say: Callable[[str], object]) -> dict[str, Any]:
    """Seconds of one core for one judge and, a judge, for several at once; how good the draws are."""
    say(f"{PAIRS} pairs …")
    rng = np.random.default_rng(20_251_122)
    x = rng.choice([-1.0, 0.0, 1.0], (PAIRS, len(SLUGS)), p=[0.3, 0.4, 0.3])
    truth = rng.laplace(0, 0.2, (JUDGES, len(SLUGS)))
    for_a = (rng.random((JUDGES, PAIRS)) < sigmoid(truth @ x.T)).astype(np.float64)
    with threadpool_limits(1):
        alone, clock, drawn = timed(x, for_a[:1])
        together, _, _ = timed(x, for_a)
    return {
        "dissect_pairs": PAIRS,
        "dissect_s": alone,
        "dissect_clock_s": clock,
        "dissect_together_s": together / JUDGES,
        "dissect_effective": float(effective_draws(drawn).min()),
        "dissect_r_hat": float(split_r_hat(drawn).max()),
        "dissect_correlation": float(np.corrcoef(drawn[0].mean(axis=(1, 2)), truth[0])[0, 1]),
    }


def timed(x: Floats, for_a: Floats) -> tuple[float, float, Floats]:
    """Seconds of the processor, which others on the machine do not lengthen much, and by the clock."""
    began, clock = time.process_time(), time.perf_counter()
    drawn = sample(x, for_a, 1 - for_a, Sampling())
    return time.process_time() - began, time.perf_counter() - clock, drawn
