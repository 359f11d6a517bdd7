"""What the conversation pages show: slots with letters and cleaned text, never a model."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from conversations import chat
from conversations.live.wire import write_cursor
from conversations.models import Conversation, Response, Turn
from conversations.protocols import STREAM, Protocol
from conversations.situation import Now, Situation
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


@dataclass(frozen=True)
class TurnView:
    number: int
    text: str
    slots: list[SlotView]
    winner: SlotView | None
    cursor: str


def past_views(conversation: Conversation, newest: Turn | None) -> list[TurnView]:
    """The turns before the newest, with only the answer that won, which is all that is shown of them."""
    if newest is None or newest.number == 0:
        return []
    past = conversation.turns.filter(number__lt=newest.number).select_related("choice__response")
    return [past_view(turn) for turn in past.order_by("number")]


def past_view(turn: Turn) -> TurnView:
    winner = slot_view(turn.choice.response, True, {})
    return TurnView(number=turn.number, text=turn.text, slots=[winner], winner=winner, cursor="")


def paced(responses: Sequence[Response], rules: Protocol) -> Sequence[Response]:
    """The responses as a page may know them: what is paced comes by the stream alone until all are over."""
    if rules.pacing == STREAM or all(response.is_finished for response in responses):
        return responses
    return [Response(pk=r.pk, turn_id=r.turn_id, model_id=r.model_id, slot=r.slot) for r in responses]


def turn_view(turn: Turn, responses: Sequence[Response], draft: dict[str, list[str]]) -> TurnView:
    winner = turn.choice.response_id if hasattr(turn, "choice") else None
    slots = [slot_view(response, response.pk == winner, draft) for response in responses]
    cursor = {r.slot: (r.run, len(r.text)) for r in responses if r.run}
    return TurnView(
        number=turn.number,
        text=turn.text,
        slots=slots,
        winner=next((slot for slot in slots if slot.is_winner), None),
        cursor=write_cursor(cursor),
    )


def slot_view(response: Response, is_winner: bool, draft: dict[str, list[str]]) -> SlotView:
    name = f"score-{response.slot}"
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
    )


def _note(response: Response) -> str:
    if response.state == Response.State.STOPPED:
        return stop_note(response)
    if response.state != Response.State.FAILED:
        return ""
    if response.text.strip():
        return _("This answer stopped before its end. Please rate what you see.")
    return _("No answer arrived here. You need not rate it.")


def stop_note(response: Response) -> str:
    """What is said of an answer that the person stopped."""
    if response.text.strip():
        return _("You stopped this answer. This is what had arrived.")
    return _("You stopped before an answer arrived here.")


def conversation_context(
    conversation: Conversation, here: Situation, draft: dict[str, list[str]]
) -> dict[str, Any]:
    rules: Protocol = conversation.protocol.parsed()
    where = [conversation.study.slug, conversation.code]
    return {
        "conversation": conversation,
        "kind": rules.type(conversation.type),
        "rules": rules,
        "now": here.now.value,
        "here": here,
        "earlier": past_views(conversation, here.turn),
        "latest": turn_view(here.turn, paced(here.responses, rules), draft) if here.turn else None,
        "tied": [r.slot for r in chat.tied(here.turn)] if here.now == Now.CHOOSING and here.turn else [],
        "say_draft": "",
        "page_url": reverse("conversations:conversation", args=where),
        "events_url": reverse("conversations:events", args=[*where, here.turn.number]) if here.turn else "",
        "stop_url": reverse("conversations:stop", args=where) if rules.may_stop else "",
        "waiting": _("The answers are being written. You can rate them once all are complete."),
        "complete": _("All answers are complete. Please rate them."),
    }
