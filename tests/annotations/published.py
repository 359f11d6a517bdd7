"""Ratings printed in the papers that introduced the coefficients: facts to compute published values from."""

import numpy as np

NONE = np.nan

# Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), example C: four observers, twelve units.
OBSERVERS = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, NONE, NONE, NONE],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NONE, 3],
        [NONE, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NONE],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NONE],
    ]
).T

# Fleiss, Measuring nominal scale agreement among many raters (1971), table 1: six diagnoses of each of thirty
# patients; the paper gives how many psychiatrists chose each of five categories, here as so many ratings.
DIAGNOSES = np.array(
    """
    4 4 4 4 4 4  2 2 2 5 5 5  2 3 3 3 3 5  5 5 5 5 5 5  2 2 2 4 4 4  1 1 3 3 3 3  3 3 3 3 5 5  1 1 3 3 3 4
    1 1 4 4 4 4  5 5 5 5 5 5  1 4 4 4 4 4  1 2 4 4 4 4  2 2 2 3 3 3  1 4 4 4 4 4  2 2 4 4 4 5  3 3 3 3 3 5
    1 1 1 4 5 5  1 1 1 1 1 2  2 2 4 4 4 4  1 3 3 5 5 5  5 5 5 5 5 5  2 4 4 4 4 4  2 2 4 5 5 5  1 1 4 4 4 4
    1 4 4 4 4 5  2 2 2 2 2 4  1 1 1 1 5 5  2 2 4 4 4 4  1 3 3 3 3 3  5 5 5 5 5 5
    """.split(),  # noqa: SIM905 - as a table it can be read
    dtype=float,
).reshape(30, 6)

# Cohen, Weighted kappa (1968), table 1, whose 200 cases are also those of A coefficient of agreement (1960).
DISORDERS = np.array([[88, 10, 2], [14, 40, 6], [18, 10, 12]])
# Its ratio-scaled weights of disagreement, as weights of agreement.
DISORDER_WEIGHTS = 1 - np.array([[0, 1, 3], [1, 0, 6], [3, 6, 0]]) / 6

# Gwet, Computing inter-rater reliability in the presence of high agreement (2008): 125 cases, two raters.
HIGH_AGREEMENT = np.array([[118, 5], [2, 0]])

# Dawid and Skene (1979), table 1: forty-five patients; the first anaesthetist saw each form three times.
FORMS = """
1111111 3334334 1122122 2223121 2223222 2223322 1222111 3333433 2222223 2322223 4444444 2223343
1111111 2223212 1211111 1112111 1111111 1111111 2222221 2221322 2222222 2222221 2223222 2212222
1111111 1111111 2322222 1111111 1111111 1121121 1111111 3333233 1111111 2222222 2223232 4334343
2212232 2323233 3333432 1111111 1111111 1212111 2322222 1211111 2222222
"""


def anaesthetists() -> np.ndarray:
    """Patients × anaesthetists × classes: how often who chose which."""
    forms = FORMS.split()
    counts = np.zeros((len(forms), 5, 4), dtype=np.int64)
    for patient, row in enumerate(forms):
        for place, digit in enumerate(row):
            counts[patient, max(0, place - 2), int(digit) - 1] += 1
    return counts


def two_raters(cells: np.ndarray) -> np.ndarray:
    """The cases of a cross table, cases × 2."""
    rows, columns = np.nonzero(cells)
    cases = np.column_stack([rows, columns])
    return np.repeat(cases, cells[rows, columns], axis=0).astype(float)
