"""The panel's submissions: their states, and approving, rejecting and asking to return."""

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _

from prism.lib.numbers import whole_number
from surveys.access import Right, person
from surveys.coordinate.pages import NotDone, Said, show_forms, study_act, study_page
from surveys.coordinate.panel_forms import RejectionForm, ReleaseForm, ReturnForm
from surveys.coordinate.tables import page_of
from surveys.coordinate.views.panel import frame, panel_act
from surveys.models import PanelSubmission, Study
from surveys.panels import connecting, polling
from surveys.panels import submissions as verbs
from surveys.panels.client import PanelError

LIST = "coordinate:panel_submissions"


@study_page(Right.RUN)
def submissions(request: HttpRequest, study: Study) -> HttpResponse:
    """The table; the state stands in the address."""
    rows, state = verbs.for_study(study), request.GET.get("state", "")
    counts = rows.order_by("state").values_list("state").annotate(number=Count("pk"))
    if state:
        rows = rows.filter(state="" if state == "none" else state)
    rows = verbs.with_seats(rows)
    context = frame(request, study, "submissions") | {
        "page": page_of(request, rows.order_by("-arrived_at", "-pk")),
        "counts": [(name or "none", name, number) for name, number in counts],
        "state": state,
        "query": f"state={state}" if state else "",
        "final": verbs.FINAL,
    }
    return render(request, "surveys/coordinate/panel_submissions.html", context)


@panel_act(LIST)
def approve(request: HttpRequest, study: Study) -> str:
    """Approve those that are ticked."""
    ticked = filter(None, map(whole_number, request.POST.getlist("submission")))
    chosen = list(verbs.for_study(study).filter(pk__in=list(ticked)))
    verbs.approve(connecting.connection_of(study), chosen, person(request))
    return _("The chosen submissions are approved and will be paid.")


@study_page(Right.RUN)
def submission(request: HttpRequest, study: Study, pk: int) -> HttpResponse:
    """One submission, to be rejected or asked back, or to free the seat that it holds."""
    return _page(request, study, _row(study, pk), RejectionForm(), ReturnForm())


def _row(study: Study, pk: int) -> PanelSubmission:
    return get_object_or_404(verbs.with_seats(verbs.for_study(study)), pk=pk)


def _page(
    request: HttpRequest,
    study: Study,
    row: PanelSubmission,
    rejection: RejectionForm,
    back: ReturnForm,
    seat: ReleaseForm | None = None,
) -> HttpResponse:
    seat = seat or ReleaseForm()
    context = frame(request, study, "submissions") | {
        "row": row,
        "is_final": row.state in verbs.FINAL,
        "rejection": rejection,
        "completions": verbs.researchers_codes(study),
        "back": back,
        "seat": seat,
        "page_title": row.enrolment.code,
    }
    return show_forms(request, "surveys/coordinate/panel_submission.html", context, rejection, back, seat)


@panel_act(LIST)
def reject(request: HttpRequest, study: Study, pk: int) -> Said:
    row, form = _row(study, pk), RejectionForm(request.POST)
    if not form.is_valid():
        return _page(request, study, row, form, ReturnForm())
    verbs.reject(connecting.connection_of(study), row, person(request), **form.cleaned_data)
    return _("The submission is rejected; the person reads your message.")


@panel_act(LIST)
def ask_back(request: HttpRequest, study: Study, pk: int) -> Said:
    row, form = _row(study, pk), ReturnForm(request.POST)
    if not form.is_valid():
        return _page(request, study, row, RejectionForm(), form)
    verbs.ask_to_return(connecting.connection_of(study), row, person(request), form.cleaned_data["reason"])
    return _("The person is asked to return the submission.")


@study_act(Right.RUN, LIST, PanelError)
def release(request: HttpRequest, study: Study, pk: int) -> Said:
    """Free the seat of somebody complete whom the panel does not pay; the panel is not asked."""
    row, form = _row(study, pk), ReleaseForm(request.POST)
    if not form.is_valid():
        return _page(request, study, row, RejectionForm(), ReturnForm(), form)
    verbs.release_seat(row, person(request), form.cleaned_data["reason"])
    return _("The seat is free for somebody else. What the person gave is kept.")


@panel_act(LIST)
def complete(request: HttpRequest, study: Study, pk: int) -> str:
    """End it for the person, with the code of an outcome that the researcher gives."""
    outcome = request.POST.get("outcome", "")
    verbs.complete(connecting.connection_of(study), _row(study, pk), person(request), outcome=outcome)
    return _("The submission is ended with that code.")


@panel_act(LIST)
def refresh(request: HttpRequest, study: Study) -> str:
    """Ask the panel now, which it allows every ten minutes."""
    connection = connecting.connection_of(study)
    news = polling.poll(connection.pk)
    connection.refresh_from_db()
    if connection.problem:
        raise NotDone(connection.problem)
    return _("%s states are new. The panel is asked at most every ten minutes.") % news
