"""The door of a study that has no panel: a page to look at and a button that lets in.

Opening a link makes nothing: mail scanners open links, and people look before they take part.
"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from prism.lib.codes import random_key
from prism.lib.ratelimit import allow
from surveys import entry, journey, languages
from surveys.models import Study
from surveys.panels import Arrival, EntryError, anybody, arrival_by, panel_of
from surveys.views import refusals


def at_the_door(request: HttpRequest, study: Study) -> HttpResponse:
    """Who is in goes on; others see what the study is, with a button to begin."""
    token, test = request.GET.get("link", ""), request.GET.get("test", "")
    device = entry.current_device(request, study)
    try:
        person = _person(study, token, "")
    except EntryError as error:
        # Who is in already came by another door, or their link was withdrawn meanwhile.
        if device and not token:
            return redirect(journey.destination(device.enrolment))
        return refusals.bad_link(request, study, str(error))
    if device and (person.link is None or person.link.enrolment_id == device.enrolment_id):
        return redirect(journey.destination(device.enrolment))
    if not (study.is_open or entry.is_test_token(study, test) or (person.link and person.link.enrolment_id)):
        return refusals.closed(request, study)
    context = {"study": study, "link": token, "test": test, "door_key": random_key()}
    context["languages"] = languages.offers(request, study)
    return render(request, "surveys/door.html", context)


@require_POST
@never_cache
def begin(request: HttpRequest, slug: str) -> HttpResponse:
    """Come in by the button of the door."""
    study = Study.objects.filter(slug=slug).select_related("questionnaire", "consent_document").first()
    if study is None:
        return refusals.unknown_study(request)
    with languages.speaking(request, study):
        return _begin(request, study)


def _begin(request: HttpRequest, study: Study) -> HttpResponse:
    is_test = entry.is_test_token(study, request.POST.get("test", ""))
    if not is_test and entry.is_bot_on_live_study(request, study):
        return refusals.no_bots(request)
    if not allow(f"begin:{request.META.get('REMOTE_ADDR', '')}", limit=60, seconds=60):
        return refusals.too_many(request)
    try:
        return _let_in(request, study, is_test=is_test)
    except EntryError as error:
        return refusals.bad_link(request, study, str(error))


def _let_in(request: HttpRequest, study: Study, *, is_test: bool) -> HttpResponse:
    here = entry.current_device(request, study)
    person = _person(study, request.POST.get("link", ""), request.POST.get("door_key", "")[:40])
    if here and not person.link:  # one enrolment for each browser
        return redirect(journey.destination(here.enrolment))
    if not (study.is_open or is_test or entry.is_enrolled(study, person)):
        return refusals.closed(request, study)
    enrolment, is_new = entry.enrol(study, person, is_test=is_test, here=here)
    entry.open_session(request, enrolment, trusted=is_new or person.is_signed)
    response = redirect("surveys:study", slug=study.slug)
    response.status_code = 303
    return response


def _person(study: Study, token: str, door_key: str) -> Arrival:
    """By a link for one person, or as anybody where the study is open to all; raises EntryError."""
    if token or panel_of(study)["door"] == "links":
        return arrival_by(study, token, door_key)
    return anybody(study, door_key)
