"""The editor of a study's questionnaire."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from prism.lib.ratelimit import rate_limited
from surveys import editing
from surveys.access import Right
from surveys.coordinate import editor
from surveys.coordinate.editor import Editor
from surveys.coordinate.pages import study_page
from surveys.models import Questionnaire, Study
from surveys.questionnaires import QuestionnaireError
from surveys.questionnaires.problems import beside_lines

HERE = "coordinate:questionnaire"


@rate_limited("store_questionnaire", limit=120, seconds=3600, by="user")
@require_http_methods(["GET", "HEAD", "POST"])
@study_page(Right.RUN)
def questionnaire(request: HttpRequest, study: Study) -> HttpResponse:
    return editor.edit(request, _editor(request, study))


@require_POST
@rate_limited("check_questionnaire", limit=1200, seconds=3600, by="user")
@study_page(Right.RUN)
def check(request: HttpRequest, study: Study) -> HttpResponse:
    return editor.check(request, _editor(request, study))


def _editor(request: HttpRequest, study: Study) -> Editor[Study, Questionnaire]:
    return Editor(
        drafts=editing,
        subject=study,
        study=study,
        place=HERE,
        address=reverse(HERE, args=[study.slug]),
        template="surveys/coordinate/questionnaire.html",
        findings_template="surveys/coordinate/findings.html",
        findings=_findings,
        fault=QuestionnaireError,
        refusal=_("This is no questionnaire yet, so it was not stored. Your text is kept as a draft."),
        text_of=lambda version: version.document,
        stored=lambda version: _stored(request, study, version),
    )


def _stored(request: HttpRequest, study: Study, version: Questionnaire) -> HttpResponse:
    if version.pk == study.questionnaire_id:
        messages.success(request, _("This is the text of %s, which the study uses.") % version)
        return redirect(HERE, study.slug)
    messages.success(request, _("Stored as %s. The study does not use it yet.") % version)
    return redirect("coordinate:use_version", study.slug, version.pk)


def _findings(text: str) -> dict[str, Any]:
    checked = editing.check(text)
    problems = beside_lines(checked.problems, text)
    return {"document": checked.document, "problems": problems, "is_valid": checked.document is not None}
