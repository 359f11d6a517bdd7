"""The participant's overview: which conversations are held, and the kind of the next one."""

from collections.abc import Mapping, Set
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from conversations import chat, repeats, room
from conversations.chat import Refused
from conversations.models import Conversation
from conversations.protocols import ConversationType, Protocol
from conversations.views.conversation import address
from conversations.views.scales import invitation
from surveys.views.visit import Visit, in_stage, page_context, participant_page


@require_http_methods(["GET", "HEAD", "POST"])
@participant_page
@in_stage("conversations")
def overview(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Choose the kind of the next conversation; one that is open goes on instead."""
    open_one = Conversation.objects.readable_by(visit.device).unfinished().order_by("id").first()
    if open_one:
        return redirect(address("conversation", open_one))
    protocol = chat.current_protocol(visit.enrolment)
    if protocol and repeats.is_due(visit.enrolment, protocol.parsed()):
        return redirect("conversations:second_rating", slug=visit.study.slug)
    if request.method != "POST":
        return _show(request, visit)
    try:
        begun = chat.start(visit.enrolment, visit.device, request.POST.get("type", ""))
    except Refused as refusal:
        return _show(request, visit, str(refusal))
    return redirect(address("conversation", begun))


def _show(request: HttpRequest, visit: Visit, error: str = "") -> HttpResponse:
    protocol = chat.current_protocol(visit.enrolment)
    if protocol is None:
        raise Http404
    rules, counted = protocol.spoken(), chat.held(visit.enrolment, visit.device)
    context = {
        **page_context(request, visit, "conversations"),
        **kinds_context(rules, counted, room.full_types(visit.enrolment, rules)),
        "error": error,
    }
    return render(request, "conversations/overview.html", context, status=409 if error else 200)


def kinds_context(rules: Protocol, counted: Mapping[str, int], full: Set[str]) -> dict[str, Any]:
    """The types with how many a person held and still owes; nobody owes one that the study has enough of."""
    kinds = [_kind(kind, counted.get(kind.key, 0), kind.key in full) for kind in rules.types]
    held = sum(kind["held"] for kind in kinds)
    total = held + sum(kind["left"] for kind in kinds)
    return {
        "kinds": kinds,
        "held": held,
        "total": total,
        "rules": rules,
        "invitation": invitation(rules),
        "progress": _progress(held, total),
    }


def _kind(kind: ConversationType, counted: int, is_full: bool) -> dict[str, Any]:
    held = min(counted, kind.required)
    left = 0 if is_full else kind.required - held
    return {"kind": kind, "held": held, "left": left, "is_full": is_full and held < kind.required}


def _progress(held: int, total: int) -> dict[str, Any]:
    return {
        "percent": round(100 * held / total) if total else 100,
        "text": _("%(held)s of %(total)s conversations done") % {"held": held, "total": total},
    }
