"""The annotators' door: their batches, and the next task of one."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from annotations import assigning, standing
from annotations.assigning import Annotator
from annotations.desks import to_next
from annotations.models import Batch
from prism.lib.ratelimit import rate_limited
from surveys.access import Right, may, person, require
from surveys.coordinate.navigation import workbench
from surveys.models import Study


@login_required
def home(request: HttpRequest) -> HttpResponse:
    """The person's batches with where they stand, or plainly that there is nothing to annotate yet."""
    require(request, Right.ANNOTATE)
    user = person(request)
    rows = [standing.standing(batch, user) for batch in standing.batches_of(user)]
    granted = Study.objects.filter(memberships__user=user, memberships__may_adjudicate=True)
    context = workbench(request, current="annotations:home") | {
        "crumbs": [],
        "rows": rows,
        "granted": granted,
    }
    return render(request, "annotations/home.html", context)


@login_required
@require_POST
@rate_limited("annotate-next", limit=1200, seconds=3600, by="user")
def begin(request: HttpRequest, pk: int) -> HttpResponse:
    return to_next(request, _batch(request, pk))


@login_required
@require_POST
@rate_limited("annotate-ahead", limit=1200, seconds=3600, by="user")
def ahead(request: HttpRequest, pk: int) -> JsonResponse:
    """Put the task behind the one on the screen into the person's hands, so that its page can be fetched."""
    assignment = assigning.assign(_batch(request, pk), Annotator(person(request)))
    return JsonResponse({"url": assignment and reverse("annotations:task", args=[assignment.pk])})


def _batch(request: HttpRequest, pk: int) -> Batch:
    """A batch of a study in which the person annotates; to others there is none."""
    batch = get_object_or_404(Batch.objects.select_related("study"), pk=pk)
    if not may(request.user, Right.ANNOTATE, batch.study):
        raise Http404
    return batch
