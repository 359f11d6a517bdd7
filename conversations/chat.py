"""What a participant does in a conversation. Every verb is one transaction and safe to repeat."""

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from conversations import drawing, judging, openings, repeats, room
from conversations.judging import Judgement, Judgements
from conversations.looking import look, shown
from conversations.models import Choice, Conversation, Feedback, Protocol, Rating, Response, Turn
from conversations.own_questions import NO_ANSWERS, OwnAnswers, checked
from conversations.pairing import Sizes
from conversations.privacy import checking
from conversations.privacy.checking import Passed
from conversations.privacy.rules import Place
from conversations.protocols import AFTER, AT_END, PARTICIPANT, RANDOM, SLIDER, RatingScale
from conversations.protocols import Protocol as Rules
from conversations.refusals import Refused
from conversations.situation import Now, Situation, situation
from prism.lib import statements
from prism.lib.codes import random_key
from surveys.models import Device, Enrolment

LOCK = """
    SELECT c.state FROM conversations_conversation c JOIN surveys_enrolment e ON e.id = c.enrolment_id
    WHERE c.id = %s AND e.outcome = '' FOR UPDATE OF c
"""

HAS_TURNS = "SELECT EXISTS (SELECT FROM conversations_turn WHERE conversation_id = %s)"
DROP_DRAFT = "DELETE FROM surveys_draft WHERE enrolment_id = %s AND page = ANY(%s)"
ASK_DRAFT = "arena:ask"  # of a message that has no conversation yet


@dataclass(frozen=True)
class Score:
    """A score or place as it came in: None when untouched."""

    value: int | None
    trace: dict[str, Any]


def remaining(enrolment: Enrolment, protocol: Protocol, device: Device) -> dict[str, int]:
    """How many conversations of each type are still to be held, as this device may know it."""
    rules, counted = protocol.parsed(), held(enrolment, device)
    full = room.full_types(enrolment, rules)
    owed = {kind.key: kind.required for kind in rules.types if kind.key not in full}
    return {kind.key: max(0, owed.get(kind.key, 0) - counted[kind.key]) for kind in rules.types}


def held(enrolment: Enrolment, device: Device) -> Counter[str]:
    """How many conversations of each type the person held or began, as this device may know it."""
    taken = Conversation.objects.filter(enrolment=enrolment).kept()
    is_over = Conversation.State.COMPLETE
    return Counter(c.type for c in taken if c.state == is_over or device.may_read(c.device_id))


def is_finished(enrolment: Enrolment) -> bool:
    """Every type was held as often as the protocol asks and the study has room, and no rating is due."""
    protocol = current_protocol(enrolment)
    if protocol is None:
        return True
    if protocol.parsed().ballot:  # there is always another pair to compare
        return False
    mine, rules = Conversation.objects.filter(enrolment=enrolment), protocol.parsed()
    done = list(mine.complete().values_list("type", flat=True))
    left = [kind.key for kind in rules.types if done.count(kind.key) < kind.required]
    if left and not room.full_types(enrolment, rules).issuperset(left):
        return False
    return not mine.unfinished().filter(type__in=left).exists() and not repeats.is_due(enrolment, rules)


def current_protocol(enrolment: Enrolment) -> Protocol | None:
    """The version this person began with; the study's newest before the first conversation."""
    begun = Conversation.objects.filter(enrolment=enrolment).select_related("protocol").order_by("id").first()
    return (
        begun.protocol
        if begun
        else Protocol.objects.filter(study=enrolment.study_id).order_by("-version").first()
    )


def start(enrolment: Enrolment, device: Device, kind: str) -> Conversation:
    """Begin a conversation of a type; the one that is open already is returned. Raises Refused."""
    with transaction.atomic():
        Enrolment.objects.select_for_update().get(pk=enrolment.pk)
        open_one = Conversation.objects.readable_by(device).unfinished().order_by("id").first()
        if open_one:
            return open_one
        protocol = current_protocol(enrolment)
        if protocol:
            room.wait_for_turn(enrolment.study_id, protocol.parsed(), kind)
        if protocol is None or remaining(enrolment, protocol, device).get(kind, 0) < 1:
            raise Refused(_("You have held all conversations of this kind. Please choose another one."))
        begun = create(enrolment, protocol, device, kind)
        openings.draw(begun)
        return begun


