"""What a rating form sends: scores, places, and how each slider was moved."""

import json
from typing import Any

from django.http import HttpRequest

from conversations.chat import Score
from conversations.protocols import RANKING, Protocol, RatingScale
from prism.lib.numbers import whole_number

MOVEMENT = ("start", "first", "first_ms", "last_ms", "moves")


def scores(request: HttpRequest, protocol: Protocol) -> dict[str, Score]:
    """Scores or places of a rating form by slot letter; what lies off the scale counts as untouched."""
    prefix = field_of(protocol.rating, "")
    names = [name for name in request.POST if name.startswith(prefix) and len(name) == len(prefix) + 1]
    return {name[-1]: score(request, name, protocol.rating) for name in names}


def field_of(scale: RatingScale, slot: str) -> str:
    """The name under which a form sends the score or place of a slot."""
    return f"{'place' if scale.kind == RANKING else 'score'}-{slot}"


def score(request: HttpRequest, name: str, scale: RatingScale) -> Score:
    """What one slider sends; a value off the scale is none."""
    value = whole_number(request.POST.get(name, ""), most_digits=9)
    on_scale = value is not None and scale.minimum <= value <= scale.maximum
    return Score(value if on_scale else None, trace(request.POST.get(f"{name}__trace", "")))


def trace(text: str) -> dict[str, Any]:
    """The slider's own account of its movements, as far as it makes sense."""
    try:
        raw = json.loads(text[:500]) if text else {}
    except (ValueError, RecursionError):
        return {}
    if not isinstance(raw, dict):
        return {}
    return {name: raw[name] for name in MOVEMENT if type(raw.get(name)) is int and abs(raw[name]) < 2**53}
