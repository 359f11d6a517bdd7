"""What a participant says of a whole conversation, once it is over."""

import random
from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from conversations import chat
from conversations.chat import Refused
from conversations.models import Conversation
from conversations.protocols import Protocol
from conversations.protocols.feedback import SLIDERS
from conversations.refusals import held
from conversations.views.blocks import blocks_of, own_answers
from conversations.views.conversation import address, conversation_page, draft_url
from conversations.views.shapes import conversation_context
from conversations.views.sliders import score
from surveys.answers import draft_for
from surveys.questionnaires import PageReading
from surveys.views.visit import Visit, in_stage, page_context, participant_page


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
        give(request, conversation)
    except Refused as refusal:
        typed = {name: request.POST.getlist(name) for name in request.POST}
        return _show(request, visit, conversation, typed, refusal)
    if conversation.revealed_at is not None:
        return redirect(address("models", conversation))
    return redirect("conversations:overview", slug=visit.study.slug)


def give(request: HttpRequest, conversation: Conversation) -> None:
    """Store what the posted form says. Raises Refused."""
    rules, blocks = conversation.protocol.parsed(), blocks_of(conversation)
    text = chat.cleaned(request.POST.get("open_feedback", ""))
    if rules.feedback.open_required and not text:
        raise Refused(_("Please write a few words about the answers."))
    if len(text) > rules.feedback.open_maximum:
        said = {"length": len(text), "most": rules.feedback.open_maximum}
        raise Refused(_("Your text has %(length)s characters; %(most)s is the most.") % said)
    reading = blocks.read(request.POST)
    if not reading.is_valid:
        raise Refused(_("A few answers are still missing or need a change."))
    performance, choice = (_read(request, block, rules) for block in SLIDERS)
    order = {"attributes": attribute_order(conversation, rules), **blocks.drawn}
    is_anyway = "anyway" in request.POST
    chat.give_feedback(
        conversation, performance, choice, text, order, is_anyway, own=own_answers(blocks, reading)
    )


def attribute_order(conversation: Conversation, rules: Protocol) -> list[str]:
    """The attributes in an order of this conversation's own, the same at every look."""
    keys = list(rules.feedback.attributes)
    random.Random(f"{conversation.enrolment.order_seed}:{conversation.pk}").shuffle(keys)
    return keys


def _read(request: HttpRequest, block: str, rules: Protocol) -> dict[str, Any]:
    """{attribute: {value, status, trace}} of one block of feedback sliders, empty where it is left out."""
    if block not in rules.feedback.sliders:
        return {}
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
    refusal: Refused | None = None,
) -> HttpResponse:
    opening = conversation_context(conversation, chat.look(conversation), {})
    context = {
        **page_context(request, visit, "conversations"),
        **feedback_context(conversation, typed, opening, is_refused=refusal is not None),
        "error": str(refusal) if refusal else "",
        "held": held(refusal) if refusal else None,
        "draft_url": draft_url(visit, conversation, "feedback"),
    }
    return render(request, "conversations/feedback.html", context, status=422 if refusal else 200)


def feedback_context(
    conversation: Conversation,
    typed: dict[str, list[str]],
    opening: dict[str, Any],
    *,
    is_refused: bool = False,
) -> dict[str, Any]:
    """The form filled with what was `typed`; what is missing is said where it was refused."""
    rules, own = conversation.protocol.spoken(), blocks_of(conversation)
    order = attribute_order(conversation, rules)
    reading = own.read(MultiValueDict(typed)) if typed else PageReading()
    return {
        "conversation": conversation,
        "rules": rules,
        "opening": opening,
        "blocks": [_block(name, rules, order, typed) for name in rules.feedback.sliders],
        "open_feedback": (typed.get("open_feedback") or [""])[0],
        "questions": own.fields(reading if is_refused else replace(reading, errors={})),
    }


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
