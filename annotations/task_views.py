"""The page of one task for a member who signs in."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from annotations import at_work, task_pages
from annotations.desks import members_desk
from prism.lib.ratelimit import rate_limited
from surveys.access import person


@login_required
@rate_limited("annotate-submit", limit=1200, seconds=3600, by="user")
@require_http_methods(["GET", "HEAD", "POST"])
def task(request: HttpRequest, pk: int) -> HttpResponse:
    return task_pages.task(request, members_desk(request), at_work.task_of(person(request), pk))


@login_required
@require_POST
@rate_limited("annotate-draft", limit=6000, seconds=3600, by="user")
def draft(request: HttpRequest, pk: int) -> HttpResponse:
    return task_pages.draft(request, members_desk(request), at_work.task_of(person(request), pk))


@login_required
@require_POST
@rate_limited("annotate-skip", limit=600, seconds=3600, by="user")
def skip(request: HttpRequest, pk: int) -> HttpResponse:
    return task_pages.skip(request, members_desk(request), at_work.task_of(person(request), pk))


@login_required
@require_safe
def feedback(request: HttpRequest, pk: int) -> HttpResponse:
    return task_pages.feedback(request, members_desk(request), at_work.task_of(person(request), pk))
