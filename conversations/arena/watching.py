"""Gathering what the rules on votes judge by, when a vote is given; nothing here can hold a vote back.

Neither an address nor a text is kept: what many do alike is counted without who did it (`prism.lib.crowds`).
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from conversations.arena import signals
from conversations.arena.signals import Evidence
from conversations.models import Conversation, Response, Turn, Vote, VoteSignals
from prism.lib import crowds
from prism.lib.numbers import whole_number
from surveys.models import Enrolment

DAY, TEN_MINUTES = 86_400, 600
TRAP = "website"  # a field that people do not see
MOST = 1_000_000
SIDES = {Vote.Choice.A_BETTER: "A", Vote.Choice.B_BETTER: "B"}


@dataclass(frozen=True)
class Hints:
    """What came in with the form: what the page's script counted, and from which network.

    Whatever a client writes there is a hint and no more.
    """

    network: str = ""
    pointer: int | None = None
    keys: int | None = None
    is_driven: bool = False
    is_trapped: bool = False


NO_HINTS = Hints()


def hints(posted: Mapping[str, str], address: str) -> Hints:
    """`posted` are the fields of the ballot."""
    return Hints(
        network=network(address),
        pointer=_count(posted.get("pointer", "")),
        keys=_count(posted.get("keys", "")),
        is_driven=posted.get("driven") == "1",
        is_trapped=bool(posted.get(TRAP)),
    )


def _count(text: str) -> int | None:
    number = whole_number(text)
    return None if number is None else min(number, MOST)


def network(address: str) -> str:
    """The network that an address belongs to, as providers hand them out; blank for what is no address."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return ""
    length = 24 if parsed.version == 4 else 48
    return str(ipaddress.ip_network(f"{parsed}/{length}", strict=False))


def note_newcomer(enrolment: Enrolment, address: str) -> None:
    crowds.join(f"newcomers {network(address)}", str(enrolment.pk), TEN_MINUTES)


def counted(talk: Conversation, given: Hints) -> dict[str, int]:
    """What many did alike, this person with them: asked before anything is locked."""
    first = talk.turns.filter(number=0).values_list("text", flat=True).first() or ""
    is_ours = talk.topic and _alike(first) in _suggested(talk)
    sent = f"text {talk.study_id} {_alike(first)}"
    return {
        "people_with_text": 0 if is_ours else crowds.join(sent, str(talk.enrolment_id), DAY),
        "newcomers": crowds.size(f"newcomers {given.network}") if given.network else 0,
    }


def _alike(text: str) -> str:
    """The same for texts that differ in blanks and capitals only."""
    return " ".join(text.casefold().split())


def _suggested(talk: Conversation) -> set[str]:
    """Messages that the page itself offers: many send those."""
    ballot = talk.protocol.parsed().ballot
    offered = ballot.suggestions if ballot else ()
    return {_alike(text) for one in offered for texts in one.messages.values() for text in texts}


def note(vote: Vote, given: Hints, crowd: Mapping[str, int]) -> VoteSignals:
    """Judge a vote that was just stored, and keep what was found with the figures."""
    evidence = _evidence(vote, given, crowd)
    kinds = signals.found(evidence)
    return VoteSignals.objects.create(
        vote=vote,
        found=kinds,
        flagged=signals.is_doubtful(kinds),
        rules_version=signals.VERSION,
        evidence=evidence.as_json(),
    )


def _evidence(vote: Vote, given: Hints, crowd: Mapping[str, int]) -> Evidence:
    talk = vote.turn.conversation
    answers = (vote.response_a, vote.response_b)
    return Evidence(
        words=sum(len(answer.text.split()) for answer in answers),
        ms_shown=_since(_first_words(answers), vote.at),
        ms_after=vote.ms_to_vote,
        pointer=given.pointer,
        keys=given.keys,
        is_driven=given.is_driven,
        is_trapped=given.is_trapped,
        decided=_decided(talk),
        same_text=_same_text(talk),
        **crowd,
    )


def _first_words(answers: tuple[Response, Response]) -> datetime | None:
    """When the person could begin to read."""
    times = [
        answer.finished_at - timedelta(milliseconds=answer.total_ms - answer.first_text_ms)
        for answer in answers
        if answer.finished_at and answer.total_ms is not None and answer.first_text_ms is not None
    ]
    return min(times, default=None)


def _since(moment: datetime | None, now: datetime) -> int | None:
    return None if moment is None else max(0, round((now - moment).total_seconds() * 1000))


def _decided(talk: Conversation) -> str:
    """The sides of the person's newest decided votes, the newest at the end."""
    mine = Vote.objects.filter(turn__conversation__enrolment=talk.enrolment_id, choice__in=SIDES)
    newest = mine.order_by("-pk").values_list("choice", flat=True)[: signals.DECIDED]
    return "".join(SIDES[Vote.Choice(choice)] for choice in reversed(newest))


def _same_text(talk: Conversation) -> int:
    """How many of the person's comparisons began with the message of this one."""
    mine = Turn.objects.filter(conversation__enrolment=talk.enrolment_id, number=0)
    texts = dict(mine.order_by("-pk").values_list("conversation", "text")[: signals.AGAIN * 10])
    this = _alike(texts.get(talk.pk, ""))
    return sum(_alike(text) == this for text in texts.values()) if this else 0
