"""The doors of a study: the panel's link, the personal link, and the way to where a person belongs."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from prism.lib.ratelimit import allow
from surveys import entry, journey, languages
from surveys.models import Study
from surveys.panels import EntryError, PreviewVisit, arrival, panel_of
from surveys.views import refusals
from surveys.views.door import at_the_door
from surveys.views.visit import find_visit, problem, unknown_visitor


@require_GET  # a HEAD of a link scanner must not come in as the person
@never_cache
def study(request: HttpRequest, slug: str) -> HttpResponse:
    """With panel parameters: come in, then a clean address. Without: go where the person belongs."""
    found = Study.objects.filter(slug=slug).select_related("questionnaire", "consent_document").first()
    if found is None:
        return refusals.unknown_study(request)
    with languages.speaking(request, found):
        return _enter(request, found)


def _enter(request: HttpRequest, found: Study) -> HttpResponse:
    if "link" in request.GET or panel_of(found)["door"] != "parameters":
        return at_the_door(request, found)
    if request.GET:
        return _come_in(request, found)
    visit = find_visit(request, found.slug)
    return redirect(journey.destination(visit.enrolment)) if visit else unknown_visitor(request, found.slug)


def _come_in(request: HttpRequest, study: Study) -> HttpResponse:
    is_test = entry.is_test_token(study, request.GET.get("test", ""))
    if entry.is_bot_on_live_study(request, study) and not is_test:
        return refusals.no_bots(request)
    if not allow(f"entry:{request.META.get('REMOTE_ADDR', '')}", limit=600, seconds=60):
        return refusals.too_many(request)
    try:
        person = arrival(study, _parameters(request, study))
        if not (study.is_open or is_test or entry.is_enrolled(study, person)):
            return refusals.closed(request, study)
        here = entry.current_device(request, study) if person.is_signed else None
        enrolment, is_new = entry.enrol(study, person, is_test=is_test, here=here)
    except PreviewVisit as error:
        return refusals.only_a_preview(request, study, str(error))
    except EntryError as error:
        return refusals.bad_link(request, study, str(error))
    entry.open_session(request, enrolment, trusted=is_new or person.is_signed)
    response = redirect("surveys:study", slug=study.slug)
    response.status_code = 303
    return response


def _parameters(request: HttpRequest, study: Study) -> dict[str, str]:
    """Only what was given once: a parameter given twice is a tampered link."""
    names = panel_of(study)["parameters"].values()
    twice = [name for name in names if len(request.GET.getlist(name)) > 1]
    if twice:
        raise EntryError(_("The link is damaged: %(name)s stands in it twice.") % {"name": twice[0]})
    return {name: str(value).strip() for name, value in request.GET.items()}


@require_GET
@never_cache
def resume(request: HttpRequest, slug: str) -> HttpResponse:
    """The personal link: everything goes on where it was, on any device."""
    return enter_by_link(request, slug, "surveys:study")


def enter_by_link(request: HttpRequest, slug: str, destination: str) -> HttpResponse:
    """Open the personal link in the address on this browser, and go on without it to a page of the study."""
    study = Study.objects.filter(slug=slug).first()
    enrolment = entry.resumed(study, request.GET.get("link", "")) if study else None
    if enrolment is None:
        return _unknown_link(request, slug)
    entry.open_session(request, enrolment, trusted=True)
    response = redirect(destination, slug=slug)
    response.status_code = 303
    return response


def _unknown_link(request: HttpRequest, slug: str) -> HttpResponse:
    with languages.speaking_at(request, slug):
        return problem(
            request,
            title=_("This personal link does not work"),
            text=_("It is damaged, or it was replaced by a newer one."),
            next_text=_("Copy the whole link, or open the link of the study again. What you sent is kept."),
            status=404,
        )
