"""What people agree to before they take part: the text in their language, each purpose with its own box."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods

from prism.lib.markdown import render as markdown
from surveys import consents, journey
from surveys.consent_documents import ConsentText
from surveys.models import ConsentDocument, Enrolment
from surveys.quality.ending import announced
from surveys.views.survey import first_page
from surveys.views.visit import Visit, in_stage, page_context, participant_page


@require_http_methods(["GET", "HEAD", "POST"])
@participant_page
@in_stage("consent", is_door=False)
def consent(request: HttpRequest, visit: Visit) -> HttpResponse:
    document = visit.study.consent_document
    if document is None:
        return redirect(journey.destination(visit.enrolment))
    text = document.parsed().in_language(get_language() or "")
    ticked = {box.key: request.POST.get(box.key) == "on" for box in text.boxes}
    missing = [box.key for box in text.boxes if box.required and not ticked[box.key]]
    declined = "decline" in request.POST
    if request.method == "POST" and (declined or not missing):
        consents.decide(visit.enrolment, document, agreed=not declined, boxes=ticked, language=text.language)
        where = journey.destination(visit.enrolment)
        return first_page(request, visit) if visit.enrolment.stage == "survey" else redirect(where)
    context = {
        **page_context(request, visit, "consent"),
        **shown(document, text, ticked),
        "missing": missing if request.method == "POST" else [],
        "before": consents.current(visit.enrolment),
        "checks_end_after": announced(visit.study),
    }
    return render(request, "surveys/consent.html", context, status=422 if context["missing"] else 200)


def shown(document: ConsentDocument | None, text: ConsentText, ticked: dict[str, bool]) -> dict[str, Any]:
    """What templates/surveys/consent_text.html shows; without a document: a text that is being written."""
    return {
        "document": document,
        "text": text,
        "direction": direction(text.language),
        "body": markdown(text.body, highest=2),
        "changes": markdown(text.changes, highest=3) if text.changes else "",
        "boxes": [{"box": box, "ticked": ticked.get(box.key, False)} for box in text.boxes],
    }


def debriefing(enrolment: Enrolment, language: str) -> dict[str, Any] | None:
    """What people read when they are done, as surveys/done.html shows it; None where there is nothing."""
    document = enrolment.study.consent_document
    if document is None or enrolment.outcome != Enrolment.Outcome.COMPLETE:
        return None
    text = document.parsed().in_language(language)
    if not text.debriefing:
        return None
    return {
        "body": markdown(text.debriefing, highest=2),
        "language": text.language,
        "direction": direction(text.language),
    }


def direction(language: str) -> str:
    """Which way a language is written, for `dir`."""
    return "rtl" if language.partition("-")[0] in settings.LANGUAGES_BIDI else "ltr"
