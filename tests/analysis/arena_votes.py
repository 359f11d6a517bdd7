"""An arena with votes, for tests of the public leaderboard."""

from typing import Any

from conversations.arena.visiting import SLUG
from conversations.models import LanguageModel, Vote
from surveys.models import Enrolment, Study
from tests.factories import make_conversation, make_enrolment, make_models, make_study, make_turn, make_vote

LOOKS = {"characters": 400, "headers": 1, "bold": 2, "lists": 3, "emoji": 0, "code_blocks": 0}


def make_arena(models: int = 3) -> tuple[Study, list[LanguageModel]]:
    study = make_study(slug=SLUG, title="Arena", questionnaire=None)
    return study, make_models(models, study)


def vote_in(
    study: Study,
    pair: list[LanguageModel],
    choice: str = "a_better",
    enrolment: Enrolment | None = None,
    **fields: Any,
) -> Vote:
    """One vote in a new conversation, of a new person unless one is given."""
    person = enrolment or make_enrolment(study)
    talk = make_conversation(person, turns=1, complete=False, models=pair, type="arena")
    looks = {"style_a": LOOKS, "style_b": LOOKS | {"characters": 200, "bold": 0}}
    return make_vote(talk.turns.get(), choice, **(looks | fields))


def next_vote(vote: Vote, choice: str, **fields: Any) -> Vote:
    """A vote on one more turn of the same conversation."""
    pair = [vote.model_a, vote.model_b]
    return make_vote(make_turn(vote.turn.conversation, vote.turn.number + 1, pair), choice, **fields)


def some_votes(study: Study, models: list[LanguageModel]) -> None:
    """Twelve votes of twelve people: the first model is the strongest."""
    strong, middle, weak = models[:3]
    for choice in ("a_better", "a_better", "b_better", "both_good"):
        vote_in(study, [strong, middle], choice)
    for choice in ("a_better", "b_better", "both_bad", "a_better"):
        vote_in(study, [middle, weak], choice)
    for choice in ("b_better", "b_better", "a_better", "both_bad"):
        vote_in(study, [weak, strong], choice)
