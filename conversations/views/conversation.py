"""One conversation as it stands, for the participant who holds it."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from conversations import chat, finding
from conversations.models import Conversation
from conversations.refusals import Held
from conversations.situation import Now, Situation
from conversations.views import tickets
from conversations.views.shapes import conversation_context
from conversations.views.suggesting import chosen
from prism.lib.codes import random_key
from surveys.answers import drafts_for
from surveys.views.visit import Visit, asks_for_part, in_stage, page_context, participant_page


def address(name: str, conversation: Conversation) -> str:
    return reverse(f"conversations:{name}", args=[conversation.study.slug, conversation.code])


def conversation_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Only the participant's own conversation, and only on a device that may read it; else 404."""

    @wraps(view)
    def inner(request: HttpRequest, visit: Visit, code: str, *args: Any, **kwargs: Any) -> HttpResponse:
        conversation = find(visit, code)
        return view(request, visit, conversation, *args, **kwargs)

    return inner


def find(visit: Visit, code: str) -> Conversation:
    found = finding.find(visit.device, code)
    if found is None:
        raise Http404
    found.enrolment, found.study = visit.enrolment, visit.study
    return found


@require_safe
@participant_page
@in_stage("conversations", is_door=False)
@conversation_page
def conversation(request: HttpRequest, visit: Visit, conversation: Conversation) -> HttpResponse:
    return show(request, visit, conversation)


def show(
    request: HttpRequest,
    visit: Visit,
    conversation: Conversation,
    error: str = "",
    typed: dict[str, list[str]] | None = None,
    here: Situation | None = None,
    held: Held | None = None,
) -> HttpResponse:
    """The conversation as it stands, or is known to: `here`. After a refusal fields hold what was `typed`.

    A script that asks for the part alone gets the talk without the page around it, which costs about half.
    """
    here = here or chat.look(conversation)
    if here.now == Now.OVER:
        return redirect("conversations:overview", slug=visit.study.slug)
    if here.now == Now.FEEDBACK:
        return redirect(address("feedback", conversation))
    draft = {**drafts(visit, conversation, here, "say", "rate"), **(typed or {})}
    is_part = asks_for_part(request, "talk")
    text, topic = chosen(conversation.protocol.parsed(), conversation.type, request.GET.get("use", ""))
    context = {
        **({"study": visit.study} if is_part else page_context(request, visit, "conversations")),
        **conversation_context(conversation, here, draft),
        "ticket": tickets.issue(conversation, visit.device, here),
        "say_draft": text or draft.get("text", [""])[0],
        "topic": topic or draft.get("topic", [""])[0],
        "form_key": random_key(),
        "error": error,
        "held": held,
        "say_draft_url": draft_url(visit, conversation, "say"),
        "rate_draft_url": draft_url(visit, conversation, "rate"),
    }
    template = "conversations/talk.html" if is_part else "conversations/conversation.html"
    return render(request, template, context, status=409 if error else 200)


def drafts(visit: Visit, conversation: Conversation, here: Situation, *forms: str) -> dict[str, list[str]]:
    """What was typed and not sent yet, where there is a form to hold it."""
    if here.now == Now.ANSWERING:
        return {}
    return drafts_for(visit.device, [chat.draft_page(conversation, form) for form in forms])


def draft_url(visit: Visit, conversation: Conversation, form: str) -> str:
    return reverse("surveys:draft", args=[visit.study.slug, chat.draft_page(conversation, form)])
