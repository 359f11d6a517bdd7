"""Addresses of PostgreSQL and Redis, read for Django and Celery."""

from __future__ import annotations

import pytest

from prism.lib.urls import celery_broker_url, database_settings, with_redis_database


def test_a_socket_address_becomes_host_and_user() -> None:
    settings = database_settings("postgresql:///prism?host=/run/p&user=prism", pool=False)
    assert (settings["HOST"], settings["USER"], settings["NAME"]) == ("/run/p", "prism", "prism")
    assert settings["OPTIONS"] == {}


def test_a_network_address_keeps_its_escaped_password_port_and_ssl_mode() -> None:
    settings = database_settings("postgres://ann:p%40ss@db.example:5433/study?sslmode=require", pool=False)
    assert settings["HOST"] == "db.example"
    assert settings["PORT"] == "5433"
    assert settings["PASSWORD"] == "p@ss"
    assert settings["OPTIONS"] == {"sslmode": "require"}


def test_the_pool_options_reach_psycopg() -> None:
    settings = database_settings("postgresql://h/d", pool={"max_size": 3})
    assert settings["OPTIONS"]["pool"] == {"max_size": 3}


@pytest.mark.parametrize("url", ["sqlite:///x.db", "mysql://h/d", "postgresql://host/", ""])
def test_an_address_that_is_no_database_of_ours_is_refused_by_name(url: str) -> None:
    with pytest.raises(ValueError, match="DATABASE_URL"):
        database_settings(url, pool=False)


def test_celery_reads_a_socket_address_as_the_same_socket_and_database() -> None:
    broker = celery_broker_url("unix:///run/p/redis.sock?db=3")
    assert broker == "redis+socket:///run/p/redis.sock?virtual_host=3"


def test_celery_keeps_network_addresses() -> None:
    assert celery_broker_url("rediss://:pw@cache:6380/1") == "rediss://:pw@cache:6380/1"


def test_an_address_that_is_not_redis_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="REDIS_URL"):
        celery_broker_url("amqp://localhost")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("unix:///run/p/redis.sock?db=0", "unix:///run/p/redis.sock?db=4"),
        ("redis://:pw@cache:6379/0", "redis://:pw@cache:6379/4"),
        ("redis://cache", "redis://cache/4"),
    ],
)
def test_another_database_of_the_same_server(url: str, expected: str) -> None:
    assert with_redis_database(url, 4) == expected
