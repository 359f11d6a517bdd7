"""What the conversation pages show: slots with letters and cleaned text, never a model."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from conversations import chat, openings
from conversations.arena.cards import Card, card
from conversations.live.wire import cursor_of, write_cursor
from conversations.models import Conversation, Response, Turn
from conversations.protocols import STREAM, Protocol
from conversations.situation import Now, Situation
from conversations.views.scales import by_place, praise, scale_context
from conversations.views.sliders import field_of
from conversations.views.suggesting import offered
from prism.lib.markdown import render as markdown


@dataclass(frozen=True)
class SlotView:
    letter: str
    html: SafeString
    text: str
    is_finished: bool
    is_rateable: bool
    note: str
    score_name: str
    value: str
    trace: str
    is_winner: bool
    card: Card | None = None


@dataclass(frozen=True)
class TurnView:
    number: int
    text: str
    slots: list[SlotView]
    winner: SlotView | None
    cursor: str


def past_views(conversation: Conversation, newest: Turn | None) -> list[TurnView]:
    """The turns before the newest, with the answers that went on, which is all that is shown of them."""
    if newest is None or newest.number == 0:
        return []
    past = conversation.turns.filter(number__lt=newest.number).select_related("choice__response__model")
    return [past_view(conversation, turn) for turn in past.order_by("number")]


def past_view(conversation: Conversation, turn: Turn) -> TurnView:
    rules, winner = conversation.protocol.parsed(), turn.choice.response if hasattr(turn, "choice") else None
    is_known = conversation.revealed_at is not None
    went_on = _with_models(turn) if rules.all_go_on or winner is None else [winner]
    slots = [slot_view(r, r == winner, {}, rules, is_known) for r in went_on if r.is_rateable]
    first = next((slot for slot in slots if slot.is_winner), None)
    return TurnView(number=turn.number, text=turn.text, slots=slots, winner=first, cursor="")


def _with_models(turn: Turn) -> list[Response]:
    return list(turn.responses.shown().select_related("model").order_by("slot"))


def revealed_views(conversation: Conversation) -> list[TurnView]:
    """Every turn with all its answers and who gave them. For a conversation whose models may be known."""
    rules, turns = conversation.protocol.parsed(), conversation.turns.select_related("choice")
    return [turn_view(turn, _with_models(turn), {}, rules, True) for turn in turns.order_by("number")]


def paced(responses: Sequence[Response], rules: Protocol) -> Sequence[Response]:
    """The responses as a page may know them: what is paced comes by the stream alone until all are over."""
    if rules.pacing == STREAM or all(response.is_finished for response in responses):
        return responses
    return [Response(pk=r.pk, turn_id=r.turn_id, model_id=r.model_id, slot=r.slot) for r in responses]


def turn_view(
    turn: Turn,
    responses: Sequence[Response],
    draft: dict[str, list[str]],
    rules: Protocol,
    is_known: bool = False,
) -> TurnView:
    """`is_known`: the person may know by now who gave these answers."""
    winner = turn.choice.response_id if hasattr(turn, "choice") else None
    slots = [slot_view(r, r.pk == winner, draft, rules, is_known) for r in responses]
    return TurnView(
        number=turn.number,
        text=turn.text,
        slots=slots,
        winner=next((slot for slot in slots if slot.is_winner), None),
        cursor=write_cursor(cursor_of({r.slot: r.text for r in responses})),
    )


def slot_view(
    response: Response,
    is_winner: bool,
    draft: dict[str, list[str]],
    rules: Protocol,
    is_known: bool = False,
) -> SlotView:
    name = field_of(rules.rating, response.slot)
    return SlotView(
        letter=response.slot,
        html=markdown(response.text) if response.is_finished else SafeString(""),
        text=response.text,
        is_finished=response.is_finished,
        is_rateable=response.is_rateable,
        note=_note(response),
        score_name=name,
        value=(draft.get(name) or [""])[0],
        trace=(draft.get(f"{name}__trace") or [""])[0],
        is_winner=is_winner,
        card=card(response.model) if is_known else None,
    )


def _note(response: Response) -> str:
    if response.state == Response.State.STOPPED:
        return stop_note(response)
    if response.state != Response.State.FAILED:
        return length_note(response)
    if response.text.strip():
        return _("This answer stopped before its end. Please rate what you see.")
    return _("No answer arrived here. You need not rate it.")


def length_note(response: Response) -> str:
    """What is said of an answer that ran into the greatest length, in the same words for every model."""
    return _("This answer reached its greatest length.") if response.is_truncated else ""


def stop_note(response: Response) -> str:
    """What is said of an answer that the person stopped."""
    if response.text.strip():
        return _("You stopped this answer. This is what had arrived.")
    return _("You stopped before an answer arrived here.")


def _latest(conversation: Conversation, here: Situation, draft: dict[str, list[str]]) -> dict[str, Any]:
    """The newest turn, its scale, and the letters among which the participant chooses."""
    if here.turn is None:
        return {"latest": None}
    rules, is_over = conversation.protocol.parsed(), here.now in {Now.REPLYING, Now.FEEDBACK, Now.OVER}
    is_known = is_over and conversation.revealed_at is not None
    view = turn_view(here.turn, paced(here.responses, rules), draft, rules, is_known)
    return {
        "latest": view,
        **rating_context(view, draft, rules),
        "choosable": [r.slot for r in chat.choosable(here.turn, rules)] if here.now == Now.CHOOSING else [],
    }


def rating_context(view: TurnView, draft: dict[str, list[str]], rules: Protocol) -> dict[str, Any]:
    """What the rating form shows beside the answers: the scale, and what was filled in."""
    rated = [slot for slot in view.slots if slot.is_rateable]
    order = by_place([slot.letter for slot in rated], [slot.value for slot in rated])
    return {
        "scale": scale_context(rules.rating, len(rated)),
        "ranked": sorted(rated, key=lambda slot: order.index(slot.letter)),
        "best": (draft.get("best") or [""])[0],
    }


def conversation_context(
    conversation: Conversation, here: Situation, draft: dict[str, list[str]]
) -> dict[str, Any]:
    rules: Protocol = conversation.protocol.spoken()
    where = [conversation.study.slug, conversation.code]
    return {
        "conversation": conversation,
        "kind": rules.type(conversation.type),
        "rules": rules,
        "now": here.now.value,
        "here": here,
        "earlier": past_views(conversation, here.turn),
        **_latest(conversation, here, draft),
        "praise": praise(rules),
        "say_draft": "",
        "given_text": openings.given_text(conversation) if here.now == Now.OPENING else "",
        "suggestions": offered(rules, conversation.type) if here.now == Now.OPENING else [],
        "page_url": reverse("conversations:conversation", args=where),
        "events_url": reverse("conversations:events", args=[*where, here.turn.number]) if here.turn else "",
        "stop_url": reverse("conversations:stop", args=where) if rules.may_stop else "",
        "waiting": _("The answers are being written. You can rate them once all are complete."),
        "complete": _("All answers are complete. Please rate them."),
    }
