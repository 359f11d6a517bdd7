"""What a participant says of a whole conversation, once it is over."""

import random
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from conversations import chat
from conversations.chat import Refused
from conversations.models import Conversation
from conversations.protocols import Protocol
from conversations.refusals import Held, held
from conversations.views.conversation import address, conversation_page, draft_url
from conversations.views.shapes import conversation_context
from conversations.views.sliders import score
from surveys.answers import draft_for
from surveys.views.visit import Visit, in_stage, page_context, participant_page

BLOCKS = ("performance", "choice")


@require_http_methods(["GET", "HEAD", "POST"])
@participant_page
@in_stage("conversations", is_door=False)
@conversation_page
def feedback(request: HttpRequest, visit: Visit, conversation: Conversation) -> HttpResponse:
    """The form, and giving what it asks for; a refusal keeps all that was filled in."""
    if conversation.state != Conversation.State.FEEDBACK:
        return redirect(address("conversation", conversation))
    if request.method != "POST":
        typed = draft_for(visit.device, chat.draft_page(conversation, "feedback"))
        return _show(request, visit, conversation, typed)
    try:
        _give(request, conversation)
    except Refused as refusal:
        typed = {name: request.POST.getlist(name) for name in request.POST}
        return _show(request, visit, conversation, typed, str(refusal), held(refusal))
    if conversation.revealed_at is not None:
        return redirect(address("models", conversation))
    return redirect("conversations:overview", slug=visit.study.slug)


def _give(request: HttpRequest, conversation: Conversation) -> None:
    rules = conversation.protocol.parsed()
    text = chat.cleaned(request.POST.get("open_feedback", ""))
    if rules.feedback.open_required and not text:
        raise Refused(_("Please write a few words about the answers."))
    if len(text) > rules.feedback.open_maximum:
        said = {"length": len(text), "most": rules.feedback.open_maximum}
        raise Refused(_("Your text has %(length)s characters; %(most)s is the most.") % said)
    performance, choice = (_read(request, block, rules) for block in BLOCKS)
    order = {"attributes": attribute_order(conversation, rules)}
    chat.give_feedback(conversation, performance, choice, text, order, "anyway" in request.POST)


def attribute_order(conversation: Conversation, rules: Protocol) -> list[str]:
    """The attributes in an order of this conversation's own, the same at every look."""
    keys = list(rules.feedback.attributes)
    random.Random(f"{conversation.enrolment.order_seed}:{conversation.pk}").shuffle(keys)
    return keys


def _read(request: HttpRequest, block: str, rules: Protocol) -> dict[str, Any]:
    """{attribute: {value, status, trace}} of one block of feedback sliders."""
    return {key: _slider(request, f"{block}.{key}", rules) for key in rules.feedback.attributes}


def _slider(request: HttpRequest, name: str, rules: Protocol) -> dict[str, Any]:
    given = score(request, name, rules.feedback_scale)
    is_na = request.POST.get(f"{name}__na") == "on"
    status = "not_applicable" if is_na else "untouched" if given.value is None else "answered"
    return {"value": None if is_na else given.value, "status": status, "trace": given.trace}


def _show(
    request: HttpRequest,
    visit: Visit,
    conversation: Conversation,
    typed: dict[str, list[str]],
    error: str = "",
    held: Held | None = None,
) -> HttpResponse:
    rules = conversation.protocol.parsed()
    order = attribute_order(conversation, rules)
    context = {
        **page_context(request, visit, "conversations"),
        "conversation": conversation,
        "rules": rules,
        "opening": conversation_context(conversation, chat.look(conversation), {}),
        "blocks": [_block(name, rules, order, typed) for name in BLOCKS],
        "open_feedback": (typed.get("open_feedback") or [""])[0],
        "error": error,
        "held": held,
        "draft_url": draft_url(visit, conversation, "feedback"),
    }
    return render(request, "conversations/feedback.html", context, status=422 if error else 200)


def _block(name: str, rules: Protocol, order: list[str], typed: dict[str, list[str]]) -> dict[str, Any]:
    """One block of sliders as the template shows it."""

    def given(field: str) -> str:
        return (typed.get(field) or [""])[0]

    return {
        "name": name,
        "form": getattr(rules.feedback, name),
        "sliders": [
            {
                "name": f"{name}.{key}",
                "label": rules.feedback.attributes[key],
                "value": given(f"{name}.{key}"),
                "is_na": given(f"{name}.{key}__na") == "on",
                "trace": given(f"{name}.{key}__trace"),
            }
            for key in order
        ],
    }
