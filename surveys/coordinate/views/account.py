"""What a person who signs in sees of themselves."""

from allauth.mfa.utils import is_mfa_enabled
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from surveys.access import person
from surveys.coordinate.mfa import should_have_mfa
from surveys.coordinate.navigation import workbench


@login_required
def account(request: HttpRequest) -> HttpResponse:
    """The person's memberships, and whether a second step protects their sign-in."""
    user = person(request)
    context = workbench(request, current="coordinate:account") | {
        "memberships": user.memberships.select_related("study").order_by("study__title"),
        "has_mfa": is_mfa_enabled(user),
        "should_have_mfa": should_have_mfa(user),
        "page_title": _("Your account"),
        "crumbs": [],
    }
    return render(request, "surveys/coordinate/account.html", context)
