"""System prompts in an export of the arena: as they were sent, whatever the registry says today."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce

from analysis.exports.release import CHOSEN_CONVERSATIONS
from conversations.models import Attempt, Conversation, Response, SystemPrompt
from conversations.prompts import system_prompt

NAME = "system_sha256"
NOTE = (
    "system_prompt_* and the system message are those sent with the last answer of the row: a header edited "
    "later changes nothing in them."
)
REBUILT = (
    "Answers of the release that were made before Prism kept system prompts: {}. Theirs are put together "
    "from the registry at the time of the export, and may have been others."
)


def with_prompts(responses: QuerySet[Response]) -> QuerySet[Any]:
    """Each with `sent`, the system prompt of its newest call, null where there was none or it was not kept.

    `is_noted` says that the call's hash was. An answer that was shown again has the call that made it.
    """
    made = Attempt.objects.filter(response=Coalesce(OuterRef("copied_from"), OuterRef("pk")))
    calls = made.exclude(prompt_sha256="").order_by("-number").annotate(sha=KeyTextTransform(NAME, "request"))
    kept = SystemPrompt.objects.filter(sha256=OuterRef("sent_sha256"))
    return responses.annotate(
        sent_sha256=Subquery(calls.values("sha")[:1]),
        is_noted=Exists(calls.filter(request__has_key=NAME)),
    ).annotate(sent=Subquery(kept.values("text")))


def prompt(response: Any, conversation: Conversation) -> str:
    """What the model was told before this answer; "" for nothing."""
    if response.sent is not None:
        return str(response.sent)
    if response.is_noted and response.sent_sha256 is None:
        return ""
    return system_prompt(response.model, conversation)


def notes() -> list[str]:
    """On the prompts of the release that is chosen now."""
    answers = Response.objects.exclude(text="").filter(turn__conversation__in=CHOSEN_CONVERSATIONS)
    live = with_prompts(answers.shown()).filter(turn__conversation__imported=None)
    rebuilt = live.filter(Q(is_noted=False) | Q(sent=None, sent_sha256__isnull=False)).count()
    return [NOTE, *([REBUILT.format(rebuilt)] if rebuilt else [])]
