"""The language switch of a participant's pages: keeps what is typed, then shows the page again."""

import re

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from surveys import answers, languages
from surveys.views.visit import Visit, participant_page

# What a form carries beside what the person typed. No key of a question begins with _.
_OURS = frozenset({"csrfmiddlewaretoken", "_language", "_next", "_draft", "form_key", "shown_at"})
_DRAFT = re.compile(r"[-:\w]{1,120}")


@require_POST
@participant_page
def switch_language(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Speak the language asked for. A form that names its draft is saved first, whole or half filled in."""
    language = request.POST.get("_language", "")
    if language not in languages.offered(visit.study):
        return HttpResponseBadRequest()
    draft = request.POST.get("_draft", "")
    if _DRAFT.fullmatch(draft) and not visit.enrolment.is_over:
        fields = {name: request.POST.getlist(name) for name in request.POST if name not in _OURS}
        answers.save_draft(visit.enrolment, visit.device, draft, fields)
    response = HttpResponseRedirect(_next(request, visit))  # redirect() would take a word for a view's name
    languages.keep(response, language)
    return response


def _next(request: HttpRequest, visit: Visit) -> str:
    wanted = request.POST.get("_next", "")
    if url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure()):
        return wanted
    return reverse("surveys:study", args=[visit.study.slug])
