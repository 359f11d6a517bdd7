"""A protocol as people see it, part by part, beside its editor; made of nothing but its text."""

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from conversations import editing, protocols
from conversations.ballots import CUSTOM, RANDOM
from conversations.models import Conversation, Protocol, Response, Turn
from conversations.situation import Now, Situation
from conversations.views.arena.doors import described
from conversations.views.arena.shapes import talk_context
from conversations.views.feedback import feedback_context
from conversations.views.overview import kinds_context
from conversations.views.shapes import conversation_context
from conversations.views.suggesting import offered
from prism.lib.headers import POLICY
from prism.lib.numbers import whole_number
from surveys.access import Right, person
from surveys.coordinate.pages import study_page
from surveys.models import Enrolment, Study

KINDS, OPENING, RATING, FEEDBACK = ("kinds", "opening", "rating", "feedback")
# Nothing that stands in the preview can be sent anywhere.
FRAMED = (
    POLICY.replace("frame-ancestors 'none'", "frame-ancestors 'self'")
    .replace("form-action 'self'", "form-action 'none'")
    .replace("connect-src 'self'", "connect-src 'none'")
)
SLOTS = "ABCDEFGH"


@dataclass(frozen=True)
class PreviewPart:
    """A link to one part of the preview."""

    label: str
    query: str


def parts_of(rules: protocols.Protocol) -> list[PreviewPart]:
    """Every page that people meet, in the order in which they meet them."""
    if rules.ballot:
        return [_part(_("Message"), OPENING), _part(_("Vote"), RATING)]
    openings = [_part(_("Message: %s") % kind.label, OPENING, type=kind.key) for kind in rules.types]
    return [
        _part(_("Kinds"), KINDS),
        *openings,
        _part(_("Rating"), RATING),
        _part(_("Feedback"), FEEDBACK),
    ]


def _part(label: str, show: str, **more: str) -> PreviewPart:
    return PreviewPart(label, urlencode({"show": show, **more}))


@require_safe
@study_page(Right.VIEW)
def preview(request: HttpRequest, study: Study) -> HttpResponse:
    """One part, of one's draft or of a stored version."""
    document = _document(request, study)
    rules = editing.check(document).rules
    if rules is None:
        response = render(request, "surveys/coordinate/no_preview.html", status=422)
    else:
        with override(request.GET.get("language") or get_language()):
            response = _part_page(request, study, Protocol(study=study, document=document, version=0))
    response["Content-Security-Policy"] = FRAMED
    response["X-Frame-Options"] = "SAMEORIGIN"
    return response


def _document(request: HttpRequest, study: Study) -> str:
    version = whole_number(request.GET.get("version", ""))
    if version is not None:
        return get_object_or_404(study.protocols, pk=version).document
    return editing.writing(study, person(request)).text


def _part_page(request: HttpRequest, study: Study, protocol: Protocol) -> HttpResponse:
    rules = protocol.spoken()
    show = request.GET.get("show", KINDS)
    kind = rules.type(request.GET.get("type", "")) or rules.types[0]
    talk = Conversation(
        study=study, protocol=protocol, type=kind.key, enrolment=Enrolment(study=study, order_seed="preview")
    )
    frame = {"study": study, "is_preview": True, "journey": None, "conversation": talk}
    if rules.ballot:
        return _vote_page(request, talk, rules, frame, is_vote=show == RATING)
    if show == FEEDBACK:
        opening = conversation_context(talk, _rated_opening(talk, rules), {})
        context = frame | feedback_context(talk, {}, opening)
        return render(request, "conversations/feedback.html", context)
    if show in (OPENING, RATING):
        here = _rated_opening(talk, rules) if show == RATING else Situation(Now.OPENING, None, may_say=True)
        context = frame | conversation_context(talk, here, {})
        return render(request, "conversations/coordinate/preview_talk.html", context)
    return render(request, "conversations/overview.html", frame | kinds_context(rules, {}, frozenset()))


def _vote_page(
    request: HttpRequest,
    talk: Conversation,
    rules: protocols.Protocol,
    frame: dict[str, Any],
    *,
    is_vote: bool,
) -> HttpResponse:
    """Where two answers are voted on: the arena's own pages."""
    if is_vote:
        here = replace(_rated_opening(talk, rules), now=Now.VOTING)
        template = "conversations/coordinate/preview_vote.html"
        return render(request, template, frame | talk_context(talk, here, {}))
    modes = rules.ballot.modes if rules.ballot else ()
    context = {
        "rules": rules,
        "kind": rules.types[0],
        "modes": [{**described(mode), "checked": mode == RANDOM} for mode in modes if mode != CUSTOM],
        "mode": RANDOM,
        "may_pick": CUSTOM in modes,
        "suggestions": offered(rules, talk.type),
        "draft_page": "preview",
        "is_ready": True,
    }
    return render(request, "arena/ask.html", frame | context)


def _rated_opening(talk: Conversation, rules: protocols.Protocol) -> Situation:
    """A message with answers that wait to be rated; none of it is stored."""
    turn = Turn(conversation=talk, number=0, text=_("A message of a participant."))
    answers = [_answer(turn, pk, slot) for pk, slot in enumerate(SLOTS[: rules.opening_models])]
    return Situation(Now.RATING, turn, responses=tuple(answers))


def _answer(turn: Turn, pk: int, slot: str) -> Response:
    """With a key of its own, by which pages tell the answer that was chosen; no row has it."""
    text = _(
        "This stands for an answer. Real ones are longer or shorter, and may have **bold words** or lists."
    )
    return Response(pk=-1 - pk, turn=turn, slot=slot, state=Response.State.DONE, text=text, seed=0)
