"""The plain pages for people whom the door of a study does not let in. Nothing is stored for them."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from surveys.models import Study
from surveys.views.visit import problem


def unknown_study(request: HttpRequest) -> HttpResponse:
    return problem(
        request,
        title=_("There is no such study"),
        text=_("The address names a study that is not here."),
        next_text=_("Check the link for a typing error, or ask whoever sent it to you."),
        status=404,
    )


def closed(request: HttpRequest, study: Study) -> HttpResponse:
    return problem(
        request,
        title=_("This study is not open"),
        text=_("It has not begun or has ended, so nobody can enter now. Nothing about you was stored."),
        next_text=_("If you had begun already, open the link that you began with, or your personal link."),
        status=410,
        contact=study.contact_email,
    )


def bad_link(request: HttpRequest, study: Study, reason: str) -> HttpResponse:
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


def only_a_preview(request: HttpRequest, study: Study, reason: str) -> HttpResponse:
    return problem(
        request,
        title=_("This is a preview"),
        text=reason,
        next_text=_("Nothing was stored."),
        status=200,
        contact=study.contact_email,
    )


def no_bots(request: HttpRequest) -> HttpResponse:
    return problem(
        request,
        title=_("Automatic visitors are not let in here"),
        text=_("This is a live study with real people. Use its test link instead."),
        status=403,
    )


def too_many(request: HttpRequest) -> HttpResponse:
    return problem(
        request,
        title=_("Too many people at once"),
        text=_("Very many people came in from your network within a minute."),
        next_text=_("Wait a minute and open the link again."),
        status=429,
    )
