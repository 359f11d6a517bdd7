"""One comparison as it stands, what a visitor does in it, and those they held before."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from conversations import chat, energy, stopping
from conversations.arena import sharing, spending, visiting, voting, watching
from conversations.arena.addresses import address, slug_at
from conversations.ballots import SIDES
from conversations.chat import Refused
from conversations.models import Conversation
from conversations.refusals import held
from conversations.situation import Situation
from conversations.views import events as streams
from conversations.views.arena.doors import at_a_persons_pace, visitor_page
from conversations.views.arena.showing import PART, show
from conversations.views.conversation import find
from prism.lib.codes import form_key
from prism.lib.numbers import whole_number
from surveys.answers import save_draft
from surveys.views.visit import Visit, asks_for_part, page_context

Verb = Callable[[HttpRequest, Visit, Conversation], Situation | None]
LISTED = 200


def talk_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Only the visitor's own comparison; else 404."""

    @wraps(view)
    @visitor_page
    def inner(request: HttpRequest, visit: Visit, code: str) -> HttpResponse:
        found = find(visit, code)
        if found.protocol.parsed().ballot is None:
            raise Http404
        return view(request, visit, found)

    return inner


@require_safe
@talk_page
def talk(request: HttpRequest, visit: Visit, conversation: Conversation) -> HttpResponse:
    return show(request, visit, conversation)


def events(request: HttpRequest, code: str, turn: int, slug: str = "") -> HttpResponseBase:
    return streams.events(request, slug_at(request, slug), code, turn)


def act(verb: Verb, form: str = "") -> Callable[..., HttpResponse]:
    """A view for one act: do it and show the comparison again, with the reason of a refusal."""

    @require_POST
    @talk_page
    def view(request: HttpRequest, visit: Visit, conversation: Conversation) -> HttpResponse:
        try:
            here = verb(request, visit, conversation)
        except Refused as refusal:
            typed = {n: request.POST.getlist(n) for n in request.POST if n != "csrfmiddlewaretoken"}
            if form:
                save_draft(visit.enrolment, visit.device, chat.draft_page(conversation, form), typed)
            return show(request, visit, conversation, str(refusal), typed, held=held(refusal))
        if asks_for_part(request, PART):
            return show(request, visit, conversation, here=here)
        return redirect(address(visit.study, "talk", conversation.code))

    return view


def _say(request: HttpRequest, visit: Visit, conversation: Conversation) -> Situation:
    at_a_persons_pace(visit)
    key = form_key(request.POST.get("form_key", ""))
    return chat.say(conversation, request.POST.get("text", ""), key, "anyway" in request.POST)


def _again(request: HttpRequest, visit: Visit, conversation: Conversation) -> None:
    at_a_persons_pace(visit)
    chat.try_again(conversation, form_key(request.POST.get("form_key", "")))


def _vote(request: HttpRequest, visit: Visit, conversation: Conversation) -> None:
    given = voting.Given(
        choice=request.POST.get("choice", ""),
        reasons={side: request.POST.getlist(f"reasons-{side}") for side in SIDES},
        comment=request.POST.get("comment", ""),
        language=get_language() or "",
        is_sent_anyway="anyway" in request.POST,
        hints=watching.hints(request.POST.dict(), request.META.get("REMOTE_ADDR", "")),
    )
    voting.vote(conversation, whole_number(request.POST.get("turn", "")), given)


def _react(request: HttpRequest, visit: Visit, conversation: Conversation) -> None:
    thumb = voting.Thumb(
        liked={"up": True, "down": False}.get(request.POST.get("thumb", "")),
        reasons=request.POST.getlist("why"),
        comment=request.POST.get("remark", ""),
        is_sent_anyway="anyway" in request.POST,
    )
    number = whole_number(request.POST.get("turn", ""))
    voting.react(conversation, number, request.POST.get("slot", ""), thumb)


def _stop(request: HttpRequest, visit: Visit, conversation: Conversation) -> None:
    stopping.stop(conversation, whole_number(request.POST.get("turn", "")))


say = act(_say, form="say")
stop = act(_stop)
again = act(_again)
vote = act(_vote, form="vote")
reveal = act(lambda request, visit, conversation: voting.reveal(conversation))
react = act(_react)
share = act(lambda request, visit, conversation: sharing.share(conversation))
unshare = act(lambda request, visit, conversation: sharing.unshare(conversation))


def _report(request: HttpRequest, visit: Visit, conversation: Conversation) -> None:
    sharing.report(conversation, request.POST.get("kind", ""), request.POST.get("text", ""))
    messages.success(request, _("Thank you. The team will look at it."))


report = act(_report)


@require_safe
@visitor_page
def history(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The visitor's comparisons, newest first; models are named where they were revealed."""
    if not visiting.is_shown(visit.study):
        raise Http404
    context = {
        **page_context(request, visit, ""),
        "talks": _rows(_begun(visit)),
    }
    return render(request, "arena/history.html", context)


def _begun(visit: Visit) -> list[Conversation]:
    mine = Conversation.objects.readable_by(visit.device).exclude(turns=None)
    return list(mine.prefetch_related("turns__vote").order_by("-pk")[:LISTED])


def _rows(talks: list[Conversation]) -> list[dict[str, Any]]:
    spent = spending.by_slot(talk for talk in talks if talk.revealed_at)
    return [
        _row(talk) | {"spent": spending.said(energy.together(spent.get((talk.pk, side)) for side in SIDES))}
        for talk in talks
    ]


def _row(talk: Conversation) -> dict[str, Any]:
    turns = list(talk.turns.all())
    votes = [turn.vote for turn in turns if hasattr(turn, "vote")]
    models = []
    if talk.revealed_at and votes:
        models = [votes[0].model_a.short_name, votes[0].model_b.short_name]
    return {
        "talk": talk,
        "text": turns[0].text if turns else "",
        "messages": len(turns),
        "votes": len(votes),
        "choice": votes[0].get_choice_display() if votes else "",
        "models": models,
    }
