"""Judges and the limits of providers: they count, they are kept, and half is left to people."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.db.models import F, Sum
from django.utils import timezone

from annotations.judging import claiming, lanes, runs
from annotations.models import JudgeCall
from conversations.endpoints import figures, limits
from conversations.fakellm import server as fakellm
from conversations.live.claiming import _room
from conversations.models import Charge, LanguageModel, Provider
from tests.annotations.judged import make_judge, make_pairs, started

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def url():
    with fakellm.running() as url:
        yield url


@pytest.fixture
def _endless_minute(monkeypatch):
    """However long this machine stalls, the minute of the limits is not over."""
    monkeypatch.setattr(limits, "MINUTE", timedelta(hours=12))
    monkeypatch.setattr(lanes, "SHORT_PAUSE", 0.01)


def judged_at_once(run_id: int, workers: int = 4) -> None:
    """Each lane judges until there is nothing for it or no room; nothing depends on how long that takes."""

    def lane(number: int) -> None:
        try:
            while judged := claiming.claim(run_id, f"lane {number}"):
                if lanes.judge(judged):
                    return
        finally:
            connection.close()

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(lane, range(workers)))


def room(provider: Provider) -> limits.Room:
    with transaction.atomic():
        return limits.rooms([provider])[provider.pk]


@pytest.mark.usefixtures("_endless_minute")
def test_judges_take_half_of_a_minute_at_most_and_go_on_when_there_is_room(url):
    batch = make_pairs(4)
    run = started(batch, make_judge(batch, url), lanes=4)
    provider = run.judge.model.provider
    Provider.objects.filter(pk=provider.pk).update(requests_a_minute=6)
    provider.refresh_from_db()
    judged_at_once(run.pk)
    calls = JudgeCall.objects.filter(judged__run=run)
    assert calls.count() == 3
    assert room(provider).requests == 3
    run.refresh_from_db()
    assert run.state == "running"
    run.judged.filter(state="waiting").update(due_at=timezone.now() + timedelta(hours=1))
    assert runs.figures(run)["is_held_up"]
    (line,) = (one for one in figures.of_providers() if one.provider == provider)
    assert line.requests == 3
    spent = calls.aggregate(cost=Sum("cost"), read=Sum("tokens_in"), written=Sum("tokens_out"))
    assert line.money == {"USD": spent["cost"]}
    assert Charge.objects.aggregate(all=Sum("tokens"))["all"] == spent["read"] + spent["written"]
    run.judged.update(due_at=None)
    Provider.objects.filter(pk=provider.pk).update(requests_a_minute=0, tokens_a_minute=1)
    run.refresh_from_db()
    judged_at_once(run.pk, 1)
    run.refresh_from_db()
    assert (run.state, calls.count()) == ("paused", 3)
    assert "more tokens" in run.reason
    Provider.objects.filter(pk=provider.pk).update(tokens_a_minute=0)
    assert runs.start(run, None)
    run.judged.update(due_at=None)
    lanes.work(run.pk, seconds=600)
    run.refresh_from_db()
    assert run.state == "done"
    assert calls.filter(state="finished").count() == 8


def test_half_of_a_budget_and_of_a_models_day_is_all_that_judges_spend(url):
    batch = make_pairs(6)
    run = started(batch, make_judge(batch, url, most_tokens=100), lanes=4)
    model = run.judge.model
    # A call is held for 0.0028 until it is settled for 0.0002: one at a time, too, not all twelve fit.
    Provider.objects.filter(pk=model.provider_id).update(daily_budget=Decimal("0.008"))
    judged_at_once(run.pk)
    run.refresh_from_db()
    assert (run.state, "budget" in run.reason) == ("paused", True)
    charged = Charge.objects.aggregate(calls=Sum("calls"), cost=Sum("cost"))
    assert 0 < charged["cost"] <= Decimal("0.004")
    assert room(Provider.objects.get(pk=model.provider_id)).spent["USD"] == charged["cost"]
    Provider.objects.filter(pk=model.provider_id).update(daily_budget=0)
    LanguageModel.objects.filter(pk=model.pk).update(daily_limit=2 * charged["calls"] + 2)
    assert runs.start(run, None)
    judged_at_once(run.pk)
    run.refresh_from_db()
    assert (run.state, "calls" in run.reason) == ("paused", True)
    made = Charge.objects.aggregate(all=Sum("calls"))["all"]
    assert made == charged["calls"] + 1
    with transaction.atomic():
        assert _room(LanguageModel.objects.filter(pk=model.pk)) == {model.pk: made}
    Charge.objects.update(since=F("since") - timedelta(days=1, seconds=11))
    assert runs.start(run, None)
    lanes.work(run.pk)
    run.refresh_from_db()
    assert run.judged.exclude(finished_at=None).count() > 0


@pytest.mark.usefixtures("_endless_minute")
def test_a_provider_that_rests_is_left_alone(url):
    batch = make_pairs(1)
    run = started(batch, make_judge(batch, url))
    provider = Provider.objects.filter(pk=run.judge.model.provider_id)
    provider.update(open_until=timezone.now() + timedelta(hours=1))
    judged_at_once(run.pk, 1)
    assert not JudgeCall.objects.exists()
    assert not Charge.objects.exists()
    provider.update(open_until=None)
    run.judged.update(due_at=None)
    lanes.work(run.pk)
    run.refresh_from_db()
    assert run.state == "done"
