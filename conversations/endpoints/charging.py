"""Calls that belong to no conversation, such as those of judges, against the limits of their provider.

They count in the same sums as people's, and all together may take half of each limit: however much there is
to judge, the other half stays for people who wait for an answer.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.db import connection
from django.db.models import F

from conversations.endpoints import limits
from conversations.endpoints.limits import DAY, TEN_SECONDS, Refused
from conversations.models import Attempt, Charge, LanguageModel, Provider

OVER_DAILY_LIMIT, TOO_LARGE, RESTS = "daily_limit", "too_large", "rests"

ADD = """
INSERT INTO conversations_charge (model_id, since, calls, tokens, cost) VALUES (%s, %s, 1, %s, %s)
ON CONFLICT (model_id, since) DO UPDATE SET calls = conversations_charge.calls + 1,
    tokens = conversations_charge.tokens + excluded.tokens, cost = conversations_charge.cost + excluded.cost
"""


class NoRoomNow(Exception):
    """A limit of the provider or the model leaves no room for the call."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.reason)
        self.refused = refused


def charge(model: LanguageModel, cost: Decimal, tokens: int, at: datetime) -> None:
    """Take room for a call that begins `at` with the most it may cost; within a transaction.

    Raises NoRoomNow. Model and provider are locked in the order in which people's calls lock them.
    """
    provider = model.provider
    if provider.open_until and provider.open_until > at:
        raise NoRoomNow(Refused(RESTS, (provider.open_until - at).total_seconds()))
    if model.daily_limit:
        _within_daily_limit(model, at)
    if provider.is_limited:
        _within_limits(provider, cost, model.currency, tokens)
    with connection.cursor() as cursor:
        cursor.execute(ADD, [model.pk, since(at), tokens, cost])


def settle(model: LanguageModel, at: datetime, cost: Decimal, tokens: int) -> None:
    """Add to a call that began `at` what it came to beyond what was taken for it; mostly it came to less."""
    rows = Charge.objects.filter(model=model, since=since(at))
    rows.update(cost=F("cost") + cost, tokens=F("tokens") + tokens)


def since(moment: datetime) -> datetime:
    """The beginning of the ten seconds that it belongs to."""
    second = moment.second - moment.second % TEN_SECONDS.seconds
    return moment.replace(second=second, microsecond=0)


def _within_daily_limit(model: LanguageModel, at: datetime) -> None:
    locked = LanguageModel.objects.select_for_update().get(pk=model.pk)
    charged = limits.charged_calls(locked, at)
    people = Attempt.objects.filter(response__model=locked, started_at__gte=at - DAY).count()
    if people + charged >= locked.daily_limit or 2 * charged >= locked.daily_limit:
        raise NoRoomNow(Refused(OVER_DAILY_LIMIT))


def _within_limits(provider: Provider, cost: Decimal, currency: str, tokens: int) -> None:
    room, half = limits.room_and_half(provider)
    if half.tokens is not None and tokens > -(-provider.tokens_a_minute // 2):
        raise NoRoomNow(Refused(TOO_LARGE))
    refused = room.take(cost, currency, tokens) or half.take(cost, currency, tokens)
    if refused:
        raise NoRoomNow(refused)
