"""Hidden repeats: somebody rates the answers of one of their openings once more, in another order of slots.

Drawn when a conversation ends. The page does not say that the answers were there before.
"""

import random

from conversations.models import Conversation, Repeat, Response, Turn
from conversations.protocols import Protocol
from conversations.protocols.reliability import NO_REPEATS
from prism.lib.codes import random_key
from surveys.models import Enrolment


def draw_after(conversation: Conversation) -> None:
    """Draw whether a repeat is due now that this conversation is over. Call within its transaction."""
    rules = conversation.protocol.parsed()
    if rules.repeats == NO_REPEATS:
        return
    mine = Conversation.objects.filter(enrolment=conversation.enrolment_id)
    had = Repeat.objects.filter(after__in=mine, turn__isnull=False).count()
    chance = rules.repeats.chance_after(mine.complete().count(), rules.conversations, had)
    pool, seed = _repeatable(conversation), random_key()
    dice = random.Random(seed)
    turn = dice.choice(pool) if dice.random() < chance and pool else None
    Repeat.objects.create(
        after=conversation,
        turn=turn,
        order=_other_order([response.pk for response in _rated(turn)], dice) if turn else [],
        chance=chance,
        pool=[one.pk for one in pool],
        seed=seed,
    )


def _repeatable(conversation: Conversation) -> list[Turn]:
    """Openings of the person with several rated answers that were not rated again yet.

    Those of the conversation just held only where there is no other: it is remembered best.
    """
    mine = Turn.objects.filter(number=0, conversation__enrolment=conversation.enrolment_id, repeat=None)
    ended = mine.filter(conversation__state=Conversation.State.COMPLETE).order_by("pk")
    found = [turn for turn in ended if len(_rated(turn)) > 1]
    return [turn for turn in found if turn.conversation_id != conversation.pk] or found


def _rated(turn: Turn) -> list[Response]:
    return list(turn.responses.shown().filter(rating__isnull=False).order_by("slot"))


def _other_order(order: list[int], dice: random.Random) -> list[int]:
    """The same in another order, each of the others as likely."""
    shuffled = list(order)
    while shuffled == order:
        dice.shuffle(shuffled)
    return shuffled


def due(enrolment: Enrolment) -> Repeat | None:
    """The repeat that waits for this person."""
    waiting = Repeat.objects.filter(after__enrolment=enrolment, turn__isnull=False, ratings=None)
    return waiting.select_related("turn__conversation__protocol").order_by("pk").first()


def is_due(enrolment: Enrolment, rules: Protocol) -> bool:
    return rules.repeats != NO_REPEATS and due(enrolment) is not None


def again(repeat: Repeat) -> list[Response]:
    """The answers as they stand the second time: in the drawn order, under the letters of their places.

    Not to be saved: the letter of the first time stays in the row.
    """
    found = Response.objects.in_bulk(repeat.order)
    shown = [found[pk] for pk in repeat.order]
    for letter, response in zip("ABCDEFGH", shown, strict=False):
        response.slot = letter
    return shown
