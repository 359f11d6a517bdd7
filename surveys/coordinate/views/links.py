"""Links for one person each, and invitations by e-mail."""

import csv
from typing import Any

from django.db.models import Count
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from prism.lib.ratelimit import rate_limited
from prism.lib.spreadsheets import defused
from surveys import tasks
from surveys.access import Right, person
from surveys.coordinate.pages import NotDone, Said, show_forms, study_act, study_page
from surveys.coordinate.panel_forms import InvitationsForm, LinksForm
from surveys.coordinate.tables import page_of
from surveys.coordinate.views.panel import frame
from surveys.models import EntryLink, InvitedPerson, Study
from surveys.panels import invitations as mails
from surveys.panels import links as verbs

HERE = "coordinate:panel_links"
MAKES = rate_limited("links", limit=60, seconds=3600, by="user")


@study_page(Right.RUN)
def links(request: HttpRequest, study: Study) -> HttpResponse:
    return _page(request, study, LinksForm(), InvitationsForm())


def _page(request: HttpRequest, study: Study, form: Form, invitation: Form) -> HttpResponse:
    states = study.invited_people.order_by("state").values_list("state").annotate(number=Count("pk"))
    rows = study.entry_links.select_related("enrolment").order_by("number")
    context = frame(request, study, "links") | {
        "form": form,
        "invitation": invitation,
        "page": page_of(request, rows),
        "states": [(InvitedPerson.State(state).label, number) for state, number in states],
        "unreleased": study.invited_people.filter(state="waiting", released_at=None).count(),
    }
    return show_forms(request, "surveys/coordinate/panel_links.html", context, form, invitation)


@never_cache
@MAKES
@study_act(Right.RUN, HERE)
def make(request: HttpRequest, study: Study) -> HttpResponse:
    """Make links and hand them over as a file, this once: no address can be read back later."""
    form = LinksForm(request.POST)
    if form.is_valid():
        try:
            return _file(study, _made(study, person(request), **form.cleaned_data))
        except verbs.LinksError as error:
            form.add_error(None, str(error))
    return _page(request, study, form, InvitationsForm())


def _made(study: Study, by: Any, number: int | None, labels: str) -> list[tuple[str, EntryLink, str]]:
    if number:
        return [("", link, address) for link, address in verbs.make(study, number, by)]
    wanted = list(dict.fromkeys(label.strip() for label in labels.splitlines() if label.strip()))
    made = verbs.make_labelled(study, wanted, by)
    return [(label, link, address) for label, (link, address) in zip(wanted, made, strict=True)]


def _file(study: Study, made: list[tuple[str, EntryLink, str]]) -> HttpResponse:
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{study.slug}-links.csv"'
    writer = csv.writer(response)
    writer.writerow(["number", "label", "link"])
    for label, link, address in made:
        writer.writerow([link.number, defused(label), address])
    return response


@study_act(Right.RUN, HERE)
def revoke(request: HttpRequest, study: Study, number: int) -> str:
    if verbs.revoke(get_object_or_404(study.entry_links, number=number), person(request)):
        return _("Link %s no longer works.") % number
    raise NotDone(_("Link %s was used or withdrawn already.") % number)


@MAKES
@study_act(Right.RUN, HERE)
def invite(request: HttpRequest, study: Study) -> Said:
    """Take a list of addresses; nothing is sent yet."""
    form = InvitationsForm(request.POST)
    if form.is_valid():
        try:
            added, refused = mails.add(study, form.cleaned_data["addresses"], person(request))
        except mails.InvitationsError as error:
            form.add_error("addresses", str(error))
        else:
            said = {"added": added, "refused": refused}
            return _("%(added)s people are added; %(refused)s want no mail and are left out.") % said
    return _page(request, study, LinksForm(), form)


@MAKES
@study_act(Right.RUN, HERE)
def send(request: HttpRequest, study: Study) -> str:
    """Let the mails go out that wait; a task sends them."""
    number = mails.release(study, person(request))
    tasks.send_invitations.delay(study.pk)
    return _("%s mails are on their way, some each minute.") % number
