"""Beginning a comparison: a message, the way its pair is drawn, and who saw it."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from conversations import chat, drawing, finding, room
from conversations.arena.visiting import rules
from conversations.ballots import CUSTOM, RANDOM
from conversations.chat import Refused
from conversations.models import Conversation, LanguageModel, Protocol
from conversations.pairing import Sizes
from conversations.situation import Situation
from prism.lib import statements
from surveys.models import Device, Enrolment, Study

LOCK = "SELECT outcome FROM surveys_enrolment WHERE id = %s FOR UPDATE"  # one act of a person at a time
# Whether this very message was sent before or a conversation waits for its first one; and the versions of the
# study's rules on personal data and of its protocol that hold now.
NOW = """
    SELECT EXISTS (
        SELECT FROM conversations_conversation c LEFT JOIN conversations_turn t ON t.conversation_id = c.id
        WHERE c.enrolment_id = e.id AND (t.id IS NULL OR t.number = 0 AND t.key = %s)),
        (SELECT r.id FROM conversations_privacyrules r WHERE r.study_id = e.study_id
         ORDER BY r.version DESC LIMIT 1),
        p.id, p.ctid::text, p.xmin::text
    FROM surveys_enrolment e LEFT JOIN LATERAL (
        SELECT id, ctid, xmin FROM conversations_protocol WHERE study_id = e.study_id
        ORDER BY version DESC LIMIT 1) p ON true
    WHERE e.id = %s
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
    talk, here = _begun(enrolment, device, wish)
    return talk, here or chat.say(talk, wish.text, wish.key, wish.is_sent_anyway)


@transaction.atomic
def _begun(enrolment: Enrolment, device: Device, wish: Wish) -> tuple[Conversation, Situation | None]:
    """The conversation, with its first message where no other machine has to look at that before."""
    found = statements.rows(LOCK, [enrolment.pk])
    if not found or found[0][0]:
        raise Refused(chat.is_over())
    is_old, newest_rules, protocol_id, *version = statements.rows(NOW, [wish.key, enrolment.pk])[0]
    same = _of(enrolment).filter(turns__key=wish.key, turns__number=0).first() if is_old else None
    if same:
        return same, None
    protocol = finding.kept_protocol(protocol_id, tuple(version)) if protocol_id else None
    is_open = enrolment.study.is_open or enrolment.is_test
    if protocol is None or protocol.parsed().ballot is None or not is_open:
        raise Refused(_("Nothing can be compared here at the moment. Your text is kept."))
    pool = drawing.sizes(enrolment.study_id)
    drawn = {
        "mode": _mode(pool, protocol, wish),
        "picked": _picked(enrolment.study, protocol, wish),
        "topic": _topic(protocol, wish),
    }
    waiting = _waiting(enrolment, device, protocol) if is_old else None
    if waiting is None:
        begun = chat.create(enrolment, protocol, device, _kind_with_room(enrolment, protocol), **drawn)
        begun.__dict__["newest_rules"] = newest_rules
        return begun, chat.begin(begun, wish.text, wish.key, pool)
    Conversation.objects.filter(pk=waiting.pk).update(**drawn)
    waiting.refresh_from_db(fields=list(drawn))
    return waiting, None


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


def _mode(pool: Sizes, protocol: Protocol, wish: Wish) -> str:
    if wish.mode not in drawing.open_modes(pool, protocol.parsed()):
        raise Refused(_("There are not enough models for this choice at the moment. Please choose another."))
    return wish.mode


def modes(study: Study, protocol: Protocol) -> list[str]:
    """The ways to draw a pair for which there are models enough now."""
    return drawing.open_modes(drawing.sizes(study.pk), protocol.parsed())


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
