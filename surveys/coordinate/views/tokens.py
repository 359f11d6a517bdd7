"""A person's own tokens for the API."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from prism.lib.ratelimit import rate_limited
from surveys import tokens as verbs
from surveys.access import Right, person, require
from surveys.coordinate.navigation import workbench
from surveys.coordinate.token_form import TokenForm


@login_required
@never_cache
@rate_limited("token", limit=20, seconds=3600, by="user")
def tokens(request: HttpRequest) -> HttpResponse:
    """The list, and making one; the secret stands in this one answer and nowhere else."""
    require(request, Right.VIEW)
    form = TokenForm(request.POST or None)
    if request.method != "POST":
        return _page(request, form)
    if not form.is_valid():
        return _page(request, form, status=422)
    _token, secret = verbs.make(person(request), **form.cleaned_data)
    return _page(request, TokenForm(), secret, status=201)


def _page(request: HttpRequest, form: TokenForm, secret: str = "", status: int = 200) -> HttpResponse:
    context = workbench(request, current="coordinate:tokens") | {
        "page_title": _("Tokens for the API"),
        "crumbs": [],
        "tokens": person(request).api_tokens.order_by("-created_at"),
        "form": form,
        "secret": secret,
    }
    return render(request, "surveys/coordinate/tokens.html", context, status=status)


@require_POST
@login_required
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    token = get_object_or_404(person(request).api_tokens, pk=pk)
    if verbs.revoke(token, person(request)):
        messages.success(request, _("The token %s works no longer.") % token.prefix)
    return redirect("coordinate:tokens")
