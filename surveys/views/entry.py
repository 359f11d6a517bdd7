"""The doors of a study: the panel's link, the personal link, and the way to where a person belongs."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from prism.lib.ratelimit import allow
from surveys import entry, journey
from surveys.models import Study
from surveys.panels import EntryError, arrival, panel_of
from surveys.views.visit import find_visit, problem, unknown_visitor

BOT_AGENT = "prism-bots"


@require_GET  # a HEAD of a link scanner must not come in as the person
@never_cache
def study(request: HttpRequest, slug: str) -> HttpResponse:
    """With panel parameters: come in, then a clean address. Without: go where the person belongs."""
    found = Study.objects.filter(slug=slug).select_related("questionnaire", "consent_document").first()
    if found is None:
        return _unknown_study(request)
    if request.GET:
        return _come_in(request, found)
    visit = find_visit(request, slug)
    return redirect(journey.destination(visit.enrolment)) if visit else unknown_visitor(request)


def _come_in(request: HttpRequest, study: Study) -> HttpResponse:
    is_test = entry.is_test_token(study, request.GET.get("test", ""))
    if _is_bot_on_live_study(request, study) and not is_test:
        return _no_bots(request)
    if not allow(f"entry:{request.META.get('REMOTE_ADDR', '')}", limit=600, seconds=60):
        return _too_many(request)
    try:
        person = arrival(study, _parameters(request, study))
        if not (study.is_open or is_test or entry.is_enrolled(study, person)):
            return _closed(request, study)
        enrolment, is_new = entry.enrol(study, person, is_test=is_test)
    except EntryError as error:
        return _bad_link(request, study, str(error))
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
    study = Study.objects.filter(slug=slug).first()
    enrolment = entry.resumed(study, request.GET.get("link", "")) if study else None
    if enrolment is None:
        return problem(
            request,
            title=_("This personal link does not work"),
            text=_("It is damaged, or it was replaced by a newer one."),
            next_text=_("Copy the whole link, or open the link of the study again. What you sent is kept."),
            status=404,
        )
    entry.open_session(request, enrolment, trusted=True)
    response = redirect("surveys:study", slug=slug)
    response.status_code = 303
    return response


def _is_bot_on_live_study(request: HttpRequest, study: Study) -> bool:
    return BOT_AGENT in request.headers.get("User-Agent", "") and not study.is_demo


def _unknown_study(request: HttpRequest) -> HttpResponse:
    return problem(
        request,
        title=_("There is no such study"),
        text=_("The address names a study that is not here."),
        next_text=_("Check the link for a typing error, or ask whoever sent it to you."),
        status=404,
    )


def _closed(request: HttpRequest, study: Study) -> HttpResponse:
    return problem(
        request,
        title=_("This study is not open"),
        text=_("It has not begun or has ended, so nobody can enter now. Nothing about you was stored."),
        next_text=_("If you had begun already, open the link that you began with, or your personal link."),
        status=410,
        contact=study.contact_email,
    )


def _bad_link(request: HttpRequest, study: Study, reason: str) -> HttpResponse:
    return problem(
        request,
        title=_("This link does not let you in"),
        text=reason,
        next_text=_(
            "Go back to the page where you found the study and open it from there. Nothing was stored."
        ),
        status=400,
        contact=study.contact_email,
    )


def _no_bots(request: HttpRequest) -> HttpResponse:
    return problem(
        request,
        title=_("Automatic visitors are not let in here"),
        text=_("This is a live study with real people. Use its test link instead."),
        status=403,
    )


def _too_many(request: HttpRequest) -> HttpResponse:
    return problem(
        request,
        title=_("Too many people at once"),
        text=_("Very many people came in from your network within a minute."),
        next_text=_("Wait a minute and open the link again."),
        status=429,
    )
