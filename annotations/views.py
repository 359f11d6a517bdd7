"""The annotators' door."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from surveys.access import Right, require
from surveys.coordinate.navigation import workbench


@login_required
def home(request: HttpRequest) -> HttpResponse:
    """Says plainly that there is nothing to annotate yet."""
    require(request, Right.ANNOTATE)
    context = workbench(request, current="annotations:home") | {"crumbs": []}
    return render(request, "annotations/home.html", context)
