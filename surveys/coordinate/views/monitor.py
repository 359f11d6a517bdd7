"""The funnel, the time per page, and arrivals and outcomes over time."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from surveys.access import Right
from surveys.coordinate.navigation import workbench
from surveys.coordinate.pages import study_page
from surveys.models import Study
from surveys.monitor.funnel import funnel
from surveys.monitor.over_time import Timeline, timeline


@study_page(Right.VIEW)
def monitor(request: HttpRequest, study: Study) -> HttpResponse:
    """`?test=1` counts test participants too. Of a large study the pages are as of its last assessment."""
    with_test = request.GET.get("test") == "1"
    way = funnel(study, with_test=with_test)
    line = timeline(study, with_test=with_test)
    context = workbench(request, study, "coordinate:monitor") | {
        "way": way,
        "timeline": line,
        "rows": [(when, [series.values[at] for series in line.series]) for at, when in enumerate(line.times)],
        "with_test": with_test,
    }
    return render(request, "surveys/coordinate/monitor.html", context)


@study_page(Right.VIEW)
def over_time(request: HttpRequest, study: Study) -> JsonResponse:
    """The figures of the chart; the page shows the same ones in a table."""
    return JsonResponse(_figures(timeline(study, with_test=request.GET.get("test") == "1")))


def _figures(line: Timeline) -> dict[str, Any]:
    return {
        "unit": line.unit,
        "times": [when.isoformat() for when in line.times],
        "series": [
            {"key": series.key, "label": str(series.label), "values": series.values} for series in line.series
        ],
    }
