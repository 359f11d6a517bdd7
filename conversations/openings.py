"""First messages that several people get, so that they judge the same: drawn when a conversation begins."""

import random

from conversations.models import Conversation, Opening, Response, Turn
from conversations.protocols import Protocol
from conversations.protocols.reliability import STORED
from prism.lib.codes import random_key

SLOTS = "ABCDEFGH"
# What a copy of an answer keeps of the original; time and cost were spent once.
KEPT = ("model_id", "text", "finish_reason", "words", "seed")


def draw(conversation: Conversation) -> None:
    """Draw whether it begins with a given message, and with which; stored either way where there is one."""
    rules = conversation.protocol.parsed()
    overlap = rules.overlap
    had = Opening.objects.filter(conversation__enrolment=conversation.enrolment_id).exclude(key="")
    seen = set(had.values_list("key", flat=True))
    offered = overlap.messages_for(conversation.type, conversation.language)
    pool = [one for one in offered if one.key not in seen]
    if not offered:
        return
    chance = 0.0 if not pool or (overlap.most and len(seen) >= overlap.most) else overlap.chance
    seed = random_key()
    dice = random.Random(seed)
    given = dice.choice(pool) if dice.random() < chance else None
    Opening.objects.create(
        conversation=conversation,
        key=given.key if given else "",
        text=given.text(conversation.language) if given else "",
        language=conversation.language,
        chance=chance,
        pool=[one.key for one in pool],
        seed=seed,
    )


def given_text(conversation: Conversation) -> str:
    """The message that waits to be sent first; empty where the person writes their own."""
    if not conversation.protocol.parsed().overlap.messages:
        return ""
    waiting = Opening.objects.filter(conversation=conversation, conversation__turns=None)
    return waiting.values_list("text", flat=True).first() or ""


def stored_answers(turn: Turn, rules: Protocol) -> list[Response]:
    """The answers that the first person with this message got, as unsaved copies; else none."""
    if rules.overlap.answers != STORED:
        return []
    opening = Opening.objects.filter(conversation=turn.conversation_id).exclude(key="").first()
    if opening is None:
        return []
    first = _first_answers(turn.conversation, opening, rules.opening_models)
    random.Random(f"{opening.seed}:slots").shuffle(first)
    return [_copy(answer, turn, slot) for answer, slot in zip(first, SLOTS, strict=False)]


def _first_answers(conversation: Conversation, opening: Opening, wanted: int) -> list[Response]:
    """All answers that were whole, of the earliest conversation in which all were."""
    same = Turn.objects.filter(
        number=0,
        conversation__study=conversation.study_id,
        conversation__enrolment__is_test=conversation.enrolment.is_test,
        conversation__opening__key=opening.key,
        conversation__opening__text=opening.text,
    )
    for turn in same.order_by("pk")[:20]:
        answers = list(turn.responses.shown().filter(copied_from=None).order_by("slot"))
        if len(answers) == wanted and all(answer.is_whole and answer.text for answer in answers):
            return answers
    return []


def _copy(answer: Response, turn: Turn, slot: str) -> Response:
    kept = {name: getattr(answer, name) for name in KEPT}
    state = {"state": Response.State.DONE, "finished_at": turn.at, "attempt": 1}
    return Response(turn=turn, slot=slot, copied_from=answer, **kept, **state)