def create(enrolment: Enrolment, protocol: Protocol, device: Device, kind: str, **more: Any) -> Conversation:
    """A new row under a random number; one that is taken in the study already is drawn again."""
    row = {
        "enrolment": enrolment,
        "study": enrolment.study,
        "protocol": protocol,
        "device": device,
        "type": kind,
        "language": get_language() or "",
        **more,
    }
    insert = statements.inserting(Conversation, "(study_id, number) DO NOTHING")
    for _attempt in range(4):
        begun = Conversation(**row)
        if insert(begun):
            return begun
    return Conversation.objects.create(**row)


def lock(conversation: Conversation) -> None:
    """One act at a time; the act before this one may have moved the state on, so it is read afresh.

    Raises Refused when the person's part in the study has ended meanwhile, by erasure for example.
    """
    found = statements.rows(LOCK, [conversation.pk])
    if not found:
        raise Refused(is_over())
    conversation.state = found[0][0]


def is_over() -> str:
    """Why nothing of a person is taken whose part in the study has ended."""
    return _("Your part in this study is over. Nothing more is stored.")


def cleaned(text: str) -> str:
    """Text as a person typed it: browsers send line ends as two characters, and PostgreSQL takes no zero."""
    return text.replace("\x00", "").replace("\r\n", "\n").strip()


def say(conversation: Conversation, text: str, key: str, is_sent_anyway: bool = False) -> Situation:
    """Add a message and draw its models; the same key adds it once. Raises Refused.

    `is_sent_anyway`: the person was warned of what stands in the text and wants it sent.
    """
    given = openings.given_text(conversation)
    passed = Passed(given) if given else _passed(conversation, cleaned(text), is_sent_anyway)
    try:
        return _add_turn(conversation, passed, key)
    except IntegrityError as error:
        raise Refused(_("A message was sent from another window. Look at it before you go on.")) from error
    except drawing.EmptyPool as error:
        raise Refused(_nobody_answers()) from error


def _look_before(conversation: Conversation) -> Situation:
    """As `look`, before a message: at the first one there is little to look at."""
    if statements.rows(HAS_TURNS, [conversation.pk])[0][0]:
        return look(conversation)
    return situation(conversation, None, [], conversation.protocol.parsed())


def _passed(conversation: Conversation, text: str, is_sent_anyway: bool) -> Passed:
    """A person's own message as it may go. Raises Refused."""
    if not text:
        raise Refused(_("Please write a message first."))
    if fault := conversation.protocol.parsed().lengths.fault(text):
        raise Refused(fault)
    return checking.check(conversation, Place.MESSAGE, text, is_sent_anyway)


def _nobody_answers() -> str:
    return _("No model can answer at the moment. Your text is kept; please try again later.")


def _add_turn(conversation: Conversation, passed: Passed, key: str) -> Situation:
    with transaction.atomic():
        lock(conversation)
        here = _look_before(conversation)
        if here.turn and (here.turn.key == key or conversation.turns.filter(key=key).exists()):
            return here
        if not here.may_say:
            raise Refused(_("The conversation is not waiting for a message now. What you wrote is kept."))
        if here.turn is None and not room.may_begin(conversation):
            raise Refused(_("There are enough of these by now, so no new one begins. Your text is kept."))
        return _new_turn(conversation, passed, key, here)


def begin(conversation: Conversation, text: str, key: str, pool: Sizes) -> Situation | None:
    """The first message of a conversation that this very transaction made, for a ballot over the `pool`.

    None, and nothing done, where the text has to be looked at first: then `say` it. Raises Refused.
    """
    text = cleaned(text)
    has_fault = not text or conversation.protocol.parsed().lengths.fault(text)
    if has_fault or not checking.needs_nothing(conversation, Place.MESSAGE, text):
        return None
    try:
        return _new_turn(conversation, Passed(text), key, pool=pool)
    except drawing.EmptyPool as error:
        raise Refused(_nobody_answers()) from error


def _new_turn(
    conversation: Conversation,
    passed: Passed,
    key: str,
    here: Situation | None = None,
    pool: Sizes | None = None,
) -> Situation:
    """Store a message and who answers it; without `here` there was none before it."""
    before = here.turn if here else None
    turn = Turn(
        conversation=conversation, number=before.number + 1 if before else 0, key=key, text=passed.text
    )
    turn._state.fields_cache |= {"choice": None, "vote": None}  # not yet; asking would cost a query each
    rules = conversation.protocol.parsed()
    if here is None or before is None:
        responses = openings.stored_answers(turn, rules)
        draws = [] if responses else [drawing.opening_draw(turn, rules, pool)]
        responses = responses or drawing.answers_of(turn, draws[0])
        statements.insert_all([turn], draws, responses, beside=_drop(conversation, "say", ASK_DRAFT))
    else:
        statements.inserting(Turn)(turn)
        responses = drawing.go_on(turn, before, here.responses, rules)
        statements.inserting(Response)(*responses)
        drop_draft(conversation, "say")
    passed.keep(turn)
    drawing.hand_over(responses)
    return Situation(Now.ANSWERING, turn, responses=tuple(responses))


