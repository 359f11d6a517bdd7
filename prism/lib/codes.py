"""Random codes for people and things that leave the house: they say nothing about order or time."""

import secrets

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # no 0/O, 1/I


def random_code(length: int = 10) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def random_number() -> int:
    """Between 100,000,000 and 999,999,999, the number of a `user123…` or `c123…` in exports."""
    return 100_000_000 + secrets.randbelow(900_000_000)


def random_key() -> str:
    return secrets.token_urlsafe(24)


def form_key(sent: str) -> str:
    """The idempotency key that came with a form, fit to be stored; a new one where none came."""
    return sent.replace("\x00", "")[:40] or random_key()
