"""From answers that were chosen to tasks: the message, what was said before it, and the answers."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from annotations.batches.choosing import Pick
from annotations.batches.rows import SideRow, TaskRow
from annotations.batches.storing import chunks
from conversations.arena.voting import names
from conversations.leaks import leaks
from conversations.models import LanguageModel, Response, Turn

AT_ONCE = 200
LEAK, GONE = "leak", "gone"
Said = tuple[dict[str, str], ...]


def task_rows(picks: Sequence[Pick], left_out: Counter[str]) -> Iterator[TaskRow]:
    """A task for each, as it was written; `left_out` counts those that cannot be shown blind, or are gone."""
    for chunk in chunks(picks, AT_ONCE):
        ids = {pk for pick in chunk for pk in pick.responses}
        found = Response.objects.select_related("turn__conversation", "model").defer("reasoning").in_bulk(ids)
        before = _said_before(list(found.values()))
        for pick in chunk:
            answers = [found[pk] for pk in pick.responses if pk in found]
            if len(answers) < len(pick.responses):
                left_out[GONE] += 1
            elif any(leaks(answer.text, names(answer.model)) for answer in answers):
                left_out[LEAK] += 1
            else:
                yield _row(pick, answers, before)


def count_models(picks: Sequence[Pick]) -> int:
    """How many models wrote them; which ones, no page of a batch tells."""
    found: set[int] = set()
    for chunk in chunks({pk for pick in picks for pk in pick.responses}, 5000):
        found |= set(Response.objects.filter(pk__in=chunk).values_list("model", flat=True))
    return LanguageModel.objects.filter(pk__in=found).count()


def _row(pick: Pick, answers: Sequence[Response], before: Mapping[int, Sequence[Turn]]) -> TaskRow:
    turn = answers[0].turn
    talk = turn.conversation
    return TaskRow(
        key=f"{talk.code}-{turn.number + 1}-{''.join(answer.slot for answer in answers)}",
        query=turn.text,
        sides=tuple(
            SideRow(answer.text, response_id=answer.pk, model_name=answer.model.name) for answer in answers
        ),
        turn_id=turn.pk,
        context=_context(earlier for earlier in before[talk.pk] if earlier.number < turn.number),
        language=talk.language,
        preferences={"human": pick.preference} if pick.preference else {},
    )


def _said_before(answers: Sequence[Response]) -> dict[int, list[Turn]]:
    """The turns of the conversations that went beyond their first message, by conversation."""
    talks = {answer.turn.conversation_id for answer in answers if answer.turn.number > 0}
    turns = Turn.objects.filter(conversation__in=talks).select_related("choice__response").order_by("number")
    found: dict[int, list[Turn]] = defaultdict(list)
    for turn in turns:
        found[turn.conversation_id].append(turn)
    return found


def _context(turns: Iterator[Turn]) -> Said:
    """What was asked and, where one answer was chosen to go on with, what was answered."""
    said: list[dict[str, str]] = []
    for turn in turns:
        said.append({"role": "user", "text": turn.text})
        if chosen := getattr(turn, "choice", None):
            said.append({"role": "assistant", "text": chosen.response.text})
    return tuple(said)
