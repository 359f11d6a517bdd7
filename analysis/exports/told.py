"""What a manifest says of protocols beyond their versions: prompts told to models, and reliability.

Nothing where no protocol asks for either, so that manifests of before stay as they were.
"""

from __future__ import annotations

import hashlib
from typing import Any

from analysis.exports.release import CHOSEN_CONVERSATIONS
from conversations import protocols
from conversations.models import Conversation, Opening, Protocol, RepeatRating, Response


def beyond_versions() -> dict[str, Any]:
    """Of the release that is chosen now."""
    prompts, counts = _prompts(), _counts()
    return {
        **({"system_prompts": prompts} if prompts else {}),
        **({"reliability": counts} if any(counts.values()) else {}),
    }


def _prompts() -> list[dict[str, Any]]:
    """Each text as it was told, after the model's own header, by protocol, type and language."""
    held = Conversation.objects.filter(pk__in=CHOSEN_CONVERSATIONS).order_by()
    told = sorted(held.values_list("protocol", "type", "language").distinct())
    versions = Protocol.objects.in_bulk({pk for pk, _kind, _language in told})
    return [
        {
            "protocol": versions[pk].version,
            "type": kind,
            "language": language or None,
            "text": text,
            "sha256": _sha(text),
        }
        for pk, kind, language in told
        if (text := protocols.spoken(versions[pk].document, language).system_for(kind))
    ]


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _counts() -> dict[str, int]:
    given = Opening.objects.filter(conversation__in=CHOSEN_CONVERSATIONS).exclude(key="")
    copied = Response.objects.filter(turn__conversation__in=CHOSEN_CONVERSATIONS, copied_from__isnull=False)
    second = RepeatRating.objects.filter(response__turn__conversation__in=CHOSEN_CONVERSATIONS)
    return {
        "second_ratings": second.count(),
        "conversations_with_a_common_message": given.count(),
        "answers_shown_again": copied.count(),
    }
