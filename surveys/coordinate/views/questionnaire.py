"""The editor of a study's questionnaire: the text, what is wrong with it, and every page as people see it."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.http import require_http_methods, require_POST

from prism.lib.codes import random_key
from prism.lib.headers import POLICY
from prism.lib.numbers import whole_number
from prism.lib.ratelimit import rate_limited
from surveys import editing
from surveys.access import Right, person
from surveys.coordinate.navigation import workbench
from surveys.coordinate.pages import study_page
from surveys.languages import is_right_to_left
from surveys.models import Questionnaire, Study
from surveys.questionnaires import (
    Page,
    PageReading,
    QuestionnaireError,
    display_order,
    question_fields,
    read_page,
)
from surveys.questionnaires import Questionnaire as Document
from surveys.questionnaires.problems import beside_lines
from surveys.questionnaires.texts import filled

HERE = "coordinate:questionnaire"
FRAMING = f"{POLICY}; frame-src 'self'"
FRAMED = POLICY.replace("frame-ancestors 'none'", "frame-ancestors 'self'")


@rate_limited("store_questionnaire", limit=120, seconds=3600, by="user")
@require_http_methods(["GET", "HEAD", "POST"])
@study_page(Right.RUN)
def questionnaire(request: HttpRequest, study: Study) -> HttpResponse:
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
    text, base = _typed(request), _base(request, study)
    try:
        editing.keep(study, person(request), text, base)
        return _stored(request, study, text, base) if "store" in request.POST else redirect(HERE, study.slug)
    except editing.StaleEdit as error:
        return _page(request, study, text, error.newest, other=base, refusal=str(error), status=409)
    except QuestionnaireError:
        refusal = _("This is no questionnaire yet, so it was not stored. Your text is kept as a draft.")
        return _page(request, study, text, base, refusal=refusal, status=422)
    except editing.EditingError as error:
        return _page(request, study, text, base, refusal=str(error), status=422)


def _stored(request: HttpRequest, study: Study, text: str, base: Questionnaire | None) -> HttpResponse:
    version = editing.store(study, person(request), text, base)
    if version.pk == study.questionnaire_id:
        messages.success(request, _("This is the text of %s, which the study uses.") % version)
        return redirect(HERE, study.slug)
    messages.success(request, _("Stored as %s. The study does not use it yet.") % version)
    return redirect("coordinate:use_version", study.slug, version.pk)


def _typed(request: HttpRequest) -> str:
    return editing.normal(request.POST.get("text", ""))


def _base(request: HttpRequest, study: Study) -> Questionnaire | None:
    """The version the text began from; one of another study is none."""
    return editing.version_of(study, whole_number(request.POST.get("base", "")))


def _page(
    request: HttpRequest,
    study: Study,
    text: str,
    base: Questionnaire | None,
    *,
    is_draft: bool = True,
    other: Questionnaire | None = None,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    latest = editing.newest(study)
    context = workbench(request, study, HERE) | {
        **_findings(study, text),
        "text": text,
        "base": base,
        "latest": latest,
        "is_draft": is_draft,
        "is_stale": latest != base,
        "refusal": refusal,
        "changes": editing.compare(other.document, base.document) if other and base else [],
    }
    response = render(request, "surveys/coordinate/questionnaire.html", context, status=status)
    response["Content-Security-Policy"] = FRAMING
    return response


def _findings(study: Study, text: str) -> dict[str, Any]:
    checked = editing.check(text)
    problems = beside_lines(checked.problems, text)
    return {"study": study, "document": checked.document, "problems": problems}


@require_POST
@rate_limited("check_questionnaire", limit=1200, seconds=3600, by="user")
@study_page(Right.RUN)
def check(request: HttpRequest, study: Study) -> HttpResponse:
    """While one types: keep the draft, and say what is wrong with it."""
    text = _typed(request)
    try:
        editing.keep(study, person(request), text, _base(request, study))
    except editing.EditingError as error:
        return JsonResponse({"problem": str(error)}, status=413)
    findings = _findings(study, text)
    html = render_to_string("surveys/coordinate/findings.html", findings, request=request)
    return JsonResponse({"html": html, "is_valid": findings["document"] is not None})


@require_http_methods(["GET", "HEAD", "POST"])
@study_page(Right.RUN)
def preview(request: HttpRequest, study: Study) -> HttpResponse:
    """One page as a participant sees it, of one's draft or of a stored version; nothing sent here is kept."""
    document = _previewed(request, study)
    if document is None:
        response = render(request, "surveys/coordinate/no_preview.html", status=422)
    else:
        response = _previewed_page(request, study, document)
    response["Content-Security-Policy"] = FRAMED
    response["X-Frame-Options"] = "SAMEORIGIN"
    return response


def _previewed(request: HttpRequest, study: Study) -> Document | None:
    version = whole_number(request.GET.get("version", ""))
    if version is not None:
        return get_object_or_404(editing.history(study), pk=version).parsed()
    return editing.check(editing.writing(study, person(request)).text).document


def _previewed_page(request: HttpRequest, study: Study, document: Document) -> HttpResponse:
    if len(document.languages) == 1:
        return _shown_page(request, study, document)
    document = document.in_language(request.GET.get("language", ""))
    with override(document.language):
        return _shown_page(request, study, document)


def _shown_page(request: HttpRequest, study: Study, document: Document) -> HttpResponse:
    wanted = request.GET.get("page") or document.pages[0].key
    place = next((i for i, page in enumerate(document.pages) if page.key == wanted), 0)
    page, reading = document.pages[place], PageReading()
    if request.method == "POST":
        reading = read_page(page, {}, request.POST, {})
        if reading.is_valid:
            return redirect(_address(request, study, document.pages[(place + 1) % len(document.pages)]))
    context = _participants_context(study, document, place, reading)
    return render(request, "surveys/page.html", context, status=422 if reading.errors else 200)


def _address(request: HttpRequest, study: Study, page: Page) -> str:
    query = request.GET.copy()
    query["page"] = page.key
    return f"{reverse('coordinate:questionnaire_preview', args=[study.slug])}?{query.urlencode()}"


def _participants_context(
    study: Study, document: Document, place: int, reading: PageReading
) -> dict[str, Any]:
    """What templates/surveys/page.html shows; all questions of the page, also those with a condition."""
    page = filled(document, document.pages[place], {})
    fields = [
        question_fields(q, display_order(q, "preview"), reading.values, reading.errors, reading.traces)
        for q in page.questions
    ]
    total = len(document.pages)
    return {
        "study": study,
        "is_preview": True,
        "progress": {
            "percent": round(100 * place / total),
            "text": _("Page %(number)s of %(total)s") % {"number": place + 1, "total": total},
        },
        "page": page,
        "language": document.language,
        "direction": "rtl" if is_right_to_left(document.language) else "ltr",
        "questions": fields,
        "errors": reading.errors,
        "form_key": random_key(),
        "shown_at": "",
        "draft_url": "",
        "back_page": None,
    }
