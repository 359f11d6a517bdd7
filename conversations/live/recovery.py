"""Finding what a dead worker or a forgetful broker left behind; beat runs `sweep` every few seconds."""

import logging
from datetime import timedelta

import redis
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from conversations import drawing
from conversations.models import Attempt, Response

from .wire import STREAM_SECONDS, Entry, pack, stream_key

logger = logging.getLogger(__name__)
FORGOTTEN_SECONDS = 10


def sweep() -> tuple[int, int]:
    """Take responses from workers that fell silent, and hand over again what nobody took.

    Returns how many of each. Running twice at once is harmless: every step is a compare-and-set.
    """
    moment = timezone.now() - timedelta(seconds=settings.LIVE_LEASE_SECONDS)
    lost = [
        row
        for row in Response.objects.silent_since(moment).select_related("turn__conversation__protocol")
        if _lose(row)
    ]
    forgotten = list(
        Response.objects.forgotten_since(timezone.now() - timedelta(seconds=FORGOTTEN_SECONDS)).values_list(
            "pk", flat=True
        )[:1000]
    )
    drawing.mark_enqueued(forgotten)
    # Each by itself: one that cannot be taken keeps back whatever is taken with it.
    drawing.enqueue(*([pk] for pk in forgotten))
    return len(lost), len(forgotten)


def _lose(response: Response) -> bool:
    """Mark the attempt lost, keep its text on its own row, and let the same model try once more."""
    is_last = response.tried().calls >= response.turn.conversation.protocol.parsed().calls.attempts
    with transaction.atomic():
        taken = Response.objects.filter(
            pk=response.pk,
            attempt=response.attempt,
            state=Response.State.STREAMING,
            lease_at=response.lease_at,
        ).update(**_after_loss(response, is_last))
        if not taken:
            return False
        Attempt.objects.filter(
            response=response, number=response.attempt, state=Attempt.State.STARTED
        ).update(
            state=Attempt.State.LOST, text=response.text, failure="worker_lost", finished_at=timezone.now()
        )
        if not is_last:
            drawing.hand_over([response])
    logger.warning("response %s: attempt %s was lost with its worker", response.pk, response.attempt)
    _tell(response, "failed" if is_last else "waiting")
    return True


def _after_loss(response: Response, is_last: bool) -> dict[str, object]:
    if is_last:
        return {"state": Response.State.FAILED, "failure": "worker_lost", "finished_at": timezone.now()}
    return {"state": Response.State.WAITING, "text": "", "reasoning": "", "enqueued_at": timezone.now()}


def _tell(response: Response, state: str) -> None:
    """Tell browsers at once; should Redis be away, they learn it from PostgreSQL a little later."""
    run = response.run if state == "failed" else response.run + 1
    entry: Entry = [(response.slot, run, len(response.text) if state == "failed" else 0, "", state)]
    try:
        with redis.Redis.from_url(settings.REDIS_URL) as client:
            client.xadd(stream_key(response.turn_id), pack(entry))
            client.expire(stream_key(response.turn_id), STREAM_SECONDS)
    except redis.RedisError:
        logger.warning("Redis is away; browsers will read the loss from the database")
