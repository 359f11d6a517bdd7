"""Bonuses: the ledger, and paying what stands in it, once."""

from django.contrib import messages
from django.db.models import Count, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _

from surveys.access import Right, person
from surveys.coordinate.pages import NotDone, show_forms, study_act, study_page
from surveys.coordinate.panel_forms import BonusForm
from surveys.coordinate.views.panel import frame, panel_act
from surveys.models import BonusPayment, Study
from surveys.panels import bonuses as verbs
from surveys.panels import connecting
from surveys.panels.client import PanelError

LEDGER = "coordinate:panel_bonuses"
SHOWN = 200


@study_page(Right.RUN)
def bonuses(request: HttpRequest, study: Study) -> HttpResponse:
    """What waits, what was paid, and what a coordinator has to look at; a posted list is entered."""
    form = BonusForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and _enter(request, study, form):
        return redirect(LEDGER, study.slug)
    waiting = verbs.drafted(study).select_related("enrolment").order_by("-pk")
    payments = study.bonus_payments.annotate(number=Count("bonuses"), total=Sum("bonuses__amount"))
    context = frame(request, study, "bonuses") | {
        "form": form,
        "waiting": waiting[:SHOWN],
        "waiting_sum": waiting.order_by().aggregate(number=Count("pk"), total=Sum("amount")),
        "payments": [(payment, verbs.is_unclear(payment)) for payment in payments.order_by("-pk")[:SHOWN]],
    }
    return show_forms(request, "surveys/coordinate/panel_bonuses.html", context, form)


def _enter(request: HttpRequest, study: Study, form: BonusForm) -> bool:
    try:
        lines, reason = form.cleaned_data["lines"], form.cleaned_data["reason"]
        number = verbs.draft_list(study, lines, reason, person(request))
    except PanelError as error:
        form.add_error("lines", str(error))
        return False
    messages.success(request, _("%s bonuses are entered. Nothing is paid yet.") % number)
    return True


@panel_act(LEDGER)
def gather(request: HttpRequest, study: Study) -> str:
    """Put what waits into a payment and announce it to the panel; this pays nothing."""
    return _announced(study, verbs.gather(study, person(request)))


@panel_act(LEDGER)
def announce(request: HttpRequest, study: Study, pk: int) -> str:
    """Announce a payment again that did not get through."""
    return _announced(study, _payment(study, pk))


def _announced(study: Study, payment: BonusPayment) -> str:
    verbs.submit(connecting.connection_of(study), payment)
    return _("The payment is announced to the panel. Nothing is paid yet: look at it and pay.")


@panel_act(LEDGER)
def pay(request: HttpRequest, study: Study, pk: int) -> str:
    """Pay, once. Pressing twice, or two people at once, asks the panel once."""
    verbs.pay(connecting.connection_of(study), _payment(study, pk), person(request))
    return _("The panel was asked to pay. See below what it answered.")


@study_act(Right.RUN, LEDGER)
def settle(request: HttpRequest, study: Study, pk: int) -> str:
    """A coordinator looked at the panel and says whether it paid."""
    payment, answer = _payment(study, pk), request.POST.get("was_paid", "")
    if answer in {"yes", "no"} and verbs.settle(payment, person(request), was_paid=answer == "yes"):
        return _("What you found is written down.")
    raise NotDone(_("This payment waits for no answer any more."))


def _payment(study: Study, pk: int) -> BonusPayment:
    return get_object_or_404(study.bonus_payments, pk=pk)
