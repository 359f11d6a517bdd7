"""What the arena's pages show: two letters and their texts, and models only after the reveal."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from conversations import energy
from conversations.arena import spending
from conversations.arena.addresses import address
from conversations.arena.cards import Card, card
from conversations.arena.spending import Spent
from conversations.arena.voting import NO_THUMB, Thumb, may_know, reactions
from conversations.ballots import SIDES, Ballot
from conversations.live.wire import cursor_of, write_cursor
from conversations.models import Conversation, Report, Response, Turn, Vote
from conversations.situation import Now, Situation
from conversations.views.shapes import length_note, paced, stop_note
from prism.lib.markdown import render as markdown

Drafts = dict[str, list[str]]


@dataclass(frozen=True)
class SideView:
    letter: str
    html: SafeString
    text: str
    is_finished: bool
    is_rateable: bool
    note: str
    is_preferred: bool
    liked: bool | None
    reasons: list[dict[str, Any]]
    remark: str
    has_remarks: bool
    card: Card | None


@dataclass(frozen=True)
class PairView:
    number: int
    text: str
    slots: list[SideView]
    cursor: str
    choice: str
    choice_label: str
    was_blind: bool


def pair_view(
    talk: Conversation,
    turn: Turn,
    responses: Sequence[Response],
    *,
    shows_models: bool | None = None,
    draft: Drafts | None = None,
) -> PairView:
    """A turn with its answers; the models are named once the person knows them, or never.

    `draft` is what was sent with a refused reaction; it stands in the fields of its answer again.
    """
    known = talk.revealed_at is not None if shows_models is None else shows_models
    vote = getattr(turn, "vote", None)
    thumbs = reactions(responses) if vote else {}
    rules = talk.protocol.parsed()
    typed = _typed_thumb(turn, draft or {})
    responses = paced(responses, rules)
    return PairView(
        number=turn.number,
        text=turn.text,
        slots=[
            _side(
                answer, vote, typed.get(answer.slot) or thumbs.get(answer.pk, NO_THUMB), rules.ballot, known
            )
            for answer in responses
        ],
        cursor=write_cursor(cursor_of({r.slot: r.text for r in responses})),
        choice=vote.choice if vote else "",
        choice_label=str(Vote.Choice(vote.choice).label) if vote and vote.choice else "",
        was_blind=bool(vote and vote.blind),
    )


def _typed_thumb(turn: Turn, draft: Drafts) -> dict[str, Thumb]:
    """{slot: what was sent} for the answer of this turn whose reaction was refused."""
    if draft.get("turn") != [str(turn.number)] or "thumb" not in draft:
        return {}
    liked = {"up": True, "down": False}.get(draft["thumb"][0])
    remark = (draft.get("remark") or [""])[0]
    return {draft.get("slot", [""])[0]: Thumb(liked, tuple(draft.get("why", [])), remark)}


def _side(answer: Response, vote: Vote | None, thumb: Thumb, ballot: Ballot | None, known: bool) -> SideView:
    return SideView(
        letter=answer.slot,
        html=markdown(answer.text) if answer.is_finished else SafeString(""),
        text=answer.text,
        is_finished=answer.is_finished,
        is_rateable=answer.is_rateable,
        note=_note(answer),
        is_preferred=bool(vote and vote.choice == f"{answer.slot.lower()}_better"),
        liked=thumb.liked,
        reasons=_reasons_for(thumb, ballot),
        remark=thumb.comment,
        has_remarks=bool(thumb.reasons or thumb.comment),
        card=card(answer.model) if known else None,
    )


def _reasons_for(thumb: Thumb, ballot: Ballot | None) -> list[dict[str, Any]]:
    """The reasons that fit the thumb, in the reader's language."""
    if ballot is None or thumb.liked is None:
        return []
    language = get_language() or ""
    return [
        {"key": reason.key, "label": reason.label(language), "checked": reason.key in thumb.reasons}
        for reason in ballot.reasons
        if reason.is_praise is thumb.liked
    ]


