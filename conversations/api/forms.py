"""A program's body as the page's own form, so that the same function reads both."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, QueryDict

from conversations.chat import Score
from conversations.protocols import Protocol

NOT_APPLICABLE = "not_applicable"


def filled(fields: Mapping[str, Any]) -> HttpRequest:
    """The form with these fields; null leaves one untouched, and several values are ticked together."""
    sent = QueryDict(mutable=True)
    for name, value in fields.items():
        values = value if isinstance(value, list) else [value]
        sent.setlist(
            name, ["on" if each is True else str(each) for each in values if each not in (None, False)]
        )
    form = HttpRequest()
    form.POST = sent  # type: ignore[assignment]
    return form


def feedback_form(given: Mapping[str, Any]) -> HttpRequest:
    """The form at the end of a conversation: blocks of sliders, the study's own questions, and words."""
    fields: dict[str, Any] = {**given["questions"], "open_feedback": given["text"]}
    for block in ("performance", "choice"):
        for key, value in given[block].items():
            is_na = value == NOT_APPLICABLE
            fields[f"{block}.{key}__na" if is_na else f"{block}.{key}"] = is_na or value
    return filled(fields | ({"anyway": True} if given["anyway"] else {}))


def scores(given: Mapping[str, int], rules: Protocol) -> dict[str, Score]:
    """Scores or places by slot; what lies off the scale counts as untouched, as on the page."""
    scale = rules.rating
    return {
        slot: Score(value if scale.minimum <= value <= scale.maximum else None, {})
        for slot, value in given.items()
    }
