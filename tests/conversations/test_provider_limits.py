"""Budgets and limits a minute of a provider: never passed, however many calls start in the same moment."""

from datetime import timedelta
from decimal import Decimal
from functools import partial

import pytest
from django.utils import timezone

from conversations import drawing
from conversations.endpoints import limits
from conversations.fakellm.server import running
from conversations.live import claiming
from conversations.live.calls import Call, ProviderFailure
from conversations.models import Attempt, Check, LanguageModel, Provider, Response
from tests.conversations.talking import a_turn, at_once, let_models_answer

pytestmark = pytest.mark.django_db(transaction=True)
PERSONAS = ("aurora-7b", "borealis-70b", "cirrus-13b", "dune-8x7b")


@pytest.fixture(scope="module")
def fake():
    with running(speed=1000.0) as url:
        yield url


def four_waiting(url: str, **limits: object) -> list[int]:
    """Four responses that wait, all of one provider with these limits."""
    turn = a_turn(url, *PERSONAS, generation={"max_tokens": 100})[2]
    Provider.objects.update(**limits)
    return list(turn.responses.values_list("pk", flat=True))


def take_at_once(ids: list[int]) -> list[Call | ProviderFailure]:
    """Every response is claimed by a process of its own, all in the same moment."""
    found = at_once(*[partial(claiming._take_all, [pk]) for pk in ids])
    return [taken.call for result in found for taken in result.values()]


def refusals(calls: list[Call | ProviderFailure]) -> list[str]:
    return [call.kind for call in calls if isinstance(call, ProviderFailure)]


@pytest.mark.parametrize(
    ("given", "made", "why"),
    [
        ({}, 4, set()),
        ({"requests_a_minute": 3}, 3, {"rate_limited"}),
        ({"tokens_a_minute": 250}, 2, {"rate_limited"}),
        ({"daily_budget": Decimal("0.01"), "requests_a_minute": 0}, 4, set()),
    ],
)
def test_calls_that_start_in_the_same_moment_do_not_pass_a_limit(fake, given, made, why):
    calls = take_at_once(four_waiting(fake, **given))
    assert len(calls) == 4
    assert sum(isinstance(call, Call) for call in calls) == made
    assert set(refusals(calls)) == why


def test_calls_that_start_in_the_same_moment_cannot_spend_more_than_the_budget(fake):
    ids = four_waiting(fake)
    most = claiming.price(Response.objects.get(pk=ids[0]).model, 10, 100)
    # Prices a thousand times as high, so that a budget of cents is a few calls.
    LanguageModel.objects.update(price_in="2000", price_out="10000")
    Provider.objects.update(daily_budget=most * 1000 * 2 + Decimal("0.10"))
    calls = take_at_once(ids)
    assert sum(isinstance(call, Call) for call in calls) == 2
    assert refusals(calls) == ["over_budget"] * 2
    reserved = sum(attempt.reserved_cost for attempt in Attempt.objects.all())
    assert reserved <= Provider.objects.get().daily_budget


def test_a_budget_holds_for_each_currency_by_itself_and_amounts_are_never_added(fake):
    ids = four_waiting(fake)
    most = claiming.price(Response.objects.get(pk=ids[0]).model, 10, 100)
    LanguageModel.objects.update(price_in="2000", price_out="10000")
    in_euros = Response.objects.filter(pk__in=ids[:2]).values("model")
    LanguageModel.objects.filter(pk__in=in_euros).update(currency="EUR")
    # Room for one call in either currency, and not for two.
    Provider.objects.update(daily_budget=most * 1000 + Decimal("0.10"))
    calls = take_at_once(ids)
    assert refusals(calls) == ["over_budget"] * 2
    spent = limits.usage(Provider.objects.get(), timezone.now())["money"]
    assert sorted(spent) == ["EUR", "USD"]
    assert 0 < spent["EUR"] == spent["USD"] < Provider.objects.get().daily_budget


def test_a_call_counts_with_what_it_cost_once_it_is_over(fake):
    ids = four_waiting(fake, tokens_a_minute=100_000, daily_budget=10)
    take_at_once(ids[:1])
    provider, now = Provider.objects.get(), timezone.now()
    before = limits.usage(provider, now)
    assert before["tokens"] >= 100
    assert before["money"]["USD"] > 0
    attempt = Attempt.objects.get()
    Attempt.objects.update(state="finished")
    Response.objects.filter(pk=attempt.response_id).update(tokens_in=5, tokens_out=7, cost="0.000001")
    after = limits.usage(provider, now)
    assert (after["tokens"], after["money"]) == (12, {"USD": Decimal("0.000001")})
    Attempt.objects.update(state="failed", text="")
    assert limits.usage(provider, now)["money"] == {"USD": 0}
    Attempt.objects.update(state="lost")
    assert limits.usage(provider, now)["money"] == {"USD": attempt.reserved_cost}


def test_a_minute_and_a_day_pass(fake):
    ids = four_waiting(fake, requests_a_minute=1)
    assert refusals(take_at_once(ids[:2])) == ["rate_limited"]
    Attempt.objects.update(started_at=timezone.now() - timedelta(seconds=61))
    assert refusals(take_at_once(ids[2:3])) == []


def test_a_check_of_the_last_minute_takes_room_like_any_call(fake):
    ids = four_waiting(fake, requests_a_minute=1)
    model = LanguageModel.objects.earliest("pk")
    check = Check.objects.create(provider=model.provider, model=model)
    (refused,) = take_at_once(ids[:1])
    assert isinstance(refused, ProviderFailure)
    assert 50 < (refused.retry_after or 0) <= 60
    Check.objects.filter(pk=check.pk).update(made_at=timezone.now() - timedelta(seconds=61))
    assert refusals(take_at_once(ids[1:2])) == []


def test_a_refused_call_says_when_there_is_room_and_takes_none(fake):
    ids = four_waiting(fake, requests_a_minute=1)
    take_at_once(ids[:1])
    Attempt.objects.update(started_at=timezone.now() - timedelta(seconds=50))
    (refused,) = take_at_once(ids[1:2])
    assert isinstance(refused, ProviderFailure)
    assert 0.5 <= (refused.retry_after or 0) <= 10
    assert limits.usage(Provider.objects.get(), timezone.now())["requests"] == 1


def test_without_budget_its_models_are_drawn_no_more_while_there_are_others(fake):
    turn = a_turn(fake, "aurora-7b", opening__replacements=0)[2]
    Provider.objects.update(daily_budget=Decimal("0.01"))
    LanguageModel.objects.update(price_out="100000")
    let_models_answer(turn)
    response = turn.responses.get()
    assert (response.state, response.failure) == ("failed", "over_budget")
    provider = Provider.objects.get()
    assert (provider.open_reason, provider.open_times) == ("over_budget", 1)
    # It is the only one: better a call that may fail than a study that cannot go on.
    assert drawing.eligible(turn.conversation.study_id) == [response.model_id]
