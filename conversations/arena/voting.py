"""Voting on a pair, reacting to one answer, and the reveal. Every verb is safe to repeat."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from conversations import chat
from conversations.arena import watching
from conversations.arena.watching import NO_HINTS, Hints
from conversations.ballots import CUSTOM, Ballot
from conversations.chat import Refused
from conversations.leaks import leaks
from conversations.models import Conversation, Draw, LanguageModel, Reaction, Response, Turn, Vote
from conversations.privacy import checking
from conversations.privacy.rules import Place
from conversations.protocols import AFTER, AT_END, Protocol
from conversations.situation import Now, Situation
from conversations.style import style

OFFERED = frozenset(Vote.Choice.values) - {Vote.Choice.EQUAL.value}  # which only imported votes have


@dataclass(frozen=True)
class Given:
    """What came in with the form: the choice, reasons by side, and words."""

    choice: str
    reasons: Mapping[str, list[str]] = field(default_factory=dict)
    comment: str = ""
    language: str = ""
    is_sent_anyway: bool = False
    hints: Hints = NO_HINTS


@dataclass(frozen=True)
class Thumb:
    """Up, down or taken back (None), with reasons of that kind and words."""

    liked: bool | None
    reasons: Sequence[str] = ()
    comment: str = ""
    is_sent_anyway: bool = False


NO_THUMB = Thumb(None)


def vote(talk: Conversation, number: int | None, given: Given) -> None:
    """Store the vote on the newest turn, once; what comes later changes nothing. Raises Refused."""
    words = chat.cleaned(given.comment)[: ballot_of(talk).comment_maximum]
    comment = checking.check(talk, Place.FEEDBACK, words, given.is_sent_anyway)
    crowd = watching.counted(talk, given.hints)
    with transaction.atomic():
        chat.lock(talk)
        here = chat.look(talk)
        if here.turn is None or here.turn.number != number or here.now == Now.REPLYING:
            return
        if here.now != Now.VOTING:
            raise Refused(_("The answers are not complete yet. Please wait a moment."))
        if given.choice not in OFFERED:
            raise Refused(_("Please choose one of the five first."))
        a, b = here.responses
        stored = Vote.objects.create(
            turn=here.turn,
            choice=given.choice,
            response_a=a,
            response_b=b,
            model_a=a.model,
            model_b=b.model,
            language=given.language,
            comment=comment.text,
            **_reasons(ballot_of(talk), given),
            **_circumstances(talk),
            **_answers(a, b),
            **_identity(here.turn, a, b),
        )
        watching.note(stored, given.hints, crowd)
        comment.keep()
        chat.drop_draft(talk, "vote")


def ballot_of(talk: Conversation) -> Ballot:
    """The rules of voting of this conversation; raises Refused where nothing is voted on."""
    ballot = talk.protocol.parsed().ballot
    if ballot is None:
        raise Refused(_("There is nothing to vote on here."))
    return ballot


def _reasons(ballot: Ballot, given: Given) -> dict[str, Any]:
    return {
        "reasons_a": ballot.known_reasons(given.reasons.get("A", [])),
        "reasons_b": ballot.known_reasons(given.reasons.get("B", [])),
    }


def _circumstances(talk: Conversation) -> dict[str, Any]:
    return {
        "blind": talk.revealed_at is None,
        "mode": talk.mode,
        "custom": talk.mode == CUSTOM,
        "topic": talk.topic,
        "draw": Draw.objects.filter(turn__conversation=talk, turn__number=0).order_by("-pk").first(),
    }


def _answers(a: Response, b: Response) -> dict[str, Any]:
    now = timezone.now()
    seen = max(filter(None, (a.finished_at, b.finished_at)), default=now)
    found: dict[str, Any] = {"ms_to_vote": _milliseconds(seen, now)}
    for side, answer in (("a", a), ("b", b)):
        found |= {
            f"style_{side}": style(answer.text),
            f"first_text_ms_{side}": answer.first_text_ms,
            f"total_ms_{side}": answer.total_ms,
            f"failed_{side}": not answer.is_whole,
            f"replaced_{side}": _was_replaced(answer),
        }
    return found


def _milliseconds(since: datetime, now: datetime) -> int:
    return max(0, min(2**31 - 1, round((now - since).total_seconds() * 1000)))


def _was_replaced(answer: Response) -> bool:
    """Whether another model was asked first in this slot of the conversation."""
    asked = Response.objects.filter(turn__conversation=answer.turn.conversation_id, slot=answer.slot)
    return asked.exclude(model=answer.model_id).exists()


def _identity(turn: Turn, a: Response, b: Response) -> dict[str, Any]:
    """Where an answer said who wrote it, in this turn or before: from then on the pair is not blind."""
    found = []
    for answer in (
        Response.objects.shown()
        .filter(turn__conversation=turn.conversation_id)
        .select_related("turn", "model")
    ):
        found += [
            {"slot": answer.slot, "turn": answer.turn.number, **asdict(leak)}
            for leak in leaks(answer.text, names(answer.model))
        ]
    slots = {leak["slot"] for leak in found}
    return {"leaks": found, "leaked_a": a.slot in slots, "leaked_b": b.slot in slots}


def names(model: LanguageModel) -> dict[str, str]:
    """What a model may call itself, by rule."""
    return {
        "name": model.name.rpartition("/")[2],
        "short name": model.short_name,
        "identifier": model.identifier.rpartition("/")[2],
        "family": model.family,
        "maker": model.maker,
    }


def reveal(talk: Conversation) -> None:
    """Let the person know the models from now on; votes after it are marked. Raises Refused."""
    with transaction.atomic():
        chat.lock(talk)
        here = chat.look(talk)
        if here.now != Now.REPLYING:
            raise Refused(_("Please vote first; then you learn who answered."))
        if not may_know(here, talk.protocol.parsed()):
            raise Refused(_("Who answered is not told at this point."))
        Conversation.objects.filter(pk=talk.pk, revealed_at=None).update(revealed_at=timezone.now())
    talk.refresh_from_db(fields=["revealed_at"])


def may_know(here: Situation, rules: Protocol) -> bool:
    """Whether the protocol lets people ask now who answered: after a vote, or after the last one."""
    if rules.reveal == AT_END:
        return here.now == Now.REPLYING and not here.may_say
    return here.now == Now.REPLYING and rules.reveal == AFTER


def react(talk: Conversation, number: int | None, slot: str, given: Thumb) -> None:
    """Store a thumb on one answer, with reasons that fit it; the same again adds nothing. Raises Refused.

    It never becomes a vote.
    """
    ballot = ballot_of(talk)
    words = chat.cleaned(given.comment)[: ballot.comment_maximum] if given.liked is not None else ""
    comment = checking.check(talk, Place.FEEDBACK, words, given.is_sent_anyway)
    thumb = Thumb(given.liked, ballot.fitting_reasons(given.reasons, given.liked), comment.text)
    with transaction.atomic():
        chat.lock(talk)
        answer = (
            Response.objects.shown()
            .filter(turn__conversation=talk, turn__number=-1 if number is None else number, slot=slot)
            .first()
        )
        if answer is None or not answer.is_rateable:
            raise Refused(_("There is no such answer to react to."))
        if reactions([answer]).get(answer.pk, NO_THUMB) != thumb:
            Reaction.objects.create(
                response=answer,
                liked=thumb.liked,
                reasons=list(thumb.reasons),
                comment=thumb.comment,
                blind=talk.revealed_at is None,
            )
            comment.keep()


def reactions(answers: Sequence[Response]) -> dict[int, Thumb]:
    """{id of the response: the newest reaction to it}."""
    rows = Reaction.objects.filter(response__in=[answer.pk for answer in answers])
    newest = rows.values("response").annotate(newest=Max("pk")).values("newest")
    return {
        reaction.response_id: Thumb(reaction.liked, tuple(reaction.reasons), reaction.comment)
        for reaction in Reaction.objects.filter(pk__in=newest)
    }
