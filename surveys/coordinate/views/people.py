"""The people of a study. Only its owners come here."""

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from prism.lib.ratelimit import rate_limited
from surveys import people as verbs
from surveys.access import Right, may, person, study_for
from surveys.coordinate.forms import InvitationForm, MemberForm
from surveys.coordinate.navigation import workbench
from surveys.models import Study


@login_required
def people(request: HttpRequest, slug: str) -> HttpResponse:
    study = study_for(request, slug, Right.PEOPLE)
    return _page(request, study, InvitationForm())


def _page(request: HttpRequest, study: Study, form: InvitationForm, status: int = 200) -> HttpResponse:
    context = workbench(request, study, "coordinate:people") | {
        "members": study.memberships.select_related("user").order_by("user__email"),
        "invitations": study.invitations.filter(accepted_at=None, revoked_at=None).order_by("-created_at"),
        "form": form,
        "now": timezone.now(),
    }
    return render(request, "surveys/coordinate/people.html", context, status=status)


@require_POST
@login_required
@rate_limited("invite", limit=60, seconds=3600, by="user")
def invite(request: HttpRequest, slug: str) -> HttpResponse:
    study = study_for(request, slug, Right.PEOPLE)
    form = InvitationForm(request.POST)
    if not form.is_valid():
        return _page(request, study, form, status=422)
    email, role, by = form.cleaned_data["email"], form.cleaned_data["role"], person(request)
    return _tried(
        request,
        slug,
        lambda: verbs.invite(study, email, role, by),
        _("An invitation is on its way to %s.") % email,
    )


@require_POST
@login_required
def revoke(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    study = study_for(request, slug, Right.PEOPLE)
    verbs.revoke(get_object_or_404(study.invitations, pk=pk), person(request))
    messages.success(request, _("The invitation is withdrawn; its link no longer works."))
    return redirect("coordinate:people", slug)


@login_required
def change(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Role and extra rights of one member."""
    study = study_for(request, slug, Right.PEOPLE)
    member = get_object_or_404(study.memberships.select_related("user"), pk=pk)
    form = MemberForm(request.POST or None, instance=member)
    if request.method == "POST" and form.is_valid():
        wanted = form.cleaned_data
        return _tried(
            request, slug, lambda: verbs.change(member, person(request), **wanted), _("The change is stored.")
        )
    context = workbench(request, study, "coordinate:people") | {"member": member, "form": form}
    return render(request, "surveys/coordinate/member.html", context)


@require_POST
@login_required
def remove(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    study = study_for(request, slug, Right.PEOPLE)
    member = get_object_or_404(study.memberships.select_related("user"), pk=pk)
    done = _("%s is no longer a member. What they did is kept.") % member.user.email
    return _tried(request, slug, lambda: verbs.remove(member, person(request)), done)


def _tried(request: HttpRequest, slug: str, act: Callable[[], object], done: str) -> HttpResponse:
    """Do it, say how it went, and go back to the list."""
    try:
        act()
    except verbs.PeopleError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, done)
    # Who just left or stopped being an owner has no way back to the list.
    is_owner = may(request.user, Right.PEOPLE, Study.objects.get(slug=slug))
    return redirect("coordinate:people", slug) if is_owner else redirect("coordinate:studies")
