"""New numbers for a release: a keyed permutation of all numbers below 2^30.

A permutation gives every number exactly one other, so that released numbers are unique without a table of
those given out. The key holds a secret of this installation: with the seed alone nobody gets back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from prism.lib.crypto import keyed_hash

ROUNDS = 6
HALF_BITS = 15
HALF = (1 << HALF_BITS) - 1


def numbering(study: str, kind: str, release_seed: str) -> Callable[[int], int]:
    """The renumbering of one study's people or conversations; without a seed, numbers stay as they are."""
    if not release_seed:
        return int
    key = bytes.fromhex(keyed_hash("release", study, kind, release_seed))
    return lambda number: permuted(number, key)


def permuted(number: int, key: bytes) -> int:
    """Where a number below 2^30 goes: a balanced Feistel network (Luby and Rackoff 1988) keyed by `key`."""
    if not 0 <= number < 1 << 2 * HALF_BITS:
        raise ValueError(f"{number} is not below 2^{2 * HALF_BITS}")
    left, right = number >> HALF_BITS, number & HALF
    for turn in range(ROUNDS):
        left, right = right, left ^ _mixed(turn, right, key)
    return left << HALF_BITS | right


def _mixed(turn: int, half: int, key: bytes) -> int:
    digest = hashlib.blake2b(bytes([turn]) + half.to_bytes(2, "big"), key=key, digest_size=2).digest()
    return int.from_bytes(digest, "big") & HALF
