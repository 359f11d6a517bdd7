"""Votes for the demonstration's arena, so that its leaderboard ranks something. All of them are invented.

They take the way of real ones, except that nobody is called: the models' texts are those that the fake
provider would give, and who wins is drawn by the models' invented sizes.
"""

from datetime import timedelta
from math import exp, log
from random import Random

from django.db import transaction
from django.utils import timezone

from conversations.arena import asking, voting
from conversations.arena.asking import Wish
from conversations.arena.voting import Given
from conversations.demo import SIZES
from conversations.fakellm.personas import PERSONAS
from conversations.fakellm.writing import compose
from conversations.models import Conversation, Response, Vote
from surveys import consents, entry
from surveys.models import Device, Enrolment, Study
from surveys.panels import anybody

SEED = 20261122
PEOPLE = 12
COMMENT = "Synthetic: drawn by chance for the demonstration."
QUESTIONS = (
    "Give me a recipe for a cake with rice please",
    "How does a vaccine protect somebody against a disease?",
    "Should every country have a carbon tax?",
    "Une recette de gâteau au chocolat, s'il te plaît",
)
READING = timedelta(seconds=25)
TIES = (Vote.Choice.BOTH_GOOD, Vote.Choice.BOTH_BAD)


@transaction.atomic
def vote_for_show(arena: Study) -> int:
    """How many votes were made: none where somebody voted before. Workers find the answers done."""
    Study.objects.select_for_update().get(pk=arena.pk)
    if Vote.objects.filter(turn__conversation__study=arena).exists():
        return 0
    rng = Random(SEED)
    for number in range(PEOPLE):
        person, device = _arrived(arena, number)
        for question in QUESTIONS:
            wish = Wish(text=question, key=f"synthetic-{number}-{len(question)}")
            _vote(asking.ask(person, device, wish), rng)
    return PEOPLE * len(QUESTIONS)


def _arrived(arena: Study, number: int) -> tuple[Enrolment, Device]:
    person, _is_new = entry.enrol(arena, anybody(arena, f"synthetic-{number}"))
    if document := arena.consent_document:
        boxes = {box.key: True for box in document.parsed().boxes}
        consents.decide(person, document, agreed=True, boxes=boxes, language="en")
    return person, Device.objects.create(enrolment=person)


def _vote(talk: Conversation, rng: Random) -> None:
    turn = talk.turns.get()
    sides = turn.responses.shown().select_related("model").order_by("slot")
    for response in sides:
        _answer(response, turn.text, rng)
    a, b = (SIZES[response.model.identifier] for response in sides)
    voting.vote(talk, turn.number, Given(_choice(log(a / b), rng), comment=COMMENT, language="en"))


def _answer(response: Response, text: str, rng: Random) -> None:
    persona = PERSONAS[response.model.identifier]
    said = compose(persona, [text], rng)
    words = len(said.split())
    Response.objects.filter(pk=response.pk).update(
        state=Response.State.DONE,
        text=said,
        finish_reason="stop",
        attempt=1,
        tokens_out=round(words * 4 / 3),
        first_text_ms=round(persona.first * 1000),
        total_ms=round((persona.first + words / persona.rate) * 1000),
        finished_at=timezone.now() - READING,
    )


def _choice(advantage: float, rng: Random) -> Vote.Choice:
    """The bigger model wins more often; a fifth are ties."""
    if rng.random() < 0.2:
        return rng.choice(TIES)
    wins = rng.random() < 1 / (1 + exp(-advantage / 2))
    return Vote.Choice.A_BETTER if wins else Vote.Choice.B_BETTER
