"""Bonuses: the ledger, and paying what stands in it, once."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from surveys.access import Right, person, study_for
from surveys.coordinate.panel_forms import BonusForm
from surveys.coordinate.views.panel import CALLS, frame, tried
from surveys.models import BonusPayment, Study
from surveys.panels import bonuses as verbs
from surveys.panels import connecting
from surveys.panels.client import PanelError

SHOWN = 200


@login_required
def bonuses(request: HttpRequest, slug: str) -> HttpResponse:
    """What waits, what was paid, and what a coordinator has to look at; a posted list is entered."""
    study = study_for(request, slug, Right.RUN)
    form = BonusForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and _enter(request, study, form):
        return redirect("coordinate:panel_bonuses", slug)
    waiting = verbs.drafted(study).select_related("enrolment").order_by("-pk")
    payments = study.bonus_payments.annotate(number=Count("bonuses"), total=Sum("bonuses__amount"))
    context = frame(request, study, "bonuses") | {
        "form": form,
        "waiting": waiting[:SHOWN],
        "waiting_sum": waiting.order_by().aggregate(number=Count("pk"), total=Sum("amount")),
        "payments": [(payment, verbs.is_unclear(payment)) for payment in payments.order_by("-pk")[:SHOWN]],
    }
    return render(
        request, "surveys/coordinate/panel_bonuses.html", context, status=422 if form.errors else 200
    )


def _enter(request: HttpRequest, study: Study, form: BonusForm) -> bool:
    try:
        lines, reason = form.cleaned_data["lines"], form.cleaned_data["reason"]
        number = verbs.draft_list(study, lines, reason, person(request))
    except PanelError as error:
        form.add_error("lines", str(error))
        return False
    messages.success(request, _("%s bonuses are entered. Nothing is paid yet.") % number)
    return True


@require_POST
@login_required
@CALLS
def gather(request: HttpRequest, slug: str) -> HttpResponse:
    """Put what waits into a payment and announce it to the panel; this pays nothing."""
    study = study_for(request, slug, Right.RUN)
    connection = connecting.connection_of(study)
    done = _("The payment is announced to the panel. Nothing is paid yet: look at it and pay.")
    tried(request, lambda: verbs.submit(connection, verbs.gather(study, person(request))), done)
    return redirect("coordinate:panel_bonuses", slug)


@require_POST
@login_required
@CALLS
def announce(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Announce a payment again that did not get through."""
    study, payment = _payment(request, slug, pk)
    connection = connecting.connection_of(study)
    done = _("The payment is announced to the panel. Nothing is paid yet: look at it and pay.")
    tried(request, lambda: verbs.submit(connection, payment), done)
    return redirect("coordinate:panel_bonuses", slug)


@require_POST
@login_required
@CALLS
def pay(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Pay, once. Pressing twice, or two people at once, asks the panel once."""
    study, payment = _payment(request, slug, pk)
    connection = connecting.connection_of(study)
    done = _("The panel was asked to pay. See below what it answered.")
    tried(request, lambda: verbs.pay(connection, payment, person(request)), done)
    return redirect("coordinate:panel_bonuses", slug)


@require_POST
@login_required
def settle(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """A coordinator looked at the panel and says whether it paid."""
    _study, payment = _payment(request, slug, pk)
    answer = request.POST.get("was_paid", "")
    is_settled = answer in {"yes", "no"} and verbs.settle(payment, person(request), was_paid=answer == "yes")
    if is_settled:
        messages.success(request, _("What you found is written down."))
    else:
        messages.error(request, _("This payment waits for no answer any more."))
    return redirect("coordinate:panel_bonuses", slug)


def _payment(request: HttpRequest, slug: str, pk: int) -> tuple[Study, BonusPayment]:
    study = study_for(request, slug, Right.RUN)
    return study, get_object_or_404(study.bonus_payments, pk=pk)
