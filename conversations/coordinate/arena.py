"""A study's arena in the workbench: where it is, its portals, and the sites that may frame it."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.models import User
from conversations.arena import embedding, portals
from conversations.arena.addresses import address
from conversations.arena.portal_hosts import show_as
from conversations.arena.visiting import is_arena
from conversations.coordinate.arena_forms import EmbeddingForm, PortalForm
from conversations.models import Portal
from conversations.views.arena.doors import front
from surveys import entry, studies
from surveys.access import Right, person
from surveys.coordinate.navigation import workbench
from surveys.coordinate.pages import show_forms, study_act, study_page
from surveys.models import Study

HERE = "registry:arena"
SANDBOX = "allow-forms allow-popups allow-popups-to-escape-sandbox allow-same-origin allow-scripts"


@study_page(Right.RUN)
def arena(request: HttpRequest, study: Study) -> HttpResponse:
    """Everything of an arena that other studies have not, or what keeps this study from being one."""
    origins = embedding.origins_of(study.slug)
    form = EmbeddingForm(
        request.POST if request.method == "POST" else None, initial={"origins": "\n".join(origins)}
    )
    if request.method == "POST" and is_arena(study) and form.is_valid():
        embedding.store(study, form.cleaned_data["origins"], person(request))
        messages.success(request, _("Stored. It holds from now on."))
        return redirect(HERE, study.slug)
    context = workbench(request, study, HERE) | {
        "is_arena": is_arena(study),
        "gaps": [] if study.is_open else studies.gaps(study),
        "portals": study.portals.without_logo(),
        "form": form,
        "origins": origins,
        **_addresses(study),
    }
    return show_forms(request, "conversations/coordinate/arena.html", context, form)


def _addresses(study: Study) -> dict[str, Any]:
    """What to give away: the address of the arena, and what a framing site writes into its page."""
    where = settings.PUBLIC_URL + address(study, "home")
    return {
        "address": where,
        "frame_address": f"{where}?embed=1",
        "frame_script": f"{settings.PUBLIC_URL}{settings.STATIC_URL}js/arena-frame.js",
        "sandbox": SANDBOX,
    }


@study_page(Right.RUN)
def portal(request: HttpRequest, study: Study, pk: int | None = None) -> HttpResponse:
    """Make a portal (without `pk`), or change one."""
    if not is_arena(study):
        return redirect(HERE, study.slug)
    found = get_object_or_404(study.portals, pk=pk) if pk else Portal(study=study)
    title = found.host or _("New portal")
    form = PortalForm(request.POST or None, request.FILES or None, instance=found, initial=_begin(found))
    if request.method == "POST" and form.is_valid() and _is_stored(form, person(request)):
        messages.success(request, _("The portal %s is stored.") % found.host)
        return redirect(HERE, study.slug)
    context = workbench(request, study, HERE)
    context |= {"form": form, "portal": found, "page_title": title}
    return show_forms(request, "conversations/coordinate/portal.html", context, form)


def _is_stored(form: PortalForm, by: User) -> bool:
    """Store it; False where somebody took the host in this very moment, which the form then says."""
    try:
        portals.store(form.filled(), by, form.changed_data)
    except IntegrityError:
        form.add_error("host", _("Another portal has this host."))
        return False
    return True


def _begin(portal: Portal) -> dict[str, Any]:
    """A new portal speaks all of Prism's languages."""
    every = [code for code, _name in settings.LANGUAGES]
    return {} if portal.pk else {"languages": every, "language": every[0]}


@study_act(Right.RUN, HERE)
def switch(request: HttpRequest, study: Study, pk: int) -> str:
    """Let a portal answer under its host, or no more."""
    found = get_object_or_404(study.portals.without_logo(), pk=pk)
    is_on = request.POST.get("on") == "1"
    portals.switch(found, is_on, person(request))
    said = _("The portal %s is on.") if is_on else _("The portal %s is off: its host answers nothing.")
    return said % found.host


@require_safe
@study_page(Right.RUN)
def preview(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    """The portal's front page as it will be; who comes in by it is a test."""
    show_as(request, get_object_or_404(study.portals.without_logo(), pk=pk))
    return front(request, study, {}, [], test=entry.test_token(study))
