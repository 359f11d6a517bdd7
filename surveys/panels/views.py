"""What comes to us from outside the journey: the panel's webhooks, and the wish for no more mail."""

import logging

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from prism.lib.ratelimit import allow, too_many
from surveys import tasks
from surveys.models import PanelConnection
from surveys.panels import hooks, invitations
from surveys.views.visit import problem

log = logging.getLogger(__name__)


@csrf_exempt  # the panel's server has no cookie; its signature is the proof
@require_POST
def hook(request: HttpRequest, key: str) -> HttpResponse:
    """Keep the event and answer at once; a task does the work."""
    if not allow(f"hook:{key}", limit=3000, seconds=60):
        return JsonResponse({"kept": False}, status=429)
    connection = PanelConnection.objects.select_related("study").filter(hook_key=key).first()
    if connection is None:
        return JsonResponse({"kept": False}, status=404)
    if int(request.META.get("CONTENT_LENGTH") or 0) > hooks.LONGEST_BODY:
        return JsonResponse({"kept": False}, status=413)
    try:
        event = hooks.receive(connection, request.headers, request.body)
    except hooks.HookRefused as reason:
        log.warning("a webhook of study %s was refused: %s", connection.study.slug, reason)
        return JsonResponse({"kept": False}, status=403)
    if event:
        transaction.on_commit(lambda: tasks.handle_panel_event.delay(event.pk), robust=True)
    return JsonResponse({"kept": True})


@csrf_exempt  # mail programs press the button for people; the signed link is the proof
@never_cache
@require_http_methods(["GET", "POST"])
def no_mail(request: HttpRequest) -> HttpResponse:
    """Opening the link changes nothing, for mail scanners open links; the button does."""
    if request.method == "GET":
        return _ask_no_mail(request)
    if not allow(f"no mail:{request.META.get('REMOTE_ADDR', '')}", limit=60, seconds=60):
        return too_many(request, 60)
    if not invitations.opt_out(request.GET.get("link", "")):
        return problem(
            request,
            title=_("This link does not work"),
            text=_("It is damaged. Copy the whole link from the mail."),
            status=404,
        )
    return problem(
        request,
        title=_("We will not write again"),
        text=_("Your address is deleted. If you have begun to take part, your own link goes on working."),
        status=200,
    )


def _ask_no_mail(request: HttpRequest) -> HttpResponse:
    context = {
        "title": _("No more invitations?"),
        "text": _("Press the button and we never write to this address again, for no study."),
        "action_url": request.get_full_path(),
        "action_label": _("No more invitations"),
        "action_method": "post",
    }
    return render(request, "prism/message.html", context)
