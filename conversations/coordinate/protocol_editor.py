"""The editor of a study's protocol: the text, what is wrong with it, and storing it as a version."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from conversations import editing
from conversations.coordinate.protocol_preview import parts_of
from conversations.models import Protocol
from conversations.protocols import ProtocolError
from prism.lib.headers import POLICY
from prism.lib.numbers import whole_number
from prism.lib.ratelimit import rate_limited
from surveys.access import Right, person
from surveys.comparing import compare
from surveys.coordinate.navigation import workbench
from surveys.coordinate.pages import study_page, typed_text
from surveys.models import Study
from surveys.questionnaires.problems import beside_lines

PLACE, HERE = "registry:protocol", "registry:edit_protocol"
FRAMING = f"{POLICY}; frame-src 'self'"


@rate_limited("store_protocol", limit=120, seconds=3600, by="user")
@require_http_methods(["GET", "HEAD", "POST"])
@study_page(Right.RUN)
def edit(request: HttpRequest, study: Study) -> HttpResponse:
    if request.method == "POST":
        return _act(request, study)
    writing = editing.writing(study, person(request))
    return _page(request, study, writing.text, writing.base, is_draft=writing.is_draft)


def _act(request: HttpRequest, study: Study) -> HttpResponse:
    """Whatever the button was, what was typed is kept first."""
    if "discard" in request.POST:
        editing.discard(study, person(request))
        messages.success(request, _("Your draft is gone. This is the newest version."))
        return redirect(HERE, study.slug)
    text, base = typed_text(request, most=None), _base(request, study)
    try:
        editing.keep(study, person(request), text, base)
        return _stored(request, study, text, base) if "store" in request.POST else redirect(HERE, study.slug)
    except editing.StaleEdit as error:
        return _page(request, study, text, error.newest, other=base, refusal=str(error), status=409)
    except ProtocolError:
        refusal = _("This is no protocol yet, so it was not stored. Your text is kept as a draft.")
        return _page(request, study, text, base, refusal=refusal, status=422)
    except editing.EditingError as error:
        return _page(request, study, text, base, refusal=str(error), status=422)


def _stored(request: HttpRequest, study: Study, text: str, base: Protocol | None) -> HttpResponse:
    version = editing.store(study, person(request), text, base)
    messages.success(request, _("Version %s holds for whoever begins from now on.") % version.version)
    return redirect(PLACE, study.slug)


def _base(request: HttpRequest, study: Study) -> Protocol | None:
    """The version the text began from; one of another study is none."""
    return editing.version_of(study, whole_number(request.POST.get("base", "")))


def _page(
    request: HttpRequest,
    study: Study,
    text: str,
    base: Protocol | None,
    *,
    is_draft: bool = True,
    other: Protocol | None = None,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    latest = editing.newest(study)
    context = workbench(request, study, PLACE) | {
        **_findings(study, text),
        "page_title": _("Write the protocol"),
        "text": text,
        "base": base,
        "latest": latest,
        "is_draft": is_draft,
        "is_stale": latest != base,
        "refusal": refusal,
        "changes": compare(other.document, base.document) if other and base else [],
    }
    response = render(request, "conversations/coordinate/protocol_editor.html", context, status=status)
    response["Content-Security-Policy"] = FRAMING
    return response


def _findings(study: Study, text: str) -> dict[str, Any]:
    checked = editing.check(text)
    return {
        "study": study,
        "rules": checked.rules,
        "parts": parts_of(checked.rules) if checked.rules else [],
        "problems": beside_lines(checked.problems, text),
    }


@require_POST
@rate_limited("check_protocol", limit=1200, seconds=3600, by="user")
@study_page(Right.RUN)
def check(request: HttpRequest, study: Study) -> HttpResponse:
    """While one types: keep the draft, and say what is wrong with it."""
    text = typed_text(request, most=None)
    try:
        editing.keep(study, person(request), text, _base(request, study))
    except editing.EditingError as error:
        return JsonResponse({"problem": str(error)}, status=413)
    findings = _findings(study, text)
    html = render_to_string("conversations/coordinate/protocol_findings.html", findings, request=request)
    return JsonResponse({"html": html, "is_valid": findings["rules"] is not None})
