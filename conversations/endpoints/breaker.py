"""Taking a provider that keeps failing out of draws, and letting it back in after a call that succeeds.

Closed: it is drawn. Open: it is not, until `open_until`. Half open: that moment has passed and the clock
tries it with a short call of its own, so that no participant's message is the trial. Conversations that go
on with one of its models already are left alone: another model in the middle would be another conversation.

A request to come back later is no failure: it says neither that the provider is ill nor that it is well.
"""

from datetime import timedelta

from django.db.models import F
from django.utils import timezone

from conversations.calling import BUSY
from conversations.models import Attempt, Provider

TROUBLE = frozenset({"server_error", "unreachable", "silent", "cut", "garbage", "empty"})
IN_A_ROW = 5
WITHIN = timedelta(minutes=5)
FIRST, LONGEST = timedelta(seconds=30), timedelta(minutes=15)


def note_failure(provider_id: int, kind: str) -> bool:
    """Call after a failed call: whether this made the provider rest, as its last calls all failed."""
    if kind not in TROUBLE or not _keeps_failing(provider_id):
        return False
    return take_out(provider_id, kind)


def _keeps_failing(provider_id: int) -> bool:
    made = Attempt.objects.filter(response__model__provider=provider_id, finished_at__isnull=False)
    recent = made.filter(started_at__gt=timezone.now() - WITHIN).exclude(prompt_sha256="")
    recent = recent.exclude(failure=BUSY)
    last = list(recent.order_by("-finished_at").values_list("failure", flat=True)[:IN_A_ROW])
    return len(last) == IN_A_ROW and set(last) <= TROUBLE


def note_busy(provider_id: int, asked: float | None) -> bool:
    """Call when a message could not wait for it any longer: new ones go elsewhere for as long as it asked,
    within bounds. However often that is, the rest does not grow by it."""
    rest = min(max(timedelta(seconds=min(asked or 0.0, 3600.0)), FIRST), LONGEST)
    return take_out(provider_id, BUSY, rest)


def take_out(provider_id: int, reason: str, rest: timedelta | None = None) -> bool:
    """Let it rest, each time in a row twice as long; False when it rests already."""
    provider = Provider.objects.filter(pk=provider_id, open_until=None)
    times = provider.values_list("open_times", flat=True).first()
    if times is None:
        return False
    pause = rest or min(FIRST * 2 ** min(times, 10), LONGEST)
    return bool(
        provider.update(
            open_until=timezone.now() + pause, open_reason=reason[:30], open_times=F("open_times") + 1
        )
    )


def rest_longer(provider: Provider, reason: str) -> None:
    """A trial failed: it stays out."""
    Provider.objects.filter(pk=provider.pk, open_until=provider.open_until).update(open_until=None)
    take_out(provider.pk, reason)


def bring_back(provider: Provider) -> bool:
    """A trial succeeded, or a coordinator decided; False when somebody was faster."""
    out = Provider.objects.filter(pk=provider.pk, open_until=provider.open_until)
    return bool(out.update(open_until=None, open_reason="", open_times=0))
