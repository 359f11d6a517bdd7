"""A small puzzle (Altcha) that a browser solves by itself, asked for only where machines may be at work.

Unlike a captcha it asks nothing of a person, tells nobody, and shuts out no classroom: each pupil's own
device works for some seconds. A solution lets in once.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import altcha

from prism.lib.crypto import keyed_hash
from prism.lib.ratelimit import allow

MINUTES = 10
NUMBERS = 50_000  # the answer is one of so many: half of them are tried on average


@dataclass(frozen=True)
class Puzzle:
    """What the browser needs; it looks for the number whose SHA-256 behind the salt is `challenge`."""

    algorithm: str
    challenge: str
    salt: str
    signature: str
    most: int


def puzzle() -> Puzzle:
    """A new one, good for ten minutes."""
    made = altcha.create_challenge_v1(
        altcha.ChallengeOptionsV1(
            hmac_key=_key(), max_number=NUMBERS, expires=datetime.now() + timedelta(minutes=MINUTES)
        )
    )
    return Puzzle(str(made.algorithm), made.challenge, made.salt, made.signature, NUMBERS)


def is_solved(payload: str) -> bool:
    """Whether this is the solution of a puzzle of ours that has not expired, given for the first time."""
    if not payload or len(payload) > 2000:
        return False
    is_right, _reason = altcha.verify_solution_v1(payload, _key(), check_expires=True)
    return is_right and allow(f"proof of work:{payload}", 1, 2 * MINUTES * 60)


def _key() -> str:
    return keyed_hash("proof of work", "key")
