"""Tickets to the stream of a turn just begun, so that the database is not asked again for what it just said.

The page that answers a message is made after the access check, and its browser asks for the stream a moment
later. The ticket in that address says what the check found. It is encrypted, for it names ids; it holds for
SECONDS, at one address, and only beside the cookie of the device that it was made for, to which a keyed hash
binds it. Whatever is wrong with one, the stream asks the database as it would without.

A page has one while it shows nothing of the answers: the browser lacks all of them, and a ticket tells it no
more than the page does. The stream begins with waiting texts, learns from Redis what was sent before, and
reads PostgreSQL within about a second, so that what changed meanwhile comes out as in any open stream: a
person who was erased, a model that stands in for another, a stored answer that Redis lost.
"""

import json
from dataclasses import dataclass

from django.http import HttpRequest

from conversations.live.feed import Row
from conversations.models import Conversation
from conversations.situation import Now, Situation
from conversations.views.shapes import paced
from prism.lib.crypto import decrypt, encrypt, keyed_hash
from surveys.device_cookies import keys_of
from surveys.models import Device

SECONDS = 30
NAME = "ticket"  # in the address


@dataclass(frozen=True)
class Ticket:
    """What a stream needs to begin: whose it is, how text is paced, and the slots that wait for it."""

    turn: int
    device: int
    pacing: str
    slots: str

    @property
    def rows(self) -> list[Row]:
        return [(slot, 0, "", "waiting") for slot in self.slots]


def issue(talk: Conversation, device: Device, here: Situation) -> str:
    """For the newest turn and the device that it is shown to; "" where the page shows any of the answers."""
    rules = talk.protocol.parsed()
    shown = paced(here.responses, rules)
    is_blank = bool(shown) and not any(response.is_finished or response.text for response in shown)
    if here.now != Now.ANSWERING or here.turn is None or not is_blank:
        return ""
    bound = _bound(device.key, talk.study.slug, talk.code, here.turn.number)
    slots = "".join(response.slot for response in shown)
    return encrypt(json.dumps([bound, here.turn.pk, device.pk, rules.pacing, slots]))


def read(request: HttpRequest, slug: str, code: str, number: int) -> Ticket | None:
    """The ticket of this very browser for this turn's address; None for any other, and without one."""
    try:
        bound, turn, device, pacing, slots = json.loads(decrypt(request.GET.get(NAME, ""), SECONDS))
    except (TypeError, ValueError):  # UnreadableSecret is one; the others are for texts of other purposes
        return None
    is_mine = bound in [_bound(key, slug, code, number) for key in keys_of(request)]
    return Ticket(turn, device, pacing, slots) if is_mine else None


def _bound(key: str, slug: str, code: str, number: int) -> str:
    return keyed_hash("ticket", key, slug, code, str(number))
