"""The study's panel: where people come from and go back to, its account, webhooks and places."""

import json
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from prism.lib.ratelimit import rate_limited
from surveys import studies
from surveys.access import Right, person, study_for
from surveys.coordinate.navigation import workbench
from surveys.coordinate.panel_forms import ConnectionForm, PanelForm, PlacesForm
from surveys.models import PanelConnection, Study
from surveys.panels import choosing, connecting, panel_of, polling
from surveys.panels.client import PanelError

CALLS = rate_limited("panel", limit=120, seconds=3600, by="user")


def frame(request: HttpRequest, study: Study, tab: str) -> dict[str, Any]:
    """What all pages about the panel share."""
    return workbench(request, study, "coordinate:panel") | {"tab": tab, "panel": panel_of(study)}


def tried(request: HttpRequest, act: Callable[[], object], done: str) -> bool:
    """Do it and say how it went."""
    try:
        act()
    except PanelError as error:
        messages.error(request, str(error))
        return False
    messages.success(request, done)
    return True


@login_required
@never_cache
def panel(request: HttpRequest, slug: str) -> HttpResponse:
    """Choose the panel and say how people leave."""
    study = study_for(request, slug, Right.RUN)
    form = PanelForm(request.POST or None, study=study)
    if request.method == "POST" and form.is_valid():
        is_signed = form.cleaned_data.get("is_signed", False)
        choosing.choose(study, person(request), form.cleaned_data["kind"], form.ways(), is_signed=is_signed)
        messages.success(request, _("The panel is stored."))
        return redirect("coordinate:panel", slug)
    context = frame(request, Study.objects.get(pk=study.pk), "panel") | {
        "form": form,
        "link": studies.participant_link(study),
        "codes": json.dumps(choosing.completion_codes(study), indent=2),
    }
    return render(request, "surveys/coordinate/panel.html", context, status=422 if form.errors else 200)


@login_required
@never_cache
def account(request: HttpRequest, slug: str) -> HttpResponse:
    """The account at the panel: token, study, webhooks, places."""
    study = study_for(request, slug, Right.RUN)
    connection = connecting.connection_of(study)
    form = ConnectionForm(request.POST or None, initial=_stored(connection))
    if request.method == "POST" and form.is_valid():
        connecting.store(connection, person(request), **form.cleaned_data)
        messages.success(request, _("The account is stored. Test the connection now."))
        return redirect("coordinate:panel_account", slug)
    return _account_page(request, study, connection, form=form)


def _stored(connection: PanelConnection) -> dict[str, str]:
    return {"panel_study": connection.panel_study, "workspace": connection.workspace}


def _account_page(
    request: HttpRequest, study: Study, connection: PanelConnection, form: ConnectionForm, **more: Any
) -> HttpResponse:
    context = frame(request, study, "account") | {
        "connection": connection,
        "form": form,
        "places": PlacesForm(),
        "is_silent": polling.is_silent(connection),
        "hook_address": connecting.hook_address(connection),
        **more,
    }
    return render(
        request, "surveys/coordinate/panel_account.html", context, status=422 if form.errors else 200
    )


@require_POST
@login_required
@CALLS
def test(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask the panel who we are and how the study stands there; nothing is changed."""
    study = study_for(request, slug, Right.RUN)
    connection = connecting.connection_of(study)
    form = ConnectionForm(initial=_stored(connection))
    try:
        return _account_page(request, study, connection, form, found=connecting.look(connection))
    except PanelError as error:
        messages.error(request, str(error))
    return redirect("coordinate:panel_account", slug)


@require_POST
@login_required
@CALLS
def listen(request: HttpRequest, slug: str) -> HttpResponse:
    connection = connecting.connection_of(study_for(request, slug, Right.RUN))
    done = _("The panel sends its webhooks from now on.")
    tried(request, lambda: connecting.listen(connection, person(request)), done)
    return redirect("coordinate:panel_account", slug)


@require_POST
@login_required
@CALLS
def places(request: HttpRequest, slug: str) -> HttpResponse:
    connection = connecting.connection_of(study_for(request, slug, Right.RUN))
    form = PlacesForm(request.POST)
    if form.is_valid():
        total = form.cleaned_data["total"]
        done = _("The panel has %s places now.") % total
        tried(request, lambda: connecting.add_places(connection, total, person(request)), done)
    else:
        messages.error(request, _("Enter the new number of places."))
    return redirect("coordinate:panel_account", slug)


@require_POST
@login_required
def forget(request: HttpRequest, slug: str) -> HttpResponse:
    connecting.forget_token(connecting.connection_of(study_for(request, slug, Right.RUN)), person(request))
    messages.success(request, _("The token is deleted here. Revoke it at the panel too."))
    return redirect("coordinate:panel_account", slug)
