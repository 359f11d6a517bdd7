"""What a judge would be asked of one task, before any judge is: each step in the words that would be sent."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from annotations.judging.asking import Protocol, Question, Subject
from annotations.judging.prompts import Asks
from annotations.rubric_documents import Fact, FactKind, RubricDocument


def questions(protocol: Protocol, subject: Subject) -> list[Question]:
    """Every step that the task and the rubric have something for, in the order of the source.

    Nobody has told the facts of the query yet: each is taken for one that calls for further questions.
    """
    answers: dict[tuple[str, bool], Any] = {}
    found = []
    for step in protocol.prompts.steps:
        question = protocol.question(step, subject, answers, is_swapped=False)
        if question is None:
            continue
        found.append(question)
        if step.asks == Asks.FACTS:
            answers[step.key, False] = {f.slug: _calling(f, protocol.rubric) for f in protocol.rubric.facts}
        elif step.asks == Asks.REFERENCE:
            answers[step.key, False] = {"text": _("(Here stands the answer that the judge gave.)")}
    return found


def _calling(fact: Fact, rubric: RubricDocument) -> bool | list[str]:
    if fact.kind != FactKind.YES_NO:
        return [_("(what the judge finds of it in the query)")]
    conditions = (one.condition for one in rubric.properties)
    return next((c.value for c in conditions if c is not None and c.fact == fact.slug), True)
