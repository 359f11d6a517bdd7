"""What became of every question for one person, as a pure function of what they submitted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .definitions import Question, Questionnaire

NOT_SHOWN, NOT_REACHED = "not_shown", "not_reached"


def statuses(document: Questionnaire, values: Mapping[str, Any], stored: Mapping[str, str]) -> dict[str, str]:
    """Exactly one status for each answer key of the questionnaire.

    `stored` has the status of the newest answer to each question submitted so far, `values` the values of
    those that were shown. A question that conditions hide is `not_shown`, unless the person has not come to
    its page: then it is `not_reached`, for answers still to come may show it. Nor is one reached that was
    hidden when its page was submitted and shows now: its page is open again.
    """
    found: dict[str, str] = {}
    has_come_so_far = True
    for page, shown in document.pages_with_visible(values):
        for question in page.questions:
            if question in shown:
                found |= _of_shown(question, stored)
            else:
                hidden = NOT_SHOWN if has_come_so_far else NOT_REACHED
                found |= {key: NOT_SHOWN if key in stored else hidden for key in question.answer_keys}
        asked = (key for question in shown for key in question.answer_keys)
        has_come_so_far = has_come_so_far and all(found[key] != NOT_REACHED for key in asked)
    return found


def _of_shown(question: Question, stored: Mapping[str, str]) -> dict[str, str]:
    was_shown = stored.get(question.key, NOT_SHOWN) != NOT_SHOWN
    return {key: stored.get(key, NOT_REACHED) if was_shown else NOT_REACHED for key in question.answer_keys}
