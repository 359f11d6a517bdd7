"""The arena's front page: what it is and its terms for who is new, the message field for who agreed."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from conversations import chat
from conversations.arena import asking, goals, visiting, watching
from conversations.arena.addresses import address, address_at, slug_at
from conversations.arena.portal_hosts import portal_of
from conversations.ballots import CUSTOM, RANDOM
from conversations.chat import Refused
from conversations.models import Conversation, Protocol
from conversations.refusals import held
from conversations.views.arena.showing import PART, show
from conversations.views.suggesting import chosen, offered
from prism.lib import proof_of_work
from prism.lib.codes import form_key, random_key
from prism.lib.ratelimit import allow
from surveys import entry
from surveys.answers import drafts_for
from surveys.consent_documents import ConsentText
from surveys.models import Study
from surveys.views import refusals
from surveys.views.consent import shown
from surveys.views.visit import Visit, asks_for_part, find_visit, in_stage, let_in, page_context, problem

View = Callable[..., HttpResponse]
# Some hundred pupils may share one address; these are far above what a school does, and below what harms.
MOST_ENTRIES, MANY_ENTRIES, MOST_MESSAGES, MINUTE = 1200, 60, 40, 60


def visitor_page(view: View) -> View:
    """Let in who agreed to the terms on this browser; others come to the front page.

    That the study is an arena the page itself must see.
    """
    staged = in_stage("conversations", is_door=False)(view)

    @wraps(view)
    @never_cache
    def inner(request: HttpRequest, slug: str = "", **kwargs: Any) -> HttpResponse:
        where = slug_at(request, slug)
        visit = find_visit(request, where)
        if visit is None:
            return redirect(address_at(where, "home"))
        return let_in(request, visit, staged, **kwargs)

    return inner


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def home(request: HttpRequest, slug: str = "") -> HttpResponse:
    """Looking at it stores nothing."""
    visit = find_visit(request, slug_at(request, slug))
    is_sent = request.method == "POST"  # whether there is an arena the act itself looks up
    if visit and not visit.enrolment.is_over and (is_sent or visiting.is_shown(visit.study)):
        return let_in(request, visit, ask)
    study = visiting.arena_at(request, slug)
    return _front(request, study, {}, []) if study else _no_arena(request)


def _no_arena(request: HttpRequest) -> HttpResponse:
    return problem(request, title=_("There is no arena here"), text=_("It was not set up."), status=404)


@require_POST
@never_cache
def begin(request: HttpRequest, slug: str = "") -> HttpResponse:
    """Agree to the terms and come in."""
    study = visiting.arena_at(request, slug)
    if study is None or not (study.is_open or entry.is_test_token(study, request.POST.get("test", ""))):
        return refusals.closed(request, study) if study else refusals.unknown_study(request)
    if entry.is_bot_on_live_study(request, study):
        return refusals.no_bots(request)
    if not allow(f"arena entry:{request.META.get('REMOTE_ADDR', '')}", MOST_ENTRIES, MINUTE):
        return refusals.too_many(request)
    visit = find_visit(request, study.slug)
    if visit and not visit.enrolment.is_over:
        return redirect(address(study, "home"))
    if _is_full(request, study):
        return _enough(request, study)
    if _looks_busy(request) and not proof_of_work.is_solved(request.POST.get("proof", "")):
        return _front(request, study, {}, [], puzzle=proof_of_work.puzzle())
    text = _terms(study)
    ticked = {box.key: request.POST.get(box.key) == "on" for box in text.boxes}
    missing = [box.key for box in text.boxes if box.required and not ticked[box.key]]
    if missing:
        return _front(request, study, ticked, missing)
    enrolment = visiting.come_in(request, study, ticked, text.language)
    watching.note_newcomer(enrolment, request.META.get("REMOTE_ADDR", ""))
    return redirect(address(study, "home"))


def _terms(study: Study) -> ConsentText:
    assert study.consent_document is not None
    return study.consent_document.parsed().in_language(get_language() or "")


def _looks_busy(request: HttpRequest) -> bool:
    """More visitors than a class from one address within a minute; each is then asked for a little work."""
    return not allow(f"arena busy:{request.META.get('REMOTE_ADDR', '')}", MANY_ENTRIES, MINUTE)


def _front(
    request: HttpRequest,
    study: Study,
    ticked: dict[str, bool],
    missing: list[str],
    puzzle: proof_of_work.Puzzle | None = None,
) -> HttpResponse:
    test = request.POST.get("test", "")
    if not (study.is_open or entry.is_test_token(study, test)) or study.consent_document is None:
        return refusals.closed(request, study)
    if _is_full(request, study):
        return _enough(request, study)
    return front(request, study, ticked, missing, puzzle, test)


def front(
    request: HttpRequest,
    study: Study,
    ticked: dict[str, bool],
    missing: list[str],
    puzzle: proof_of_work.Puzzle | None = None,
    test: str = "",
) -> HttpResponse:
    """The front page with the study's terms; `test` lets whoever agrees come in as a test."""
    assert study.consent_document is not None
    portal = portal_of(request)
    context = {
        "study": study,
        **shown(study.consent_document, _terms(study), ticked),
        "missing": missing,
        "door_key": random_key(),
        "puzzle": puzzle,
        "test": test,
        "is_preview": bool(test),
        "words": portal.words(get_language() or "") if portal else {},
        "goal": goals.progress(study),
    }
    status = 422 if missing else 429 if puzzle else 200
    return render(request, "arena/front.html", context, status=status)


