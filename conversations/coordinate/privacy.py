"""Personal data and moderation of a study: what was found, the rules, a text to try them, raw texts."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from conversations.coordinate.privacy_forms import KINDS, PLACES, REPLIES, PrivacyForm, TryForm, done
from conversations.models import RawText
from conversations.privacy import versions
from conversations.privacy.figures import Line, figures
from conversations.privacy.opening import open_text, raw_texts
from conversations.privacy.rules import Place, Reply
from conversations.privacy.trying import Try, try_text
from prism.lib.crypto import UnreadableSecret
from prism.lib.ratelimit import rate_limited
from surveys.access import Right, person, study_for
from surveys.coordinate.forms import ReasonForm
from surveys.coordinate.navigation import workbench
from surveys.coordinate.pages import show_forms, study_page
from surveys.models import Study

HERE = "registry:privacy"
ROWS = 50


def _frame(request: HttpRequest, study: Study, tab: str) -> dict[str, Any]:
    return workbench(request, study, HERE) | {"tab": tab}


@require_http_methods(["GET", "HEAD", "POST"])
@study_page(Right.VIEW)
def privacy(request: HttpRequest, study: Study) -> HttpResponse:
    """What was found so far, and the rules, which whoever runs the study may change."""
    rules = versions.rules_for(study)
    form = PrivacyForm(request.POST if request.method == "POST" else None, rules=rules)
    if request.method == "POST":
        study_for(request, study.slug, Right.RUN)
        if form.is_valid():
            stored = versions.store(study, form.document(), person(request))
            messages.success(
                request, _("Version %(version)d of the rules holds now.") % {"version": stored.version}
            )
            return redirect(HERE, study.slug)
    context = _frame(request, study, "rules") | {"rules": rules, "form": form, "figures": figures(study)}
    context |= {"places": PLACES.values(), "kinds": _named(context["figures"].kinds)}
    return show_forms(request, "conversations/coordinate/privacy.html", context, form)


def _named(lines: Sequence[Line]) -> list[Line]:
    return [replace(line, label=KINDS.get(line.label, line.label)) for line in lines]


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@rate_limited("try a text", limit=300, seconds=3600, by="user")
@study_page(Right.RUN)
def try_rules(request: HttpRequest, study: Study) -> HttpResponse:
    """What the rules would do with a text that is typed here; nothing of it is kept."""
    form = TryForm(request.POST if request.method == "POST" else None)
    rules = versions.rules_for(study)
    context = _frame(request, study, "try") | {"form": form, "rules": rules, "places": PLACES.values()}
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        context |= _tried(try_text(rules, given["text"], given["with_moderation"]))
    return show_forms(request, "conversations/coordinate/privacy_try.html", context, form)


def _tried(tried: Try) -> dict[str, Any]:
    """What came of it, in the words of the form."""
    finds = [
        (words, KINDS[span.kind], span.rule, [done(*pair) for pair in zip(Place, actions, strict=True)])
        for words, span, actions in tried.finds
    ]
    scores = [(name, score, dict(REPLIES)[Reply(reply)]) for name, score, reply in tried.scores]
    return {"tried": tried, "finds": finds, "scores": scores}


@study_page(Right.REIDENTIFY)
def texts(request: HttpRequest, study: Study) -> HttpResponse:
    """Which raw texts there are: codes, times and kinds, no text."""
    found = raw_texts(study)
    context = _frame(request, study, "texts") | {"texts": found[:ROWS], "total": found.count(), "most": ROWS}
    return render(request, "conversations/coordinate/privacy_texts.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@rate_limited("raw text", limit=60, seconds=3600, by="user")
@study_page(Right.REIDENTIFY)
def text(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    """Show a raw text, this once; the reason is written down before it is shown."""
    raw = get_object_or_404(raw_texts(study), pk=pk)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    context = _frame(request, study, "texts") | {"raw": raw, "form": form}
    if request.method == "POST" and form.is_valid():
        context |= _opened(request, raw, form.cleaned_data["reason"])
    return show_forms(request, "conversations/coordinate/privacy_text.html", context, form)


def _opened(request: HttpRequest, raw: RawText, reason: str) -> dict[str, Any]:
    try:
        return {"opened": open_text(raw, person(request), reason)}
    except UnreadableSecret:
        return {"is_unreadable": True}
