"""An invitation's link: it explains, asks, and makes its reader a member once the address is proven."""

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from accounts.models import User
from prism.lib.ratelimit import rate_limited
from surveys import people as verbs
from surveys.models import Invitation


@never_cache
@rate_limited("invitation", limit=30, seconds=600, methods=("GET", "POST"))
def invitation(request: HttpRequest) -> HttpResponse:
    """GET changes nothing, so that a mail scanner that opens the link does not use it up."""
    token = request.GET.get("link", "")
    found = verbs.find_invitation(token)
    if found is None or not found.is_open:
        return _gone(request, found)
    if request.method == "POST":
        return _accept(request, found, token)
    user = request.user
    is_theirs = isinstance(user, User) and user.email.lower() == found.email.lower()
    context = {"invitation": found, "is_theirs": is_theirs, "here": request.get_full_path()}
    return render(request, "surveys/coordinate/invitation.html", context)


def _accept(request: HttpRequest, found: Invitation, token: str) -> HttpResponse:
    if not isinstance(request.user, User):
        return _prove_address(request, found, token)
    try:
        verbs.accept(found, request.user)
    except verbs.PeopleError as error:
        messages.error(request, str(error))
        return redirect(verbs.invitation_path(token))
    messages.success(request, _("Welcome. You are now a member of the study “%s”.") % found.study.title)
    return redirect("coordinate:studies")


def _prove_address(request: HttpRequest, found: Invitation, token: str) -> HttpResponse:
    """To the sign-in by code, and back. The account is made now, for without one no code is sent."""
    if not User.objects.filter(email__iexact=found.email).exists():
        User.objects.create_user(found.email)
    text = _("Enter %s below: the code we send there proves that the address is yours.") % found.email
    messages.info(request, text)
    query = urlencode({"next": verbs.invitation_path(token)})
    return redirect(f"{reverse('account_request_login_code')}?{query}")


def _gone(request: HttpRequest, found: Invitation | None) -> HttpResponse:
    context = {
        "title": _("This invitation cannot be used"),
        "text": _reason(found),
        "next_text": _(
            "If you accepted it before, simply sign in. Otherwise ask the owner of the study for a new one."
        ),
        "action_url": reverse("account_login"),
        "action_label": _("Sign in"),
    }
    return render(request, "prism/message.html", context, status=410 if found else 404)


def _reason(found: Invitation | None) -> str:
    if found is None:
        return _("The link is not complete or was never one of ours.")
    if found.accepted_at:
        return _("It was accepted already; a link works once.")
    if found.revoked_at:
        return _("It was withdrawn, or a newer one was sent.")
    return _("It has expired.")
