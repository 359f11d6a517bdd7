"""The participant's conversation pages: overview, one conversation, its feedback, and every act on them."""

import json
import random
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from conversations import chat
from conversations.chat import Refused, Score
from conversations.models import Conversation
from conversations.protocols import Protocol
from conversations.situation import Now, Situation
from conversations.views.shapes import conversation_context
from prism.lib.codes import form_key, random_key
from prism.lib.ratelimit import allow
from surveys.answers import draft_for, drafts_for, save_draft
from surveys.views.visit import Visit, asks_for_part, in_stage, page_context, participant_page

MOST_MESSAGES = 120
MESSAGES_SECONDS = 600
Verb = Callable[[HttpRequest, Conversation], Situation | None]
MOVEMENT = ("start", "first", "first_ms", "last_ms", "moves")


@require_http_methods(["GET", "HEAD", "POST"])
@participant_page
@in_stage("conversations")
def overview(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Choose the kind of the next conversation; one that is open goes on instead."""
    open_one = Conversation.objects.readable_by(visit.device).unfinished().order_by("id").first()
    if open_one:
        return redirect(address("conversation", open_one))
    error = ""
    if request.method == "POST":
        try:
            return redirect(
                address(
                    "conversation", chat.start(visit.enrolment, visit.device, request.POST.get("type", ""))
                )
            )
        except Refused as refusal:
            error = str(refusal)
    return _show_overview(request, visit, error)


def _show_overview(request: HttpRequest, visit: Visit, error: str) -> HttpResponse:
    protocol = chat.current_protocol(visit.enrolment)
    if protocol is None:
        raise Http404
    left = chat.remaining(visit.enrolment, protocol, visit.device)
    rules = protocol.parsed()
    context = {
        **page_context(request, visit, "conversations"),
        "kinds": [
            {"kind": kind, "left": left[kind.key], "held": kind.required - left[kind.key]}
            for kind in rules.types
        ],
        "held": rules.conversations - sum(left.values()),
        "total": rules.conversations,
        "rules": rules,
        "error": error,
        "progress": progress(rules.conversations - sum(left.values()), rules.conversations),
    }
    return render(request, "conversations/overview.html", context, status=409 if error else 200)


def progress(held: int, total: int) -> dict[str, Any]:
    return {
        "percent": round(100 * held / total) if total else 100,
        "text": _("%(held)s of %(total)s conversations done") % {"held": held, "total": total},
    }


def address(name: str, conversation: Conversation) -> str:
    return reverse(f"conversations:{name}", args=[conversation.study.slug, conversation.code])


def conversation_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Only the participant's own conversation, and only on a device that may read it; else 404."""

    @wraps(view)
    def inner(request: HttpRequest, visit: Visit, code: str, *args: Any, **kwargs: Any) -> HttpResponse:
        conversation = find(visit, code)
        return view(request, visit, conversation, *args, **kwargs)

    return inner


def find(visit: Visit, code: str) -> Conversation:
    found = Conversation.objects.readable_by(visit.device).select_related("protocol").coded(code).first()
    if found is None:
        raise Http404
    found.enrolment, found.study = visit.enrolment, visit.study
    return found


@require_safe
@participant_page
@in_stage("conversations", is_door=False)
@conversation_page
def conversation(request: HttpRequest, visit: Visit, conversation: Conversation) -> HttpResponse:
    return show(request, visit, conversation)


def show(
    request: HttpRequest,
    visit: Visit,
    conversation: Conversation,
    error: str = "",
    typed: dict[str, list[str]] | None = None,
    here: Situation | None = None,
) -> HttpResponse:
    """The conversation as it stands, or is known to: `here`. After a refusal fields hold what was `typed`.

    A script that asks for the part alone gets the talk without the page around it, which costs about half.
    """
    here = here or chat.look(conversation)
    if here.now == Now.OVER:
        return redirect("conversations:overview", slug=visit.study.slug)
    if here.now == Now.FEEDBACK:
        return redirect(address("feedback", conversation))
    draft = {**_drafts(visit, conversation, here), **(typed or {})}
    is_part = asks_for_part(request, "talk")
    context = {
        **({"study": visit.study} if is_part else page_context(request, visit, "conversations")),
        **conversation_context(conversation, here, draft),
        "say_draft": draft.get("text", [""])[0],
        "form_key": random_key(),
        "error": error,
        "say_draft_url": _draft_url(visit, conversation, "say"),
        "rate_draft_url": _draft_url(visit, conversation, "rate"),
    }
    template = "conversations/talk.html" if is_part else "conversations/conversation.html"
    return render(request, template, context, status=409 if error else 200)


def _drafts(visit: Visit, conversation: Conversation, here: Situation) -> dict[str, list[str]]:
    """What was typed and not sent yet, where there is a form to hold it."""
    if here.now == Now.ANSWERING:
        return {}
    return drafts_for(visit.device, [chat.draft_page(conversation, f) for f in ("say", "rate")])


def _draft_url(visit: Visit, conversation: Conversation, form: str) -> str:
    return reverse("surveys:draft", args=[visit.study.slug, chat.draft_page(conversation, form)])


def act(verb: Verb, form: str = "") -> Callable[..., HttpResponse]:
    """A view for one act: do it and show the page again, with the reason of a refusal.

    What was typed is kept as the draft of `form`, for its field may not be on the page now.
    """

    @require_POST
    @participant_page
    @in_stage("conversations", is_door=False)
    @conversation_page
    def view(request: HttpRequest, visit: Visit, conversation: Conversation) -> HttpResponse:
        try:
            here = verb(request, conversation)
        except Refused as refusal:
            typed = {n: request.POST.getlist(n) for n in request.POST if n != "csrfmiddlewaretoken"}
            if form:
                save_draft(visit.enrolment, visit.device, chat.draft_page(conversation, form), typed)
            return show(request, visit, conversation, str(refusal), typed)
        if asks_for_part(request, "talk"):
            return show(request, visit, conversation, here=here)
        return redirect(address("conversation", conversation))

    return view


def _key(request: HttpRequest) -> str:
    return form_key(request.POST.get("form_key", ""))


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


def scores(request: HttpRequest, protocol: Protocol) -> dict[str, Score]:
    """The sliders of a rating form by slot letter; what lies off the scale counts as untouched."""
    found = {}
    for name in request.POST:
        if name.startswith("score-") and len(name) == 7:
            value = _whole(request.POST[name])
            on_scale = protocol.rating.minimum <= value <= protocol.rating.maximum
            found[name[-1]] = Score(
                value if on_scale else None, trace(request.POST.get(f"{name}__trace", ""))
            )
    return found


def trace(text: str) -> dict[str, Any]:
    """The slider's own account of its movements, as far as it makes sense."""
    try:
        raw = json.loads(text[:500]) if text else {}
    except (ValueError, RecursionError):
        return {}
    if not isinstance(raw, dict):
        return {}
    return {name: raw[name] for name in MOVEMENT if type(raw.get(name)) is int and abs(raw[name]) < 2**53}


def _at_a_persons_pace(conversation: Conversation) -> None:
    """Every message calls several models, which costs money. Raises Refused for what no person does."""
    if not allow(f"messages:{conversation.enrolment_id}", MOST_MESSAGES, MESSAGES_SECONDS):
        raise Refused(
            _("You sent very many messages in a short time. Please wait a few minutes; your text is kept.")
        )


def _say(request: HttpRequest, conversation: Conversation) -> Situation:
    _at_a_persons_pace(conversation)
    return chat.say(conversation, request.POST.get("text", ""), _key(request))


def _try_again(request: HttpRequest, conversation: Conversation) -> None:
    _at_a_persons_pace(conversation)
    chat.try_again(conversation, _key(request))


say = act(_say, form="say")
again = act(_try_again)
rate = act(
    lambda request, talk: chat.rate(
        talk, _whole(request.POST.get("turn", "")), scores(request, talk.protocol.parsed())
    ),
    form="rate",
)
choose = act(lambda request, talk: chat.choose(talk, request.POST.get("slot", "")))
finish = act(lambda request, talk: chat.finish(talk))


@require_http_methods(["GET", "HEAD", "POST"])
@participant_page
@in_stage("conversations", is_door=False)
@conversation_page
def feedback(request: HttpRequest, visit: Visit, conversation: Conversation) -> HttpResponse:
    rules = conversation.protocol.parsed()
    if conversation.state != Conversation.State.FEEDBACK:
        return redirect(address("conversation", conversation))
    typed = {name: request.POST.getlist(name) for name in request.POST}
    typed = typed or draft_for(visit.device, chat.draft_page(conversation, "feedback"))
    error = ""
    if request.method == "POST":
        text = chat.cleaned(request.POST.get("open_feedback", ""))
        error = _feedback_error(text, rules)
        if not error:
            order = attribute_order(conversation, rules)
            blocks = [read_block(request, block, rules) for block in ("performance", "choice")]
            try:
                chat.give_feedback(conversation, blocks[0], blocks[1], text, {"attributes": order})
                return redirect("conversations:overview", slug=visit.study.slug)
            except Refused as refusal:
                error = str(refusal)
    return _show_feedback(request, visit, conversation, typed, error)


def _feedback_error(text: str, rules: Protocol) -> str:
    if rules.feedback.open_required and not text:
        return _("Please write a few words about the answers.")
    if len(text) > rules.feedback.open_maximum:
        return _("Your text has %(length)s characters; %(most)s is the most.") % {
            "length": len(text),
            "most": rules.feedback.open_maximum,
        }
    return ""


def attribute_order(conversation: Conversation, rules: Protocol) -> list[str]:
    """The attributes in an order of this conversation's own, the same at every look."""
    keys = list(rules.feedback.attributes)
    random.Random(f"{conversation.enrolment.order_seed}:{conversation.pk}").shuffle(keys)
    return keys


def read_block(request: HttpRequest, block: str, rules: Protocol) -> dict[str, Any]:
    """{attribute: {value, status, trace}} of one block of feedback sliders."""
    found = {}
    for key in rules.feedback.attributes:
        name = f"{block}.{key}"
        value = _whole(request.POST.get(name, ""))
        status = "answered" if rules.rating.minimum <= value <= rules.rating.maximum else "untouched"
        if request.POST.get(f"{name}__na") == "on":
            status = "not_applicable"
        found[key] = {
            "value": value if status == "answered" else None,
            "status": status,
            "trace": trace(request.POST.get(f"{name}__trace", "")),
        }
    return found


def _show_feedback(
    request: HttpRequest, visit: Visit, conversation: Conversation, typed: dict[str, list[str]], error: str
) -> HttpResponse:
    rules = conversation.protocol.parsed()
    order = attribute_order(conversation, rules)
    context = {
        **page_context(request, visit, "conversations"),
        "conversation": conversation,
        "rules": rules,
        "opening": conversation_context(conversation, chat.look(conversation), {}),
        "blocks": [_block(name, rules, order, typed) for name in ("performance", "choice")],
        "open_feedback": (typed.get("open_feedback") or [""])[0],
        "error": error,
        "draft_url": _draft_url(visit, conversation, "feedback"),
    }
    return render(request, "conversations/feedback.html", context, status=422 if error else 200)


def _block(name: str, rules: Protocol, order: list[str], typed: dict[str, list[str]]) -> dict[str, Any]:
    """One block of sliders as the template shows it."""

    def given(field: str) -> str:
        return (typed.get(field) or [""])[0]

    return {
        "name": name,
        "form": getattr(rules.feedback, name),
        "sliders": [
            {
                "name": f"{name}.{key}",
                "label": rules.feedback.attributes[key],
                "value": given(f"{name}.{key}"),
                "is_na": given(f"{name}.{key}__na") == "on",
                "trace": given(f"{name}.{key}__trace"),
            }
            for key in order
        ],
    }
