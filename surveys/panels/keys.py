"""The panel's public keys, fetched over HTTPS and kept for a day."""

import time
from typing import Any

import httpx2
import jwt
from django.conf import settings
from django.core.cache import cache

from prism.lib import outgoing
from prism.lib.addresses import OPERATOR

CACHE = "panels.jwks"
FRESH_SECONDS = 24 * 3600
KEPT_SECONDS = 7 * 24 * 3600  # an old key set is better than none while the panel does not answer
RETRY_SECONDS = 60


class KeysUnavailable(Exception):
    """The panel's keys could not be fetched and none are kept."""


def key_for(kid: str) -> jwt.PyJWK:
    """The key with this id. An unknown id fetches the keys once more, at most once a minute.

    Raises KeyError when the panel has no such key, KeysUnavailable when it does not answer.
    """
    kept = cache.get(CACHE)
    is_old = kept is None or time.time() - kept["at"] > FRESH_SECONDS
    if is_old or (not _has(kept, kid) and cache.add(f"{CACHE}.retry", 1, RETRY_SECONDS)):
        kept = _fetch(kept)
    return jwt.PyJWKSet.from_dict(kept["keys"])[kid]


def _has(kept: dict[str, Any], kid: str) -> bool:
    return any(key.get("kid") == kid for key in kept["keys"]["keys"])


def _fetch(kept: dict[str, Any] | None) -> dict[str, Any]:
    try:
        answer = outgoing.request("GET", settings.PROLIFIC_JWKS_URL, OPERATOR, timeout=5)
        found = {"at": time.time(), "keys": answer.raise_for_status().json()}
        jwt.PyJWKSet.from_dict(found["keys"])
    except (httpx2.HTTPError, ValueError, KeyError, TypeError, AttributeError, jwt.PyJWTError) as error:
        if kept is None:
            raise KeysUnavailable from error
        return kept
    cache.set(CACHE, found, KEPT_SECONDS)
    return found
