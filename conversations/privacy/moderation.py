"""Asking an OpenAI-compatible endpoint what a text is about, for no longer than a person may wait.

What is found to be personal is masked before: the text goes to somebody else's machine.
"""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.utils import timezone

from conversations.live import loop
from conversations.models import Conversation, Provider, TextCheck
from conversations.privacy.rules import Moderation
from prism.lib.crypto import UnreadableSecret
from prism.lib.pii import mask
from prism.lib.pii.names import names
from prism.lib.places import elsewhere

SECONDS = 2.5
KEPT_FOR = timedelta(minutes=15)
MOST_CATEGORIES = 50
State = TextCheck.Moderation
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Verdict:
    """Scores by category, 0 to 1, as the provider gave them; none where it was not asked or said nothing."""

    state: TextCheck.Moderation = State.NOT_ASKED
    scores: Mapping[str, float] = field(default_factory=dict)


def verdict(rules: Moderation, conversation: Conversation, text: str, digest: str) -> Verdict:
    """What is known of the text: from a quarter of an hour before, else from the provider."""
    since = timezone.now() - KEPT_FOR
    known = TextCheck.objects.filter(conversation=conversation, digest=digest, at__gte=since)
    scores = known.exclude(scores={}).order_by("-id").values_list("scores", flat=True).first()
    return Verdict(State.KEPT, scores) if scores else ask(rules, text)


def ask(rules: Moderation, text: str) -> Verdict:
    """One call. Whatever goes wrong is a verdict without scores; the log has its kind and never the text."""
    provider = Provider.objects.filter(name=rules.provider, is_on=True).first()
    if provider is None:
        return Verdict(State.FAILED)
    try:
        key = provider.api_key
    except UnreadableSecret:
        return Verdict(State.FAILED)
    try:
        masked = mask(text, names=names)[0]
        with elsewhere():
            return Verdict(State.ANSWERED, loop.run(_scores(provider, key, rules.model, masked)))
    except Exception as error:  # a provider may answer anything, and people wait
        log.warning("moderation did not answer: %s", type(error).__name__)
        return Verdict(State.FAILED)


async def _scores(provider: Provider, key: str, model: str, text: str) -> dict[str, float]:
    from conversations.live.provider import client_for

    client = client_for(provider.base_url, key, provider.reach)
    # Around all of it: a provider that sends a byte now and then would else hold the person for ever.
    async with asyncio.timeout(SECONDS):
        answer = await client.moderations.with_raw_response.create(
            model=model, input=text, timeout=SECONDS, extra_headers={"X-Prism-Attempt": "moderation"}
        )
        return read(answer.http_response.json())


def read(answer: Any) -> dict[str, float]:
    """The scores of the first result. Raises what Python raises where they are not where they should be."""
    found = answer["results"][0]["category_scores"]
    scores = {str(name)[:60]: float(score) for name, score in found.items()}
    if not scores or len(scores) > MOST_CATEGORIES or not all(0 <= score <= 1 for score in scores.values()):
        raise ValueError("scores out of range")
    return scores
