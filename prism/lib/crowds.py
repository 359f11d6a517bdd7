"""How many different people did the same thing lately, without keeping who did what.

Redis has a HyperLogLog (Flajolet et al. 2007, within some 1 %) under a keyed hash of the thing, for as long
as the window lasts; nobody can be read out of it. Without Redis nobody is counted.
"""

import logging
from functools import lru_cache

import redis
from django.conf import settings
from django.utils import timezone

from prism.lib.crypto import keyed_hash

ADD = """
redis.call("PFADD", KEYS[1], ARGV[1])
if redis.call("TTL", KEYS[1]) < 0 then redis.call("EXPIRE", KEYS[1], ARGV[2]) end
return redis.call("PFCOUNT", KEYS[1])
"""
log = logging.getLogger(__name__)


@lru_cache(maxsize=4)
def _client(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1)


def join(thing: str, who: str, seconds: int) -> int:
    """Count `who` among those who did this within a window of so many seconds; how many they are now."""
    try:
        return int(str(_client(settings.REDIS_URL).eval(ADD, 1, _key(thing), who, str(seconds))))
    except redis.RedisError as error:
        return _nobody(error)


def size(thing: str) -> int:
    """How many did this within its window."""
    try:
        return int(str(_client(settings.REDIS_URL).pfcount(_key(thing))))
    except redis.RedisError as error:
        return _nobody(error)


def _nobody(error: redis.RedisError) -> int:
    log.warning("nobody counted, Redis does not answer: %s", type(error).__name__)
    return 0


def _key(thing: str) -> str:
    """Another one tomorrow, so that no two days can be tied together."""
    return f"crowd:{keyed_hash('crowd', timezone.now().date().isoformat(), thing)[:32]}"
