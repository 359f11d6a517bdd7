"""Writing down how calls ended; what ends in the same moment is written in one transaction."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import connection, transaction

from conversations import counting
from conversations.models import Attempt, LanguageModel, Response
from prism.lib import statements

from .calls import Ending, ProviderFailure
from .claiming import price
from .publishing import LOCK
from .together import Together

RESPONSES = """
UPDATE conversations_response AS r SET state = v.state, text = v.text, reasoning = v.reasoning,
    failure = v.failure, finish_reason = v.finish_reason, tokens_in = v.tokens_in, tokens_out = v.tokens_out,
    tokens_reasoning = v.tokens_reasoning, cost = v.cost, first_token_ms = v.first_token_ms,
    first_text_ms = v.first_ms, total_ms = v.total_ms, words = v.words, finished_at = clock_timestamp()
FROM unnest(%s::bigint[], %s::int[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::int[],
    %s::int[], %s::int[], %s::numeric[], %s::int[], %s::int[], %s::int[], %s::int[])
    AS v(id, attempt, state, text, reasoning, failure, finish_reason, tokens_in, tokens_out,
    tokens_reasoning, cost, first_token_ms, first_ms, total_ms, words)
WHERE r.id = v.id AND r.attempt = v.attempt AND r.state = 'streaming' RETURNING r.id
"""
ATTEMPTS = """
UPDATE conversations_attempt AS a SET state = v.state, failure = v.failure, detail = v.detail, text = v.text,
    finished_at = clock_timestamp()
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[])
    AS v(id, state, failure, detail, text)
WHERE a.id = v.id AND a.state = 'started'
"""


@dataclass
class Result:
    """What came of one call."""

    text: str = ""
    reasoning: str = ""
    ending: Ending | None = None
    failure: ProviderFailure | None = None
    first_token_ms: int | None = None
    first_ms: int | None = None
    total_ms: int = 0
    is_superseded: bool = False


@dataclass(frozen=True, eq=False)
class End:
    """A call that is over, with the response and the attempt it was made for."""

    response: Response
    attempt: Attempt
    result: Result

    @property
    def state(self) -> str:
        return str(Response.State.FAILED if self.result.failure else Response.State.DONE)


def finish(end: End) -> bool:
    """Store text and figures; False when another attempt has taken the response over since."""
    return _finish_together(end)[end]


def _finish_all(ends: list[End]) -> dict[End, bool]:
    try:
        with transaction.atomic():
            # In one order, as checkpoints do, so that neither waits for the other in a circle.
            statements.rows(LOCK, [[end.response.pk for end in ends]])
            stored = _store(RESPONSES, [_of_response(end) for end in ends])
            mine = [end for end in ends if end.response.pk in stored]
            if mine:
                close_attempts(mine)
            return {end: end.response.pk in stored for end in ends}
    finally:
        connection.close()


_finish_together = Together(_finish_all)


def close_attempts(ends: list[End]) -> None:
    """Mark the attempts over; the text of a failed one is kept on its own row."""
    _store(ATTEMPTS, [_of_attempt(end) for end in ends])


def _store(statement: str, rows: list[tuple[Any, ...]]) -> set[int]:
    with connection.cursor() as cursor:
        cursor.execute(statement, [list(column) for column in zip(*rows, strict=True)])
        return {row[0] for row in cursor.fetchall()} if cursor.description else set()


def _of_response(end: End) -> tuple[Any, ...]:
    result, failure = end.result, end.result.failure
    ending = result.ending or Ending()
    return (
        end.response.pk,
        end.attempt.number,
        end.state,
        result.text,
        result.reasoning,
        failure.kind if failure else "",
        "" if failure else ending.finish_reason,
        ending.tokens_in,
        ending.tokens_out,
        ending.tokens_reasoning,
        cost(end.response.model, ending),
        result.first_token_ms,
        result.first_ms,
        result.total_ms,
        counting.words(result.text),
    )


def spent(end: End) -> dict[str, Any]:
    """Time and usage of a call that showed nothing, as fields of its response."""
    ending = end.result.ending or Ending()
    return {
        "reasoning": end.result.reasoning,
        "tokens_in": ending.tokens_in,
        "tokens_out": ending.tokens_out,
        "tokens_reasoning": ending.tokens_reasoning,
        "cost": cost(end.response.model, ending),
        "first_token_ms": end.result.first_token_ms,
        "total_ms": end.result.total_ms,
    }


def note_stop(end: End) -> None:
    """The participant stopped the answer: its text stands, and the worker adds the figures it knows."""
    stopped = Response.objects.filter(
        pk=end.response.pk, attempt=end.attempt.number, state=Response.State.STOPPED, total_ms=None
    )
    stopped.update(**spent(end), first_text_ms=end.result.first_ms)


def cost(model: LanguageModel, ending: Ending) -> Decimal | None:
    """What the call cost by the usage that the provider told; None where it told none."""
    if ending.tokens_in is None and ending.tokens_out is None:
        return None
    return price(model, ending.tokens_in or 0, ending.tokens_out or 0)


def _of_attempt(end: End) -> tuple[Any, ...]:
    failure = end.result.failure
    return (
        end.attempt.pk,
        str(Attempt.State.FAILED if failure else Attempt.State.FINISHED),
        failure.kind if failure else "",
        failure.detail if failure else "",
        end.result.text if failure else "",
    )
