"""A linear classifier of texts on TF-IDF of words and pieces of words: ridge regression in closed form. Pure.

One-against-all least squares on the kernel matrix of the rows: W = Xᵀ(XXᵀ + λI)⁻¹Y (Hoerl and Kennard 1970;
Rifkin and Klautau 2004 for one against all). Terms are hashed into buckets, so that no vocabulary is kept.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from zlib import crc32

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Sparse = tuple[npt.NDArray[np.int64], Floats]  # buckets of a text, each once, and their weights

BUCKETS = 2**15
LONGEST = 2000  # characters of a text that are read: what is asked stands near the beginning
MOST_ROWS = 6000  # the kernel matrix is their square
PENALTY = 1.0
AT_ONCE = 2048
_WORD = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True)
class Classifier:
    """`weights` is buckets × classes, `idf` the weight of each bucket."""

    classes: tuple[str, ...]
    idf: Floats
    weights: Floats

    def tell(self, text: str) -> str:
        """The likeliest class of a text; blank for one without words."""
        buckets, values = terms(text)
        if not len(buckets):
            return ""
        return self.classes[int((_normed(values * self.idf[buckets]) @ self.weights[buckets]).argmax())]


def train(texts: Sequence[str], labels: Sequence[str]) -> Classifier:
    """At least two texts with two labels, at most MOST_ROWS."""
    classes = tuple(sorted(set(labels)))
    found = [terms(text) for text in texts]
    idf = _idf(found)
    rows = [(buckets, _normed(values * idf[buckets])) for buckets, values in found]
    kernel = _kernel(rows)
    kernel[np.diag_indices_from(kernel)] += PENALTY
    wanted = np.where(np.array(labels)[:, None] == np.array(classes), 1, -1).astype(np.float32)
    dual = np.linalg.solve(kernel, wanted)
    weights = np.zeros((BUCKETS, len(classes)), np.float32)
    for (buckets, values), row in zip(rows, dual, strict=True):
        weights[buckets] += values[:, None] * row
    return Classifier(classes, idf, weights)


def packed(classifier: Classifier) -> bytes:
    """In half precision, which changes no ranking that matters."""
    target = io.BytesIO()
    np.savez_compressed(target, idf=classifier.idf, weights=classifier.weights.astype(np.float16))
    return target.getvalue()


def unpacked(classes: Sequence[str], stored: bytes) -> Classifier:
    with np.load(io.BytesIO(stored), allow_pickle=False) as found:
        return Classifier(tuple(classes), found["idf"], found["weights"].astype(np.float32))


def terms(text: str) -> Sparse:
    """Words, pairs of neighbours and pieces of four letters, hashed; 1 + log of how often each occurs."""
    hashed = np.fromiter((crc32(term.encode()) % BUCKETS for term in _terms(text)), np.int64)
    buckets, often = np.unique(hashed, return_counts=True)
    return buckets, (1 + np.log(often)).astype(np.float32)


def _terms(text: str) -> Iterator[str]:
    words = _WORD.findall(text[:LONGEST].lower())
    yield from words
    for one, other in pairwise(words):
        yield f"{one} {other}"
    for word in words:
        framed = f"_{word}_"
        yield from (f"#{framed[start : start + 4]}" for start in range(len(framed) - 3))


def _idf(found: Sequence[Sparse]) -> Floats:
    seen = np.bincount(np.concatenate([buckets for buckets, _ in found]), minlength=BUCKETS)
    return np.asarray(np.log((1 + len(found)) / (1 + seen)) + 1, dtype=np.float32)


def _normed(values: Floats) -> Floats:
    return np.asarray(values / max(float(np.linalg.norm(values)), 1e-9), dtype=np.float32)


def _kernel(rows: Sequence[Sparse]) -> Floats:
    """Products of all rows, by columns a few thousand at once, so that no dense matrix of all is made."""
    number = np.repeat(np.arange(len(rows)), [len(buckets) for buckets, _ in rows])
    bucket = np.concatenate([buckets for buckets, _ in rows])
    value = np.concatenate([values for _, values in rows])
    kernel = np.zeros((len(rows), len(rows)), np.float32)
    for start in range(0, BUCKETS, AT_ONCE):
        here = (bucket >= start) & (bucket < start + AT_ONCE)
        block = np.zeros((len(rows), AT_ONCE), np.float32)
        block[number[here], bucket[here] - start] = value[here]
        kernel += block @ block.T
    return kernel
