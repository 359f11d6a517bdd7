"""The study's panel: where people come from and go back to, its account, webhooks and places."""

import json
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from prism.lib.ratelimit import rate_limited
from surveys import studies
from surveys.access import Right, person
from surveys.coordinate.navigation import workbench
from surveys.coordinate.pages import NotDone, Said, View, show_forms, study_act, study_page
from surveys.coordinate.panel_forms import ConnectionForm, PanelForm, PlacesForm
from surveys.models import PanelConnection, Study
from surveys.panels import choosing, connecting, panel_of, polling
from surveys.panels.client import PanelError

ACCOUNT = "coordinate:panel_account"
CALLS = rate_limited("panel", limit=120, seconds=3600, by="user")


def frame(request: HttpRequest, study: Study, tab: str) -> dict[str, Any]:
    """What all pages about the panel share."""
    return workbench(request, study, "coordinate:panel") | {"tab": tab, "panel": panel_of(study)}


def panel_act(back: str) -> Callable[[Callable[..., Said]], View]:
    """A button that may ask the panel: limited, and what the panel refuses is said on the page `back`."""

    def decorate(act: Callable[..., Said]) -> View:
        return CALLS(study_act(Right.RUN, back, PanelError)(act))

    return decorate


@never_cache
@study_page(Right.RUN)
def panel(request: HttpRequest, study: Study) -> HttpResponse:
    """Choose the panel and say how people leave."""
    form = PanelForm(request.POST or None, study=study)
    if request.method == "POST" and form.is_valid():
        is_signed = form.cleaned_data.get("is_signed", False)
        by_server = form.cleaned_data.get("by_server", False)
        kind = form.cleaned_data["kind"]
        choosing.choose(study, person(request), kind, form.ways(), is_signed=is_signed, by_server=by_server)
        messages.success(request, _("The panel is stored."))
        return redirect("coordinate:panel", study.slug)
    context = frame(request, Study.objects.get(pk=study.pk), "panel") | {
        "form": form,
        "link": studies.participant_link(study),
        "codes": json.dumps(choosing.completion_codes(study), indent=2),
    }
    return show_forms(request, "surveys/coordinate/panel.html", context, form)


@never_cache
@study_page(Right.RUN)
def account(request: HttpRequest, study: Study) -> HttpResponse:
    """The account at the panel: token, study, webhooks, places."""
    connection = connecting.connection_of(study)
    form = ConnectionForm(request.POST or None, initial=_stored(connection))
    if request.method == "POST" and form.is_valid():
        connecting.store(connection, person(request), **form.cleaned_data)
        messages.success(request, _("The account is stored. Test the connection now."))
        return redirect(ACCOUNT, study.slug)
    return _account_page(request, study, connection, form=form)


def _stored(connection: PanelConnection) -> dict[str, str]:
    return {"panel_study": connection.panel_study, "workspace": connection.workspace}


def _account_page(
    request: HttpRequest, study: Study, connection: PanelConnection, *, form: ConnectionForm, **more: Any
) -> HttpResponse:
    context = frame(request, study, "account") | {
        "connection": connection,
        "form": form,
        "places": PlacesForm(),
        "is_silent": polling.is_silent(connection),
        "hook_address": connecting.hook_address(connection),
        **more,
    }
    return show_forms(request, "surveys/coordinate/panel_account.html", context, form)


@panel_act(ACCOUNT)
def test(request: HttpRequest, study: Study) -> HttpResponse:
    """Ask the panel who we are and how the study stands there; nothing is changed."""
    connection = connecting.connection_of(study)
    form = ConnectionForm(initial=_stored(connection))
    return _account_page(request, study, connection, form=form, found=connecting.look(connection))


@panel_act(ACCOUNT)
def listen(request: HttpRequest, study: Study) -> str:
    connecting.listen(connecting.connection_of(study), person(request))
    return _("The panel sends its webhooks from now on.")


@panel_act(ACCOUNT)
def places(request: HttpRequest, study: Study) -> str:
    form = PlacesForm(request.POST)
    if not form.is_valid():
        raise NotDone(_("Enter the new number of places."))
    total = form.cleaned_data["total"]
    connecting.add_places(connecting.connection_of(study), total, person(request))
    return _("The panel has %s places now.") % total


@study_act(Right.RUN, ACCOUNT)
def forget(request: HttpRequest, study: Study) -> str:
    connecting.forget_token(connecting.connection_of(study), person(request))
    return _("The token is deleted here. Revoke it at the panel too.")
