"""A participant stops the answers to their newest message: what has arrived stays, the calls end.

The row decides: once it says `stopped`, the worker has lost its claim, as at any other loss, and ends the
call at its next checkpoint. So a stop needs no worker that is alive.
"""

import logging
from collections.abc import Mapping

import redis
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from conversations import chat, counting
from conversations.live.wire import STREAM_SECONDS, Entry, SlotText, pack, stream_key, unpack
from conversations.models import Attempt, Conversation, Response, Turn
from conversations.situation import Now

logger = logging.getLogger(__name__)
ANSWER_SECONDS = 1.0


def stop(conversation: Conversation, turn_number: int | None) -> None:
    """Stop all answers of this turn while it is being answered; a stop that comes late changes nothing."""
    here = chat.look(conversation)
    turn = here.turn
    if turn is None or here.now != Now.ANSWERING or turn.number != turn_number:
        return
    if not conversation.protocol.parsed().may_stop:
        raise chat.Refused(_("The answers cannot be stopped here. Please wait until they are complete."))
    heard = _heard(turn)
    with transaction.atomic():
        chat.lock(conversation)
        # As whoever replaces a model that failed: no replacement is drawn for a turn that was stopped.
        Turn.objects.select_for_update().get(pk=turn.pk)
        stopped = [_stop(response, heard) for response in _unfinished(turn)]
        transaction.on_commit(lambda: _tell(turn, stopped), robust=True)


def _unfinished(turn: Turn) -> list[Response]:
    return list(turn.responses.shown().unfinished().select_for_update(of=("self",)).order_by("pk"))


def _stop(response: Response, heard: Mapping[str, SlotText]) -> Response:
    """The row is locked. Its text is what was sent to browsers, which is newer than the last checkpoint."""
    live = heard.get(response.slot)
    if live and live.run == response.run and len(live.text) > len(response.text):
        response.text = live.text
    response.state, response.finished_at = Response.State.STOPPED, timezone.now()
    response.words = counting.words(response.text)
    response.save(update_fields=["state", "text", "words", "finished_at"])
    Attempt.objects.filter(response=response, state=Attempt.State.STARTED).update(
        state=Attempt.State.STOPPED, text=response.text, finished_at=response.finished_at
    )
    return response


def _heard(turn: Turn) -> dict[str, SlotText]:
    """The texts as they were sent until now; nothing where Redis is away."""
    slots: dict[str, SlotText] = {}
    for response in turn.responses.shown():
        slots[response.slot] = SlotText(response.run, response.text, response.state)
    try:
        with _client() as client:
            entries = client.xrange(stream_key(turn.pk))
        for _position, fields in entries:
            for slot, run, offset, text, state in unpack(fields):
                slots.setdefault(slot, SlotText()).add(run, offset, text, state)
    except (redis.RedisError, ValueError, LookupError, TypeError) as error:
        logger.warning("a stop keeps the text of the last checkpoint: %s", type(error).__name__)
    return slots


def _tell(turn: Turn, stopped: list[Response]) -> None:
    """Tell other windows at once; should Redis be away, they learn it from PostgreSQL a little later."""
    entry: Entry = [(r.slot, r.run, 0, r.text, str(Response.State.STOPPED)) for r in stopped]
    try:
        with _client() as client:
            client.xadd(stream_key(turn.pk), pack(entry))
            client.expire(stream_key(turn.pk), STREAM_SECONDS)
    except redis.RedisError:
        logger.warning("Redis is away; browsers will read the stop from the database")


def _client() -> "redis.Redis":
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=ANSWER_SECONDS)
