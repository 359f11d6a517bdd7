"""A participant says that they read a message."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from surveys.monitor import notices
from surveys.views.visit import Visit, participant_page


@require_POST
@participant_page
def notice(request: HttpRequest, visit: Visit, pk: int) -> HttpResponse:
    """The message goes from the page at once, or with the next one for who has no script."""
    notices.mark_read(visit.enrolment, pk)
    if request.headers.get("HX-Request"):
        return HttpResponse()
    return redirect("surveys:study", slug=visit.study.slug)
