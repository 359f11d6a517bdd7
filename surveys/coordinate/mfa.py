"""A second step at sign-in, mandatory for whoever can change a study or see who a participant is."""

from collections.abc import Callable

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from accounts.models import User
from surveys.models import Membership
from surveys.models.people import Role

GUARDED = ("/coordinate/", "/annotate/", "/explore/", "/api/")
POWERFUL = Q(role__in=[Role.OWNER, Role.COORDINATOR]) | Q(may_reidentify=True) | Q(may_export_full=True)


def needs_mfa(user: object) -> bool:
    """Whether this person must set up a second step before they go on."""
    return isinstance(user, User) and should_have_mfa(user) and not is_mfa_enabled(user)


def should_have_mfa(user: User) -> bool:
    """Whether the person's role asks for a second step here; in the demonstration nobody's does."""
    if not settings.MFA_REQUIRED:
        return False
    return user.is_superuser or Membership.objects.filter(POWERFUL, user=user).exists()


class RequireMfa:
    """Sends such a person from any page of the workbench to the set-up; participants never pass here."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.refusal(request) or self.get_response(request)

    def refusal(self, request: HttpRequest) -> HttpResponse | None:
        if not request.path.startswith(GUARDED) or not needs_mfa(request.user):
            return None
        messages.warning(
            request, _("Your role needs two-step sign-in. Set it up to go on; it takes a minute.")
        )
        return redirect("mfa_activate_totp")
