"""Pages of a demonstration on one's own machine: one-time sign-in links, and the mail that was not sent."""

from pathlib import Path

from allauth.account.utils import perform_login
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts import links
from accounts.mail import sent_mail
from prism.lib.ratelimit import rate_limited


@never_cache
@rate_limited("sign-in link", limit=30, seconds=600, methods=("GET", "POST"))
def link(request: HttpRequest) -> HttpResponse:
    """GET shows a button and changes nothing, so that what looks at links does not use them up."""
    if not links.is_at_home(request):
        raise Http404
    token = request.GET.get("link", "")
    if request.method == "POST":
        user = links.use(token)
        # Through allauth, so that a second step is asked of those who have one.
        return perform_login(request, user) if user else _used_up(request)
    user = links.owner(token)
    return render(request, "accounts/link.html", {"person": user}) if user else _used_up(request)


def _used_up(request: HttpRequest) -> HttpResponse:
    context = {
        "title": _("This sign-in link no longer works"),
        "text": _("A link works once, within 30 minutes."),
        "next_text": _("Start the demonstration again for new links, or sign in with a code."),
        "action_url": reverse("account_login"),
        "action_label": _("Sign in"),
    }
    return render(request, "prism/message.html", context, status=410)


@require_GET
@never_cache
def mail(request: HttpRequest) -> HttpResponse:
    """What Prism would have sent; each message as plain text."""
    directory = getattr(settings, "EMAIL_FILE_PATH", None)
    if not links.is_at_home(request) or not directory:
        raise Http404
    return render(request, "accounts/mail.html", {"mails": sent_mail(Path(directory))})


def shut(request: HttpRequest, page: str = "") -> HttpResponse:
    """A page of the sign-in library that this installation does not offer."""
    raise Http404
