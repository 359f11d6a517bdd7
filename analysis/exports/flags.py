"""What is known of one text beside its words: personal data found in it, and what moderation said.

What people sent was looked at before it left, and that look counts: a place that was masked then is not in
the text any more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet

from conversations.models import Conversation, TextCheck
from conversations.privacy.checking import digest_of
from conversations.privacy.rules import Place
from prism.lib.pii.spans import placeholder

# Whether the rules find anything in a text.
Finds = Callable[[str], bool]
HELD_BACK = (TextCheck.Outcome.WARNED, TextCheck.Outcome.BLOCKED)


def on_comments() -> QuerySet[TextCheck]:
    """The looks at comments that were sent, in the order of sending."""
    sent = TextCheck.objects.filter(turn=None, place=TextCheck.Place.FEEDBACK)
    return sent.exclude(outcome__in=HELD_BACK).order_by("pk")


def look_at_message(turn: Any) -> TextCheck | None:
    look: TextCheck | None = getattr(turn, "text_check", None)
    return look if look and look.place == TextCheck.Place.MESSAGE else None


def look_at_comment(conversation: Conversation, looks: list[TextCheck], text: str) -> TextCheck | None:
    """Of all looks of a conversation the one at this text, as it is or with what was found masked."""
    digest = digest_of(conversation, Place.FEEDBACK, text) if looks else ""
    return next((look for look in looks if look.digest == digest or _is_masked(look, text)), None)


def _is_masked(look: TextCheck, text: str) -> bool:
    return any(placeholder(kind) in text for kind in look.kinds)


def flags(text: str, finds: Finds, look: TextCheck | None = None) -> dict[str, Any]:
    """PRISM's three; nobody looks through texts by hand."""
    return {
        "pii_flag": bool(look and look.kinds) or finds(text),
        "pii_manual_flag": None,
        "moderation_flag": _moderation(look),
    }


def _moderation(look: TextCheck | None) -> dict[str, Any] | None:
    """Flagged is what reached the study's threshold; null where no answer of moderation is known."""
    if look is None or not look.scores:
        return None
    return {
        "flagged": bool(look.flagged),
        "categories": {name: name in look.flagged for name in look.scores},
        "category_scores": {name: round(score, 2) for name, score in look.scores.items()},
    }
