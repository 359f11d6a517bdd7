"""What is left of a provider's budget and of its limits a minute, counted from the rows under a lock.

Calls that belong to no conversation, those of judges, are counted in rows of their own (`Charge`).

An attempt counts with what it may cost at most until it is over, so that calls which start in the same moment
cannot pass a limit together. Amounts of different currencies are never added: a budget holds for each.
"""

from collections import defaultdict
from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import (
    Case,
    Count,
    DecimalField,
    F,
    IntegerField,
    Min,
    Q,
    QuerySet,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce
from django.utils import timezone

from conversations.models import Attempt, Charge, Check, LanguageModel, Provider

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
TEN_SECONDS = timedelta(seconds=10)  # that a row of Charge counts
OVER_BUDGET, TOO_MANY = "over_budget", "rate_limited"
MONEY = DecimalField(max_digits=20, decimal_places=6)
# Nothing is charged for a call that failed before it said anything.
IN_VAIN = Q(state=Attempt.State.FAILED, text="")
OVER = Q(state=Attempt.State.FINISHED)
COST = Case(
    When(IN_VAIN, then=Value(0, output_field=MONEY)),
    When(OVER, then=Coalesce(F("response__cost"), F("reserved_cost"), output_field=MONEY)),
    default=F("reserved_cost"),
    output_field=MONEY,
)
TOKENS = Case(
    When(IN_VAIN, then=Value(0)),
    When(OVER, then=Coalesce(F("response__tokens_in") + F("response__tokens_out"), F("reserved_tokens"))),
    default=F("reserved_tokens"),
    output_field=IntegerField(),
)


@dataclass(frozen=True)
class Refused:
    """Why a call is not made now; `seconds` until it can be, None when that is not soon."""

    reason: str
    seconds: float | None = None


@dataclass
class Room:
    """What a provider may still take; None where it has no limit. `spent` is by currency."""

    budget: Decimal | None = None
    spent: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    requests: int | None = None
    tokens: int | None = None
    seconds: float = 60.0

    def take(self, cost: Decimal, currency: str, tokens: int) -> Refused | None:
        """Keep room for one call, or say why there is none."""
        if self.budget is not None and self.budget - self.spent[currency] < max(cost, Decimal("0.000001")):
            return Refused(OVER_BUDGET)
        if self.requests is not None and self.requests < 1:
            return Refused(TOO_MANY, self.seconds)
        if self.tokens is not None and self.tokens < tokens:
            return Refused(TOO_MANY, self.seconds)
        self.spent[currency] += cost
        if self.requests is not None:
            self.requests -= 1
        if self.tokens is not None:
            self.tokens -= tokens
        return None


def rooms(providers: Iterable[Provider]) -> dict[int, Room]:
    """The room of every provider that has a limit, by its id; call within a transaction.

    Their rows are locked, so that other workers count only when our attempts are in.
    """
    limited = {provider.pk for provider in providers if provider.is_limited}
    if not limited:
        return {}
    locked = Provider.objects.select_for_update().filter(pk__in=limited).order_by("pk")
    now = timezone.now()
    return {provider.pk: _room(provider, usage(provider, now), now) for provider in locked}


def usage(provider: Provider, now: datetime) -> dict[str, Any]:
    """`requests`, `tokens` and `oldest` of the last minute; where there is a budget, `money` of 24 hours by
    currency. A check is a request like others; its few tokens are not counted."""
    found, charged = _used_by_people(provider, now), used_by_judges(provider, now)
    found["requests"] += charged["requests"]
    found["tokens"] += charged["tokens"]
    found["oldest"] = _earlier(found["oldest"], charged["oldest"])
    for currency, money in charged.get("money", {}).items():
        found["money"][currency] += money
    return found


def used_by_judges(provider: Provider, now: datetime) -> dict[str, Any]:
    """As `usage`, of calls that belong to no conversation. Their rows count whole as long as a part of their
    ten seconds is within the minute or the day."""
    made = Charge.objects.filter(model__provider=provider)
    minute = made.filter(since__gt=now - MINUTE - TEN_SECONDS)
    found = minute.aggregate(
        requests=Sum("calls", default=0), tokens=Sum("tokens", default=0), oldest=Min("since")
    )
    if found["oldest"]:
        found["oldest"] += TEN_SECONDS
    if provider.daily_budget:
        day = made.filter(since__gt=now - DAY - TEN_SECONDS).values_list("model__currency")
        found["money"] = defaultdict(Decimal, day.annotate(money=Sum("cost", default=Decimal(0))).order_by())
    return found


def charged_calls(model: LanguageModel, now: datetime) -> int:
    """Of a model, in 24 hours, by judges."""
    made = Charge.objects.filter(model=model, since__gt=now - DAY - TEN_SECONDS)
    calls: int = made.aggregate(calls=Sum("calls", default=0))["calls"]
    return calls


def room_and_half(provider: Provider) -> tuple[Room, Room]:
    """What is left of a provider's limits, and what is left to judges of the half that they may take. Its row
    is locked; call within a transaction."""
    locked = Provider.objects.select_for_update().get(pk=provider.pk)
    now = timezone.now()
    half = copy(locked)
    half.daily_budget /= 2
    half.requests_a_minute, half.tokens_a_minute = (
        -(-locked.requests_a_minute // 2),
        -(-locked.tokens_a_minute // 2),
    )
    return _room(locked, usage(locked, now), now), _room(half, used_by_judges(locked, now), now)


def _used_by_people(provider: Provider, now: datetime) -> dict[str, Any]:
    made = Attempt.objects.filter(response__model__provider=provider).exclude(prompt_sha256="")
    minute = made.filter(started_at__gt=now - MINUTE)
    found = minute.aggregate(requests=Count("pk"), tokens=Sum(TOKENS, default=0), oldest=Min("started_at"))
    checks = Check.objects.filter(provider=provider, made_at__gt=now - MINUTE)
    tried = checks.aggregate(requests=Count("pk"), oldest=Min("made_at"))
    found["requests"] += tried["requests"]
    found["oldest"] = _earlier(found["oldest"], tried["oldest"])
    if provider.daily_budget:
        found["money"] = _money(made.filter(started_at__gt=now - DAY))
    return found


def _earlier(*moments: datetime | None) -> datetime | None:
    return min(filter(None, moments), default=None)


def _money(made: QuerySet[Attempt]) -> dict[str, Decimal]:
    sums = made.values_list("response__model__currency").annotate(money=Sum(COST, default=Decimal(0)))
    return defaultdict(Decimal, sums.order_by())


def _room(provider: Provider, used: dict[str, Any], now: datetime) -> Room:
    oldest = used["oldest"] or now
    return Room(
        budget=provider.daily_budget or None,
        spent=used.get("money", defaultdict(Decimal)),
        requests=_rest(provider.requests_a_minute, used["requests"]),
        tokens=_rest(provider.tokens_a_minute, used["tokens"]),
        seconds=max(0.5, (oldest + MINUTE - now).total_seconds()),
    )


def _rest(limit: int, used: int) -> int | None:
    return limit - used if limit else None
