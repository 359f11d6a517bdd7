"""What people asked the team to look at, newest first."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from conversations.models import Report
from surveys.access import Right
from surveys.coordinate.navigation import workbench
from surveys.coordinate.pages import study_page
from surveys.models import Study

LISTED = 200


@require_safe
@study_page(Right.RUN)
def reports(request: HttpRequest, study: Study) -> HttpResponse:
    """Who reports is not told: it may be whoever has a shared link."""
    made = Report.objects.filter(conversation__study=study).select_related("conversation__enrolment")
    context = workbench(request, study, "registry:reports") | {
        "reports": made.order_by("-pk")[:LISTED],
        "total": made.count(),
        "most": LISTED,
    }
    return render(request, "conversations/coordinate/reports.html", context)
