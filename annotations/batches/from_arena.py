"""The pairs that visitors of an arena voted on, each with the vote as a preference of a person."""

from __future__ import annotations

from random import Random

from annotations.batches.choosing import Choice, Pick, sampled
from conversations.models import Turn, Vote
from surveys.models import Study

FIRST, SECOND, TIE = "response_1", "response_2", "tie"
SAID = {
    Vote.Choice.A_BETTER: FIRST,
    Vote.Choice.B_BETTER: SECOND,
    Vote.Choice.BOTH_GOOD: TIE,
    Vote.Choice.BOTH_BAD: TIE,
    Vote.Choice.EQUAL: TIE,
    Vote.Choice.IDK: "",
}
TURNED = {FIRST: SECOND, SECOND: FIRST}


def picks(study: Study, choice: Choice) -> list[Pick]:
    """The two answers of each vote, whichever order is drawn for the sides."""
    turns = Turn.objects.filter(choice.turns(study))
    votes = Vote.objects.filter(turn__in=turns, failed_a=False, failed_b=False).exclude(choice="")
    rows = votes.order_by("pk").values_list("turn_id", "response_a_id", "response_b_id", "choice")
    return sampled([pick(*row, choice.seed) for row in rows.iterator()], choice)


def pick(turn: int, a: int, b: int, vote: str, seed: int) -> Pick:
    said = SAID[Vote.Choice(vote)]
    if Random(f"answers {seed} {turn}").random() < 0.5:
        return Pick((a, b), said)
    return Pick((b, a), TURNED.get(said, said))
