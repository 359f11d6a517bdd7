"""A comparison as it stands, as a page or as the part of one that a script asks for."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from conversations import chat
from conversations.models import Conversation
from conversations.refusals import Held
from conversations.situation import Situation
from conversations.views import tickets
from conversations.views.arena.shapes import talk_context
from conversations.views.conversation import draft_url, drafts
from prism.lib.codes import random_key
from surveys.views.visit import Visit, asks_for_part, page_context

PART = "talk"


def show(
    request: HttpRequest,
    visit: Visit,
    conversation: Conversation,
    error: str = "",
    typed: dict[str, list[str]] | None = None,
    here: Situation | None = None,
    held: Held | None = None,
) -> HttpResponse:
    """The comparison as it stands; a script gets the talk alone. After a refusal fields hold `typed`."""
    here = here or chat.look(conversation)
    draft = {**drafts(visit, conversation, here, "say", "vote"), **(typed or {})}
    is_part = asks_for_part(request, PART)
    context = {
        **({"study": visit.study} if is_part else page_context(request, visit, "")),
        **talk_context(conversation, here, draft),
        "ticket": tickets.issue(conversation, visit.device, here),
        "say_draft": draft.get("text", [""])[0],
        "form_key": random_key(),
        "error": error,
        "held": held,
        "say_draft_url": draft_url(visit, conversation, "say"),
        "vote_draft_url": draft_url(visit, conversation, "vote"),
    }
    template = "arena/talk.html" if is_part else "arena/conversation.html"
    return render(request, template, context, status=409 if error else 200)
