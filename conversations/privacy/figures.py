"""How often something was found in what participants sent, and what was done. No texts, no people."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Count

from conversations.models import TextCheck
from surveys.models import Study

COUNT_KEYS = """
SELECT checks.place, each.key, {what} FROM conversations_textcheck checks
JOIN conversations_conversation talks ON talks.id = checks.conversation_id,
jsonb_each_text(checks.{column}) each
WHERE talks.study_id = %s GROUP BY 1, 2 ORDER BY 2, 1
"""


@dataclass(frozen=True)
class Line:
    """A row of a table: what is counted, in messages and in comments."""

    label: Any
    message: int
    feedback: int


@dataclass(frozen=True)
class Figures:
    outcomes: Sequence[Line]
    kinds: Sequence[Line]
    moderation: Sequence[Line]
    categories: Sequence[Line]

    @property
    def is_empty(self) -> bool:
        return not any((self.outcomes, self.kinds, self.moderation))


def figures(study: Study) -> Figures:
    """A text that is held back counts each time; an erased one keeps its outcome and nothing else."""
    return Figures(
        outcomes=_by_column(study, "outcome", TextCheck.Outcome.choices),
        kinds=_by_key(study, "kinds", "sum(each.value::int)"),
        moderation=_by_column(study, "moderation", TextCheck.Moderation.choices[1:]),
        categories=_by_key(study, "flagged", "count(*)"),
    )


def _by_column(study: Study, column: str, choices: Sequence[tuple[str, Any]]) -> list[Line]:
    checks = TextCheck.objects.filter(conversation__study=study).values_list("place", column)
    counts = {(place, value): n for place, value, n in checks.annotate(n=Count("pk")).order_by()}
    lines = [
        Line(label, counts.get(("message", value), 0), counts.get(("feedback", value), 0))
        for value, label in choices
    ]
    return [line for line in lines if line.message or line.feedback]


def _by_key(study: Study, column: str, what: str) -> list[Line]:
    with connection.cursor() as cursor:
        cursor.execute(COUNT_KEYS.format(column=column, what=what), [study.pk])
        counts = {(place, key): int(n) for place, key, n in cursor.fetchall()}
    keys = dict.fromkeys(key for _place, key in counts)
    return [Line(key, counts.get(("message", key), 0), counts.get(("feedback", key), 0)) for key in keys]
