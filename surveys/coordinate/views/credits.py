"""Credits that the server asks the panel for: how they stand, and those somebody has to look at."""

from django.db.models import Case, Count, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from surveys.access import Right, person
from surveys.coordinate.pages import NotDone, study_act, study_page
from surveys.coordinate.tables import page_of
from surveys.coordinate.views.panel import frame
from surveys.models import Credit, Study
from surveys.panels import credits as verbs

LIST = "coordinate:panel_credits"


@study_page(Right.RUN)
def credits(request: HttpRequest, study: Study) -> HttpResponse:
    """The ledger; those that are not clear come first."""
    rows = verbs.of_study(study)
    counts = dict(rows.order_by().values_list("state").annotate(number=Count("pk")))
    is_unclear = Case(When(state__in=verbs.UNCLEAR, then=0), default=1)
    context = frame(request, study, "credits") | {
        "page": page_of(request, rows.order_by(is_unclear, "-pk")),
        "counts": [(label, counts.get(value, 0)) for value, label in Credit.State.choices],
        "unclear": verbs.UNCLEAR,
        "query": "",
    }
    return render(request, "surveys/coordinate/panel_credits.html", context)


@study_act(Right.RUN, LIST)
def settle(request: HttpRequest, study: Study, pk: int) -> str:
    """A coordinator looked at the panel and says whether the credit is there."""
    answer = request.POST.get("was_granted", "")
    if answer not in {"yes", "no"}:
        raise NotDone(_("Please say what you found."))
    if not verbs.settle(study, pk, person(request), was_granted=answer == "yes"):
        raise NotDone(_("This credit waits for no answer any more."))
    return _("What you found is written down.")
