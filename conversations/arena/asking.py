"""Beginning a comparison: a message, the way its pair is drawn, and who saw it."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from conversations import chat, drawing, room
from conversations.arena.visiting import rules
from conversations.ballots import CUSTOM, RANDOM
from conversations.chat import Refused
from conversations.models import Conversation, LanguageModel, Protocol
from conversations.situation import Situation
from prism.lib import statements
from surveys.models import Device, Enrolment, Study

# One act of a person at a time; and the version of the study's rules on personal data that holds now.
LOCK = """
    SELECT (SELECT r.id FROM conversations_privacyrules r WHERE r.study_id = e.study_id
            ORDER BY r.version DESC LIMIT 1)
    FROM surveys_enrolment e WHERE e.id = %s FOR UPDATE OF e
"""
# Whether this very message was sent before, or a conversation waits for its first one.
IS_OLD = """
    SELECT EXISTS (
        SELECT FROM conversations_conversation c LEFT JOIN conversations_turn t ON t.conversation_id = c.id
        WHERE c.enrolment_id = %s AND (t.id IS NULL OR t.number = 0 AND t.key = %s))
"""


@dataclass(frozen=True)
class Wish:
    """What a visitor asked for: the message and how its models are drawn; `picked` holds names of models."""

    text: str
    key: str
    mode: str = RANDOM
    picked: Sequence[str] = ()
    topic: str = ""
    is_sent_anyway: bool = False


def ask(enrolment: Enrolment, device: Device, wish: Wish) -> tuple[Conversation, Situation]:
    """A new conversation with its first message, and how it stands; the same key begins it once.

    Raises Refused. A conversation whose first message was held back waits for the next try.
    """
    talk = _begun(enrolment, device, wish)
    return talk, chat.say(talk, wish.text, wish.key, wish.is_sent_anyway)


@transaction.atomic
def _begun(enrolment: Enrolment, device: Device, wish: Wish) -> Conversation:
    newest_rules = statements.rows(LOCK, [enrolment.pk])[0][0]
    is_new = not statements.rows(IS_OLD, [enrolment.pk, wish.key])[0][0]
    same = None if is_new else _of(enrolment).filter(turns__key=wish.key, turns__number=0).first()
    if same:
        return same
    protocol = rules(enrolment.study)
    if protocol is None or not (enrolment.study.is_open or enrolment.is_test):
        raise Refused(_("Nothing can be compared here at the moment. Your text is kept."))
    drawn = {
        "mode": _mode(enrolment.study, protocol, wish),
        "picked": _picked(enrolment.study, protocol, wish),
        "topic": _topic(protocol, wish),
    }
    waiting = None if is_new else _waiting(enrolment, device, protocol)
    if waiting is None:
        begun = chat.create(enrolment, protocol, device, _kind_with_room(enrolment, protocol), **drawn)
        begun.__dict__["newest_rules"] = newest_rules
        return begun
    Conversation.objects.filter(pk=waiting.pk).update(**drawn)
    waiting.refresh_from_db(fields=list(drawn))
    return waiting


def _kind_with_room(enrolment: Enrolment, protocol: Protocol) -> str:
    """The protocol's one type. Raises Refused where the study has all of it that it wants."""
    kind = protocol.parsed().types[0].key
    room.wait_for_turn(enrolment.study_id, protocol.parsed(), kind)
    if room.full_types(enrolment, protocol.parsed()):
        raise Refused(_("There are enough comparisons here now, so no new one begins. Your text is kept."))
    return kind


def is_full(enrolment: Enrolment, device: Device, protocol: Protocol) -> bool:
    """Whether the study has as many comparisons as its protocol wants, and none waits for this person."""
    if not room.full_types(enrolment, protocol.parsed()):
        return False
    waiting = _waiting(enrolment, device, protocol)
    return waiting is None or room.has_lapsed(waiting)


def is_full_for_newcomers(study: Study, *, is_test: bool) -> bool:
    protocol = rules(study)
    return protocol is not None and bool(room.full_in(study.pk, protocol.parsed(), is_test=is_test))


def _waiting(enrolment: Enrolment, device: Device, protocol: Protocol) -> Conversation | None:
    """One whose first message was held back."""
    return _of(enrolment).filter(device=device, protocol=protocol, turns=None).first()


def _of(enrolment: Enrolment) -> QuerySet[Conversation]:
    return Conversation.objects.filter(enrolment=enrolment).select_related("protocol", "study", "enrolment")


def _mode(study: Study, protocol: Protocol, wish: Wish) -> str:
    if wish.mode not in modes(study, protocol):
        raise Refused(_("There are not enough models for this choice at the moment. Please choose another."))
    return wish.mode


def modes(study: Study, protocol: Protocol) -> list[str]:
    """The ways to draw a pair for which there are models enough now."""
    return drawing.open_modes(study.pk, protocol.parsed())


def _picked(study: Study, protocol: Protocol, wish: Wish) -> list[int]:
    """Ids of the models picked by hand, at most two different ones that can be drawn. Raises Refused."""
    if wish.mode != CUSTOM:
        return []
    wanted = list(dict.fromkeys(filter(None, wish.picked)))
    offered = dict(choosable(study).values_list("name", "pk"))
    if len(wanted) > 2 or any(code not in offered for code in wanted):
        raise Refused(_("Please choose one or two of the models that are offered."))
    if not wanted:
        raise Refused(_("Please choose at least one model, or let chance choose both."))
    picked = [offered[code] for code in wanted]
    if not drawing.may_meet(picked, protocol.parsed()):
        raise Refused(_("These two models are not compared here. Please choose another one."))
    return picked


def choosable(study: Study) -> QuerySet[LanguageModel]:
    """The models that people may pick by hand."""
    return LanguageModel.objects.filter(pk__in=drawing.eligible(study.pk, drawing.PAIR)).order_by("name")


def _topic(protocol: Protocol, wish: Wish) -> str:
    known = {suggestion.topic for suggestion in protocol.parsed().suggestions}
    return wish.topic if wish.topic in known else ""
