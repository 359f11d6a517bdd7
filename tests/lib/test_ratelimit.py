"""Counting in a real Redis."""

import uuid

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from prism.lib.ratelimit import allow, rate_limited


@pytest.fixture(autouse=True)
def limits_on(settings):
    settings.RATE_LIMITS_ON = True


def fresh() -> str:
    return uuid.uuid4().hex


def test_a_limit_lets_exactly_so_many_through():
    key = fresh()
    assert [allow(key, 3, 60) for _ in range(5)] == [True, True, True, False, False]


def test_keys_are_counted_apart():
    one, other = fresh(), fresh()
    assert allow(one, 1, 60)
    assert not allow(one, 1, 60)
    assert allow(other, 1, 60)


def test_a_counter_always_expires(settings):
    import redis

    client = redis.Redis.from_url(settings.REDIS_URL)
    client.flushdb()
    allow(fresh(), 1, 60)
    (key,) = client.keys("limit:*")
    assert 0 < client.ttl(key) <= 60


def test_the_key_itself_is_not_stored(settings):
    import redis

    client = redis.Redis.from_url(settings.REDIS_URL)
    allow("somebody@example.org", 1, 60)
    assert not [key for key in client.keys("*") if b"somebody" in key]


def test_without_redis_everything_is_allowed_and_the_log_says_so(settings, caplog):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert all(allow("x", 1, 60) for _ in range(3))
    assert "rate limit not checked" in caplog.text


def test_switched_off_it_counts_nothing(settings):
    settings.RATE_LIMITS_ON = False
    key = fresh()
    assert all(allow(key, 1, 60) for _ in range(3))


@rate_limited("test page", limit=1, seconds=90)
def page(request):
    return HttpResponse("done")


def test_one_request_too_many_gets_a_page_that_says_when_to_try_again():
    address = f"2001:db8::{fresh()[:4]}"
    post = lambda: page(RequestFactory().post("/", REMOTE_ADDR=address))  # noqa: E731
    assert post().status_code == 200
    refused = post()
    assert refused.status_code == 429
    assert refused["Retry-After"] == "90"
    assert "Nothing was done" in refused.content.decode()


def test_only_the_named_methods_count():
    address = f"2001:db8::{fresh()[:4]}"
    answers = [page(RequestFactory().get("/", REMOTE_ADDR=address)) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {200}
