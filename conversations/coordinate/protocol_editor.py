"""The editor of a study's protocol."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from conversations import editing
from conversations.coordinate.protocol_preview import parts_of
from conversations.models import Protocol
from conversations.protocols import ProtocolError
from prism.lib.ratelimit import rate_limited
from surveys.access import Right
from surveys.coordinate import editor
from surveys.coordinate.editor import Editor
from surveys.coordinate.pages import study_page
from surveys.models import Study
from surveys.questionnaires.problems import beside_lines

PLACE, HERE = "registry:protocol", "registry:edit_protocol"


@rate_limited("store_protocol", limit=120, seconds=3600, by="user")
@require_http_methods(["GET", "HEAD", "POST"])
@study_page(Right.RUN)
def edit(request: HttpRequest, study: Study) -> HttpResponse:
    return editor.edit(request, _editor(request, study))


@require_POST
@rate_limited("check_protocol", limit=1200, seconds=3600, by="user")
@study_page(Right.RUN)
def check(request: HttpRequest, study: Study) -> HttpResponse:
    return editor.check(request, _editor(request, study))


def _editor(request: HttpRequest, study: Study) -> Editor[Study, Protocol]:
    return Editor(
        drafts=editing,
        subject=study,
        study=study,
        place=PLACE,
        address=reverse(HERE, args=[study.slug]),
        template="conversations/coordinate/protocol_editor.html",
        findings_template="conversations/coordinate/protocol_findings.html",
        findings=_findings,
        fault=ProtocolError,
        refusal=_("This is no protocol yet, so it was not stored. Your text is kept as a draft."),
        text_of=lambda version: version.document,
        stored=lambda version: _stored(request, study, version),
        context={"page_title": _("Write the protocol")},
    )


def _stored(request: HttpRequest, study: Study, version: Protocol) -> HttpResponse:
    messages.success(request, _("Version %s holds for whoever begins from now on.") % version.version)
    return redirect(PLACE, study.slug)


def _findings(text: str) -> dict[str, Any]:
    checked = editing.check(text)
    return {
        "rules": checked.rules,
        "parts": parts_of(checked.rules) if checked.rules else [],
        "problems": beside_lines(checked.problems, text),
        "is_valid": checked.rules is not None,
    }
