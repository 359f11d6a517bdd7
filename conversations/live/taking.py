"""Taking waiting responses for a worker, with all that their calls need, in statements that are text."""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from django.utils import timezone

from conversations import finding
from conversations.models import Conversation, LanguageModel, Provider, Response, Turn
from prism.lib import statements
from prism.lib.statements import Columns

_TAKE = """
    WITH free AS (
        SELECT id FROM conversations_response WHERE id = ANY(%s) AND state = 'waiting'
        ORDER BY id FOR UPDATE SKIP LOCKED)
    UPDATE conversations_response AS r
    SET state = 'streaming', worker = %s, lease_at = %s, attempt = r.attempt + 1
    FROM free WHERE r.id = free.id RETURNING """
_TURNS = """
    , k.ctid::text, k.xmin::text
    FROM conversations_turn t
    JOIN conversations_conversation c ON c.id = t.conversation_id
    JOIN conversations_protocol k ON k.id = c.protocol_id
    WHERE t.id = ANY(%s)
"""
_MODELS = """
    FROM conversations_languagemodel m JOIN conversations_provider p ON p.id = m.provider_id
    WHERE m.id = ANY(%s)
"""


def take_waiting(ids: Sequence[int], worker: str) -> list[Response]:
    """Those of `ids` that wait, each taken for one attempt; what another worker is taking is left to it.

    Call within a transaction.
    """
    columns = _columns(Response, "r")
    rows = statements.rows(f"{_TAKE}{columns.sql}", [ids, worker, timezone.now()])
    taken = sorted((columns.read(row) for row in rows), key=lambda response: response.pk)
    turns = _turns(response.turn_id for response in taken) if taken else {}
    models = _models(response.model_id for response in taken) if taken else {}
    for response in taken:
        response.turn, response.model = turns[response.turn_id], models[response.model_id]
    return taken


def _turns(ids: Iterable[int]) -> dict[int, Turn]:
    """By id, with conversation and protocol."""
    turns, talks = _columns(Turn, "t"), _columns(Conversation, "c")
    found: dict[int, Turn] = {}
    for row in statements.rows(f"SELECT {turns.sql}, {talks.sql}{_TURNS}", [list(set(ids))]):
        turn, end = turns.read(row[: len(turns)]), len(turns) + len(talks)
        turn.conversation = talks.read(row[len(turns) : end])
        turn.conversation.protocol = finding.kept_protocol(turn.conversation.protocol_id, row[end:])
        found[turn.pk] = turn
    return found


def _models(ids: Iterable[int]) -> dict[int, LanguageModel]:
    """By id, with provider."""
    models, providers = _columns(LanguageModel, "m"), _columns(Provider, "p")
    found: dict[int, LanguageModel] = {}
    for row in statements.rows(f"SELECT {models.sql}, {providers.sql}{_MODELS}", [list(set(ids))]):
        model = models.read(row[: len(models)])
        model.provider = providers.read(row[len(models) :])
        found[model.pk] = model
    return found


@cache
def _columns(model: type[Any], alias: str) -> Columns[Any]:
    return Columns(model, alias)
