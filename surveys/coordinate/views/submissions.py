"""The panel's submissions: their states, and approving, rejecting and asking to return."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from surveys.access import Right, person, study_for
from surveys.coordinate.panel_forms import RejectionForm, ReturnForm
from surveys.coordinate.views.panel import CALLS, frame, tried
from surveys.models import PanelSubmission, Study
from surveys.panels import connecting, polling
from surveys.panels import submissions as verbs

PAGE = 50


@login_required
def submissions(request: HttpRequest, slug: str) -> HttpResponse:
    """The table; the state stands in the address."""
    study = study_for(request, slug, Right.RUN)
    rows, state = verbs.for_study(study), request.GET.get("state", "")
    counts = rows.order_by("state").values_list("state").annotate(number=Count("pk"))
    if state:
        rows = rows.filter(state="" if state == "none" else state)
    context = frame(request, study, "submissions") | {
        "page": Paginator(rows.order_by("-arrived_at", "-pk"), PAGE).get_page(request.GET.get("page")),
        "counts": [(name or "none", name, number) for name, number in counts],
        "state": state,
        "query": f"state={state}" if state else "",
        "final": verbs.FINAL,
    }
    return render(request, "surveys/coordinate/panel_submissions.html", context)


@require_POST
@login_required
@CALLS
def approve(request: HttpRequest, slug: str) -> HttpResponse:
    """Approve those that are ticked."""
    study = study_for(request, slug, Right.RUN)
    ticked = [int(pk) for pk in request.POST.getlist("submission") if pk.isascii() and pk.isdigit()]
    chosen = list(verbs.for_study(study).filter(pk__in=ticked))
    connection = connecting.connection_of(study)
    done = _("The chosen submissions are approved and will be paid.")
    tried(request, lambda: verbs.approve(connection, chosen, person(request)), done)
    return redirect("coordinate:panel_submissions", slug)


@login_required
def submission(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One submission, to be rejected or asked back."""
    study = study_for(request, slug, Right.RUN)
    row = get_object_or_404(verbs.for_study(study), pk=pk)
    return _page(request, study, row, RejectionForm(), ReturnForm())


def _page(
    request: HttpRequest, study: Study, row: PanelSubmission, rejection: RejectionForm, back: ReturnForm
) -> HttpResponse:
    context = frame(request, study, "submissions") | {
        "row": row,
        "is_final": row.state in verbs.FINAL,
        "rejection": rejection,
        "completions": verbs.researchers_codes(study),
        "back": back,
        "page_title": row.enrolment.code,
    }
    status = 422 if rejection.errors or back.errors else 200
    return render(request, "surveys/coordinate/panel_submission.html", context, status=status)


@require_POST
@login_required
@CALLS
def reject(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    study = study_for(request, slug, Right.RUN)
    row = get_object_or_404(verbs.for_study(study), pk=pk)
    form = RejectionForm(request.POST)
    if not form.is_valid():
        return _page(request, study, row, form, ReturnForm())
    connection, fields = connecting.connection_of(study), form.cleaned_data
    done = _("The submission is rejected; the person reads your message.")
    tried(request, lambda: verbs.reject(connection, row, person(request), **fields), done)
    return redirect("coordinate:panel_submissions", slug)


@require_POST
@login_required
@CALLS
def ask_back(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    study = study_for(request, slug, Right.RUN)
    row = get_object_or_404(verbs.for_study(study), pk=pk)
    form = ReturnForm(request.POST)
    if not form.is_valid():
        return _page(request, study, row, RejectionForm(), form)
    connection, reason = connecting.connection_of(study), form.cleaned_data["reason"]
    done = _("The person is asked to return the submission.")
    tried(request, lambda: verbs.ask_to_return(connection, row, person(request), reason), done)
    return redirect("coordinate:panel_submissions", slug)


@require_POST
@login_required
@CALLS
def complete(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """End it for the person, with the code of an outcome that the researcher gives."""
    study = study_for(request, slug, Right.RUN)
    row = get_object_or_404(verbs.for_study(study), pk=pk)
    connection, outcome = connecting.connection_of(study), request.POST.get("outcome", "")
    done = _("The submission is ended with that code.")
    tried(request, lambda: verbs.complete(connection, row, person(request), outcome=outcome), done)
    return redirect("coordinate:panel_submissions", slug)


@require_POST
@login_required
@CALLS
def refresh(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask the panel now, which it allows every ten minutes."""
    connection = connecting.connection_of(study_for(request, slug, Right.RUN))
    news = polling.poll(connection.pk)
    connection.refresh_from_db()
    if connection.problem:
        messages.error(request, connection.problem)
    else:
        text = _("%s states are new. The panel is asked at most every ten minutes.") % news
        messages.success(request, text)
    return redirect("coordinate:panel_submissions", slug)
