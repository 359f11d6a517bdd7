"""A small batch for the demonstration, so that its annotator finds something to do. All of it is invented."""

from __future__ import annotations

from random import Random

from django.db import transaction

from annotations.batches.making import open_it
from annotations.batches.rows import SideRow, TaskRow
from annotations.batches.storing import add_tasks
from annotations.models import Batch
from annotations.rubric_versions import shipped_version
from conversations.demo_votes import QUESTIONS
from conversations.fakellm.personas import PERSONAS
from conversations.fakellm.writing import compose
from surveys.models import Study

SLUG = "invented-pairs"
SEED = 20261122
FRENCH = ("Une", "Comment")
GUIDELINES = """\
Read the query, then both responses. Ask yourself what stands out, and on which side.

* **Harmless, polite, clear**: most responses are. Say so with one act for the whole group.
* **Errors**: only what is wrong, not what is thin.

All of these texts are invented: nothing you enter has any consequence.
"""


@transaction.atomic
def make_for_show(study: Study) -> int:
    """How many tasks were made: none where the batch is there."""
    Study.objects.select_for_update().get(pk=study.pk)
    if study.batches.filter(slug=SLUG).exists():
        return 0
    batch = Batch.objects.create(
        study=study,
        slug=SLUG,
        title="Invented pairs",
        rubric_version=shipped_version("preference_dissection"),
        kind=Batch.Kind.PAIR,
        source=Batch.Source.FILE,
        overlap=2,
        order_seed=SEED,
        guidelines=GUIDELINES,
    )
    made = add_tasks(batch, _tasks(Random(SEED)))
    owner = study.memberships.filter(role="owner").order_by("pk").first()
    open_it(batch, owner.user if owner else None)
    return made


def _tasks(rng: Random) -> list[TaskRow]:
    return [_task(number, question, rng) for number, question in enumerate(QUESTIONS, start=1)]


def _task(number: int, question: str, rng: Random) -> TaskRow:
    two = rng.sample(sorted(PERSONAS), 2)
    sides = (SideRow(compose(PERSONAS[name], [question], rng), model_name=name) for name in two)
    language = "fr" if question.startswith(FRENCH) else "en"
    return TaskRow(key=f"invented-{number}", query=question, sides=tuple(sides), language=language)
