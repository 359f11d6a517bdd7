"""A study's consent document: its text with what is wrong with it, as people see it, and its versions."""

from typing import Any

from django.contrib import messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from prism.lib.markdown import render as markdown
from prism.lib.numbers import whole_number
from prism.lib.ratelimit import rate_limited
from surveys import consents
from surveys.access import Right, person
from surveys.consent_documents import ConsentText, parse
from surveys.coordinate.navigation import workbench
from surveys.coordinate.pages import study_page, typed_text
from surveys.models import ConsentDocument, Study
from surveys.questionnaires import QuestionnaireError
from surveys.questionnaires.problems import beside_lines
from surveys.views.consent import shown

HERE = "coordinate:consent"


@require_http_methods(["GET", "HEAD", "POST"])
@rate_limited("store_consent", limit=120, seconds=3600, by="user")
@study_page(Right.RUN)
def consent(request: HttpRequest, study: Study) -> HttpResponse:
    if request.method == "POST":
        return _store(request, study)
    present = study.consent_document
    return _page(request, study, present.document if present else consents.shipped("prism"))


def _store(request: HttpRequest, study: Study) -> HttpResponse:
    text, instead_of = typed_text(request), whole_number(request.POST.get("base", ""))
    try:
        document = consents.store(study, text)
        consents.use(study, document, person(request), instead_of=instead_of)
    except (QuestionnaireError, consents.ConsentProblem) as error:
        refusal = str(error) if isinstance(error, consents.ConsentProblem) else ""
        return _page(request, study, text, refusal=refusal, status=409 if refusal else 422)
    messages.success(request, _stored(document))
    return redirect(HERE, study.slug)


def _stored(document: ConsentDocument) -> str:
    if document.reconsent:
        said = _("Version %s is in use. Everybody on the way is asked again before they go on.")
    else:
        said = _("Version %s is in use. Who has agreed before keeps the version they read.")
    return said % document.version


def _page(
    request: HttpRequest, study: Study, text: str, *, refusal: str = "", status: int = 200
) -> HttpResponse:
    # The rows say which version is in use, whatever the form that was refused began from.
    study.refresh_from_db()
    context = workbench(request, study, HERE) | {
        **_looked_at(text),
        "source": text,
        "refusal": refusal,
        "versions": versions(study),
        "current": study.consent_document,
    }
    return render(request, "surveys/coordinate/consent.html", context, status=status)


def _looked_at(source: str) -> dict[str, Any]:
    """The text as people see it in each language, or what is wrong with it, each problem with its line."""
    try:
        parsed = parse(source)
    except QuestionnaireError as error:
        return {"problems": beside_lines(error.problems, source)}
    return {"parsed": parsed, "previews": [_previewed(parsed.in_language(code)) for code in parsed.languages]}


def _previewed(text: ConsentText) -> dict[str, Any]:
    debriefing = markdown(text.debriefing, highest=4) if text.debriefing else ""
    return {**shown(None, text, {}), "body": markdown(text.body, highest=3), "debriefing": debriefing}


@require_POST
@rate_limited("check_consent", limit=1200, seconds=3600, by="user")
@study_page(Right.RUN)
def preview(request: HttpRequest, study: Study) -> HttpResponse:
    """While one types: the text as people see it; nothing is stored."""
    context = _looked_at(typed_text(request))
    return render(request, "surveys/coordinate/consent_preview.html", context)


@require_safe
@study_page(Right.RUN)
def version(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    """One version as people saw it, with its file."""
    document = get_object_or_404(versions(study), pk=pk)
    context = workbench(request, study, HERE) | {
        **_looked_at(document.document),
        "version": document,
        "page_title": str(document),
    }
    return render(request, "surveys/coordinate/consent_version.html", context)


def versions(study: Study) -> QuerySet[ConsentDocument]:
    """The versions that the study uses or that somebody decided on in it, newest first, with how many did.

    A key may be shared with other studies; their versions are none of this study's business.
    """
    here = Q(consent__enrolment__study=study, consent__enrolment__is_test=False)
    decided = ConsentDocument.objects.filter(consent__enrolment__study=study).values("pk")
    agreed = Count("consent__enrolment", filter=here & Q(consent__agreed=True), distinct=True)
    declined = Count("consent__enrolment", filter=here & Q(consent__agreed=False), distinct=True)
    mine = ConsentDocument.objects.filter(Q(pk=study.consent_document_id) | Q(pk__in=decided))
    return mine.annotate(agreed=agreed, declined=declined).order_by("-pk")
