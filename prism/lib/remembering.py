"""Remembering what was costly to work out, for as long as that was costly."""

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from django.core.cache import cache
from redis import RedisError

T = TypeVar("T")
FACTOR = 20
log = logging.getLogger(__name__)


def remembered(key: str, work: Callable[[], T]) -> T:
    """The result of `work`, kept 20 times as long as it took: it fills a twentieth of the time at most.

    What takes less than a twentieth of a second is worked out anew each time. Without Redis nothing is kept.
    """
    try:
        known: T | None = cache.get(key)
    except RedisError as error:
        log.warning("nothing remembered, Redis does not answer: %s", type(error).__name__)
        return work()
    if known is not None:
        return known
    begun = time.monotonic()
    result = work()
    seconds = int(FACTOR * (time.monotonic() - begun))
    if seconds:
        cache.set(key, result, seconds)
    return result
