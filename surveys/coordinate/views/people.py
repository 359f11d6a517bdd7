"""The people of a study. Only its owners come here."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from prism.lib.ratelimit import rate_limited
from surveys import people as verbs
from surveys.access import Right, may, person
from surveys.coordinate.forms import InvitationForm, MemberForm
from surveys.coordinate.navigation import workbench
from surveys.coordinate.pages import show_forms, study_act, study_page, tried
from surveys.models import Study


@study_page(Right.PEOPLE)
def people(request: HttpRequest, study: Study) -> HttpResponse:
    return _page(request, study, InvitationForm())


def _page(request: HttpRequest, study: Study, form: InvitationForm) -> HttpResponse:
    context = workbench(request, study, "coordinate:people") | {
        "members": study.memberships.select_related("user").order_by("user__email"),
        "invitations": study.invitations.filter(accepted_at=None, revoked_at=None).order_by("-created_at"),
        "form": form,
        "now": timezone.now(),
    }
    return show_forms(request, "surveys/coordinate/people.html", context, form)


@require_POST
@rate_limited("invite", limit=60, seconds=3600, by="user")
@study_page(Right.PEOPLE)
def invite(request: HttpRequest, study: Study) -> HttpResponse:
    form = InvitationForm(request.POST)
    if not form.is_valid():
        return _page(request, study, form)
    email, role, by = form.cleaned_data["email"], form.cleaned_data["role"], person(request)
    done = _("An invitation is on its way to %s.") % email
    return _tried(request, study, lambda: verbs.invite(study, email, role, by), done)


@study_act(Right.PEOPLE, "coordinate:people")
def revoke(request: HttpRequest, study: Study, pk: int) -> str:
    verbs.revoke(get_object_or_404(study.invitations, pk=pk), person(request))
    return _("The invitation is withdrawn; its link no longer works.")


@study_page(Right.PEOPLE)
def change(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    """Role and extra rights of one member."""
    member = get_object_or_404(study.memberships.select_related("user"), pk=pk)
    form = MemberForm(request.POST or None, instance=member)
    if request.method == "POST" and form.is_valid():
        wanted = form.cleaned_data
        done = _("The change is stored.")
        return _tried(request, study, lambda: verbs.change(member, person(request), **wanted), done)
    context = workbench(request, study, "coordinate:people") | {"member": member, "form": form}
    return render(request, "surveys/coordinate/member.html", context)


@require_POST
@study_page(Right.PEOPLE)
def remove(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    member = get_object_or_404(study.memberships.select_related("user"), pk=pk)
    done = _("%s is no longer a member. What they did is kept.") % member.user.email
    return _tried(request, study, lambda: verbs.remove(member, person(request)), done)


def _tried(request: HttpRequest, study: Study, act: Callable[[], object], done: str) -> HttpResponse:
    """Do it, say how it went, and go back to the list."""

    def said() -> str:
        act()
        return done

    tried(request, said, verbs.PeopleError)
    # Who just left or stopped being an owner has no way back to the list.
    is_owner = may(request.user, Right.PEOPLE, study)
    return redirect("coordinate:people", study.slug) if is_owner else redirect("coordinate:studies")
