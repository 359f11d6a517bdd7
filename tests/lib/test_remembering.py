"""Keeping a costly result, for as long as it was costly."""

import uuid
from itertools import count

import pytest

from prism.lib import remembering
from prism.lib.remembering import remembered


@pytest.fixture
def clock(monkeypatch):
    """Each look at the clock is as many seconds later as the test says."""
    step = {"seconds": 0.0}
    ticks = count()
    monkeypatch.setattr(remembering.time, "monotonic", lambda: next(ticks) * step["seconds"])
    return step


@pytest.fixture
def key():
    return uuid.uuid4().hex


def test_what_took_long_is_kept(clock, key):
    clock["seconds"] = 2.0
    results = iter(["first", "second"])
    assert [remembered(key, lambda: next(results)) for _ in range(2)] == ["first", "first"]


def test_what_was_quick_is_worked_out_anew(clock, key):
    clock["seconds"] = 0.04
    results = iter(["first", "second"])
    assert [remembered(key, lambda: next(results)) for _ in range(2)] == ["first", "second"]


def test_keys_are_kept_apart(clock, key):
    clock["seconds"] = 2.0
    assert remembered(key, lambda: "one") == "one"
    assert remembered(key + "x", lambda: "other") == "other"


class NoRedis:
    def get(self, key):
        raise remembering.RedisError


def test_without_redis_the_work_is_done_each_time(monkeypatch, key, caplog):
    monkeypatch.setattr(remembering, "cache", NoRedis())
    assert remembered(key, lambda: "done") == "done"
    assert "nothing remembered" in caplog.text
