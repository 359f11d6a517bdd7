"""Reading DATABASE_URL and REDIS_URL into what Django and Celery expect."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

REDIS_SCHEMES = ("redis", "rediss", "unix")
DATABASE_SCHEMES = ("postgresql", "postgres")


def database_settings(url: str, *, pool: bool | dict[str, Any]) -> dict[str, Any]:
    """Build Django's DATABASES entry for a PostgreSQL address.

    `postgresql:///name?host=/socket/directory&user=prism` reaches a server over its socket. Every query
    parameter but host, port and user goes to libpq unchanged (for example sslmode). `pool` is psycopg's:
    False for one connection a thread, True or its options for a pool. Raises ValueError when the address
    is not a PostgreSQL one or has no database name.
    """
    parts = urlsplit(url)
    if parts.scheme not in DATABASE_SCHEMES:
        raise ValueError(
            f"DATABASE_URL must start with postgresql://, not {parts.scheme or 'nothing'!s}://. "
            "Prism works with PostgreSQL only."
        )
    name = unquote(parts.path.lstrip("/"))
    if not name:
        raise ValueError("DATABASE_URL names no database: postgresql://user:password@host/database")
    options: dict[str, Any] = dict(parse_qsl(parts.query))
    host, port, user = (options.pop(key, "") for key in ("host", "port", "user"))
    if pool:
        options["pool"] = pool
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": unquote(parts.username or "") or user,
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or "") or host,
        "PORT": str(parts.port or port),
        "CONN_HEALTH_CHECKS": True,  # after a restart of the server no request may meet a dead connection
        "OPTIONS": options,
    }


def celery_broker_url(redis_url: str) -> str:
    """Turn a redis-py address into the form Celery reads; only socket addresses differ.

    Raises ValueError when the address is none of redis://, rediss:// and unix://.
    """
    parts = urlsplit(redis_url)
    if parts.scheme not in REDIS_SCHEMES:
        raise ValueError(
            f"REDIS_URL must start with redis://, rediss:// or unix://, not {parts.scheme or 'nothing'!s}://."
        )
    if parts.scheme != "unix":
        return redis_url
    query = {("virtual_host" if key == "db" else key): value for key, value in parse_qsl(parts.query)}
    query.setdefault("virtual_host", "0")
    return f"redis+socket://{parts.netloc}{parts.path}?{urlencode(query)}"


def with_redis_database(redis_url: str, number: int) -> str:
    """The same server's database `number`; raises ValueError for an address that is not Redis's."""
    parts = urlsplit(redis_url)
    if parts.scheme not in REDIS_SCHEMES:
        raise ValueError(f"{parts.scheme}:// is not an address of Redis.")
    if parts.scheme == "unix":
        query = dict(parse_qsl(parts.query)) | {"db": str(number)}
        return f"unix://{parts.netloc}{parts.path}?{urlencode(query)}"
    return parts._replace(path=f"/{number}").geturl()
