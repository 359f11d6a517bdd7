"""A questionnaire as people see it, page by page, beside its editor."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.http import require_http_methods

from prism.lib.codes import random_key
from prism.lib.headers import POLICY
from prism.lib.numbers import whole_number
from surveys import editing
from surveys.access import Right, person
from surveys.coordinate.pages import study_page
from surveys.languages import is_right_to_left
from surveys.models import Study
from surveys.questionnaires import (
    Page,
    PageReading,
    display_order,
    question_fields,
    read_page,
)
from surveys.questionnaires import Questionnaire as Document
from surveys.questionnaires.texts import filled

FRAMED = POLICY.replace("frame-ancestors 'none'", "frame-ancestors 'self'")


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
