"""What became of every question for one person, as a pure function of what they submitted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .definitions import Question, Questionnaire

NOT_SHOWN, NOT_REACHED = "not_shown", "not_reached"


def statuses(document: Questionnaire, values: Mapping[str, Any], stored: Mapping[str, str]) -> dict[str, str]:
    """Exactly one status for each answer key of the questionnaire.

    `stored` has the status of the newest answer to each question submitted so far, `values` the values of
    those that were shown. A question that conditions hide is `not_shown` once the person has passed its
    page; until then it is `not_reached`, for answers still to come may show it. Nor is one reached that was
    hidden when its page was submitted and shows now: its page is open again.
    """
    found: dict[str, str] = {}
    has_passed = True
    for page, shown in document.pages_with_visible(values):
        asked = {key: status for question in shown for key, status in _of_shown(question, stored).items()}
        has_passed = has_passed and NOT_REACHED not in asked.values()
        hidden = NOT_SHOWN if has_passed else NOT_REACHED
        for key in page.answer_keys:
            found[key] = asked.get(key) or (NOT_SHOWN if key in stored else hidden)
    return found


def _of_shown(question: Question, stored: Mapping[str, str]) -> dict[str, str]:
    was_shown = stored.get(question.key, NOT_SHOWN) != NOT_SHOWN
    return {key: stored.get(key, NOT_REACHED) if was_shown else NOT_REACHED for key in question.answer_keys}
