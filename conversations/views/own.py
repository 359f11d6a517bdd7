"""A participant's own page: what is stored of them, taking it along, and the way to stop."""

from typing import Any

from django.db import connection
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from conversations import own as record
from conversations.views.scales import verdict
from prism.lib.ratelimit import limit_exceeded
from surveys import consents, languages, own, withdrawal
from surveys.identity import masked
from surveys.models import Consent, Enrolment, Study
from surveys.views.entry import enter_by_link
from surveys.views.visit import (
    Visit,
    find_visit,
    page_context,
    participant_page,
    unknown_visitor,
    untrusted_device,
)

DOWNLOADS, HOUR = 20, 3600


@require_safe
@never_cache
def mine(request: HttpRequest, slug: str) -> HttpResponse:
    """The page itself, for who is there already or comes by their personal link."""
    if "link" in request.GET:
        return enter_by_link(request, slug, "conversations:mine")
    return own_page(request, slug=slug)


@participant_page
def own_page(request: HttpRequest, visit: Visit) -> HttpResponse:
    if withdrawal.has_withdrawn(visit.enrolment):
        return redirect("surveys:done", slug=visit.study.slug)
    if not visit.device.is_trusted:
        return untrusted_device(request)
    return render(request, "conversations/mine.html", _context(request, visit))


def _context(request: HttpRequest, visit: Visit) -> dict[str, Any]:
    enrolment, agreed = visit.enrolment, consents.current(visit.enrolment)
    return {
        **page_context(request, visit, "mine"),
        "journey": None,
        "enrolment": enrolment,
        "consents": _consents(enrolment),
        "purposes": _purposes(agreed) if agreed else [],
        "purposes_language": agreed.language if agreed else "",
        "said": own.said(enrolment, get_language() or ""),
        "talks": [_with_verdicts(record.conversation(talk)) for talk in record.talks(enrolment)],
        "counts": record.counts(enrolment),
        "sections": [(section.label, section.said(enrolment)) for section in own.sections()],
        "panel_id": masked(enrolment),
        "devices": enrolment.devices.count(),
        "planned": own.planned_erasure(enrolment),
        "may_withdraw": withdrawal.is_possible(enrolment),
        "closes_at": withdrawal.closes_at(enrolment),
        "keeps_choices": visit.study.withdrawal == Study.Withdrawal.ANONYMISE,
    }


def _with_verdicts(talk: dict[str, Any]) -> dict[str, Any]:
    """The record of a conversation with what was said of every answer in words."""
    for turn in talk["turns"]:
        for answer in turn["answers"].values():
            answer["verdict"] = verdict(answer, len(turn["answers"]))
    return talk


def _consents(enrolment: Enrolment) -> list[tuple[str, Consent]]:
    """Every decision with the title of what it was about, in the language of the page."""
    rows = enrolment.consents.select_related("document").order_by("pk")
    return [(row.document.parsed().in_language(get_language() or "").title, row) for row in rows]


def _purposes(agreed: Any) -> list[dict[str, Any]]:
    return [{"box": box, "ticked": agreed.boxes.get(box.key)} for box in consents.optional_boxes(agreed)]


@require_safe
@participant_page
def my_data(request: HttpRequest, visit: Visit) -> HttpResponse:
    """A download of all one's own answers, messages, ratings and feedback; on a trusted device only."""
    if not visit.device.is_trusted:
        return untrusted_device(request)
    parameters = {"ensure_ascii": False, "indent": 1}
    response = JsonResponse(record.record(visit.enrolment), json_dumps_params=parameters)
    response["Content-Disposition"] = f'attachment; filename="{visit.enrolment.code}.json"'
    return response


@require_safe
@never_cache
def archive(request: HttpRequest, slug: str) -> HttpResponseBase:
    """The same as a ZIP file."""
    visit = find_visit(request, slug)
    if visit is None:
        return unknown_visitor(request, slug)
    with languages.speaking(request, visit.study):
        return _archive(request, visit)


def _archive(request: HttpRequest, visit: Visit) -> HttpResponseBase:
    if not visit.device.is_trusted:
        return untrusted_device(request)
    refusal = limit_exceeded(request, f"own archive {visit.enrolment.pk}", DOWNLOADS, HOUR)
    if refusal:
        return refusal
    file = record.archive(visit.enrolment)
    # A download may take long, and the pool of connections is small.
    if not connection.in_atomic_block:
        connection.close()
    return FileResponse(file, as_attachment=True, filename=f"{visit.enrolment.code}.zip")
