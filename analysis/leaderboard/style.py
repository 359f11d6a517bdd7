"""How two answers differ in looks, and in how long they took, as covariates of a vote. Pure.

The counts of each answer are made by `conversations/style.py`, outside code, when the vote is stored.
"""

import numpy as np

from analysis.bradley_terry import Floats

COVARIATES = ("characters", "headers", "bold", "lists", "emoji")
WAITS = ("first_text", "total")


def difference(a: Floats, b: Floats) -> Floats:
    """(a − b)/(a + b), 0 where both are 0, over its root mean square.

    It is not centred: swapping the sides must change the sign of every value and nothing else.
    """
    total = a + b
    return _scaled(np.divide(a - b, total, out=np.zeros_like(total), where=total > 0))


def ratio(a: Floats, b: Floats) -> Floats:
    """log a − log b of two times, 0 where one is not known, over its root mean square; not centred either."""
    known = (a > 0) & (b > 0)
    found = np.zeros_like(a)
    found[known] = np.log(a[known]) - np.log(b[known])
    return _scaled(found)


def _scaled(found: Floats) -> Floats:
    size = float(np.sqrt(np.mean(found**2))) if len(found) else 0.0
    return found / size if size > 0 else found
