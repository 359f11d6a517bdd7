"""From the values of two responses to the features of their pair (dissection.md § 1 and 2).

Values are arrays pairs × 29 in the order of the ids: ratings 0–3, counts of errors, means over items, words;
NaN where a value is missing or was not asked. Every feature changes its sign when A and B are swapped.
"""

from typing import Literal

import numpy as np

from analysis.dissection.degrees import Floats
from analysis.dissection.properties import LENGTH, PLACE, SEVERITIES

Coding = Literal["sign", "raw", "normalised"]
CODINGS: tuple[Coding, ...] = ("sign", "raw", "normalised")

# The longer response is "more lengthy" from this many words on, by the words of the shorter one.
LENGTHY_FROM = np.array([1, 3, 5, 7, 8, 10, 11, 13, 14, 16, 17, 19])
# With more words: at most this part of the longer one and at least this many words fewer.
RATIOS = ((0.7, 10), (0.8, 20), (0.9, 40))
INVERTED = [PLACE["non_repetitive"], *(PLACE[slug] for slug in SEVERITIES)]
ERRORS = [PLACE[slug] for slug in SEVERITIES]
RELEVANT, WORDS = PLACE["relevant"], PLACE[LENGTH]


def features(a: Floats, b: Floats, coding: Coding = "sign") -> Floats:
    """Features of pairs, pairs × 29, positive where A is the better one (or longer).

    `sign` is what the published fits use. `raw` are the differences; `normalised` has ratings / 3 and
    errors / 5 clipped to ±1 and sign · log(1 + |d|) / log(501) for words. 0 where either side has no value.
    """
    difference = a - b
    difference[:, INVERTED] *= -1
    made = {"sign": _signs, "raw": _raw, "normalised": _normalised}[coding](difference, a, b)
    made[np.isnan(difference)] = 0
    return made


def longer(a: Floats, b: Floats) -> Floats:
    """+1 where A, −1 where B is "more lengthy", from counts of words; 0 where neither is, or NaN."""
    short, long = np.fmin(a, b), np.fmax(a, b)
    with np.errstate(invalid="ignore"):
        few = np.nan_to_num(short, nan=0).clip(0, len(LENGTHY_FROM) - 1).astype(np.int64)
        # Products in floating point, as published; where 0.7 misses an exact bound, like (63, 90), 0.8 holds.
        by_ratio = [(short <= ratio * long) & (long - short >= gap) for ratio, gap in RATIOS]
        is_longer = np.where(short < len(LENGTHY_FROM), long >= LENGTHY_FROM[few], np.any(by_ratio, axis=0))
    return np.nan_to_num(np.sign(a - b)) * is_longer


def correlations(x: Floats) -> Floats:
    """Pearson correlations of the features over the pairs; NaN for one that never varies."""
    if len(x) < 2:
        return np.full((x.shape[1], x.shape[1]), np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.corrcoef(x, rowvar=False))


def _signs(difference: Floats, a: Floats, b: Floats) -> Floats:
    made = np.sign(difference)
    made[:, RELEVANT] = np.sign(a[:, RELEVANT]) - np.sign(b[:, RELEVANT])
    made[:, WORDS] = longer(a[:, WORDS], b[:, WORDS])
    return made


def _raw(difference: Floats, a: Floats, b: Floats) -> Floats:
    return difference.copy()


def _normalised(difference: Floats, a: Floats, b: Floats) -> Floats:
    made = (difference / 3).clip(-1, 1)
    made[:, ERRORS] = (difference[:, ERRORS] / 5).clip(-1, 1)
    words = difference[:, WORDS]
    made[:, WORDS] = (np.sign(words) * np.log1p(np.abs(words)) / np.log(501)).clip(-1, 1)
    return made
