"""Votes for the demonstration's arena, so that its leaderboard ranks something. All of them are invented.

They are stored as real ones are, draws and all, but many at once and without a call: the models' texts are
those that the fake provider would give, and who wins is drawn by the models' invented sizes.
"""

from collections import Counter
from dataclasses import asdict
from datetime import timedelta
from math import exp, log
from random import Random

from django.db import transaction
from django.utils import timezone

from conversations import drawing
from conversations.arena import voting
from conversations.arena.visiting import rules
from conversations.ballots import RANDOM
from conversations.demo import SIZES
from conversations.fakellm.personas import PERSONAS
from conversations.fakellm.writing import compose
from conversations.leaks import leaks
from conversations.lots import Lot, cast
from conversations.models import Conversation, Draw, LanguageModel, Protocol, Response, Turn, Vote
from conversations.pairing import urns
from conversations.style import style
from surveys import consents, entry
from surveys.models import Device, Enrolment, Study
from surveys.panels import anybody

SEED = 20261122
PEOPLE = 20  # with the questions below 160 votes: some 40 for each of the eight models
COMMENT = "Synthetic: drawn by chance for the demonstration."
QUESTIONS = (
    "Give me a recipe for a cake with rice please",
    "How does a vaccine protect somebody against a disease?",
    "Should every country have a carbon tax?",
    "Une recette de gâteau au chocolat, s'il te plaît",
    "Write a short letter that asks my landlord to repair the heating",
    "Explain to a child why the sky is blue",
    "Is it better to rent or to buy a flat?",
    "Comment fonctionne un vaccin contre une maladie ?",
)
READING = timedelta(seconds=25)
TIES = (Vote.Choice.BOTH_GOOD, Vote.Choice.BOTH_BAD)


@transaction.atomic
def vote_for_show(arena: Study) -> int:
    """How many votes were made: none where somebody voted before."""
    Study.objects.select_for_update().get(pk=arena.pk)
    if Vote.objects.filter(turn__conversation__study=arena).exists():
        return 0
    protocol = rules(arena)
    assert protocol is not None  # an arena is made with its rules
    rng = Random(SEED)
    people = [_arrived(arena, number) for number in range(PEOPLE)]
    turns = _asked(arena, protocol, people)
    lots = _lots(arena, protocol, len(turns), rng)
    draws = Draw.objects.bulk_create(
        Draw(turn=turn, seed=seed, rule=lot.rule, pool=lot.pool, drawn=lot.drawn)
        for turn, (seed, lot) in zip(turns, lots, strict=True)
    )
    models = LanguageModel.objects.in_bulk({model for draw in draws for model in draw.drawn})
    answers = Response.objects.bulk_create(
        _answer(draw, slot, models[model], rng)
        for draw in draws
        for slot, model in zip("AB", draw.drawn, strict=True)
    )
    pairs = zip(answers[::2], answers[1::2], strict=True)
    return len(Vote.objects.bulk_create(_vote(a, b, rng) for a, b in pairs))


def _arrived(arena: Study, number: int) -> tuple[Enrolment, Device]:
    person, _is_new = entry.enrol(arena, anybody(arena, f"synthetic-{number}"))
    if document := arena.consent_document:
        boxes = {box.key: True for box in document.parsed().boxes}
        consents.decide(person, document, agreed=True, boxes=boxes, language="en")
    return person, Device.objects.create(enrolment=person)


def _asked(arena: Study, protocol: Protocol, people: list[tuple[Enrolment, Device]]) -> list[Turn]:
    """Every question of every person, the first message of a comparison each."""
    now = timezone.now()
    talks = Conversation.objects.bulk_create(
        Conversation(
            enrolment=person,
            study=arena,
            protocol=protocol,
            device=device,
            type=protocol.parsed().types[0].key,
            mode=RANDOM,
            language="en",
            started_at=now - 2 * READING,
        )
        for person, device in people
        for _question in QUESTIONS
    )
    texts = QUESTIONS * len(people)
    return Turn.objects.bulk_create(
        Turn(conversation=talk, number=0, key="synthetic", text=text, at=talk.started_at)
        for talk, text in zip(talks, texts, strict=True)
    )


def _lots(arena: Study, protocol: Protocol, number: int, rng: Random) -> list[tuple[str, Lot]]:
    """So many pairs with their seeds, by the protocol's rule, each knowing those before it."""
    found: list[tuple[str, Lot]] = []
    exposure, rule = Counter[int](), protocol.parsed()
    assert rule.ballot is not None
    two = urns(RANDOM, (), drawing.sizes(arena.pk), rule.ballot)
    apart = drawing.apart_ids(rule.sampling)
    for _ in range(number):
        seed = f"{rng.getrandbits(128):032x}"
        lot = cast(two, rule.sampling, exposure, seed, mode=RANDOM, pairs=apart)
        exposure.update(lot.drawn)
        found.append((seed, lot))
    return found


def _answer(draw: Draw, slot: str, model: LanguageModel, rng: Random) -> Response:
    persona = PERSONAS[model.identifier]
    said = compose(persona, [draw.turn.text], rng)
    words = len(said.split())
    return Response(
        turn=draw.turn,
        draw=draw,
        slot=slot,
        model=model,
        seed=rng.randrange(2**31),
        state=Response.State.DONE,
        text=said,
        words=words,
        finish_reason="stop",
        attempt=1,
        tokens_out=round(words * 4 / 3),
        first_text_ms=round(persona.first * 1000),
        total_ms=round((persona.first + words / persona.rate) * 1000),
        finished_at=timezone.now() - READING,
    )


def _vote(a: Response, b: Response, rng: Random) -> Vote:
    found = [
        {"slot": answer.slot, "turn": 0, **asdict(leak)}
        for answer in (a, b)
        for leak in leaks(answer.text, voting.names(answer.model))
    ]
    slots = {leak["slot"] for leak in found}
    advantage = log(SIZES[a.model.identifier] / SIZES[b.model.identifier])
    return Vote(
        turn=a.turn,
        choice=_choice(advantage, rng),
        response_a=a,
        response_b=b,
        model_a=a.model,
        model_b=b.model,
        draw=a.draw,
        blind=True,
        mode=RANDOM,
        language="en",
        comment=COMMENT,
        style_a=style(a.text),
        style_b=style(b.text),
        first_text_ms_a=a.first_text_ms,
        first_text_ms_b=b.first_text_ms,
        total_ms_a=a.total_ms,
        total_ms_b=b.total_ms,
        leaks=found,
        leaked_a="A" in slots,
        leaked_b="B" in slots,
        ms_to_vote=round(READING.total_seconds() * 1000),
    )


def _choice(advantage: float, rng: Random) -> Vote.Choice:
    """The bigger model wins more often; a fifth are ties."""
    if rng.random() < 0.2:
        return rng.choice(TIES)
    wins = rng.random() < 1 / (1 + exp(-advantage / 2))
    return Vote.Choice.A_BETTER if wins else Vote.Choice.B_BETTER
