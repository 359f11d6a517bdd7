"""What every participant page starts with: which study, who is there, on which device."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from surveys import journey, languages
from surveys.entry import device_in, resume_path
from surveys.models import Device, Enrolment, Study
from surveys.monitor import notices


@dataclass(frozen=True)
class Visit:
    study: Study
    enrolment: Enrolment
    device: Device


View = Callable[..., HttpResponse]
OWN_PAGE = "conversations:mine"  # an upper app's page, by the name of its address
PART_HEADER = "X-Prism-Part"


def asks_for_part(request: HttpRequest, name: str) -> bool:
    """Whether a script asks for this part of the page alone, without what stands around it."""
    return request.headers.get(PART_HEADER) == name


def find_visit(request: HttpRequest, slug: str) -> Visit | None:
    """The participant behind this browser in the study, or None. The one access check of the journey."""
    device = device_in(request, slug)
    return Visit(device.enrolment.study, device.enrolment, device) if device else None


def participant_page(view: View) -> View:
    """Let in only who has entered the study on this browser; others are told how to enter."""

    @wraps(view)
    @never_cache
    def inner(request: HttpRequest, slug: str, *args: Any, **kwargs: Any) -> HttpResponse:
        visit = find_visit(request, slug)
        if visit is None:
            return unknown_visitor(request, slug)
        return let_in(request, visit, view, *args, **kwargs)

    return inner


def let_in(request: HttpRequest, visit: Visit, view: View, *args: Any, **kwargs: Any) -> HttpResponse:
    """A page for the person who was found behind this very request, in their language."""
    journey.seen(visit.enrolment)
    with languages.speaking(request, visit.study):
        return view(request, visit, *args, **kwargs)


def in_stage(key: str, *, is_door: bool = True) -> Callable[[View], View]:
    """Send whoever is not in this stage to where they belong; nobody jumps ahead or edits what is over.

    A stage's door looks at all stages anew; the pages behind it believe what the door wrote down.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def inner(request: HttpRequest, visit: Visit, *args: Any, **kwargs: Any) -> HttpResponse:
            if not is_door and visit.enrolment.stage == key and not visit.enrolment.is_over:
                return view(request, visit, *args, **kwargs)
            where = journey.destination(visit.enrolment)
            if visit.enrolment.is_over or visit.enrolment.stage != key:
                return redirect(where)
            return view(request, visit, *args, **kwargs)

        return inner

    return decorate


def page_context(request: HttpRequest, visit: Visit, current: str) -> dict[str, Any]:
    """What templates/participant.html shows around every page; without `current` no steps of a journey."""
    link = request.build_absolute_uri(resume_path(visit.enrolment)) if visit.device.is_trusted else ""
    mine = reverse(OWN_PAGE, args=[visit.study.slug])
    if request.__dict__.get("is_framed") and visit.device.is_trusted:
        mine = resume_path(visit.enrolment, OWN_PAGE)  # opens in a window that does not know the person yet
    return {
        "study": visit.study,
        "journey": journey.steps(visit.enrolment, current) if current else None,
        "progress": None,
        "resume_link": link,
        "mine_url": mine,
        "is_preview": visit.enrolment.is_preview,
        "notices": notices.waiting(visit.enrolment),
        "languages": languages.offers(request, visit.study),
    }


def unknown_visitor(request: HttpRequest, slug: str) -> HttpResponse:
    with languages.speaking_at(request, slug):
        return problem(
            request,
            title=_("Please come in by your link"),
            text=_("This page belongs to one person, and this browser does not know who you are."),
            next_text=_(
                "Open the link of the study again, or your personal link. What you sent before is kept."
            ),
            status=403,
        )


def untrusted_device(request: HttpRequest) -> HttpResponse:
    return problem(
        request,
        title=_("Open your personal link first"),
        text=_("Only your first browser, or one opened by your personal link, can read what you sent."),
        next_text=_(
            "You find the link in your first browser, under “Continue later”. What you sent is kept."
        ),
        status=403,
    )


def problem(
    request: HttpRequest, *, title: str, text: str, next_text: str = "", status: int, contact: str = ""
) -> HttpResponse:
    """A plain page: what happened, and what to do."""
    context = {"title": title, "text": text, "next_text": next_text, "contact_email": contact}
    return render(request, "prism/message.html", context, status=status)
