"""Short calls by the clock: to providers that rest, once their rest is over, and to those nobody calls."""

from datetime import datetime, timedelta

from django.db.models import F, Q
from django.utils import timezone

from conversations.models import Attempt, Charge, Check, LanguageModel, Provider
from conversations.trial import Trial, called

from . import breaker
from .limits import OVER_BUDGET

KEPT = timedelta(days=14)
AT_ONCE = 5  # each may take as long as a trial does
AGAIN = timedelta(seconds=30)


def check_due(now: datetime | None = None) -> int:
    """Try what is due, a few at a time; returns how many were tried."""
    now = now or timezone.now()
    Check.objects.filter(made_at__lt=now - KEPT).delete()
    Charge.objects.filter(since__lt=now - KEPT).delete()
    tried = 0
    for provider in _due(now)[:AT_ONCE]:
        tried += _claimed(provider, now) and _check(provider)
    return tried


def _due(now: datetime) -> list[Provider]:
    """Rested ones first; of the others those that nobody called or checked for as long as they say."""
    rested = Q(open_until__lte=now)
    watched = Q(open_until=None, check_minutes__gt=0, is_fake=False)
    found = Provider.objects.filter(rested | watched, is_on=True).order_by(
        F("open_until").asc(nulls_last=True)
    )
    return [provider for provider in found if provider.open_until or not _is_known(provider, now)]


def _is_known(provider: Provider, now: datetime) -> bool:
    since = now - timedelta(minutes=provider.check_minutes)
    if provider.checked_at and provider.checked_at > since:
        return True
    answered = Attempt.objects.filter(response__model__provider=provider, state=Attempt.State.FINISHED)
    return answered.filter(started_at__gt=since).exists()


def _claimed(provider: Provider, now: datetime) -> bool:
    """One process alone tries it."""
    free = Provider.objects.filter(pk=provider.pk, checked_at=provider.checked_at)
    if provider.checked_at and provider.checked_at > now - AGAIN:
        return False
    return bool(free.update(checked_at=now))


def _check(provider: Provider) -> bool:
    if provider.open_reason == OVER_BUDGET:
        # Whether there is money again is told by the rows, at the next call.
        return breaker.bring_back(provider)
    model = provider.models.filter(status=LanguageModel.Status.ACTIVE).order_by("price_out", "pk").first()
    if model is None:
        return False
    trial = called(model)
    _store(provider, model, trial)
    return True


def _store(provider: Provider, model: LanguageModel, trial: Trial) -> None:
    Check.objects.create(provider=provider, model=model, failure=trial.failure[:30], total_ms=trial.total_ms)
    if provider.open_until is None:
        if trial.failure in breaker.TROUBLE:
            breaker.take_out(provider.pk, trial.failure)
    elif trial.failure:
        breaker.rest_longer(provider, trial.failure)
    else:
        breaker.bring_back(provider)
