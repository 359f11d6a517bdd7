"""The language switch of a participant's pages: keeps what is typed, then shows the page again."""

import re

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from surveys import answers, journey, languages
from surveys.models import Study
from surveys.views import refusals
from surveys.views.visit import Visit, find_visit, unknown_visitor

# What a form carries beside what the person typed. No key of a question begins with _.
_OURS = frozenset({"csrfmiddlewaretoken", "_language", "_next", "_draft", "form_key", "shown_at"})
_DRAFT = re.compile(r"[-:\w]{1,120}")


@require_POST
@never_cache
def switch_language(request: HttpRequest, slug: str) -> HttpResponse:
    """Speak the language asked for, also to who is still at the door. A form that names its draft is saved
    first, whole or half filled in."""
    study = Study.objects.filter(slug=slug).select_related("questionnaire").first()
    if study is None:
        return refusals.unknown_study(request)
    visit = find_visit(request, slug)
    if visit is None and request.POST.get("_draft"):
        return unknown_visitor(request, slug)
    language = request.POST.get("_language", "")
    if language not in languages.offered(study):
        return HttpResponseBadRequest()
    if visit:
        _keep_typed(request, visit)
    response = HttpResponseRedirect(_next(request, study))  # redirect() would take a word for a view's name
    languages.keep(response, language)
    return response


def _keep_typed(request: HttpRequest, visit: Visit) -> None:
    journey.seen(visit.enrolment)
    draft = request.POST.get("_draft", "")
    if _DRAFT.fullmatch(draft) and not visit.enrolment.is_over:
        fields = {name: request.POST.getlist(name) for name in request.POST if name not in _OURS}
        answers.save_draft(visit.enrolment, visit.device, draft, fields)


def _next(request: HttpRequest, study: Study) -> str:
    wanted = request.POST.get("_next", "")
    if url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure()):
        return wanted
    return reverse("surveys:study", args=[study.slug])
