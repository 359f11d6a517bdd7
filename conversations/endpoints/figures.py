"""What providers and models did in the last hours, as tables for the page that shows their health."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import connection
from django.db.models import Count, Q, Sum
from django.utils import timezone
from django.utils.formats import localize

from conversations.models import Attempt, Charge, Check, LanguageModel, Provider
from conversations.models.response import LENGTH

from .limits import COST, DAY, MINUTE, TEN_SECONDS, TOKENS

FEW = 20  # a share of fewer calls says little
BARS = 24

TIMES = """
SELECT r.model_id, count(*) FILTER (WHERE r.finish_reason = %s),
    percentile_cont(0.5) WITHIN GROUP (ORDER BY r.first_text_ms),
    percentile_cont(0.95) WITHIN GROUP (ORDER BY r.first_text_ms),
    percentile_cont(0.5) WITHIN GROUP (ORDER BY r.total_ms),
    percentile_cont(0.95) WITHIN GROUP (ORDER BY r.total_ms)
FROM conversations_attempt a JOIN conversations_response r ON r.id = a.response_id
WHERE a.started_at > %s AND a.state = 'finished' GROUP BY r.model_id
"""


@dataclass
class ModelFigures:
    """One model; times in milliseconds from the call, None where nothing was answered.

    `truncated`: answers that ran into the greatest length.
    """

    model: LanguageModel
    calls: int = 0
    truncated: int = 0
    failures: dict[str, int] = field(default_factory=dict)
    first_p50: float | None = None
    first_p95: float | None = None
    total_p50: float | None = None
    total_p95: float | None = None

    @property
    def failed(self) -> int:
        return sum(self.failures.values())

    @property
    def share(self) -> float | None:
        """Failed calls in per cent; None where there are too few to say."""
        return 100 * self.failed / self.calls if self.calls >= FEW else None

    @property
    def first_seconds(self) -> str:
        return _both(self.first_p50, self.first_p95)

    @property
    def total_seconds(self) -> str:
        return _both(self.total_p50, self.total_p95)


def _both(median: float | None, high: float | None) -> str:
    if median is None or high is None:
        return ""
    return f"{localize(round(median / 1000, 2))} / {localize(round(high / 1000, 2))}"


@dataclass
class ProviderFigures:
    provider: Provider
    requests: int
    tokens: int
    money: Mapping[str, Decimal]
    checks: list[Check]

    @property
    def state(self) -> str:
        """`off`, `rests`, `on trial` once its rest is over, or `in use`."""
        if not self.provider.is_on:
            return "off"
        if self.provider.open_until is None:
            return "in use"
        return "rests" if self.provider.open_until > timezone.now() else "on trial"


def of_models(hours: int = 24) -> list[ModelFigures]:
    """Every model that is in use or was called, in three queries."""
    since = timezone.now() - timedelta(hours=hours)
    models = LanguageModel.objects.select_related("provider").order_by("provider__name", "name")
    found = {model.pk: ModelFigures(model) for model in models}
    for model, state, failure, number in _outcomes(since):
        _count(found[model], state, failure, number)
    with connection.cursor() as cursor:
        cursor.execute(TIMES, [LENGTH, since])
        for pk, truncated, *times in cursor.fetchall():
            line = found[pk]
            line.truncated = truncated
            line.first_p50, line.first_p95, line.total_p50, line.total_p95 = times
    return [line for line in found.values() if line.calls or line.model.is_switched_on]


def _outcomes(since: datetime) -> list[tuple[int, str, str, int]]:
    """How often the calls of each model ended in each way."""
    made = Attempt.objects.filter(started_at__gt=since).exclude(prompt_sha256="")
    ways = made.values_list("response__model", "state", "failure")
    return list(ways.annotate(number=Count("pk")).order_by())


def _count(line: ModelFigures, state: str, failure: str, number: int) -> None:
    line.calls += number
    if state in {Attempt.State.FAILED, Attempt.State.LOST}:
        kind = failure or state
        line.failures[kind] = line.failures.get(kind, 0) + number


def of_providers() -> list[ProviderFigures]:
    """What each provider took in the last minute and in 24 hours, with its newest checks."""
    now = timezone.now()
    day, minute = Q(started_at__gt=now - timedelta(days=1)), Q(started_at__gt=now - MINUTE)
    made = Attempt.objects.filter(day).exclude(prompt_sha256="")
    sums = made.values_list("response__model__provider", "response__model__currency").annotate(
        requests=Count("pk", filter=minute),
        tokens=Sum(TOKENS, filter=minute, default=0),
        money=Sum(COST, default=Decimal(0)),
    )
    requests, tokens = Counter[int](), Counter[int]()
    money: dict[int, dict[str, Decimal]] = defaultdict(dict)
    for pk, currency, made_now, read_now, cost in sums.order_by("response__model__currency"):
        requests[pk], tokens[pk] = requests[pk] + made_now, tokens[pk] + read_now
        money[pk][currency] = cost
    _add_charges(requests, tokens, money)
    checks = _newest_checks()
    for pk, tried in checks.items():
        requests[pk] += sum(check.made_at > now - MINUTE for check in tried)
    return [
        ProviderFigures(one, requests[one.pk], tokens[one.pk], money[one.pk], checks[one.pk])
        for one in Provider.objects.order_by("name")
    ]


def _add_charges(requests: Counter[int], tokens: Counter[int], money: dict[int, dict[str, Decimal]]) -> None:
    """What judges took of each provider."""
    now = timezone.now()
    minute = Q(since__gt=now - MINUTE - TEN_SECONDS)
    made = Charge.objects.filter(since__gt=now - DAY - TEN_SECONDS)
    sums = made.values_list("model__provider", "model__currency").annotate(
        requests=Sum("calls", filter=minute, default=0),
        tokens=Sum("tokens", filter=minute, default=0),
        money=Sum("cost", default=Decimal(0)),
    )
    for pk, currency, made_now, read_now, cost in sums.order_by():
        requests[pk], tokens[pk] = requests[pk] + made_now, tokens[pk] + read_now
        money[pk][currency] = money[pk].get(currency, Decimal(0)) + cost


def _newest_checks(number: int = BARS) -> dict[int, list[Check]]:
    """Up to `number` of each provider, the oldest first."""
    found: dict[int, list[Check]] = defaultdict(list)
    recent = Check.objects.filter(made_at__gt=timezone.now() - timedelta(days=1))
    for check in recent.order_by("-made_at")[: 50 * number]:
        if len(found[check.provider_id]) < number:
            found[check.provider_id].insert(0, check)
    return found
