"""What participants may do about their data by themselves: take a purpose back, and withdraw."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from prism.lib.ratelimit import allow, too_many
from surveys import consents, withdrawal
from surveys.entry import keep_device
from surveys.models import Study
from surveys.views.visit import OWN_PAGE, Visit, page_context, participant_page, untrusted_device


@require_POST
@participant_page
def purposes(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Agree to an optional purpose, or to one no more."""
    if not visit.device.is_trusted:
        return untrusted_device(request)
    ticked = dict.fromkeys(request.POST.getlist("purpose"), True)
    if consents.change_purposes(visit.enrolment, ticked, get_language() or ""):
        messages.success(request, _("Your choice is stored and holds from now on."))
    return redirect(OWN_PAGE, slug=visit.study.slug)


@require_http_methods(["GET", "HEAD", "POST"])
@participant_page
def withdraw(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Says what withdrawing means, and does it when the person says so."""
    if withdrawal.has_withdrawn(visit.enrolment):
        return redirect("surveys:done", slug=visit.study.slug)
    if not visit.device.is_trusted:
        return untrusted_device(request)
    if request.method == "POST" and not allow(f"withdraw:{visit.device.pk}", limit=20, seconds=3600):
        return too_many(request, 3600)
    if request.method == "POST" and withdrawal.withdraw(visit.enrolment):
        keep_device(request, visit.device)
        return redirect("surveys:done", slug=visit.study.slug)
    context = {
        **page_context(request, visit, "mine"),
        "journey": None,
        "may_withdraw": withdrawal.is_possible(visit.enrolment),
        "closes_at": withdrawal.closes_at(visit.enrolment),
        "keeps_choices": visit.study.withdrawal == Study.Withdrawal.ANONYMISE,
    }
    return render(request, "surveys/withdraw.html", context, status=409 if request.method == "POST" else 200)
