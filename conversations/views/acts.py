"""What a participant does in a conversation: say, try again, rate, choose, finish."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from conversations import chat, stopping
from conversations.chat import Refused
from conversations.models import Conversation
from conversations.refusals import held
from conversations.situation import Situation
from conversations.views.conversation import address, conversation_page, show
from conversations.views.sliders import scores
from conversations.views.suggesting import note_topic
from prism.lib.codes import form_key
from prism.lib.numbers import whole_number
from prism.lib.ratelimit import allow
from surveys.answers import save_draft
from surveys.views.visit import Visit, asks_for_part, in_stage, participant_page

MOST_MESSAGES = 120
MESSAGES_SECONDS = 600
Verb = Callable[[HttpRequest, Conversation], Situation | None]


def act(verb: Verb, form: str = "") -> Callable[..., HttpResponse]:
    """A view for one act: do it and show the page again, with the reason of a refusal.

    What was typed is kept as the draft of `form`, for its field may not be on the page now.
    """

    @require_POST
    @participant_page
    @in_stage("conversations", is_door=False)
    @conversation_page
    def view(request: HttpRequest, visit: Visit, conversation: Conversation) -> HttpResponse:
        try:
            here = verb(request, conversation)
        except Refused as refusal:
            typed = {n: request.POST.getlist(n) for n in request.POST if n != "csrfmiddlewaretoken"}
            if form:
                save_draft(visit.enrolment, visit.device, chat.draft_page(conversation, form), typed)
            return show(request, visit, conversation, str(refusal), typed, held=held(refusal))
        if asks_for_part(request, "talk"):
            return show(request, visit, conversation, here=here)
        return redirect(address("conversation", conversation))

    return view


def _key(request: HttpRequest) -> str:
    return form_key(request.POST.get("form_key", ""))


def at_a_persons_pace(conversation: Conversation) -> None:
    """Every message calls several models, which costs money. Raises Refused for what no person does."""
    if not allow(f"messages:{conversation.enrolment_id}", MOST_MESSAGES, MESSAGES_SECONDS):
        raise Refused(
            _("You sent very many messages in a short time. Please wait a few minutes; your text is kept.")
        )


def _say(request: HttpRequest, conversation: Conversation) -> Situation:
    at_a_persons_pace(conversation)
    here = chat.say(conversation, request.POST.get("text", ""), _key(request), "anyway" in request.POST)
    if here.turn and here.turn.number == 0:
        note_topic(conversation, request.POST.get("topic", ""))
    return here


def _try_again(request: HttpRequest, conversation: Conversation) -> None:
    at_a_persons_pace(conversation)
    chat.try_again(conversation, _key(request))


def _rate(request: HttpRequest, conversation: Conversation) -> None:
    turn, given = whole_number(request.POST.get("turn", "")), scores(request, conversation.protocol.parsed())
    chat.rate(conversation, turn, given, request.POST.get("best", ""))


say = act(_say, form="say")
again = act(_try_again)
rate = act(_rate, form="rate")
choose = act(lambda request, talk: chat.choose(talk, request.POST.get("slot", "")))
stop = act(lambda request, talk: stopping.stop(talk, whole_number(request.POST.get("turn", ""))))
finish = act(lambda request, talk: chat.finish(talk))
