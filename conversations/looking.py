"""The newest message of a conversation with its answers and what was said of them: asked by every page of a
talk and before every act in it, so in two statements that are text."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from django.db.models import Model

from conversations.models import Choice, Conversation, Rating, Response, Turn, Vote
from conversations.situation import Situation, situation
from prism.lib import statements
from prism.lib.statements import Columns

_TURN = """
    FROM conversations_turn t
    LEFT JOIN conversations_choice c ON c.turn_id = t.id
    LEFT JOIN conversations_vote v ON v.turn_id = t.id
    WHERE t.conversation_id = %s ORDER BY t.number DESC LIMIT 1
"""
_SHOWN = """
    FROM conversations_response r LEFT JOIN conversations_rating g ON g.response_id = r.id
    WHERE r.turn_id = %s AND NOT r.is_replaced ORDER BY r.slot
"""


def look(conversation: Conversation) -> Situation:
    """Where a conversation stands, as it is stored now."""
    turn = newest_turn(conversation)
    responses = shown(turn) if turn else []
    here = situation(conversation, turn, responses, conversation.protocol.parsed())
    return replace(here, responses=tuple(responses))


def newest_turn(conversation: Conversation) -> Turn | None:
    """With its choice and its vote at hand, or the knowledge that there is none."""
    columns, select = _select((Turn, "t"), (Choice, "c"), (Vote, "v"))
    for row in statements.rows(f"{select}{_TURN}", [conversation.pk]):
        turn, choice, vote = _read(columns, row)
        turn.conversation = conversation
        _tie(turn, "turn", choice=choice, vote=vote)
        return turn
    return None


def shown(turn: Turn) -> list[Response]:
    """The answers that a person sees, each with its rating at hand, or the knowledge that there is none."""
    columns, select = _select((Response, "r"), (Rating, "g"))
    found = []
    for row in statements.rows(f"{select}{_SHOWN}", [turn.pk]):
        response, rating = _read(columns, row)
        response.turn = turn
        _tie(response, "response", rating=rating)
        found.append(response)
    return found


@cache
def _select(*models: tuple[type[Any], str]) -> tuple[list[Columns[Any]], str]:
    columns = [Columns(model, alias) for model, alias in models]
    return columns, f"SELECT {', '.join(one.sql for one in columns)}"


def _read(columns: Sequence[Columns[Any]], row: Sequence[Any]) -> Iterator[Any]:
    """A model's row for each of the tables; None where a LEFT JOIN found none, which has no key."""
    begin = 0
    for one in columns:
        values = row[begin : begin + len(one)]
        yield one.read(values) if values[0] is not None else None
        begin += len(one)


def _tie(row: Model, back: str, **beside: Model | None) -> None:
    """As `select_related` would have: asking for what is not there costs no query either."""
    row._state.fields_cache |= beside
    for other in beside.values():
        if other is not None:
            setattr(other, back, row)
