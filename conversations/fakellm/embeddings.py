"""Vectors for texts: those that share words lie close together."""

from functools import lru_cache
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

DEFAULT_DIMENSIONS = 64


def embed(text: str, dimensions: int, seed: int) -> NDArray[np.float32]:
    """A unit vector of shape (dimensions,), always the same for the same arguments.

    It is the direction of the sum of one random vector per word.
    """
    words = text.lower().split() or [""]
    total = np.sum([_embed_word(word, dimensions, seed) for word in words], axis=0)
    return np.asarray(total / np.linalg.norm(total), dtype=np.float32)


@lru_cache(maxsize=10_000)
def _embed_word(word: str, dimensions: int, seed: int) -> NDArray[np.float64]:
    digest = blake2b(f"{seed} {word}".encode(errors="surrogatepass"), digest_size=8).digest()
    return np.random.default_rng(int.from_bytes(digest, "big")).standard_normal(dimensions)