def try_again(conversation: Conversation, key: str) -> None:
    """No answer arrived for the newest message: draw afresh for every slot. Raises Refused."""
    try:
        _draw_again(conversation)
    except drawing.EmptyPool as error:
        raise Refused(_nobody_answers()) from error


def _draw_again(conversation: Conversation) -> None:
    with transaction.atomic():
        lock(conversation)
        here = look(conversation)
        if here.now == Now.ANSWERING:
            return
        if here.now not in {Now.STUCK, Now.UNEVEN} or here.turn is None:
            raise Refused(_("There is an answer already."))
        rules = conversation.protocol.parsed()
        old = [response for response in shown(here.turn) if not response.is_rateable]
        if here.now == Now.UNEVEN:
            fresh = drawing.ask_other(here.turn, old[0], rules)
        elif here.turn.number == 0:
            fresh = drawing.open_turn(here.turn, rules)
        else:
            before = conversation.turns.select_related("choice__response__model").get(
                number=here.turn.number - 1
            )
            fresh = drawing.go_on(here.turn, before, old, rules)
        depth = max(response.depth for response in old) + 1
        Response.objects.filter(pk__in=[response.pk for response in old]).update(is_replaced=True)
        for response in fresh:
            response.depth, response.round = depth, old[0].round + 1
        drawing.hand_over(Response.objects.bulk_create(fresh))


def rate(
    conversation: Conversation, turn_number: int | None, scores: Mapping[str, Score], best: str = ""
) -> None:
    """Store what was said of a turn's answers and decide which goes on; repeating it changes nothing.

    `scores` has scores or places by slot; `best` is the slot of the best answer, or a kind of tie, where
    answers are compared. Raises Refused.
    """
    with transaction.atomic():
        lock(conversation)
        here = look(conversation)
        if here.turn is None or here.turn.number != turn_number or here.now in {Now.CHOOSING, Now.REPLYING}:
            return
        if here.now != Now.RATING:
            raise Refused(_("The answers are not complete yet. Please wait a moment."))
        rules = conversation.protocol.parsed()
        responses = [response for response in shown(here.turn) if response.is_rateable]
        values = {slot: score.value for slot, score in scores.items()}
        found = judging.judged(rules.rating, [r.slot for r in responses], values, best)
        traces = {slot: score.trace for slot, score in scores.items()}
        Rating.objects.bulk_create(
            [_rating(r, rules.rating, found[r.slot], traces.get(r.slot, {})) for r in responses if found]
        )
        _decide(here.turn, responses, found, rules)
        _let_know(conversation, AFTER)
        drop_draft(conversation, "rate")


def _rating(response: Response, scale: RatingScale, found: Judgement, trace: dict[str, Any]) -> Rating:
    return Rating(
        response=response,
        kind=scale.kind,
        score=found.score,
        rank=found.rank,
        tie=found.tie,
        trace=trace if scale.kind == SLIDER else {},
    )


def _decide(turn: Turn, responses: list[Response], found: Judgements, rules: Rules) -> None:
    """The best answer wins. A tie waits for the participant, or falls by a recorded seed."""
    slots = judging.best(found)
    best = [response for response in responses if response.slot in slots]
    waits = rules.continuation.who == PARTICIPANT
    if len(responses) == 1 and (waits or not found):
        Choice.objects.create(turn=turn, response=responses[0], rule="only")
    elif waits:
        return
    elif len(best) == 1:
        Choice.objects.create(turn=turn, response=best[0], rule="highest")
    elif rules.tie == RANDOM and not rules.all_go_on:
        seed = random_key()
        winner = random.Random(seed).choice(best)
        Choice.objects.create(
            turn=turn, response=winner, rule="random", tied=[r.slot for r in best], seed=seed
        )


def _let_know(conversation: Conversation, moment: str) -> None:
    """From now on the person may know who answered, where the protocol says so at this moment.

    Until an answer goes on nothing is told: what waits for the participant's choice is chosen blindly.
    """
    if conversation.protocol.parsed().reveal != moment or look(conversation).now == Now.CHOOSING:
        return
    Conversation.objects.filter(pk=conversation.pk, revealed_at=None).update(revealed_at=timezone.now())
    conversation.refresh_from_db(fields=["revealed_at"])


