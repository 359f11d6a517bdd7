"""What the votes of a study say about how they were given: counts by choice and by signal, and whose."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Func, JSONField, Q, QuerySet
from django.db.models.fields.json import KeyTransform

from conversations.arena import signals
from conversations.arena.goals import votes_of
from conversations.arena.signals import Kind
from conversations.arena.voting import OFFERED
from conversations.models import Vote, VoteSignals
from surveys.models import Study

MOST_PEOPLE = 20


@dataclass(frozen=True)
class SignalLine:
    """`doubts` says whether this kind can make a vote doubtful, by itself or with another one."""

    kind: str
    label: str
    votes: int
    people: int
    doubts: str


@dataclass(frozen=True)
class Figures:
    votes: int
    choices: list[tuple[str, int]]
    judged: int
    flagged: int
    lines: list[SignalLine]
    people: list[dict[str, Any]]
    leaking_answers: int
    leaked_votes: int

    @property
    def flagged_percent(self) -> float | None:
        return 100 * self.flagged / self.judged if self.judged else None


def figures(study: Study) -> Figures:
    """Of `goals.votes_of`, in six queries, however many votes there are."""
    votes = votes_of(study)
    chosen = dict(votes.values_list("choice").annotate(Count("pk")).order_by())
    judged = VoteSignals.objects.filter(vote__in=votes)
    total = judged.aggregate(all=Count("pk"), flagged=Count("pk", filter=Q(flagged=True)))
    return Figures(
        votes=sum(chosen.values()),
        choices=[
            (str(choice.label), chosen.get(choice.value, 0)) for choice in Vote.Choice if choice in OFFERED
        ],
        judged=total["all"],
        flagged=total["flagged"],
        lines=_lines(judged.exclude(found=[])),
        people=_people(judged),
        leaking_answers=_leaking_answers(votes),
        leaked_votes=votes.filter(_LEAKED).count(),
    )


class _Elements(Func):
    """A row for each entry of a list."""

    function = "jsonb_array_elements"
    output_field = JSONField()
    set_returning = True


_LEAKED = Q(leaked_a=True) | Q(leaked_b=True)


def _leaking_answers(votes: QuerySet[Vote]) -> int:
    """How many answers said who wrote them; each once, although it counts for all votes that follow."""
    found = votes.filter(_LEAKED).order_by().annotate(leak=_Elements("leaks"))
    answers = found.values(
        "turn__conversation", slot=KeyTransform("slot", "leak"), number=KeyTransform("turn", "leak")
    )
    return answers.distinct().count()


def _lines(judged: QuerySet[VoteSignals]) -> list[SignalLine]:
    who = "vote__turn__conversation__enrolment"
    counts: dict[str, Any] = {}
    for kind in Kind:
        has = Q(found__contains=[kind.value])
        counts |= {
            f"{kind.value}_votes": Count("pk", filter=has),
            f"{kind.value}_people": Count(who, filter=has, distinct=True),
        }
    row = judged.aggregate(**counts)
    return [
        SignalLine(
            kind.value,
            str(kind.label),
            row[f"{kind.value}_votes"],
            row[f"{kind.value}_people"],
            "alone" if kind in signals.MACHINE else "with another" if kind in signals.PERSON else "never",
        )
        for kind in Kind
    ]


def _people(judged: QuerySet[VoteSignals]) -> list[dict[str, Any]]:
    """Whoever has doubtful votes, most first: code, how many, of how many."""
    who = "vote__turn__conversation__enrolment"
    rows = judged.values(number=F(who + "__number")).annotate(
        votes=Count("pk"), flagged=Count("pk", filter=Q(flagged=True))
    )
    most = rows.filter(flagged__gt=0).order_by("-flagged", "number")[:MOST_PEOPLE]
    return [row | {"code": f"user{row['number']}"} for row in most]
