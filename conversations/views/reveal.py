"""Who answered: the models of a conversation, once the protocol lets the participant know them."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from conversations.models import Conversation
from conversations.views.conversation import address, conversation_page
from conversations.views.shapes import revealed_views
from surveys.models import Enrolment
from surveys.views.visit import Visit, page_context, participant_page


@require_safe
@participant_page
@conversation_page
def models(request: HttpRequest, visit: Visit, conversation: Conversation) -> HttpResponse:
    """Also after the last conversation, whose end ends the person's part in the study; not before the end,
    as the newest answers may not be rated yet."""
    if visit.enrolment.outcome not in {"", Enrolment.Outcome.COMPLETE}:
        return redirect("surveys:done", slug=visit.study.slug)
    if conversation.revealed_at is None or conversation.state != Conversation.State.COMPLETE:
        return redirect(address("conversation", conversation))
    rules = conversation.protocol.parsed()
    context = {
        **page_context(request, visit, "conversations"),
        "conversation": conversation,
        "kind": rules.type(conversation.type),
        "turns": revealed_views(conversation),
    }
    return render(request, "conversations/models.html", context)
