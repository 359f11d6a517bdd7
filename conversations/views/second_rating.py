"""Rating the answers of an earlier opening once more. Nothing on the page says that it is once more."""

from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from conversations import repeats, second_ratings
from conversations.models import Repeat
from conversations.refusals import Refused
from conversations.views.shapes import rating_context, turn_view
from conversations.views.sliders import scores
from prism.lib.numbers import whole_number
from surveys.answers import draft_for
from surveys.views.visit import Visit, in_stage, page_context, participant_page, untrusted_device


@require_http_methods(["GET", "HEAD", "POST"])
@participant_page
@in_stage("conversations", is_door=False)
def second_rating(request: HttpRequest, visit: Visit) -> HttpResponse:
    repeat = repeats.due(visit.enrolment)
    if repeat is None or repeat.turn is None:
        return redirect("conversations:overview", slug=visit.study.slug)
    if not visit.device.may_read(repeat.turn.conversation.device_id):
        return untrusted_device(request)
    if request.method != "POST":
        return _show(request, visit, repeat, draft_for(visit.device, _draft_page(repeat)))
    given = scores(request, repeat.turn.conversation.protocol.parsed())
    number, best = whole_number(request.POST.get("turn", "")), request.POST.get("best", "")
    try:
        second_ratings.rate(visit.enrolment, number, given, best)
    except Refused as refusal:
        typed = {name: request.POST.getlist(name) for name in request.POST}
        return _show(request, visit, repeat, typed, str(refusal))
    return redirect("conversations:overview", slug=visit.study.slug)


def _draft_page(repeat: Repeat) -> str:
    return f"chat:{repeat.pk}:rate"


def _show(
    request: HttpRequest, visit: Visit, repeat: Repeat, typed: dict[str, list[str]], error: str = ""
) -> HttpResponse:
    context: dict[str, Any] = {
        **page_context(request, visit, "conversations"),
        **_set(repeat, typed),
        "rate_draft_url": reverse("surveys:draft", args=[visit.study.slug, _draft_page(repeat)]),
        "error": error,
    }
    return render(request, "conversations/second_rating.html", context, status=409 if error else 200)


def _set(repeat: Repeat, typed: dict[str, list[str]]) -> dict[str, Any]:
    """The answers in their new order; the form names the set where others name the turn."""
    turn = repeat.turn
    assert turn is not None
    rules = turn.conversation.protocol.spoken()
    view = replace(turn_view(turn, repeats.again(repeat), typed, rules), number=repeat.pk)
    return {"turn": view, "rules": rules, **rating_context(view, typed, rules)}