@dataclass(frozen=True)
class Revealed:
    """Who answered on a side, and what its answers took; None where that is not known."""

    letter: str
    card: Card
    spent: Spent | None


def reveal_context(talk: Conversation, turn: Turn | None) -> dict[str, Any]:
    """The cards of the models and the energy of their answers; nothing before the person knows them."""
    if talk.revealed_at is None or turn is None:
        return {"reveal": []}
    spent = spending.by_slot([talk])
    return {
        "reveal": [
            Revealed(
                answer.slot,
                card(answer.model),
                spending.said(spent.get((talk.pk, answer.slot)), spending.is_assumed(answer.model)),
            )
            for answer in answers(turn)
        ],
        "method": energy.method(),
    }


def _note(answer: Response) -> str:
    if answer.state == Response.State.STOPPED:
        return stop_note(answer)
    if answer.state != Response.State.FAILED:
        return length_note(answer)
    if answer.text.strip():
        return _("This answer stopped before its end.")
    return _("No answer arrived here.")


def past_pairs(talk: Conversation, newest: Turn | None, draft: Drafts | None = None) -> list[PairView]:
    """The turns before the newest, with both answers and the vote."""
    if newest is None or newest.number == 0:
        return []
    past = talk.turns.filter(number__lt=newest.number).select_related("vote").order_by("number")
    return [pair_view(talk, turn, answers(turn), draft=draft) for turn in past]


def answers(turn: Turn) -> list[Response]:
    return list(turn.responses.shown().select_related("model").order_by("slot"))


def talk_context(talk: Conversation, here: Situation, draft: Drafts) -> dict[str, Any]:
    rules = talk.protocol.parsed()
    study, code = talk.study, talk.code
    return {
        "conversation": talk,
        "rules": rules,
        "now": here.now.value,
        "here": here,
        "is_revealed": talk.revealed_at is not None,
        "may_know": may_know(here, rules),
        "earlier": past_pairs(talk, here.turn, draft),
        "latest": pair_view(talk, here.turn, here.responses, draft=draft) if here.turn else None,
        "ballot": ballot_context(rules.ballot, draft) if rules.ballot and here.now == Now.VOTING else None,
        "page_url": address(study, "talk", code),
        "events_url": address(study, "events", code, here.turn.number) if here.turn else "",
        "stop_url": address(study, "stop", code) if rules.may_stop else "",
        "shared_url": address(study, "shared", talk.share_key) if talk.share_key else "",
        "report_url": address(study, "report", code),
        "report_kinds": Report.Kind.choices,
        "waiting": _("Both answers are being written. You can vote once they are complete."),
        "complete": _("Both answers are complete. Which is better?"),
        **reveal_context(talk, here.turn if here.now == Now.REPLYING else None),
    }


def ballot_context(ballot: Ballot, draft: Drafts) -> dict[str, Any]:
    """The five choices and the reasons in the reader's language, as they were left."""
    language = get_language() or ""
    chosen = (draft.get("choice") or [""])[0]
    return {
        "choices": [
            {"value": choice.value, "label": choice.label, "checked": choice.value == chosen}
            for choice in (
                *(Vote.Choice.A_BETTER, Vote.Choice.BOTH_GOOD, Vote.Choice.BOTH_BAD),
                *(Vote.Choice.B_BETTER, Vote.Choice.IDK),
            )
        ],
        "sides": [
            {
                "letter": side,
                "name": f"reasons-{side}",
                "reasons": [
                    {
                        "key": reason.key,
                        "label": reason.label(language),
                        "is_praise": reason.is_praise,
                        "checked": reason.key in draft.get(f"reasons-{side}", []),
                    }
                    for reason in ballot.reasons
                ],
            }
            for side in SIDES
        ],
        "comment": (draft.get("comment") or [""])[0],
        "comment_maximum": ballot.comment_maximum,
        "has_more": bool(draft.get("comment", [""])[0] or any(draft.get(f"reasons-{s}") for s in SIDES)),
    }