def tied(turn: Turn) -> list[Response]:
    """The responses that share the first place."""
    rated = [r for r in shown(turn) if hasattr(r, "rating")]
    slots = judging.best({r.slot: Judgement(r.rating.score, r.rating.rank) for r in rated})
    return [r for r in rated if r.slot in slots]


def choosable(turn: Turn, rules: Rules) -> list[Response]:
    """The answers with which the participant may go on: all of them, or those that share the first place."""
    if rules.continuation.who == PARTICIPANT:
        return [response for response in shown(turn) if response.is_rateable]
    return tied(turn)


def choose(conversation: Conversation, slot: str) -> None:
    """Go on with an answer by the participant's word; a second click changes nothing. Raises Refused."""
    with transaction.atomic():
        lock(conversation)
        here = look(conversation)
        if here.now == Now.REPLYING:
            return
        if here.now != Now.CHOOSING or here.turn is None:
            raise Refused(_("There is nothing to choose now."))
        rules = conversation.protocol.parsed()
        winner = next((r for r in choosable(here.turn, rules) if r.slot == slot), None)
        if winner is None:
            raise Refused(_why_not_choose(rules))
        rule = "continuation" if rules.continuation.who == PARTICIPANT else "participant"
        best = [response.slot for response in tied(here.turn)]
        Choice.objects.create(turn=here.turn, response=winner, rule=rule, tied=best if len(best) > 1 else [])
        _let_know(conversation, AFTER)


def _why_not_choose(rules: Rules) -> str:
    if rules.continuation.who == PARTICIPANT:
        return _("Please choose one of the answers.")
    return _("Please choose one of the answers you rated highest.")


def finish(conversation: Conversation) -> None:
    """End the chat; feedback is due next. Raises Refused before the protocol's minimum of turns."""
    with transaction.atomic():
        lock(conversation)
        here = look(conversation)
        if here.now in {Now.FEEDBACK, Now.OVER}:
            return
        if not here.may_finish:
            raise Refused(_why_not_finish(here, conversation.protocol.parsed()))
        conversation.state, conversation.chat_finished_at = Conversation.State.FEEDBACK, timezone.now()
        conversation.save(update_fields=["state", "chat_finished_at"])


def _why_not_finish(here: Situation, rules: Rules) -> str:
    if here.turn is None or here.turn.number + 1 < rules.minimum_turns:
        return _("Please exchange at least %(turns)s messages before you finish.") % {
            "turns": rules.minimum_turns
        }
    return _("Please rate the newest answers before you finish.")


def give_feedback(
    conversation: Conversation,
    performance: dict[str, Any],
    choice: dict[str, Any],
    text: str,
    order: dict[str, Any],
    is_sent_anyway: bool = False,
    own: OwnAnswers = NO_ANSWERS,
) -> None:
    """Store the feedback and close the conversation; a second time changes nothing. Raises Refused."""
    passed = checking.check(conversation, Place.FEEDBACK, text, is_sent_anyway)
    texts, kept = checked(conversation, own.texts, is_sent_anyway)
    with transaction.atomic():
        lock(conversation)
        here = look(conversation)
        if here.now == Now.OVER:
            return
        if here.now != Now.FEEDBACK:
            raise Refused(_("Please finish the conversation first."))
        Feedback.objects.create(
            conversation=conversation,
            performance=performance,
            choice=choice,
            text=passed.text,
            order=order,
            blocks=own.closed,
            texts=texts,
        )
        for one in (passed, *kept):
            one.keep()
        Conversation.objects.filter(pk=conversation.pk).update(
            state=Conversation.State.COMPLETE, finished_at=timezone.now()
        )
        _let_know(conversation, AT_END)
        repeats.draw_after(conversation)
        drop_draft(conversation, "feedback")


def draft_page(conversation: Conversation, form: str) -> str:
    return f"chat:{conversation.code}:{form}"


def drop_draft(conversation: Conversation, form: str) -> None:
    """What was sent is no draft any more, on any device."""
    statements.run(*_drop(conversation, form))


def _drop(conversation: Conversation, form: str, *pages: str) -> tuple[str, list[Any]]:
    """The statement that does so, and its values; `pages` held the same."""
    return DROP_DRAFT, [conversation.enrolment_id, [draft_page(conversation, form), *pages]]
