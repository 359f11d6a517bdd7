"""How two answers differ in looks, as covariates of a vote. Pure.

The counts of each answer are made by `conversations/style.py`, outside code, when the vote is stored.
"""

import numpy as np

from analysis.bradley_terry import Floats

COVARIATES = ("characters", "headers", "bold", "lists", "emoji")


def difference(a: Floats, b: Floats) -> Floats:
    """(a − b)/(a + b), 0 where both are 0, over its root mean square.

    It is not centred: swapping the sides must change the sign of every value and nothing else.
    """
    total = a + b
    share = np.divide(a - b, total, out=np.zeros_like(total), where=total > 0)
    size = float(np.sqrt(np.mean(share**2))) if len(share) else 0.0
    return share / size if size > 0 else share
