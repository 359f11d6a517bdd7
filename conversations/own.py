"""What is stored of a participant, for that participant: everything they gave, nothing that unblinds."""

import json
import tempfile
import zipfile
from collections.abc import Iterator
from typing import IO, Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from conversations import chat
from conversations.models import Conversation, Rating, Reaction, RepeatRating, Response, Turn
from conversations.privacy.opening import as_typed
from surveys import own
from surveys.models import Enrolment

IN_MEMORY = 2_000_000  # bytes; a larger archive goes to a temporary file


def record(enrolment: Enrolment) -> dict[str, Any]:
    """All that is stored of one person; models appear as slot letters only."""
    return {
        **own.record(enrolment),
        "conversations": [conversation(talk) for talk in talks(enrolment)],
        "second_ratings": second_ratings(enrolment),
    }


def talks(enrolment: Enrolment) -> QuerySet[Conversation]:
    return Conversation.objects.filter(enrolment=enrolment).select_related("protocol").order_by("id")


def counts(enrolment: Enrolment) -> dict[str, int]:
    """How many conversations, messages and ratings there are."""
    turns = Turn.objects.filter(conversation__enrolment=enrolment)
    return {
        "conversations": talks(enrolment).count(),
        "messages": turns.count(),
        "ratings": Rating.objects.filter(response__turn__in=turns).count(),
    }


def archive(enrolment: Enrolment) -> IO[bytes]:
    """The record as a ZIP file of JSON files, at its beginning; one conversation at a time is in memory."""
    file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 (its reader closes it)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("README.txt", _readme(enrolment))
        for name, part in _parts(enrolment):
            packed.writestr(name, json.dumps(part, cls=DjangoJSONEncoder, ensure_ascii=False, indent=1))
    file.seek(0)
    return file


def _parts(enrolment: Enrolment) -> Iterator[tuple[str, Any]]:
    stored = own.record(enrolment)
    further = [section.key for section in own.sections()]
    for name in ("consents", "answers", "earlier_answers", "messages", "drafts", *further):
        yield f"{name}.json", stored.pop(name)
    yield "about.json", stored
    if again := second_ratings(enrolment):
        yield "second_ratings.json", again
    for talk in talks(enrolment).iterator(chunk_size=1):
        yield f"conversations/{talk.code}.json", conversation(talk)


def _readme(enrolment: Enrolment) -> str:
    lines = [
        _("Everything that is stored of you in the study “%(title)s”.") % {"title": enrolment.study.title},
        _("Your code is %(code)s. Times are in UTC.") % {"code": enrolment.code},
        _("Models appear by the letter under which you saw their answers."),
    ]
    return "\n".join(lines) + "\n"


def second_ratings(enrolment: Enrolment) -> list[dict[str, Any]]:
    """What the person said of answers that they rated once more, by the letters of the second time."""
    given = RepeatRating.objects.filter(repeat__after__enrolment=enrolment).order_by("repeat", "slot")
    found: dict[str, dict[str, Any]] = {}
    for row in given.select_related("response__turn__conversation"):
        talk = row.response.turn.conversation.code
        answers = found.setdefault(talk, {"conversation": talk, "answers": {}})["answers"]
        answers[row.slot] = {"score": row.score, "place": row.rank, "tie": row.tie, "at": row.at}
    return list(found.values())


def conversation(talk: Conversation) -> dict[str, Any]:
    feedback = getattr(talk, "feedback", None)
    turns = talk.turns.select_related("choice__response", "vote", "text_check__raw").order_by("number")
    return {
        "code": talk.code,
        "type": talk.type,
        "state": talk.state,
        "started_at": talk.started_at,
        "finished_at": talk.finished_at,
        "turns": [_turn(turn) for turn in turns],
        "feedback": feedback
        and {
            "performance": feedback.performance,
            "choice": feedback.choice,
            "text": feedback.text,
            "blocks": feedback.blocks,
            "texts": feedback.texts,
        },
    }


def _turn(turn: Any) -> dict[str, Any]:
    return {
        "number": turn.number,
        "text": turn.text,
        **as_typed(getattr(turn, "text_check", None)),
        "answers": {r.slot: {"text": r.text, **_rated(r)} for r in chat.shown(turn)},
        "chosen": turn.choice.response.slot if hasattr(turn, "choice") else None,
        **_judged(turn),
    }


def _rated(response: Response) -> dict[str, Any]:
    """The score of an answer; also its place and how it tied, where answers are compared."""
    rating = getattr(response, "rating", None)
    found: dict[str, Any] = {"score": rating.score if rating else None}
    if rating and rating.kind in {Rating.Kind.PAIRWISE, Rating.Kind.RANKING}:
        found |= {"place": rating.rank, "tie": rating.tie}
    return found


def _judged(turn: Turn) -> dict[str, Any]:
    """The vote and the thumbs of a turn, where there are any."""
    found: dict[str, Any] = {}
    if hasattr(turn, "vote"):
        vote = turn.vote
        found["vote"] = {
            "choice": vote.choice,
            "reasons": {"A": vote.reasons_a, "B": vote.reasons_b},
            "comment": vote.comment,
            "at": vote.at,
        }
    thumbs = Reaction.objects.filter(response__turn=turn).order_by("pk")
    reactions = [
        {"answer": r.response.slot, "liked": r.liked, "reasons": r.reasons, "comment": r.comment, "at": r.at}
        for r in thumbs
    ]
    return found | ({"reactions": reactions} if reactions else {})