@in_stage("conversations", is_door=False)
def ask(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Write the first message to a new pair."""
    if request.method != "POST":
        return _ask(request, visit)
    wish = asking.Wish(
        text=request.POST.get("text", ""),
        key=form_key(request.POST.get("form_key", "")),
        mode=request.POST.get("mode", RANDOM),
        picked=request.POST.getlist("pick"),
        topic=request.POST.get("topic", ""),
        is_sent_anyway="anyway" in request.POST,
    )
    try:
        at_a_persons_pace(visit)
        talk, here = asking.ask(visit.enrolment, visit.device, wish)
    except Refused as refusal:
        return _ask(request, visit, wish, refusal)
    place = address(visit.study, "talk", talk.code)
    if not asks_for_part(request, PART):
        return redirect(place)
    answer = show(request, visit, talk, here=here)
    answer["Content-Location"] = place  # for the address bar: no second request for the page
    return answer


def at_a_persons_pace(visit: Visit) -> None:
    """Every message calls two models, which costs money. Raises Refused for what no person does."""
    if not allow(f"arena messages:{visit.enrolment.pk}", MOST_MESSAGES, 10 * MINUTE):
        raise Refused(
            _("You sent very many messages in a short time. Please wait a few minutes; your text is kept.")
        )


def _ask(
    request: HttpRequest, visit: Visit, wish: asking.Wish | None = None, refusal: Refused | None = None
) -> HttpResponse:
    if not visiting.is_shown(visit.study):
        return _no_arena(request)
    protocol = visiting.rules(visit.study)
    if protocol is None or protocol.parsed().ballot is None:
        return refusals.closed(request, visit.study)
    if wish is None and asking.is_full(visit.enrolment, visit.device, protocol):
        return _full(request, visit)
    modes = asking.modes(visit.study, protocol)
    mode = _mode(request, visit, wish, modes)
    text, topic = (wish.text, wish.topic) if wish else _begun(request, visit, protocol)
    context = {
        **page_context(request, visit, ""),
        "rules": protocol.parsed(),
        "kind": protocol.spoken().types[0],
        "modes": [{**described(one), "checked": one == mode} for one in modes if one != CUSTOM],
        "mode": mode,
        "may_pick": CUSTOM in modes,
        "models": asking.choosable(visit.study) if mode == CUSTOM else [],
        "picked": list(wish.picked) if wish else request.GET.get("vs", "").split(","),
        "suggestions": offered(protocol.parsed(), _kind(protocol)),
        "text": text,
        "topic": topic,
        "error": str(refusal) if refusal else "",
        "held": held(refusal) if refusal else None,
        "form_key": random_key(),
        "draft_page": chat.ASK_DRAFT,
        "is_ready": bool(modes),
        "goal": goals.progress(visit.study),
    }
    return render(request, "arena/ask.html", context, status=409 if refusal else 200)


def _mode(request: HttpRequest, visit: Visit, wish: asking.Wish | None, modes: list[str]) -> str:
    """What was asked for, else what the person chose last, else chance."""
    last = Conversation.objects.filter(enrolment=visit.enrolment).exclude(mode=CUSTOM).order_by("-pk").first()
    wanted = wish.mode if wish else request.GET.get("mode") or (last.mode if last else RANDOM)
    return wanted if wanted in modes else RANDOM


def described(mode: str) -> dict[str, str]:
    labels = {
        "random": (_("By chance"), _("any two models")),
        "small": (_("Small ones"), _("two that need little energy")),
        "big-vs-small": (_("Big against small"), _("does size show?")),
    }
    label, help_text = labels[mode]
    return {"value": mode, "label": label, "help": help_text}


def _begun(request: HttpRequest, visit: Visit, protocol: Protocol) -> tuple[str, str]:
    """Message and topic: of the suggestion in the address, else what was typed and not sent."""
    text, topic = chosen(protocol.parsed(), _kind(protocol), request.GET.get("use", ""))
    if text:
        return text, topic
    draft = drafts_for(visit.device, [chat.ASK_DRAFT])
    return (draft.get("text") or [""])[0], (draft.get("topic") or [""])[0]


def _kind(protocol: Protocol) -> str:
    return protocol.parsed().types[0].key


def _is_full(request: HttpRequest, study: Study) -> bool:
    is_test = entry.is_test_token(study, request.POST.get("test", ""))
    return asking.is_full_for_newcomers(study, is_test=is_test)


def _enough(request: HttpRequest, study: Study) -> HttpResponse:
    """As `_full`, for who is new: nobody agrees to terms for nothing."""
    return problem(
        request,
        title=_("There are enough comparisons now"),
        text=_("No new one begins here, so nobody is asked to agree to anything. Nothing was stored."),
        next_text=_("If you had compared answers here before, come back in the browser that you used then."),
        status=200,
        contact=study.contact_email,
    )


def _full(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The study has all comparisons that it wants; those that were begun go on."""
    context = page_context(request, visit, "")
    return render(request, "arena/full.html", context)
