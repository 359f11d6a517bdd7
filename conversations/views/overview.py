"""The participant's overview: which conversations are held, and the kind of the next one."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from conversations import chat
from conversations.chat import Refused
from conversations.models import Conversation
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
    left = chat.remaining(visit.enrolment, protocol, visit.device)
    rules = protocol.parsed()
    held = rules.conversations - sum(left.values())
    context = {
        **page_context(request, visit, "conversations"),
        "kinds": [
            {"kind": kind, "left": left[kind.key], "held": kind.required - left[kind.key]}
            for kind in rules.types
        ],
        "held": held,
        "total": rules.conversations,
        "rules": rules,
        "invitation": invitation(rules),
        "error": error,
        "progress": _progress(held, rules.conversations),
    }
    return render(request, "conversations/overview.html", context, status=409 if error else 200)


def _progress(held: int, total: int) -> dict[str, Any]:
    return {
        "percent": round(100 * held / total) if total else 100,
        "text": _("%(held)s of %(total)s conversations done") % {"held": held, "total": total},
    }
