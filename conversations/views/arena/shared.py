"""A comparison that its visitor gave away by a link: anybody who has it can read and report it.

Its texts leave the house, as an export does: the study's rules for exports decide what is read there.
"""

from dataclasses import replace

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from conversations.arena import sharing
from conversations.arena.addresses import address, slug_at
from conversations.models import Conversation, Report
from conversations.privacy.leaving import leaving
from conversations.privacy.rules import Rules
from conversations.privacy.versions import rules_for
from conversations.refusals import Refused
from conversations.views.arena.shapes import PairView, SideView, answers, pair_view, reveal_context
from prism.lib.markdown import render as markdown
from prism.lib.pii.names import NamesNotFound
from prism.lib.ratelimit import rate_limited

HOUR = 3600


@require_safe
@never_cache
def shared(request: HttpRequest, key: str, slug: str = "") -> HttpResponse:
    return _show(request, _find(key, slug_at(request, slug)), key)


@require_POST
@never_cache
@rate_limited("report", limit=30, seconds=HOUR)
def report(request: HttpRequest, key: str, slug: str = "") -> HttpResponse:
    talk = _find(key, slug_at(request, slug))
    try:
        sharing.report(talk, request.POST.get("kind", ""), request.POST.get("text", ""))
    except Refused as refusal:
        return _show(request, talk, key, str(refusal))
    messages.success(request, _("Thank you. The team will look at it."))
    return redirect(address(talk.study, "shared", key))


def _find(key: str, slug: str) -> Conversation:
    found = sharing.shared(key)
    if found is None or found.study.slug != slug:
        raise Http404
    return found


def _show(request: HttpRequest, talk: Conversation, key: str, error: str = "") -> HttpResponse:
    """No code of the conversation or the person stands on it, and no search engine lists it."""
    turns = list(talk.turns.select_related("vote").order_by("number"))
    voted, rules = [turn for turn in turns if hasattr(turn, "vote")], rules_for(talk.study)
    pairs = [_outside(pair_view(talk, turn, answers(turn)), rules) for turn in voted]
    context = {
        "study": talk.study,
        "pairs": pairs,
        **reveal_context(talk, turns[0] if pairs else None),
        "report_url": address(talk.study, "report_shared", key),
        "report_kinds": Report.Kind.choices,
        "error": error,
    }
    response = render(request, "arena/shared.html", context, status=409 if error else 200)
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response


def _outside(pair: PairView, rules: Rules) -> PairView:
    sides = [_side_outside(side, rules) for side in pair.slots]
    return replace(pair, text=_left(pair.text, rules), slots=sides)


def _side_outside(side: SideView, rules: Rules) -> SideView:
    left = _left(side.text, rules)
    return replace(side, text=left, html=markdown(left))


def _left(text: str, rules: Rules) -> str:
    """The text as an export would hold it; a text that cannot be looked at is held back."""
    try:
        left, _spans = leaving(text, rules)
    except NamesNotFound:
        left = None
    return _("This text is not shown here: it may hold personal data.") if left is None else left
