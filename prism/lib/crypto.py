"""Encryption of secrets and identifiers, and the keyed hash that finds an identifier again."""

import hashlib
import hmac
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

_FORM = "gAAAAA"  # Fernet's version byte and the first bytes of its time, up to the year 2106


class UnreadableSecret(ValueError):
    """A stored secret was encrypted with a key that ENCRYPTION_KEYS no longer holds."""


@lru_cache(maxsize=4)
def _box(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def box() -> MultiFernet:
    return _box(tuple(settings.ENCRYPTION_KEYS))


def encrypt(text: str) -> str:
    return box().encrypt(text.encode()).decode()


def decrypt(token: str, seconds: int | None = None) -> str:
    """The text behind `token`; raises UnreadableSecret when no key of ENCRYPTION_KEYS fits.

    With `seconds` also when it was encrypted longer ago.
    """
    try:
        return box().decrypt(token.encode(), seconds).decode()
    except InvalidToken as error:
        raise UnreadableSecret("no key of ENCRYPTION_KEYS opens this value") from error


def renewed(token: str) -> str:
    """The same secret under the newest key; the token itself where it is under that already.

    Raises UnreadableSecret.
    """
    try:
        _box(tuple(settings.ENCRYPTION_KEYS[:1])).decrypt(token.encode())
        return token
    except InvalidToken:
        return encrypt(decrypt(token))


def is_encrypted(text: str) -> bool:
    """Whether a text has the form of what `encrypt` gives: version, time and cipher text in base64."""
    return text.startswith(_FORM) and len(text) >= 100


def keyed_hash(*parts: str) -> str:
    """HMAC-SHA256 in hexadecimal over the parts, unambiguous in where one ends and the next begins."""
    message = b"".join(len(part.encode()).to_bytes(4, "big") + part.encode() for part in parts)
    return hmac.new(settings.IDENTITY_HASH_KEY.encode(), message, hashlib.sha256).hexdigest()
